"""How likely the model itself held a token: its softmax at temperature 1, before every limit and penalty."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chatbot.chat import Likely, Written
from chatbot.tokenizer import TextTokenizer

MOST = 20  # of the likeliest tokens that may be asked for, as in OpenAI's API; an accelerator compiles for these, once


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Probabilities of one token of an answer.

    Args:
        probability: of the one that was written.
        likeliest: ids and probabilities of those held likeliest, best first.
    """

    probability: float
    likeliest: tuple[tuple[int, float], ...]


def check_likely(likely: int) -> None:
    """Raises ValueError for a number of likeliest tokens that cannot be told."""
    if not 0 <= likely <= MOST:
        raise ValueError(f"`likely` must be between 0 and {MOST}. Received: {likely}")


def scored(logits: np.ndarray, chosen: int, count: int) -> Scored:
    """What the model's own logits say of the chosen token.

    Args:
        logits: (vocabulary,) float32, before any penalty.
        chosen: the id that was written.
        count: of the likeliest that are told, at least 1.
    """
    count = min(count, len(logits))
    ids = np.argpartition(logits, -count)[-count:]
    ids = ids[np.lexsort((ids, -logits[ids]))]  # likeliest first, and of equals the lowest id
    top = logits[ids[0]]
    total = np.exp(logits - top).sum(dtype="float64")
    probabilities = np.exp((logits[[chosen, *ids]] - top).astype("float64")) / total
    own, *best = probabilities.tolist()
    return Scored(probability=own, likeliest=tuple(zip(ids.tolist(), best, strict=True)))


def own_scores(logits: Any, chosen: Any) -> tuple[Any, Any, Any]:
    """`scored` in Keras, for all rows of a compiled step: log-probabilities of the chosen tokens (rows,); ids and log-probabilities of the likeliest,
    best first (rows, at most `MOST`)."""
    from keras import ops

    total = ops.logsumexp(logits, axis=-1, keepdims=True)
    values, ids = ops.top_k(logits, k=min(MOST, logits.shape[-1]))
    own = ops.take_along_axis(logits, chosen[:, None], axis=-1)
    return (own - total)[:, 0], ids, values - total


def scored_row(told: Sequence[np.ndarray], row: int, likely: int) -> Scored:
    """What `own_scores` told of one row."""
    own, ids, best = (each[row] for each in told)
    pairs = zip(ids[:likely].tolist(), np.exp(best[:likely].astype("float64")).tolist(), strict=True)
    return Scored(probability=float(np.exp(own.astype("float64"))), likeliest=tuple(pairs))


def written(tokenizer: TextTokenizer, token: int, scores: Scored) -> Written:
    """The token as a reader sees it. The end token is an empty text, as is every token that stands for none."""

    def text(token: int) -> str:
        return tokenizer.decode([token])

    likeliest = tuple(Likely(text=text(each), probability=probability) for each, probability in scores.likeliest)
    return Written(text=text(token), probability=scores.probability, likeliest=likeliest)
