"""Sifting: each row that a source gives becomes a dialogue, or is rejected with its reason."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from chatbot.dialogue import Dialogue, Message, assistant, user
from chatbot.errors import InputError
from chatbot.language import number, tr
from datasets_prep.cleaning import Limits, clean
from datasets_prep.dedupe import SeenDialogues
from datasets_prep.rows import Rejected, Row, normalised, reason_in_words, rejected_from
from datasets_prep.sources import Source
from datasets_prep.spec import Reading

Say = Callable[[str], object]
NEWS_EVERY = 5_000  # rows between two lines of progress
LONGEST_GROUP = 200  # characters of a group that is made from a request


@dataclass(frozen=True, kw_only=True)
class Sifted:
    """What came out of a source: every row read is in `kept` or in `rejected`."""

    source: Source
    reading: Reading
    kept: list[Dialogue] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def read(self) -> int:
        """How many rows the source gave."""
        return len(self.kept) + len(self.rejected)


def sift(source: Source, limits: Limits, seen: SeenDialogues, say: Say) -> Sifted:
    """Reads a source to its end.

    Args:
        source: where the rows come from.
        limits: lengths outside which a row is rejected.
        seen: the dialogues of the sources before this one; those kept here join them.
        say: told how far the reading is.

    Raises:
        InputError: the source cannot be read, or no row of it is kept.
    """
    sifted = Sifted(source=source, reading=source.spec.read(source.given))
    for remark in sifted.reading.remarks:
        say(tr(f"{source.name} : {remark}", f"{source.name}: {remark}"))
    count = 0
    for count, row in enumerate(sifted.reading.rows, start=1):
        outcome = _sift_row(row, source.name, limits, seen)
        if isinstance(outcome, Rejected):
            sifted.rejected.append(outcome)
        else:
            sifted.kept.append(outcome)
        if count % NEWS_EVERY == 0:
            say(tr(f"{source.name} : {number(count)} lignes lues…", f"{source.name}: {number(count)} rows read…"))
    assert count == sifted.read, "a row was lost"
    if not sifted.kept:
        raise _nothing_kept(sifted)
    return sifted


def reasons_in_words(rejected: list[Rejected]) -> str:
    """ "48 × exact duplicate, 12 × near duplicate", the most frequent first."""
    counts = Counter(row.reason for row in rejected).most_common()
    return ", ".join(f"{number(count)} × {reason_in_words(reason)}" for reason, count in counts)


def _sift_row(row: Row | Rejected, source: str, limits: Limits, seen: SeenDialogues) -> Dialogue | Rejected:
    cleaned = row if isinstance(row, Rejected) else clean(row, limits)
    if isinstance(cleaned, Rejected):
        return cleaned
    dialogue = _dialogue(cleaned, source)
    repeat = seen.repeat_of(dialogue)
    return rejected_from(cleaned, repeat.reason, repeat.id) if repeat else dialogue


def _dialogue(row: Row, source: str) -> Dialogue:
    messages = (*row.history, user(row.question, row.context), assistant(row.answer))
    return Dialogue(
        id=f"{source}-{row.key}",
        source=source,
        group=row.group or first_request(messages),
        messages=messages,
        meta=row.meta,
    )


def first_request(messages: tuple[Message, ...]) -> str:
    """The group of a row without one: rows that begin with the same request stay together."""
    first = next(message for message in messages if message.role == "user")
    text = normalised(f"{first.content} {first.context}")
    if len(text) <= LONGEST_GROUP:
        return text
    return f"{text[: LONGEST_GROUP - 20]}… {hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _nothing_kept(sifted: Sifted) -> InputError:
    name = sifted.source.name
    if not sifted.rejected:
        return InputError(
            tr(f"{name} : aucune ligne de données dans le fichier.", f"{name}: no row of data in the file.")
        )
    first, reasons = sifted.rejected[0].place, reasons_in_words(sifted.rejected)
    read = number(sifted.read)
    return InputError(
        tr(
            f"{name} : aucune ligne gardée sur {read} ({reasons}).\nPremier rejet : {first}. Corrigez le fichier.",
            f"{name}: none of {read} rows kept ({reasons}).\nFirst rejected: {first}. Mend the file.",
        )
    )
