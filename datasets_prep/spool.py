"""Dialogues on disk while they are sifted and split, so that a million of them need little memory.

A source's dialogues go through four passes (read, near duplicates, splits, writing). The texts wait in a temporary file;
memory holds only what splitting asks of each one: `Kept`. With what finds duplicates, that is less than a
kilobyte a row.

    spool = Spool()
    number = spool.add(dialogue, place)
    spool[number] == dialogue
"""

import pickle
import tempfile
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import Any

from chatbot.dialogue import Dialogue
from datasets_prep.rows import Rejected

NO_META: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is remembered of a dialogue that lies in the spool.

    Args:
        number: its place in the spool.
        id: its id.
        group: what a split must not cut.
        own_group: whether the group was made from its own request, the source giving none.
        answers: fingerprint of all that is answered, turn by turn; 0 where that is one word or less.
        answer: fingerprint of the last answer.
        words: how many words the last answer has.
        request: fingerprint of the request, or of the text that comes with it where Causette phrased the request.
        language: code of its language, "" where it is not sure.
        meta: the labels that the split rule of its source needs.
    """

    number: int
    id: str
    group: str
    own_group: bool = False
    answers: int = 0
    answer: int = 0
    words: int = 0
    request: int = 0
    language: str = ""
    meta: Mapping[str, Any] = field(default_factory=lambda: NO_META)


class Spool:
    """Dialogues with their places in the source, in a temporary file that vanishes with the spool.

    The file is this process' own, and read by nobody else: pickled records are written four times as fast as JSON.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the spool, closed by `__exit__`
        self._offsets = array("Q")
        self._treat: Callable[[Dialogue], Dialogue] = lambda dialogue: dialogue

    def __enter__(self) -> "Spool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._offsets)

    def add(self, dialogue: Dialogue, place: str = "") -> int:
        """Appends a dialogue; returns its number."""
        self._offsets.append(self._file.seek(0, 2))
        pickle.dump({"place": place, **dialogue.to_json()}, self._file, pickle.HIGHEST_PROTOCOL)
        return len(self._offsets) - 1

    def treat(self, treated: Callable[[Dialogue], Dialogue]) -> None:
        """From now on every dialogue comes out as `treated` gives it."""
        self._treat = treated

    def __getitem__(self, number: int) -> Dialogue:
        return self._treat(Dialogue.from_json(self._record(number)))

    def __iter__(self) -> Iterator[Dialogue]:
        """All dialogues, by number. Nothing may be added meanwhile."""
        for offset in self._offsets:
            if self._file.tell() != offset:  # another one was looked up meanwhile
                self._file.seek(offset)
            yield self._treat(Dialogue.from_json(pickle.load(self._file)))

    def rejected(self, number: int, reason: str, detail: str = "") -> Rejected:
        """The dialogue of that number as a row rejected after all."""
        record = self._record(number)
        asked, answered = record["messages"][-2:]
        return Rejected(
            place=record["place"],
            reason=reason,
            detail=detail,
            question=asked["content"],
            answer=answered["content"],
            context=asked.get("context", ""),
        )

    def _record(self, number: int) -> dict[str, Any]:
        self._file.seek(self._offsets[number])
        record: dict[str, Any] = pickle.load(self._file)
        return record


def fingerprint(text: str) -> int:
    """64 bits of a text, within this process: two of a million texts agree by chance with a probability of 3 in 10^8."""
    return hash(text) & 0xFFFF_FFFF_FFFF_FFFF
