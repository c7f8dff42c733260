"""What is measured of each dialogue, summed by group of dialogues."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Value = Callable[[np.ndarray], np.ndarray]  # sums (…, k) → measure (…,)
Rows = Mapping[str, tuple[str, Sequence[float]]]  # id of a dialogue → its group, and what was measured of it


@dataclass(frozen=True)
class Sums:
    """Sums of each group.

    Args:
        names: of the groups, in order.
        by_group: (groups, k) float64.
        dialogues: how many were summed.
    """

    names: tuple[str, ...]
    by_group: np.ndarray
    dialogues: int


def summed(rows: Rows) -> Sums:
    """The sums of each group, groups by name."""
    names = tuple(sorted({group for group, _ in rows.values()}))
    place = {name: number for number, name in enumerate(names)}
    width = len(next(iter(rows.values()))[1]) if rows else 0
    sums = np.zeros((len(names), width))
    for group, values in rows.values():
        sums[place[group]] += values
    return Sums(names, sums, len(rows))


def in_common(one: Rows, other: Rows) -> tuple[Sums, Sums]:
    """The sums of both, over the dialogues that were measured on both sides."""
    ids = [name for name in one if name in other]
    return summed({name: one[name] for name in ids}), summed({name: other[name] for name in ids})
