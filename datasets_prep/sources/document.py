"""PDF and text files: law, notices and prose become questions and answers; text with dialogue marks is read as it is.

Upstream: the user's own file (.pdf, .txt, .txt.gz). Licence: its owner's; nothing is known, so nothing is claimed.

The group is the article, rubric or section, so that a split never cuts one. Sample row::

    question  Que prévoit l'article 96 du code des marchés publics ?
    answer    Est interdite l'insertion dans un marché de toute clause de paiement différé.
    meta      {"document": "code.txt", "passage": "Article 96", "rule": "article", "characters": [201714, 201786], …}
"""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from chatbot.dialogue import check_turns
from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.cleaning import clean_text
from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document, read_document
from datasets_prep.documents.pdf import ranges, recognition
from datasets_prep.own_licence import UNKNOWN_LICENCE
from datasets_prep.personal import masked
from datasets_prep.questions.answers import KeptAnswers, cache_folder
from datasets_prep.questions.client import MODEL, ChatClient, address_from
from datasets_prep.questions.making import Making, read_prices
from datasets_prep.questions.model import ModelMaker, check_making
from datasets_prep.questions.pairs import LeftAside, Outcome, Pair, RefusedPair, pages_in_words, reference
from datasets_prep.questions.rules import pairs_by_rules
from datasets_prep.rows import Rejected, Row, reason_in_words
from datasets_prep.sources.csv_pairs import OWN_FILE, own_file
from datasets_prep.spec import DatasetSpec, Given, Reading
from datasets_prep.text_files import read_text_file
from datasets_prep.turns_text import Turns, has_marks, read_turns

PRICES = "CAUSETTE_LLM_PRICES"
# Why the answer of a model gives no pair; a passage that it was not asked about is none of these.
MODEL_FAULTS = {"no_json", "no_model_pair", "incomplete_pair", "quote_not_found", "foreign_figure"}
LONGEST_DETAIL = 120  # characters of what a model wrote, beside a rejected row


def read(given: Given) -> Reading:
    """Opens the user's PDF or text file.

    Raises:
        InputError: no file is given, it cannot be read, or an option of the maker is wrong.
        WorldError: the model cannot be reached (raised while reading the rows).
    """
    path = own_file(given, "code.pdf")
    making = checked_making(given.making)
    text = None
    if path.suffix.lower() != ".pdf":
        text, encoding = read_text_file(path)
        if has_marks(text):
            return Reading(rows=_turn_rows(text), files=(path,), guessed={"encoding": encoding, "kind": "dialogues"})
    document = read_document(path, text)
    report = document_report(document)
    for line in report_lines(document):
        given.say(line)
    outcomes = _outcomes(document, making, given, report)
    return Reading(rows=_rows(document, outcomes, report), files=(path,), guessed=report)


def checked_making(making: Making) -> Making:
    """The options with the prices of the environment.

    Raises:
        InputError: limits without the maker that they limit, prices that are no numbers, a cost limit without prices.
    """
    limits = (making.max_calls, making.max_cost, making.prices)
    if making.maker == "rules":
        if any(limit is not None for limit in limits):
            raise InputError(
                tr(
                    "--max-calls, --max-cost et --prices ne servent qu'avec --maker model.",
                    "--max-calls, --max-cost and --prices are for --maker model only.",
                )
            )
        return making
    if making.prices is None and (stated := os.environ.get(PRICES)):
        making = replace(making, prices=read_prices(stated, PRICES))
    check_making(making)
    return making


def document_report(document: Document) -> dict[str, Any]:
    """What the reading of a document came to, for the manifest; counts of pairs join it as they are made."""
    kinds = Counter(passage.kind for passage in document.passages)
    return {
        "kind": document.kind,
        "title": document.title,
        "language": document.language,
        "pages": document.page_count,
        "pages_without_text": list(document.pages_without_text),
        "blank_pages": len(document.blank_pages),
        "passages": dict(kinds),
        "cleaned": dict(document.cleaned),
    }


