"""Which column holds the question and which the answer: told by the user, by the names, else by the content.

Names are compared without case, accents and signs, in French and in English; those of two languages side by side
(``q_en``, ``a_en`` beside ``q_fr``, ``a_fr``) give a pair of columns for each language.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from chatbot.language import tr

# What a column holds → its usual names, the surest first.
COLUMN_NAMES: Mapping[str, tuple[str, ...]] = {
    "question": ("question", "instruction", "prompt", "query", "consigne", "demande", "requete", "questions", "faq"),
    "answer": ("answer", "response", "completion", "output", "reponse", "sortie", "answers", "reponses", "responses"),
    "context": ("context", "input", "contexte", "entree"),
    "system": ("system", "system_prompt"),  # not "système": a column of a help desk, which says Windows or Linux
    "group": ("group", "groupe", "document", "theme", "focus_area"),
}
BESIDE = ("context", "system", "group")  # what may stand beside a question and its answer
# Names that mean question and answer only beside each other.
PAIRS = (
    ("q", "a"), ("q", "r"), ("input", "output"), ("entree", "sortie"), ("human", "assistant"), ("user", "assistant"),
    ("user", "bot"), ("utilisateur", "assistant"), ("human", "bot"), ("humain", "assistant"),
)  # fmt: skip
LANGUAGES = {
    "fr": "fr", "french": "fr", "francais": "fr", "francaise": "fr",
    "en": "en", "english": "en", "anglais": "en", "anglaise": "en", "eng": "en",
}  # fmt: skip
MARKED = 0.3  # share of cells with a question mark from which a column may be that of the questions
LONGER = 1.5  # how much longer answers are than questions, where no question mark tells them apart
LONGEST_NAME = 200  # characters of a name of several words; what is longer is data, and not looked into
ACCENTED = 4  # characters that one of a plain name may be written with: a letter and its accents apart
TEXT_WORDS = 1.5  # words of a cell, on average, from which a column holds texts


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What the columns of a table are taken for.

    Args:
        roles: "question", "answer", "context", "system", "group" → column name.
        language: of this pair, where the file has several; else "".
        told_by: "user", "names" or "content".
    """

    roles: Mapping[str, str]
    language: str = ""
    told_by: str = "names"

    @property
    def complete(self) -> bool:
        return {"question", "answer"} <= self.roles.keys()

    def in_words(self) -> str:
        """ "q_fr → question, a_fr → réponse"."""
        words = {
            "question": tr("question", "question"),
            "answer": tr("réponse", "answer"),
            "context": tr("contexte", "context"),
            "system": tr("consigne du système", "system message"),
            "group": tr("groupe", "group"),
        }
        return ", ".join(f"{column} → {words[role]}" for role, column in self.roles.items())

    def to_json(self) -> dict[str, Any]:
        """The roles as a manifest holds them."""
        return dict(self.roles)


