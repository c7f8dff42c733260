"""Nearest texts by BM25 (Robertson & Zaragoza 2009), computed by bm25s over the words of `chatbot.words`.

It learns nothing: what it finds was written by somebody, and a model that answers worse than the nearest text is no gain.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chatbot.words import words


class Nearest:
    """An index of texts.

    Args:
        texts: to be found; their places are what `of` gives.
        split: the words of a text.
    """

    def __init__(self, texts: Sequence[str], split: Callable[[str], list[str]] = words):
        self._split = split
        self._index = _index_of([split(text) for text in texts])
        self._count = len(texts)

    def of(self, query: str, count: int = 1) -> list[tuple[int, float]]:
        """Places and scores of the `count` best texts, best first; those that share no word with the query are none."""
        known = [word for word in self._split(query) if self._index is not None and word in self._index.vocab_dict]
        if not known:
            return []
        scores = self._index.get_scores(known)  # (texts,)
        best = np.argsort(-scores, kind="stable")[:count]
        return [(int(place), float(scores[place])) for place in best if scores[place] > 0]

    def rarity(self, word: str) -> float:
        """How much finding a word tells: ln(1 + (N - n + ½) / (n + ½)) for a word of n among N texts."""
        holding = self.holding(word)
        return float(np.log1p((self._count - holding + 0.5) / (holding + 0.5)))

    def holding(self, word: str) -> int:
        """How many texts have that word."""
        return len(self._holding(word))

    def holds(self, place: int, word: str) -> bool:
        """Whether the text at a place has that word."""
        return bool((self._holding(word) == place).any())

    def _holding(self, word: str) -> np.ndarray:
        """Places of the texts that have a word."""
        if self._index is None or not word or (known := self._index.vocab_dict.get(word)) is None:
            return np.empty(0, "int64")
        starts = self._index.scores["indptr"]
        return self._index.scores["indices"][starts[known] : starts[known + 1]]


def _index_of(corpus: list[list[str]]) -> Any:
    """None where there is no word at all, which bm25s refuses."""
    import bm25s

    if not any(corpus):
        return None
    index = bm25s.BM25(backend="numpy")
    index.index(corpus, show_progress=False)
    return index