def report_lines(document: Document) -> list[str]:
    """What a user should know of the reading before the pairs are made."""
    kinds = Counter(passage.kind for passage in document.passages)
    found = {
        "law": _counted(kinds["article"], tr("article", "article")),
        "notice": _counted(kinds["rubric"], tr("rubrique", "rubric")),
        "prose": _counted(kinds["section"], tr("section", "section")),
    }[document.kind]
    pages = _counted(document.page_count, "page") + ", " if document.page_count else ""
    lines = [f"{document.file}{tr(' :', ':')} {pages}{found}."]
    if scanned := document.pages_without_text:
        lines.append(_scanned_line(document.file, scanned))
    if document.cleaned["mended_file"]:
        lines.append(
            tr(
                f"{document.file} : fichier abîmé, peut-être coupé : seul ce qui s'ouvre encore est lu. "
                "Téléchargez-le de nouveau, ou comptez ses pages.",
                f"{document.file}: damaged file, maybe cut: only what still opens is read. "
                "Download it again, or count its pages.",
            )
        )
    if blank := document.blank_pages:
        french, english = ("page vide", "empty page") if len(blank) == 1 else ("pages vides", "empty pages")
        lines.append(
            tr(f"{document.file} : {french} : {ranges(blank)}.", f"{document.file}: {english}: {ranges(blank)}.")
        )
    return lines


def _counted(count: int, noun: str) -> str:
    """ "1 page", "12 pages"; nothing is singular in French, "0 section", and plural in English, "0 sections"."""
    singular = count == 1 or (count == 0 and tr("fr", "en") == "fr")
    return f"{number(count)} {noun if singular else noun + 's'}"


def _scanned_line(file: str, scanned: Sequence[int]) -> str:
    command = recognition(file, "--skip-text")
    if len(scanned) == 1:
        return tr(
            f"{file} : pas de texte à la page {ranges(scanned)}, sans doute numérisée. Pour la lire aussi : {command}",
            f"{file}: no text on page {ranges(scanned)}, most likely scanned. To read it too: {command}",
        )
    return tr(
        f"{file} : pas de texte aux pages {ranges(scanned)}, sans doute numérisées. Pour les lire aussi : {command}",
        f"{file}: no text on pages {ranges(scanned)}, most likely scanned. To read them too: {command}",
    )


def without_pair(outcomes: Sequence[Outcome]) -> tuple[Counter[str], Counter[str]]:
    """The reasons of the passages left aside, and those of the pairs refused."""
    left = Counter(outcome.reason for outcome in outcomes if isinstance(outcome, LeftAside))
    return left, Counter(outcome.reason for outcome in outcomes if isinstance(outcome, RefusedPair))


def _outcomes(document: Document, making: Making, given: Given, report: dict[str, Any]) -> Iterator[Outcome]:
    if making.maker == "rules":
        report["maker"] = "rules"
        return pairs_by_rules(document)
    address = address_from()
    client = ChatClient(address, given.say)
    maker = ModelMaker(client, KeptAnswers(cache_folder(), address), making, given.say)
    report["maker"] = {"model": address.model, "url": address.url, "tally": maker.tally}
    return _until_closed(maker.pairs(document), client)


def _until_closed(outcomes: Iterator[Outcome], client: ChatClient) -> Iterator[Outcome]:
    """The outcomes; the client's connections end with them, and also when they end early."""
    with closing(client):
        yield from outcomes


def _rows(document: Document, outcomes: Iterator[Outcome], report: dict[str, Any]) -> Iterator[Row | Rejected]:
    rules: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    unread = ""  # the first answer of the model that is no JSON
    try:
        for page in document.pages_without_text:
            yield Rejected(place=tr(f"page {page}", f"page {page}"), reason="scanned_page")
        for count, outcome in enumerate(outcomes, start=1):
            if isinstance(outcome, Pair):
                rules[outcome.rule] += 1
                yield _row(outcome, document, count)
            else:
                rejected = _rejected(outcome, document.language)
                faults[outcome.reason] += outcome.reason in MODEL_FAULTS
                unread = unread or (rejected.detail if outcome.reason == "no_json" else "")
                yield rejected
        if faults.total() and not rules:
            raise _useless_model(document, report["maker"]["model"], +faults, unread)
    finally:
        report["pairs_by_rule"] = dict(rules.most_common())
        if isinstance(report["maker"], dict):
            report["maker"]["tally"] = report["maker"]["tally"].to_json()


