"""Nearest texts by BM25 (Robertson & Zaragoza 2009), computed by bm25s over the words of `chatbot.words`.

It learns nothing: what it finds was written by somebody, and a model that answers worse than the nearest text is no gain.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chatbot.words import words


class Nearest:
    """An index of texts.

    Args:
        texts: to be found; their places are what `of` gives.
    """

    def __init__(self, texts: Sequence[str]):
        self._index = _index_of([words(text) for text in texts])

    def of(self, query: str, count: int = 1) -> list[tuple[int, float]]:
        """Places and scores of the `count` best texts, best first; those that share no word with the query are none."""
        known = [word for word in words(query) if self._index is not None and word in self._index.vocab_dict]
        if not known:
            return []
        scores = self._index.get_scores(known)  # (texts,)
        best = np.argsort(-scores, kind="stable")[:count]
        return [(int(place), float(scores[place])) for place in best if scores[place] > 0]


def _index_of(corpus: list[list[str]]) -> Any:
    """None where there is no word at all, which bm25s refuses."""
    import bm25s

    if not any(corpus):
        return None
    index = bm25s.BM25(backend="numpy")
    index.index(corpus, show_progress=False)
    return index
