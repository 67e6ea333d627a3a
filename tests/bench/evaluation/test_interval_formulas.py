"""What intervals are worked out by: shares, quantiles, degrees of freedom, ratios, medians; against SciPy, by hand."""

import numpy as np
import pytest
from scipy.stats import binomtest, t

from bench.evaluation.intervals.intervals import median_interval
from bench.evaluation.intervals.quantiles import student_quantile
from bench.evaluation.intervals.shares import part_of, wilson
from bench.evaluation.intervals.spread import Spread


@pytest.mark.parametrize(("share", "trials"), [(0.0, 10), (0.1, 30), (0.5, 200), (1.0, 12)])
def test_share_interval_is_wilsons(share, trials):
    reference = binomtest(round(share * trials), trials).proportion_ci(0.95, method="wilson")
    assert wilson(share, trials) == pytest.approx((reference.low, reference.high))


@pytest.mark.parametrize("probability", [0.005, 0.025, 0.5, 0.975, 0.995])
def test_quantiles_are_students(probability):
    for freedom in (9, 10, 19, 200, 10**6):
        assert student_quantile(probability, freedom) == pytest.approx(t.ppf(probability, freedom), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("freedom", [3, 3.7, 5, 8.2])
def test_quantiles_of_few_degrees_of_freedom(freedom):
    assert student_quantile(0.975, freedom) == pytest.approx(t.ppf(0.975, freedom), rel=2e-3)


def test_degrees_of_freedom():
    random = np.random.default_rng(12)
    even = Spread.of_incidents(random.normal(size=50), np.full(50, 7))
    assert even.freedom == pytest.approx(49)
    assert Spread.of_incidents(random.normal(size=50), np.append(np.ones(49), 1000)).freedom == 3
    assert Spread.of_users(random.normal(size=5000)).freedom == pytest.approx(5000, rel=0.2)
    few = np.zeros(5000)
    few[:8] = 1.0
    assert Spread.of_users(few).freedom == pytest.approx(16, rel=0.05)
    both = Spread(1.0, 10) + Spread(1.0, 10)
    assert (both.variance, both.freedom) == pytest.approx((2.0, 20.0))
    assert (Spread(0.0, 5) + Spread(0.0, 9)).variance == 0


def test_a_ratio_has_the_interval_of_its_upper_number_where_the_lower_is_known():
    assert part_of(5, (3, 8), (10, 10, 10)) == pytest.approx((0.3, 0.8))
    assert part_of(5, (3, 8), (10, 8, 12))[0] < 0.3
    assert part_of(5, (4, 6), (10, 8, 12), 1.0)[0] > part_of(5, (4, 6), (10, 8, 12))[0]
    assert part_of(0, (0, 2), (10, 8, 12)) == (0, 0.2)


@pytest.mark.parametrize("trials", range(1, 400, 7))
def test_the_interval_of_a_share_stays_within_0_and_1(trials):
    assert wilson(0.0, trials)[0] == 0.0
    assert wilson(1.0, trials)[1] == 1.0


@pytest.mark.parametrize("size", [10, 11, 12, 30, 200, 2001])
def test_the_interval_of_a_median_covers_as_promised(size):
    random, repeats = np.random.default_rng(size), 1500
    held = 0
    for _ in range(repeats):
        low, high = median_interval(random.exponential(size=size), np.ones(size))
        held += low <= np.log(2) <= high
    assert 0.933 <= held / repeats <= 0.967
    assert median_interval(np.arange(9.0), np.ones(9)) is None


def test_the_interval_of_a_median_of_probable_values():
    values = np.random.default_rng(17).exponential(size=40)
    sure, twice = median_interval(values, np.ones(40)), median_interval(np.repeat(values, 2), np.full(80, 0.5))
    assert twice == pytest.approx(sure)