def _useless_model(document: Document, model: str, faults: Counter[str], unread: str) -> InputError:
    listed = ", ".join(f"{number(count)} × {reason_in_words(reason)}" for reason, count in faults.most_common())
    begins = " ".join(clean_text(unread).split())
    shown = tr(f" Il écrit, par exemple : « {begins} ».", f" It writes, for example: “{begins}”.") if begins else ""
    return InputError(
        tr(
            f"{document.file} : aucun couple à garder de ce qu'écrit le modèle {model} : {listed}.{shown}\n"
            f"Prenez-en un plus grand, ou au contexte plus long ({MODEL}), ou faites sans : --maker rules.",
            f"{document.file}: no pair to keep from what the model {model} writes: {listed}.{shown}\n"
            f"Take a larger one, or one with a longer context ({MODEL}), or do without: --maker rules.",
        )
    )


def _row(pair: Pair, document: Document, count: int) -> Row:
    passage = pair.passage
    answer = "\n".join(filter(None, (pair.answer, reference(pair, document))))
    return Row(
        key=f"{passage.number}-{count}",
        place=place_of(passage),
        question=pair.question,
        answer=answer,
        group=f"{document.title or document.file}, {passage.name or passage.number}",
        meta={**lineage(passage, document), "maker": "model" if pair.rule == "model" else "rules", "rule": pair.rule}
        | ({"part": list(pair.part)} if pair.part[1] > 1 else {})
        | ({"quote": pair.quote} if pair.quote else {}),
    )


def lineage(passage: Passage, document: Document) -> dict[str, Any]:
    """Where a pair comes from: document, pages, passage, its place among the characters of all passages, its SHA-256."""
    return {
        "document": document.file,
        "pages": [page for page in dict.fromkeys(passage.pages) if page],
        "passage": passage.name,
        "section": " > ".join(passage.path),
        "characters": [passage.start, passage.end],
        "sha256": passage.sha256,
    }


def place_of(passage: Passage) -> str:
    """ "Article 12, page 34": where a reader finds a passage."""
    page = pages_in_words(passage.pages) if passage.pages[0] else ""
    name = passage.name or tr(f"passage {passage.number}", f"passage {passage.number}")
    return ", ".join(filter(None, (name, page)))


def _rejected(outcome: RefusedPair | LeftAside, language: str) -> Rejected:
    place, detail = place_of(outcome.passage), _shown(outcome.detail, language)
    if isinstance(outcome, RefusedPair):
        return Rejected(
            place=place, reason=outcome.reason, detail=detail, question=outcome.question, answer=outcome.answer
        )
    return Rejected(place=place, reason=outcome.reason, detail=detail, answer=outcome.passage.text)


def _shown(detail: str, language: str) -> str:
    """The beginning of a detail, its personal data masked before it is cut: half a number would not be known as one."""
    return masked(detail[: 10 * LONGEST_DETAIL], language)[0][:LONGEST_DETAIL]


def _turn_rows(text: str) -> Iterator[Row | Rejected]:
    for count, turns in enumerate(read_turns(text), start=1):
        yield _turn_row(count, turns)


def _turn_row(count: int, turns: Turns) -> Row | Rejected:
    place = tr(f"ligne {turns.line}", f"line {turns.line}")
    messages: Sequence[Any] = turns.messages
    try:
        check_turns(messages)
        if messages[-1].role != "assistant":
            raise ValueError("the last turn is not an answer")
    except ValueError as error:
        said = "\n".join(turn.content for turn in messages)
        return Rejected(place=place, reason="not_a_dialogue", detail=str(error), question=said)
    return Row(
        key=str(count), place=place, question=messages[-2].content, answer=messages[-1].content,
        history=tuple(messages[:-2]), meta={"line": turns.line},
    )  # fmt: skip


SPEC = DatasetSpec(
    name="document",
    title=("Votre PDF ou votre texte : loi, avis, cours", "Your PDF or text: law, notice, course"),
    language="",
    size=("", ""),
    origin=OWN_FILE,
    licence=UNKNOWN_LICENCE,
    read=read,
    takes_file=True,
    takes=frozenset({"making", "licence"}),
)
