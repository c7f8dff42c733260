"""How long dialogues are, in tokens of a model, and how many its context cannot hold."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chatbot.dialogue import Dialogue

BINS = 24  # about so many bins


class Length(NamedTuple):
    """Tokens of a dialogue: those that the model reads (all but the last, which it only writes), and those it learns."""

    read: int
    learnt: int


@dataclass(frozen=True, kw_only=True)
class TokenMeasure:
    """A model's tokenizer, as far as an atlas needs it; this floor knows no model.

    Args:
        model, template: their names.
        limit: the longest sequence that the model reads, in tokens.
        lengths: the lengths of some dialogues, in their order.
        view: a dialogue token by token: its text, and whether it is learnt.
    """

    model: str
    template: str
    limit: int
    lengths: Callable[[Sequence[Dialogue]], Sequence[Length]]
    view: Callable[[Dialogue], Sequence[tuple[str, bool]]]


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """Counts of lengths in bins of equal width: the bin k holds lengths from k × width + 1 to (k + 1) × width.

    Args:
        width: tokens per bin.
        counts: per bin.
        tail: each length after the last bin, in their order.
    """

    width: int
    counts: tuple[int, ...]
    tail: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A few figures of many lengths, each the length of a dialogue that is there."""

    count: int
    median: int
    p90: int
    p99: int
    longest: int
    over: int

    @property
    def share_over(self) -> float:
        """Part of the lengths above the limit, from 0 to 1."""
        return self.over / self.count if self.count else 0.0


def summary_of(lengths: np.ndarray, limit: int) -> Summary:
    """Median, ninth decile, last centile, maximum, and how many are above `limit`."""
    if not len(lengths):
        return Summary(count=0, median=0, p90=0, p99=0, longest=0, over=0)
    median, p90, p99 = (int(np.quantile(lengths, q, method="inverted_cdf")) for q in (0.5, 0.9, 0.99))
    return Summary(
        count=len(lengths), median=median, p90=p90, p99=p99, longest=int(lengths.max()), over=int((lengths > limit).sum())
    )  # fmt: skip


def histogram_of(lengths: np.ndarray, limit: int) -> Histogram:
    """A histogram with the limit at the edge of a bin, so that no bin is on both sides of it.

    (A limit without divisors cannot be one; those of models are powers of two.) It ends at the last centile; where
    some are above the limit, a little after that, unless this would press the others into less than half of it. A few
    very long ones then stretch nothing: they are the tail.
    """
    summary = summary_of(lengths, limit)
    reach = min(max(summary.p99, 1), BINS * limit)
    width = _width(reach, limit)
    bins = math.ceil(reach / width)
    if summary.over and limit // width + 2 <= 2 * bins:
        bins = max(bins, limit // width + 2)
    place = np.maximum(lengths - 1, 0) // width
    counts = np.bincount(place[place < bins], minlength=bins)
    tail = np.sort(lengths[place >= bins])
    return Histogram(width=width, counts=tuple(counts.tolist()), tail=tuple(tail.tolist()))


def _width(reach: int, limit: int) -> int:
    """The divisor of the limit that gives about `BINS` bins up to `reach`; another width where none is near."""
    ideal = max(1.0, reach / BINS)
    divisors = [width for width in range(1, limit + 1) if limit % width == 0]
    nearest = min(divisors, key=lambda width: abs(math.log(width / ideal)))
    return nearest if ideal / 2 <= nearest <= 2 * ideal else math.ceil(ideal)
