"""Ids of many texts at once: each word is encoded the first time it is met, and looked up ever after.

GPT-2's pieces, which merges never cross, hold a blank at their beginning or are blank (Radford et al. 2019,
`encoder.py`). So one begins at every blank that follows a letter, a figure or a sign, whatever stands around::

    "Où est mon colis ?"  →  "Où" | " est" | " mon" | " colis" | " ?"

and such words have, on their own, the ids that they have in the text. A corpus says the same ones again and again:
2.7 million in MedQuAD, of which 78 thousand differ. A text without blanks is one word, encoded each time.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

MOST_STORED = 2**20  # words and ids that are remembered, some 100 MB; then all is forgotten
_BLANKS = re.compile(r"\s ")
_WORD_BEGINS = re.compile(r"(?<=\S)(?= )")


def words(text: str) -> list[str]:
    """The words of a text, each with the blank before it; joined, they are the text again."""
    if "\0" in text or _BLANKS.search(text):
        return _WORD_BEGINS.split(text)
    return text.replace(" ", "\0 ").split("\0")  # the same, three times as fast


class WordIds:
    """The words met so far, with their ids.

    Args:
        encode: many words → the ids of each.
    """

    def __init__(self, encode: Callable[[list[str]], Iterable[list[int]]]):
        self._encode = encode
        self._forget()

    def __call__(self, texts: Sequence[str]) -> tuple[Any, Any]:
        """Ids of all texts, one after the other: (ids,) int32; and how many each has: (texts,) int64."""
        import numpy as np

        if len(self._numbers) + len(self._ids) > MOST_STORED:
            self._forget()
        known = len(self._numbers)
        numbers, word_counts = array("q"), array("q")
        for text in texts:
            before = len(numbers)
            numbers.extend(map(self._numbers.__getitem__, words(text)))
            word_counts.append(len(numbers) - before)
        for ids in self._encode(list(islice(self._numbers, known, None))):
            self._ids.extend(ids)
            self._ends.append(len(self._ids))
        if not texts:
            return np.empty(0, "int32"), np.empty(0, "int64")
        stored, ends = np.array(self._ids, "int32"), np.array(self._ends)
        chosen = np.frombuffer(numbers, "int64")
        lengths = ends[chosen + 1] - ends[chosen]
        places = np.cumsum(lengths)
        shift = ends[chosen + 1] - places  # from a place in the result to its place in `stored`
        ids = stored[np.arange(places[-1]) + np.repeat(shift, lengths)]
        firsts = np.cumsum(word_counts, dtype="int64") - np.array(word_counts)
        return ids, np.add.reduceat(lengths, firsts)

    def _forget(self) -> None:
        self._numbers = _Numbers()
        self._ids, self._ends = array("i"), array("q", [0])


class _Numbers(dict[str, int]):
    """Word → its number; a new word gets the next one."""

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self)
        return number
