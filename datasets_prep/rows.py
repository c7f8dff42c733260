"""What flows between a source and a prepared set: a row as found, or a row rejected with its reason.

A source yields both: what it could read (`Row`) and what it could not (`Rejected`), so that no row is lost silently:
read = kept + rejected.
"""

import functools
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chatbot.dialogue import Message
from chatbot.language import tr

# Every reason of rejection, in French and in English.
REASONS: Mapping[str, tuple[str, str]] = {
    "ragged_row": ("nombre de cellules différent de l'en-tête", "another number of cells than the header"),
    "bad_quotes": ("guillemets CSV mal placés", "misplaced CSV quotes"),
    "unreadable_bytes": ("octets illisibles", "unreadable bytes"),
    "repeated_header": ("en-tête répété", "repeated header"),
    "empty_row": ("ligne de cellules vides", "row of empty cells"),
    "not_a_dialogue": (
        "ligne sans dialogue (« messages ») ni couple « question », « réponse »",
        "line with neither a dialogue (“messages”) nor a “question” and an “answer”",
    ),
    "two_dialogues": (
        "deux dialogues différents sous deux clés d'une même ligne (« messages », « conversations »…), gardez-en un",
        "two different dialogues under two keys of one line (“messages”, “conversations”…), keep one",
    ),
    "unknown_label": ("étiquette inconnue", "unknown label"),
    "not_a_paper": (
        "ligne qui n'est pas un article (résumé, titres de sections, texte)",
        "line that is no paper (abstract, section names, text)",
    ),
    "back_matter": (
        "section sans contenu scientifique (remerciements, financement…)",
        "section without scientific content (acknowledgements, funding…)",
    ),
    "formulas": ("réponse faite surtout de formules", "answer made mostly of formulas"),
    "empty_question": ("question vide", "empty question"),
    "empty_answer": ("réponse vide", "empty answer"),
    "no_answer": ("signe mis à la place d'une réponse (« - », « … »)", "sign in place of an answer (“-”, “…”)"),
    "empty_turn": ("tour de parole vide plus haut dans le dialogue", "empty turn earlier in the dialogue"),
    "short_question": ("question trop courte", "question too short"),
    "long_question": ("question trop longue", "question too long"),
    "short_answer": ("réponse trop courte", "answer too short"),
    "long_answer": ("réponse trop longue", "answer too long"),
    "answer_repeats_question": ("réponse qui répète la question", "answer that repeats the question"),
    "scanned_page": ("page sans texte, sans doute numérisée", "page without text, most likely scanned"),
    "outside_articles": ("texte hors des articles ou des rubriques", "text outside articles or rubrics"),
    "pointer": (
        "article qui ne fait que renvoyer à un autre, ou abrogé",
        "article that only points at another, or repealed",
    ),
    "no_rule": (
        "passage dont aucune règle ne tire de question sûre",
        "passage from which no rule makes a safe question",
    ),
    "lost_character": ("caractère remplacé par une image dans le PDF", "character replaced by an image in the PDF"),
    "no_json": (
        "réponse du modèle où aucun couple ne se lit (pas de JSON)",
        "answer of the model in which no pair can be read (no JSON)",
    ),
    "no_model_pair": ("passage dont le modèle ne tire aucun couple", "passage from which the model makes no pair"),
    "incomplete_pair": (
        "couple du modèle sans question, réponse ou citation",
        "pair of the model without question, answer or quote",
    ),
    "quote_not_found": ("citation absente du passage", "quote that is not in the passage"),
    "foreign_figure": ("nombre ou adresse absents du passage", "figure or address that is not in the passage"),
    "not_asked": (
        "passage non soumis au modèle\u00a0: limite atteinte",
        "passage not given to the model: limit reached",
    ),
    "other_language": ("autre langue que celle demandée", "another language than the one asked for"),
    "exact_duplicate": ("doublon exact", "exact duplicate"),
    "near_duplicate": ("doublon proche", "near duplicate"),
    "left_by_weight": ("laissée de côté par le poids de sa source", "left aside by the weight of its source"),
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A question and its answer as the source gives them.

    Args:
        key: unique in its source; the dialogue's id is "source-key".
        place: where a reader finds it in the source, in the user's language: "ligne de données 17", "row 17".
        question: the request; the last one of a conversation.
        answer: the answer to `question`.
        context: a text that comes with the request.
        group: what a split must not cut; "" when the source has none (then the first request is the group, joined with
            those of the same answer).
        history: the turns before `question`.
        meta: labels for the dialogue; JSON values.
        found: question, answer and context as the file has them, where its loader tidied one of them; else empty.
    """

    key: str
    place: str
    question: str
    answer: str
    context: str = ""
    group: str = ""
    history: tuple[Message, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    found: tuple[str, str, str] | tuple[()] = ()

    @property
    def texts(self) -> tuple[str, str, str]:
        """Question, answer and context."""
        return self.question, self.answer, self.context


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A row that is not kept.

    Args:
        place: where it stands in the source, in the user's language.
        reason: a key of `REASONS`.
        detail: figures or the id that it repeats, without words of any language: "3 ≠ 2", "1 < 3", "faq-12".
        question, answer: as far as they are known.
        context: the text that came with the request.
        text: the row as it stands in its file, where it could not be told apart into the three above.
    """

    place: str
    reason: str
    detail: str = ""
    question: str = ""
    answer: str = ""
    context: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        assert self.reason in REASONS, self.reason

    def to_json(self, source: str) -> dict[str, str]:
        """The line of rejected.jsonl: what is known of the row, whole."""
        record = {"source": source, "place": self.place, "reason": self.reason, "detail": self.detail}
        texts = {name: getattr(self, name) for name in ("question", "answer", "context", "text")}
        return record | {name: text for name, text in texts.items() if text or name in ("question", "answer")}


def rejected_from(row: Row, reason: str, detail: str = "") -> Rejected:
    """The row, rejected for `reason`."""
    return Rejected(
        place=row.place, reason=reason, detail=detail, question=row.question, answer=row.answer, context=row.context
    )


def reason_in_words(reason: str) -> str:
    """The sentence of a reason in the current language; a reason of a later version stands for itself."""
    return tr(*REASONS[reason]) if reason in REASONS else reason


@functools.lru_cache(maxsize=16)  # one row asks several times for the same texts
def normalised(text: str) -> str:
    """The text for comparing: NFKC, no case, single blanks. " Où  EST-il\u00a0?" → "où est-il ?"."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
