"""The statistics of votes against published values, exact computations and their own definitions."""

import random

import pytest
from scipy import stats

from app.feedback.statistics import (
    ENOUGH,
    clustered_mean,
    krippendorff_alpha,
    power,
    rate_of,
    sign_test,
    votes_for_power,
    votes_for_width,
)


def test_alpha_of_the_textbook():
    """Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: 4 observers, 12 units, values missing."""
    observers = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    units = [[value for value in unit if value is not None] for unit in zip(*observers, strict=True)]
    assert krippendorff_alpha(units) == pytest.approx(0.743, abs=5e-4)


def test_alpha_of_two_observers_without_missing_data():
    """The same text, section B: nominal data, two observers: alpha = 0.692."""
    assert krippendorff_alpha(zip("aabbdccceddd", "babbbcccedad", strict=True)) == pytest.approx(0.692, abs=5e-4)


def test_alpha_at_its_ends():
    assert krippendorff_alpha([["a", "a"], ["b", "b", "b"]]) == 1
    assert krippendorff_alpha([["a", "b"], ["b", "a"]]) < 0
    assert krippendorff_alpha([["a"], ["b"]]) is None  # nobody judged what another judged
    assert krippendorff_alpha([["a", "a"], ["a", "a"]]) is None  # nothing ever differed
    drawn = random.Random(1)
    by_chance = [[drawn.choice("abcd") for _ in range(3)] for _ in range(2000)]
    assert abs(krippendorff_alpha(by_chance)) < 0.03


def test_rates_and_sign_test():
    rate = rate_of(8, 10)
    assert (rate.value, rate.count) == (0.8, 10)
    assert (rate.low, rate.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert not rate.excludes(0.5) and rate_of(80, 100).excludes(0.5)
    assert sign_test(8, 2) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    exact = stats.binomtest(8, 10).proportion_ci(method="wilson")
    assert (rate.low, rate.high) == pytest.approx((exact.low, exact.high))
    assert rate_of(0, 0) is None and sign_test(0, 0) is None


def test_the_interval_over_persons_is_students_where_each_gives_one_value():
    values = [3.0, 4.0, 4.0, 5.0, 2.0]
    mine = clustered_mean({str(place): [value] for place, value in enumerate(values)}, 0, 9)
    low, high = stats.t.interval(0.95, 4, loc=3.6, scale=stats.sem(values))
    assert (mine.value, mine.low, mine.high) == pytest.approx((3.6, low, high))


def test_more_votes_of_the_same_persons_do_not_narrow_the_interval_over_persons():
    few = {"a": [1.0, 1.0], "b": [0.0, 1.0], "c": [0.0, 0.0]}
    many = {person: votes * 50 for person, votes in few.items()}
    assert clustered_mean(many, 0, 1).low == pytest.approx(clustered_mean(few, 0, 1).low)
    assert rate_of(150, 300).low > rate_of(3, 6).low + 0.2


def test_no_interval_over_one_person_or_without_any_difference():
    assert clustered_mean({"a": [1.0, 0.0, 1.0]}, 0, 1).low is None
    assert clustered_mean({"a": [4.0], "b": [4.0]}, 1, 5).low is None
    assert clustered_mean({"a": []}, 0, 1) is None


@pytest.mark.parametrize("rate", [0.6, 0.65, 0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 0.3])
def test_the_votes_needed_give_the_power_promised(rate):
    """Exact power of the two-sided sign test at 5 %, summed over the binomial vote by vote."""
    count = votes_for_power(rate)
    found = sum(stats.binom.pmf(wins, count, rate) for wins in range(count + 1) if sign_test(wins, count - wins) < 0.05)
    assert found >= 0.80 and found == pytest.approx(power(rate, count))
    assert votes_for_power(1 - rate) == count


def test_the_votes_needed_at_the_ends():
    assert [votes_for_power(rate) for rate in (0.9, 0.95, 1.0)] == [12, 9, 6]
    assert votes_for_power(1.0, 6) == 7
    assert votes_for_power(0.5) is None
    assert votes_for_power(0.5000001) == ENOUGH


@pytest.mark.parametrize("rate", [0.5, 0.7, 1.0])
def test_the_votes_for_ten_points_are_the_first_that_reach_them(rate):
    def half(count):
        interval = stats.binomtest(round(rate * count), count).proportion_ci(method="wilson")
        return (interval.high - interval.low) / 2

    count = votes_for_width(rate)
    assert half(count) <= 0.1 + 1e-3 and half(count - 2) > 0.1 - 2e-3
    assert votes_for_width(0.5) == 93
