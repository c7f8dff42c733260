"""What votes can show, and no more: rates with their intervals, agreement, how many votes would be needed.

Pure functions on plain values. Rates are between 0 and 1, intervals are at 95 %.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from training.evaluation import confidence

CONFIDENCE = 0.95
POWER = 0.80
HALF_WIDTH = 0.10  # ± 10 points
ENOUGH = 1_000_000  # votes; what needs more is out of reach
STEP = 64  # counts that are tried at a time


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value and the ends of its 95 % interval; None where there is none to give."""

    value: float
    low: float | None = None
    high: float | None = None
    count: int = 0

    def to_json(self) -> dict[str, float | int | None]:
        return asdict(self)

    def excludes(self, value: float) -> bool:
        """Whether the interval does not hold `value`; False where there is no interval."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


def rate_of(successes: int, count: int) -> Estimate | None:
    """A share and its Wilson score interval, each vote taken as independent; None without votes."""
    if not count:
        return None
    low, high = confidence.wilson(successes / count, count)
    return Estimate(value=successes / count, low=low, high=high, count=count)


def sign_test(wins: int, losses: int) -> float | None:
    """Two-sided p of as uneven a division, were both equally likely; None without votes."""
    if not wins + losses:
        return None
    from scipy.stats import binomtest

    return float(binomtest(wins, wins + losses).pvalue)


def clustered_mean(values: Mapping[str, Sequence[float]], low: float, high: float) -> Estimate | None:
    """The mean of all values, its interval taken over persons instead of votes: those of one person hang together.

    Variance by linearisation over clusters (Cochran 1977, section 9A.4: the mean is a ratio of cluster totals), Student's
    t with one degree of freedom less than there are persons. No interval for one person, or when nothing varies.

    Args:
        values: what each person gave.
        low: the least that a value can be; the interval ends there.
        high: the most.
    """
    clusters = [list(given) for given in values.values() if given]
    count = sum(map(len, clusters))
    if not count:
        return None
    mean = math.fsum(map(math.fsum, clusters)) / count
    squares = math.fsum(math.fsum(value - mean for value in given) ** 2 for given in clusters)
    if len(clusters) < 2 or squares < 1e-12:
        return Estimate(value=mean, count=count)
    from scipy.stats import t

    error = math.sqrt(squares * len(clusters) / (len(clusters) - 1)) / count
    reach = float(t.ppf((1 + CONFIDENCE) / 2, len(clusters) - 1)) * error
    return Estimate(value=mean, low=max(low, mean - reach), high=min(high, mean + reach), count=count)


def krippendorff_alpha(units: Iterable[Sequence[Hashable]]) -> float | None:
    """Krippendorff's alpha for nominal data, values may be missing (Krippendorff 2011, section C).

    alpha = 1 - (n - 1) · Σ_{c≠k} o_ck / Σ_{c≠k} n_c · n_k, over the pairs of values within units

    Args:
        units: for each unit (question) the values that raters gave it; a missing one is just not there.

    Returns:
        1 for full agreement, 0 for that of chance, less for contradiction; None where no unit has two values, or only
        one value was ever given (then there is nothing to agree on).
    """
    totals: Counter[Hashable] = Counter()
    disagreement = 0.0
    for unit in units:
        if len(unit) < 2:
            continue
        counts = Counter(unit)
        totals += counts
        disagreement += sum(n * (len(unit) - n) for n in counts.values()) / (len(unit) - 1)
    n = totals.total()
    expected = sum(count * (n - count) for count in totals.values())
    return 1 - (n - 1) * disagreement / expected if expected else None


def votes_for_power(rate: float, more_than: int = 0) -> int | None:
    """Decided votes that a two-sided sign test at 5 % needs to find, with power 80 %, a preference this strong.

    The normal approximation, n = ((z_0.975 / 2 + z_0.8 · √(p (1 - p))) / |p - ½|)², is where the search begins; the answer
    is the first count from there on at which the exact power, summed over the binomial, is 80 % or more. That power is
    saw-toothed in n: one vote more may have a little less of it.

    Args:
        rate: share of the decided votes for one of the two.
        more_than: votes that are known not to be enough.

    Returns:
        The count, `ENOUGH` at most; None where nobody is preferred.
    """
    import numpy as np
    from scipy.stats import norm

    distance = abs(rate - 0.5)
    if distance < 1e-9:
        return None
    reach = norm.ppf((1 + CONFIDENCE) / 2) / 2 + norm.ppf(POWER) * math.sqrt(rate * (1 - rate))
    first = max(math.ceil((reach / distance) ** 2), more_than + 1)
    for start in range(first, ENOUGH, STEP):
        enough = power(rate, np.arange(start, start + STEP)) >= POWER
        if enough.any():
            return min(ENOUGH, start + int(enough.argmax()))
    return ENOUGH


def power(rate: float, counts: Any) -> Any:
    """How likely a two-sided sign test at 5 % finds that preference: exact, for each number of decided votes, (n,) → (n,)."""
    from scipy.stats import binom

    least = binom.isf((1 - CONFIDENCE) / 2, counts, 0.5) + 1  # so many votes for one of the two are significant
    return binom.sf(least - 1, counts, rate) + binom.cdf(counts - least, counts, rate)


def votes_for_width(rate: float, half_width: float = HALF_WIDTH) -> int:
    """Decided votes after which the Wilson interval is at most ± `half_width` wide, should the rate stay as it is."""

    def width(n: int) -> float:
        low, high = confidence.wilson(rate, n)
        return high - low

    return next(n for n in range(1, ENOUGH) if width(n) <= 2 * half_width)
