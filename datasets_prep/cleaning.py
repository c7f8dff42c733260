"""Cleaning: pure functions from a row as found to a row fit for training, or to the reason why it is not one.

Nothing here knows a source: what is peculiar to one (MedQuAD's " ?") is tidied in its file.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, fields, replace
from hashlib import sha256
from typing import Any

from datasets_prep.languages import language_of
from datasets_prep.personal import masked, masked_value
from datasets_prep.rows import Rejected, Row, normalised, rejected_from

NO_BREAK = "\u00a0\u202f"  # no-break space, narrow no-break space
BEFORE_THESE = frozenset(":;!?»%€")
# Control characters, and marks without a width or a meaning of their own: zero-width space, soft hyphen, marks of
# direction, byte-order mark. The joiners U+200C and U+200D stay: emoji and Indic scripts need them.
INVISIBLE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
BLANKS = re.compile(f"[ \t{NO_BREAK}]{{2,}}|[\t{NO_BREAK}]")  # runs, and single blanks that are not mere ones
INDENT = re.compile(r"^[ \t]*")
PLACEHOLDER = re.compile(r"[\s.…?!_–—-]+")  # typed where there is no answer: "-", "...", "?"; "%" and "[]" are answers


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Lengths, in characters, outside which a row is rejected; those of `prepare` unless said otherwise."""

    shortest_question: int = 2
    longest_question: int = 4_000
    shortest_answer: int = 1  # "A" of a multiple choice, "7" of a sum
    longest_answer: int = 30_000

    @classmethod
    def of(cls, options: Any) -> "Limits":
        """Those of an object that has them among others, such as the options of `prepare`."""
        return cls(**{each.name: getattr(options, each.name) for each in fields(cls)})


def clean_text(text: str) -> str:
    """The text in NFC, without invisible characters, with single blanks and at most one empty line in a row.

    A no-break space stays where French typography puts one (before ``: ; ! ? » %``, after «, after a figure) and
    becomes a mere blank elsewhere. Indents stay: they mean something in code and in lists.
    """
    if text.isprintable() and "  " not in text:  # one line in order, as most texts are
        return unicodedata.normalize("NFC", text).strip()
    text = unicodedata.normalize("NFC", "\n".join(_clean_line(line) for line in text.splitlines()))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def clean(row: Row, limits: Limits) -> Row | Rejected:
    """The row with its texts cleaned, or rejected with the first reason that holds."""
    row = replace(
        row,
        question=clean_text(row.question),
        answer=clean_text(row.answer),
        context=clean_text(row.context),
        group=clean_text(row.group),
        history=tuple(replace(turn, content=clean_text(turn.content)) for turn in row.history),
    )
    return _too_short_or_long(row, limits) or _says_nothing(row) or _repeats_question(row) or row


def is_placeholder(answer: str) -> bool:
    """Whether an answer is but a sign that there is none: "…", "?", "-"."""
    return bool(PLACEHOLDER.fullmatch(answer))


def masked_row(row: Row, language: str) -> tuple[Row, Counter[str]]:
    """The row with its personal data masked, and how many of each kind there were."""
    counts: Counter[str] = Counter()

    def mask(text: str, written_in: str = language) -> str:
        text, found = masked(text, written_in)
        counts.update(found)
        return text

    hidden = replace(
        row,
        question=mask(row.question),
        answer=mask(row.answer),
        context=mask(row.context, language_of(row.context) or language),
        history=tuple(replace(turn, content=mask(turn.content), context=mask(turn.context)) for turn in row.history),
        group=_masked_group(row.group, language),
        meta=masked_value(row.meta, language),
    )
    return hidden, counts


def _masked_group(group: str, language: str) -> str:
    """Two groups stay two when what tells them apart is masked."""
    hidden, found = masked(group, language)
    return f"{hidden} {sha256(group.encode()).hexdigest()[:6]}" if found else group


def _clean_line(line: str) -> str:
    if line.isprintable() and "  " not in line:  # most lines: nothing to do, and no slow search
        return line.rstrip()
    line = INVISIBLE.sub("", line).rstrip()
    indent = INDENT.match(line)[0]  # type: ignore[index]  # the pattern matches the empty indent too
    return indent + BLANKS.sub(_one_blank, line[len(indent) :])


def _one_blank(run: re.Match[str]) -> str:
    """The one blank for a run of blanks: a no-break space where the run has one and French wants one."""
    no_break = next((character for character in run[0] if character in NO_BREAK), None)
    before, after = run.string[: run.start()][-1:], run.string[run.end() :][:1]
    wanted = after in BEFORE_THESE or before == "«" or before.isdigit()
    return no_break if no_break and wanted else " "


def _too_short_or_long(row: Row, limits: Limits) -> Rejected | None:
    if not all(turn.content for turn in row.history):
        return rejected_from(row, "empty_turn")
    for part, text in (("question", row.question), ("answer", row.answer)):
        shortest, longest = getattr(limits, f"shortest_{part}"), getattr(limits, f"longest_{part}")
        if not text:
            return rejected_from(row, f"empty_{part}")
        if len(text) < shortest:
            return rejected_from(row, f"short_{part}", f"{len(text)} < {shortest}")
        if len(text) > longest:
            return rejected_from(row, f"long_{part}", f"{len(text)} > {longest}")
    return None


def _says_nothing(row: Row) -> Rejected | None:
    return rejected_from(row, "no_answer", row.answer) if is_placeholder(row.answer) else None


def _repeats_question(row: Row) -> Rejected | None:
    """MedQuAD has such rows: "What causes Bell's palsy?" answered by "What causes Bell's palsy?"."""
    same = normalised(row.question).rstrip(" ?.!") == normalised(row.answer).rstrip(" ?.!")
    return rejected_from(row, "answer_repeats_question") if same else None