def plain_name(column: str) -> str:
    """A column name for comparing: no case, no accent, no blank around. " Réponse" → "reponse"."""
    letters = unicodedata.normalize("NFKD", column.strip().casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def column_named(header: Sequence[str], names: Sequence[str]) -> str | None:
    """The column of `header` that bears the first of `names` that one bears, whatever case and accents."""
    wanted = [plain_name(name) for name in names]
    longest = ACCENTED * max(map(len, wanted), default=0)
    columns = {plain_name(column): column for column in reversed(header) if len(column.strip()) <= longest}
    return next((columns[name] for name in wanted if name in columns), None)


def find_columns(header: Sequence[str], chosen: tuple[str, str] | None = None) -> dict[str, str]:
    """What each known column holds → its name in `header`; `chosen` settles question and answer, by name or number."""
    if chosen:
        roles = {
            role: column
            for role, name in zip(("question", "answer"), chosen, strict=True)
            if (column := _chosen(header, name)) is not None
        }
        return {**roles, **_named(header, BESIDE, set(roles.values()))} if len(roles) == 2 else roles
    roles = _named(header, tuple(COLUMN_NAMES), set())
    if not {"question", "answer"} <= roles.keys() and (pair := _pair(header)):
        question, answer = pair
        others = {role: column for role, column in roles.items() if column not in pair and role in BESIDE}
        return {"question": question, "answer": answer, **others}
    return roles


def is_header(cells: Sequence[str], chosen: tuple[str, str] | None = None) -> bool:
    """Whether these cells name the columns that are looked for; a number that the user gave names none."""
    named = bool(chosen) and all(column_named(cells, (name,)) is not None for name in chosen or ())
    return named or bool(find_pairs(cells))


def find_pairs(header: Sequence[str], chosen: tuple[str, str] | None = None) -> list[Columns]:
    """The pairs of question and answer that the names tell: none, one, or one for each language."""
    columns = Columns(roles=find_columns(header, chosen), told_by="user" if chosen else "names")
    if columns.complete:
        return [columns]
    return [] if chosen else _by_language(header)


def columns_by_content(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns | None:
    """A guess from the cells: questions have question marks, answers are longer; None where nothing tells."""
    texts = {name: cells for place, name in enumerate(header) if _are_texts(cells := [row[place] for row in rows])}
    if len(texts) < 2:
        return None
    marks = {name: mean("?" in cell[-40:] for cell in cells) for name, cells in texts.items()}
    lengths = {name: mean(map(len, cells)) for name, cells in texts.items()}
    ordered = sorted(texts, key=lambda name: -marks[name])
    if marks[ordered[0]] >= MARKED and marks[ordered[0]] >= 2 * marks[ordered[1]]:
        question = ordered[0]
    elif len(texts) == 2 and len(header) <= 3 and max(lengths.values()) >= LONGER * min(lengths.values()):
        question = min(texts, key=lambda name: lengths[name])
    else:
        return None
    answer = max((name for name in texts if name != question), key=lambda name: lengths[name])
    return Columns(roles={"question": question, "answer": answer}, told_by="content")


def _chosen(header: Sequence[str], name: str) -> str | None:
    """The column of that name, or of that number from 1."""
    if (column := column_named(header, (name,))) is not None:
        return column
    return header[int(name) - 1] if name.isdecimal() and 1 <= int(name) <= len(header) else None


def _named(header: Sequence[str], roles: Sequence[str], taken: set[str]) -> dict[str, str]:
    """Role → the column whose whole name says so; else the only one that has the word in its name."""
    found: dict[str, str] = {}
    for role in roles:
        free = [column for column in header if column not in taken | set(found.values())]
        if column := column_named(free, COLUMN_NAMES[role]):
            found[role] = column
    for role in (role for role in ("question", "answer") if role in roles and role not in found):
        free = [column for column in header if column not in taken | set(found.values())]
        worded = [column for column in free if _is_name(column) and set(_words(column)) & set(COLUMN_NAMES[role])]
        if len(worded) == 1:
            found[role] = worded[0]
    return {role: found[role] for role in roles if role in found}


def _pair(header: Sequence[str]) -> tuple[str, str] | None:
    for names in PAIRS:
        question, answer = (column_named(header, (name,)) for name in names)
        if question and answer:
            return question, answer
    return None


def _by_language(header: Sequence[str]) -> list[Columns]:
    found = []
    for language in dict.fromkeys(filter(None, map(_language, header))):
        bare = {
            " ".join(word for word in _words(column) if word not in LANGUAGES): column
            for column in reversed(header)
            if _language(column) == language
        }
        roles = {role: bare[name] for role, name in find_columns(list(bare)).items()}
        columns = Columns(roles=roles, language=language)
        if columns.complete:
            found.append(columns)
    return found


def _is_name(column: str) -> bool:
    """Whether a cell may be a name at all: a row of data must never be taken for a header."""
    if len(column) > LONGEST_NAME or column.rstrip().endswith(("?", "!", ".", "…")):
        return False
    return len(_words(column)) <= 4 and not _language(column)


def _words(column: str) -> list[str]:
    """ "Question (FR)" → ["question", "fr"]."""
    return re.findall(r"[a-z0-9]+", plain_name(column))


def _language(column: str) -> str:
    """The language that a name says: "fr" for "q_fr" and "Question (français)"; "" for one word alone."""
    words = _words(column) if len(column) <= LONGEST_NAME else []
    return next((LANGUAGES[word] for word in (words[-1], words[0]) if word in LANGUAGES), "") if len(words) > 1 else ""


def _are_texts(cells: Sequence[str]) -> bool:
    """Whether a column holds texts, rather than numbers, dates, labels or addresses."""
    filled = [cell for cell in cells if cell.strip()]
    if len(filled) < 0.5 * len(cells) or not filled:
        return False
    words = mean(len(cell.split()) for cell in filled)
    letters = mean(sum(map(str.isalpha, cell)) / len(cell) for cell in filled)
    various = len(set(filled)) > 0.2 * len(filled) or len(filled) < 5
    return words >= TEXT_WORDS and letters > 0.5 and various
