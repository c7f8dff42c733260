"""Boilerplate: a sentence that comes back in the answers of many different questions.

    "These resources address the diagnosis or management of …" under hundreds of diseases

A model trained on it learns to say it everywhere. An answer that is nothing but such sentences (a label, "Yes.", one
answer for all) is no boilerplate: it is what was asked for.
"""

from array import array
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from datasets_prep.spool import fingerprint

SENTENCE_ENDS = [mark + blank for mark in ".!?…" for blank in " \u00a0\u202f"]
SHORTEST = 40  # characters under which a sentence that comes back means nothing
FEWEST_GROUPS = 20  # different questions under which a sentence is boilerplate
EXAMPLES = 5


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text, without what separates them."""
    for end in SENTENCE_ENDS:  # ten times faster than a regular expression
        if end in text:
            text = text.replace(end, f"{end[0]}\n")
    return [sentence for line in text.split("\n") if (sentence := line.strip())]


class SentenceCounts:
    """Which sentences came under which groups: 24 bytes for each time."""

    def __init__(self) -> None:
        self._keys, self._groups, self._rows = array("Q"), array("Q"), array("Q")

    def add(self, row: int, answer: str, group: str) -> None:
        """Notes the sentences of the answer of a row under the group of its question."""
        under = fingerprint(group)
        for sentence in sentences(answer):
            if len(sentence) >= SHORTEST:
                self._keys.append(_key(sentence))
                self._groups.append(under)
                self._rows.append(row)

    def frequent(self) -> tuple[frozenset[int], list[int]]:
        """Fingerprints of the sentences that stand under at least `FEWEST_GROUPS` groups, and the rows that hold one."""
        import numpy

        keys, groups, rows = (
            numpy.frombuffer(each, dtype=numpy.uint64) for each in (self._keys, self._groups, self._rows)
        )
        pairs = numpy.unique(numpy.stack([keys, groups], axis=1), axis=0)
        distinct, under = numpy.unique(pairs[:, 0], return_counts=True)
        frequent = distinct[under >= FEWEST_GROUPS]
        return frozenset(frequent.tolist()), numpy.unique(rows[numpy.isin(keys, frequent)]).tolist()


@dataclass
class Boilerplate:
    """The frequent sentences, as they are met in answers.

    Args:
        keys: their fingerprints.
        answers: how many answers hold one beside other sentences.
        met: sentence → how many times.
    """

    keys: Collection[int] = ()
    answers: int = 0
    met: Counter[str] = field(default_factory=Counter)

    def note(self, answer: str) -> None:
        """Counts what boilerplate an answer holds."""
        if found := self._found(answer):
            self.answers += 1
            self.met.update(found)

    def cut_from(self, answer: str) -> str:
        """The answer without its boilerplate; one that is nothing else stays whole."""
        if not self._found(answer):
            return answer
        lines = []
        for line in answer.split("\n"):
            in_order = sentences(line)
            kept = [sentence for sentence in in_order if not self._is_frequent(sentence)]
            if len(kept) == len(in_order):
                lines.append(line)
            elif kept:
                lines.append(" ".join(kept))
        return "\n".join(lines).strip()

    def examples(self) -> list[tuple[str, int]]:
        """The sentences met most, with how many times."""
        return self.met.most_common(EXAMPLES)

    def _found(self, answer: str) -> list[str]:
        if not self.keys:
            return []
        in_order = sentences(answer)
        found = [sentence for sentence in in_order if self._is_frequent(sentence)]
        return found if len(found) < len(in_order) else []

    def _is_frequent(self, sentence: str) -> bool:
        return len(sentence) >= SHORTEST and _key(sentence) in self.keys


def _key(sentence: str) -> int:
    return fingerprint(" ".join(sentence.casefold().split()))
