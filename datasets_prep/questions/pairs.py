"""The pair: a question, its answer, and where in the document the answer stands."""

import re
from dataclasses import dataclass

from chatbot.language import tr
from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document

# Every rule, in French and in English.
RULES: dict[str, tuple[str, str]] = {
    "article": ("« Que prévoit l'article… ? »", "“What does Article … provide?”"),
    "theme": ("thème d'un article ou d'une section", "topic of an article or a section"),
    "definition": ("définition", "definition"),
    "condition": ("« Que prévoit le texte lorsque… ? »", "“What happens when …?”"),
    "deadline": ("délai ou durée", "deadline or duration"),
    "amount": ("montant, seuil ou taux", "amount, threshold or rate"),
    "penalty": ("sanction", "penalty"),
    "prohibition": ("interdiction", "prohibition"),
    "who": ("« Par qui… ? »", "“By whom …?”"),
    "list": ("« Que comprend… ? », « Quels sont… ? »", "“What does … comprise?”, “Which are …?”"),
    "rubric": ("rubrique d'un avis", "rubric of a notice"),
    "heading": ("titre d'une section", "heading of a section"),
    "model": ("modèle, citation vérifiée", "model, quote checked"),
}


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A question and its answer.

    Args:
        question: what a user would ask.
        answer: text of the passage, without its reference.
        rule: a key of `RULES`.
        passage: where the answer stands.
        part: which part of how many, when a long passage was cut at the ends of its paragraphs.
        quote: the words of the passage that a model gave as its proof.
    """

    question: str
    answer: str
    rule: str
    passage: Passage
    part: tuple[int, int] = (1, 1)
    quote: str = ""


@dataclass(frozen=True, kw_only=True)
class LeftAside:
    """A passage without a pair, and the reason (a key of `datasets_prep.rows.REASONS`)."""

    passage: Passage
    reason: str
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class RefusedPair:
    """A pair that a model or a rule proposed and that a check refused, with the reason (a key of `REASONS`)."""

    passage: Passage
    reason: str
    question: str = ""
    answer: str = ""
    detail: str = ""


Outcome = Pair | RefusedPair | LeftAside


def with_part(question: str, number: int, count: int, language: str) -> str:
    """ "Que dit l'article 12 ?" → "Que dit l'article 12 (partie 2 sur 3) ?"; as it is when there is one part."""
    if count == 1:
        return question
    part = f" (partie {number} sur {count})" if language == "fr" else f" (part {number} of {count})"
    return re.sub(r"(\s?\?)?$", lambda end: part + end[0], question, count=1)


def reference(pair: Pair, document: Document) -> str:
    """ "Référence : article 12, page 34."; "" where the question names the article and there are no pages."""
    passage = pair.passage
    named = [passage.label.lower()] if passage.kind == "article" else []
    pages = [pages_in_words(passage.pages)] if passage.pages[0] else []
    if not pages and (not named or f"{named[0]} " in pair.question.lower()):
        return ""
    listed = ", ".join([*named, *pages])
    if document.language == "en":
        return f"Reference: {listed}."
    return f"Référence\u00a0: {listed}."


def pages_in_words(pages: tuple[int, int]) -> str:
    """ "page 34", "pages 34-35": the same words in both languages."""
    first, last = pages
    return f"page {first}" if first == last else f"pages {first}-{last}"


def rule_in_words(rule: str) -> str:
    """A rule in the current language."""
    return tr(*RULES[rule])
