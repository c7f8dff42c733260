"""Intervals and tests: against SciPy where it has the same, and by how often they hold the truth."""

import numpy as np
import pytest

from training.evaluation.confidence import bootstrap, jackknife, jackknife_difference, paired
from training.evaluation.groups import in_common, summed


def means(sums):
    return sums[..., 0] / sums[..., 1]


def rows_of(values, groups=None):
    groups = groups if groups is not None else range(len(values))
    return {str(n): (f"g{group:04}", (float(v), 1.0)) for n, (v, group) in enumerate(zip(values, groups, strict=True))}


def test_the_interval_is_that_of_scipy():
    from scipy.stats import bootstrap as scipy_bootstrap

    values = np.random.default_rng(5).gamma(2, size=60)
    ours = bootstrap(summed(rows_of(values)), means)
    theirs = scipy_bootstrap((values,), np.mean, method="percentile", n_resamples=20_000, rng=1).confidence_interval
    assert ours.value == pytest.approx(values.mean())
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=0.03)


def test_the_interval_of_a_difference_of_ratios_is_that_of_scipy():
    from scipy.stats import bootstrap as scipy_bootstrap

    random = np.random.default_rng(3)
    weights = random.integers(5, 40, size=60).astype(float)
    old = weights * random.normal(2.0, 0.3, 60)
    new = old - weights * random.normal(0.1, 0.2, 60)

    def rows(sums):
        return {
            str(n): (f"g{n:02}", (total, weight)) for n, (total, weight) in enumerate(zip(sums, weights, strict=True))
        }

    def statistic(one, other, size, axis=-1):
        return one.sum(axis) / size.sum(axis) - other.sum(axis) / size.sum(axis)

    theirs = scipy_bootstrap((new, old, weights), statistic, paired=True, vectorized=True, method="percentile",
                             n_resamples=10_000).confidence_interval  # fmt: skip
    ours = paired(*in_common(rows(new), rows(old)), means)
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)
    assert ours == paired(*in_common(rows(new), rows(old)), means)


def test_the_probability_is_that_of_scipy():
    from scipy.stats import permutation_test

    random = np.random.default_rng(7)
    one = random.normal(size=25)
    other = one + random.normal(0.35, 0.7, size=25)
    ours = paired(*in_common(rows_of(one), rows_of(other)), means)
    theirs = permutation_test(
        (one, other), lambda a, b: np.mean(a - b), permutation_type="samples", n_resamples=20_000, rng=1
    )
    assert ours.value == pytest.approx((one - other).mean())
    assert ours.p == pytest.approx(theirs.pvalue, abs=0.02)


def test_groups_and_not_dialogues_are_drawn():
    """Ten answers to one question in ten wordings are one observation: the interval is as wide as without nine of them."""
    values = np.random.default_rng(2).random(12)
    alone = bootstrap(summed(rows_of(values)), means)
    ten = bootstrap(summed(rows_of(np.repeat(values, 10), np.repeat(np.arange(12), 10))), means)
    assert (ten.low, ten.high) == pytest.approx((alone.low, alone.high))
    assert (ten.groups, ten.dialogues) == (12, 120)


def test_an_interval_holds_the_truth_about_as_often_as_it_says():
    random = np.random.default_rng(3)
    held = sum(
        one.low <= 0.5 <= one.high for one in (bootstrap(summed(rows_of(random.random(40))), means) for _ in range(200))
    )
    assert 0.88 <= held / 200 <= 0.99


def test_two_equal_models_differ_about_as_often_as_chance_says():
    random = np.random.default_rng(4)
    shown = sum(
        paired(*in_common(rows_of(random.random(30)), rows_of(random.random(30))), means).shown for _ in range(200)
    )
    assert shown / 200 <= 0.10


def test_twenty_of_twenty_is_no_certainty():
    all_right = bootstrap(summed(rows_of([1.0] * 20)), means, bounded=True)
    assert (all_right.value, all_right.high) == (1.0, 1.0)
    assert all_right.low == pytest.approx(0.8389, abs=1e-3)  # Wilson, as statsmodels' proportion_confint gives it
    assert bootstrap(summed(rows_of([0.0] * 20)), means, bounded=True).high == pytest.approx(0.1611, abs=1e-3)


def test_one_group_has_no_interval():
    sums = summed(rows_of([0.2, 0.4, 0.6], [1, 1, 1]))
    one = bootstrap(sums, means)
    assert (one.value, one.low, one.high) == (pytest.approx(0.4), None, None)
    assert not paired(sums, sums, means).shown and paired(sums, sums, means).p is None


def test_only_what_both_have_is_compared():
    left, right = in_common(rows_of([1, 2, 3]), {"1": ("g0001", (5.0, 1.0)), "9": ("g0009", (0.0, 1.0))})
    assert (left.names, left.by_group[:, 0].tolist(), right.by_group[:, 0].tolist()) == (("g0001",), [2.0], [5.0])
    with pytest.raises(ValueError, match="same groups"):
        paired(left, summed(rows_of([1, 2])), means)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    from scipy.stats import t

    values = np.random.default_rng(6).random(50)
    without = (values.sum() - values) / 49
    one = jackknife(float(values.mean()), without, 50)
    error = values.std(ddof=1) / np.sqrt(50)
    assert (one.low, one.high) == pytest.approx(t.interval(0.95, 49, values.mean(), error))
    gap = jackknife_difference(float(values.mean()), without)
    assert gap.p < 1e-6 and gap.shown
    assert gap.p == pytest.approx(2 * t.sf(values.mean() / error, 49))


def test_groups_that_tell_no_spread_show_nothing():
    """Two groups alike have no standard error, which is no certainty; a share stays a share."""
    gap = jackknife_difference(-0.5, np.array([-0.5, -0.5]))
    assert (gap.low, gap.high, gap.p, gap.shown) == (None, None, None, False)
    assert jackknife(0.83, np.array([0.5, 1.0]), 4).low == 0.0 and jackknife(0.83, np.array([0.5, 1.0]), 4).high == 1.0
    assert jackknife(1.0, np.array([1.0, 1.0]), 4).low is None


def test_what_is_no_number_shows_nothing():
    values = np.random.default_rng(8).random(30)
    spoilt = values.copy()
    spoilt[3] = np.nan
    gap = paired(*in_common(rows_of(spoilt), rows_of(values + 9)), means)
    assert not gap.shown and gap.p == 1.0
