"""How sure a measure is: intervals and paired tests over *groups* of dialogues.

The same question in other words, or another question on the same disease, is no second observation: what is drawn again
is the group, the unit that splits never cut.

- Measures that are a function of sums over dialogues (means, ratios, BLEU, macro-F1): percentile bootstrap of groups
  (Efron & Tibshirani 1993, §13 and §16), and approximate randomisation for the difference of two models (Noreen 1989):
  in each group the two models change places, or not, by the toss of a coin.
- Measures that are none (distinct-n, which a text drawn twice would lower): jackknife over groups (§11), and
  Student's law.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chatbot.language import tr
from training.evaluation.groups import Sums, Value

RESAMPLES = 2_000
FEW_GROUPS = 20  # under so many groups an interval is too narrow
NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Estimate:
    """A value, its 95% interval (None where one group, or nothing, was measured), and what it was measured on."""

    value: float
    low: float | None = None
    high: float | None = None
    groups: int = 0
    dialogues: int = 0

    @property
    def few(self) -> bool:
        """Whether the interval is too narrow, or there is none."""
        return self.groups < FEW_GROUPS


@dataclass(frozen=True)
class Difference:
    """One model less another, its 95% interval, and the probability of one as large by chance (None: one group)."""

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    groups: int = 0

    @property
    def shown(self) -> bool:
        """Whether the data show any difference: the interval does not hold 0, and chance alone gives it under 5%."""
        if self.low is None or self.high is None or self.p is None:
            return False
        return (self.low > 0 or self.high < 0) and self.p < 0.05


def bootstrap(sums: Sums, value: Value, seed: int = 1, *, bounded: bool = False) -> Estimate:
    """The value of all groups, with the interval that drawing them again gives.

    Args:
        sums: of the groups.
        value: (…, k) sums → (…,) measure.
        seed: of the draws.
        bounded: whether it lies in 0…1. Where all groups are then at one of the two ends, drawing them again tells
            nothing: twenty right answers of twenty do not mean that no question gets a wrong one. The interval is that
            of Wilson (1927) for a share.
    """
    whole = float(value(sums.by_group.sum(axis=0)))
    count = len(sums.names)
    if count < 2:
        return Estimate(whole, groups=count, dialogues=sums.dialogues)
    low, high = _interval(value(_times(count, seed) @ sums.by_group))
    if bounded and low == high and whole in (0.0, 1.0):
        low, high = wilson(whole, count)
    return Estimate(whole, low, high, count, sums.dialogues)


def paired(one: Sums, other: Sums, value: Value, seed: int = 1) -> Difference:
    """One less the other on the same groups.

    Args:
        one: of some dialogues.
        other: of the same.
        value: (…, k) sums → (…,) measure.
        seed: of the draws.
    """
    if one.names != other.names:
        raise ValueError("`one` and `other` must be sums of the same groups")
    whole = float(value(one.by_group.sum(axis=0)) - value(other.by_group.sum(axis=0)))
    count = len(one.names)
    if count < 2:
        return Difference(whole, groups=count)
    times = _times(count, seed)
    low, high = _interval(value(times @ one.by_group) - value(times @ other.by_group))
    return Difference(whole, low, high, _chance(one, other, value, abs(whole), seed), count)


def jackknife(whole: float, without: np.ndarray, dialogues: int) -> Estimate:
    """The value of all groups, a share in 0…1, with the interval that leaving out one group at a time gives.

    Args:
        whole: of all groups.
        without: (groups,) of all but each.
        dialogues: how many.
    """
    error, _ = _error(without)
    if error is None:
        return Estimate(whole, groups=len(without), dialogues=dialogues)
    half = error * _student(len(without))
    return Estimate(whole, max(0.0, whole - half), min(1.0, whole + half), len(without), dialogues)


def jackknife_difference(whole: float, without: np.ndarray) -> Difference:
    """The same for a difference, with the two-sided probability by Student's law."""
    from scipy.special import stdtr

    error, freedom = _error(without)
    if error is None:
        return Difference(whole, groups=len(without))
    half = error * _student(len(without))
    p = 2 * float(stdtr(freedom, -abs(whole) / error))
    return Difference(whole, whole - half, whole + half, p, len(without))


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95% interval of a share of `count` observations (Wilson 1927): also 0 of 20 has one, from 0 to 0.16."""
    squared = NORMAL_95**2
    middle = (share + squared / (2 * count)) / (1 + squared / count)
    half = NORMAL_95 / (1 + squared / count) * math.sqrt(share * (1 - share) / count + squared / (4 * count**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def caution(groups: int) -> str:
    """What is to be said of so few groups; "" for enough."""
    if groups >= FEW_GROUPS:
        return ""
    return tr(f"petit échantillon : {groups} groupe(s), l'intervalle est sans doute trop étroit",
              f"small sample: {groups} group(s), the interval is probably too narrow")  # fmt: skip


def _chance(one: Sums, other: Sums, value: Value, seen: float, seed: int) -> float:
    swapped = _tosses(len(one.names), seed)  # (resamples, groups)
    gap = other.by_group - one.by_group
    left = value(one.by_group.sum(axis=0) + swapped @ gap)
    right = value(other.by_group.sum(axis=0) - swapped @ gap)
    # Rounding must not make a difference as large as the one seen look smaller, and what is no number is no evidence.
    as_large = int((~(np.abs(left - right) < seen - 1e-12)).sum())
    return (as_large + 1) / (RESAMPLES + 1)


def _interval(values: np.ndarray) -> tuple[float | None, float | None]:
    """95% of the values that are numbers (a resample may hold nothing that a ratio can be taken of)."""
    known = values[np.isfinite(values)]
    low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (None, None)
    return (None if low is None else float(low)), (None if high is None else float(high))


def _error(without: np.ndarray) -> tuple[float | None, int]:
    """The jackknife's standard error, None where the groups tell none, and its degrees of freedom."""
    count = len(without)
    if count < 2:
        return None, 0
    error = math.sqrt((count - 1) / count * float(((without - without.mean()) ** 2).sum()))
    return error or None, count - 1


def _student(groups: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(groups - 1, 0.975))


@lru_cache(maxsize=4)
def _times(groups: int, seed: int) -> np.ndarray:
    """How often each resample draws each group: (resamples, groups) float64."""
    random = np.random.default_rng(seed)
    return random.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES).astype("float64")


@lru_cache(maxsize=4)
def _tosses(groups: int, seed: int) -> np.ndarray:
    return (np.random.default_rng([seed, 1]).random((RESAMPLES, groups)) < 0.5).astype("float64")
