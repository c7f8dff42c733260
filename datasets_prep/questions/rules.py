"""The maker of pairs by rules: every passage gives pairs, or is left aside with a reason."""

import re
from collections import Counter
from collections.abc import Iterator, Set

from datasets_prep.documents.lines import LOST_IMAGE
from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document
from datasets_prep.questions.article_rules import REFERS, alone_under_headings, article_pairs
from datasets_prep.questions.other_rules import english_definitions, glossary_pairs, rubric_pairs, section_pairs
from datasets_prep.questions.pairs import LeftAside, Outcome, Pair, RefusedPair
from datasets_prep.questions.sentence_rules import sentence_pairs

# An article that only points elsewhere answers nothing by itself.
POINTER = re.compile(
    r"(?:[^.]*\b(?:sont|est) applicables?\b[^.]*\.|[^.]*\bs['’]appliquent?\b[^.]*\.|[^.]*\babrogée?s?\b[^.]*\.?)", re.IGNORECASE
)  # fmt: skip
LONGEST_POINTER = 250
SHORTEST = 25  # characters


def pairs_by_rules(document: Document) -> Iterator[Outcome]:
    """The pairs of a document in its order; no question is asked twice.

    A passage gives pairs, and after them those that were refused; or it is left aside, with all its text.
    """
    alone = alone_under_headings(document.passages)
    labels = Counter(passage.label for passage in document.passages)
    asked: set[str] = set()
    for passage in document.passages:
        if reason := _left_aside(passage):
            yield LeftAside(passage=passage, reason=reason)
            continue
        made: list[Pair] = []
        refused: list[RefusedPair] = []
        for pair in _pairs(passage, document, passage.number in alone, labels[passage.label] == 1):
            if fault := _fault(pair, asked):
                refused.append(_refused(pair, fault))
            else:
                asked.add(pair.question)
                made.append(pair)
        yield from made
        if made:
            yield from refused
        else:
            yield LeftAside(passage=passage, reason=refused[0].reason if refused else "no_rule")


def _fault(pair: Pair, asked: Set[str]) -> str:
    if LOST_IMAGE in pair.answer + pair.question:
        return "lost_character"
    return "exact_duplicate" if pair.question in asked else ""


def _refused(pair: Pair, reason: str) -> RefusedPair:
    return RefusedPair(passage=pair.passage, reason=reason, question=pair.question, answer=pair.answer)


def _left_aside(passage: Passage) -> str:
    if passage.kind == "outside":
        return "outside_articles"
    if len(passage.text) < SHORTEST and passage.kind == "article":
        return "no_rule"
    short = len(passage.text) <= LONGEST_POINTER and POINTER.fullmatch(passage.text) and re.search(r"\d", passage.text)
    pointer = short or (REFERS.match(passage.text) and "substitution" in passage.text[:LONGEST_POINTER])
    return (
        "pointer"
        if passage.kind == "article" and (pointer or re.fullmatch(r"\W*abrogée?s?\W*", passage.text, re.I))
        else ""
    )


def _pairs(passage: Passage, document: Document, alone: bool, named_once: bool) -> Iterator[Pair]:
    if passage.kind == "rubric":
        yield from rubric_pairs(passage, document)
    elif passage.kind == "section":
        yield from section_pairs(passage, document)
    else:
        if named_once:  # "l'article 9" of two articles 9 would be a riddle
            yield from article_pairs(passage, document, alone)
        yield from glossary_pairs(passage, document)
        if document.language == "fr":
            yield from sentence_pairs(passage, document, named_once=named_once)
        else:
            yield from english_definitions(passage)
