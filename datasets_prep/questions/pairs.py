"""The pair: a question, its answer, and where in the document the answer stands."""

from dataclasses import dataclass

from chatbot.language import tr
from datasets_prep.documents.passage import Passage
from datasets_prep.documents.passages import Document

# Every rule, in French and in English.
RULES: dict[str, tuple[str, str]] = {
    "article": ("« Que prévoit l'article… ? »", "“What does Article … provide?”"),
    "theme": ("thème d'un article ou d'une section", "topic of an article or a section"),
    "definition": ("définition", "definition"),
    "condition": ("« Que prévoit le texte lorsque… ? »", "“What happens when …?”"),
    "deadline": ("délai ou durée", "deadline or duration"),
    "amount": ("montant, seuil ou taux", "amount, threshold or rate"),
    "penalty": ("sanction", "penalty"),
    "prohibition": ("interdiction", "prohibition"),
    "who": ("« Par qui… ? »", "“By whom …?”"),
    "list": ("« Que comprend… ? », « Quels sont… ? »", "“What does … comprise?”, “Which are …?”"),
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


def reference(pair: Pair, document: Document) -> str:
    """ "Référence : article 12, page 34."; "" where the question says it all and there are no pages."""
    passage = pair.passage
    pages = _pages(passage, document)
    if not pages and pair.rule in ("article", "rubric", "heading"):
        return ""
    names = [passage.label if passage.kind == "section" else passage.label.lower()] if passage.kind != "outside" else []
    if passage.kind in ("rubric", "section"):
        names = []
    listed = ", ".join([*names, *pages])
    french, english = f"Référence : {listed}.", f"Reference: {listed[:1].upper()}{listed[1:]}."
    return (french if document.language == "fr" else english) if listed else ""


def _pages(passage: Passage, document: Document) -> list[str]:
    first, last = passage.pages
    if not first:
        return []
    dash = "pages" if first != last else "page"
    return [f"{dash} {first}" if first == last else f"{dash} {first}-{last}"]


def rule_in_words(rule: str) -> str:
    """A rule in the current language."""
    return tr(*RULES[rule])
