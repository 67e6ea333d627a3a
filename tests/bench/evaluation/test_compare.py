"""Ranks and tests between detectors, beside two other libraries."""

import warnings
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from bench.evaluation.compare import differences_to, fewest_blocks, friedman, standing, wilcoxon_holm

TABLES = st.tuples(st.integers(4, 25), st.integers(3, 6)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.integers(0, 12).map(lambda value: value / 4))
)

FEW_BLOCKS = st.tuples(st.integers(4, 9), st.integers(3, 5)).flatmap(
    lambda shape: hnp.arrays(np.float64, shape, elements=st.integers(0, 12).map(lambda value: value / 4))
)
"""So few that the other library tries every sign, with ties too."""


@given(TABLES)
def test_friedman_is_that_of_scipy(values):
    statistic, p_value = friedman(values)
    if np.ptp(values, axis=1).any():
        expected = stats.friedmanchisquare(*values.T)
        assert (statistic, p_value) == pytest.approx((expected.statistic, expected.pvalue))
    else:
        assert (statistic, p_value) == (0.0, 1.0)


@settings(deadline=None, max_examples=8)
@given(FEW_BLOCKS)
def test_wilcoxon_and_holm_are_those_of_scikit_posthocs(values):
    posthocs = pytest.importorskip("scikit_posthocs")
    if any((values[:, a] == values[:, b]).all() for a, b in combinations(range(values.shape[1]), 2)):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = posthocs.posthoc_wilcoxon(list(values.T), p_adjust="holm").to_numpy()
    np.testing.assert_allclose(wilcoxon_holm(values), expected, rtol=1e-9)


@pytest.mark.parametrize("blocks", [6, 14, 60])
def test_pairs_are_tested_at_once_as_one_by_one(blocks):
    values = np.random.default_rng(blocks).random((blocks, 6))
    values[0, 0], values[:2, 1] = np.nan, values[:2, 2]
    single = [
        stats.wilcoxon(lag[~np.isnan(lag) & (lag != 0)]).pvalue
        for lag in (values[:, a] - values[:, b] for a, b in combinations(range(6), 2))
    ]
    holm, most = np.empty(15), 0.0
    for place, number in enumerate(np.argsort(single)):
        most = max(most, single[number] * (15 - place))
        holm[number] = min(most, 1.0)
    np.testing.assert_allclose(wilcoxon_holm(values)[np.triu_indices(6, 1)], holm, rtol=1e-9)


def test_a_pair_that_agrees_in_every_block_is_significant_with_ties_too():
    values = np.tile([1.0, 0.5, 0.0], (14, 1))
    assert wilcoxon_holm(values)[0, 1] == pytest.approx(3 * 2 / 2**14)


def test_a_clear_order_is_significant_and_twins_are_not():
    random = np.random.default_rng(0)
    base = random.random(20)
    good, twin = base + 0.3 + 0.01 * random.random(20), base + 0.3 + 0.01 * random.random(20)
    found = standing(["poor", "good", "twin"], np.column_stack([base, good, twin]))
    assert found.names[-1] == "poor"
    assert found.mean_ranks[-1] == 3
    assert found.groups == [(0, 1)]
    assert found.alike(0, 1)
    assert not found.alike(0, 2)
    assert found.p_value < 0.001


def test_guessing_detectors_rarely_differ_significantly():
    random, differing = np.random.default_rng(1), 0
    for _ in range(200):
        found = standing(list("abcd"), random.random((15, 4)))
        differing += found.groups != [(0, 3)]
    assert differing / 200 < 0.08


def test_a_failure_comes_last_in_its_block_and_is_counted():
    values = np.array([[0.9, 0.5, np.nan], [0.9, np.nan, 0.1], [0.8, 0.4, 0.3]])
    found = standing(["a", "b", "c"], values)
    assert found.names == ("a", "b", "c")
    assert found.mean_ranks.tolist() == [1, pytest.approx(7 / 3), pytest.approx(8 / 3)]
    assert found.imputed == 2


@pytest.mark.parametrize("detectors", [2, 3, 7, 12])
def test_fewer_blocks_could_tell_nothing(detectors):
    pairs = detectors * (detectors - 1) // 2
    for blocks, possible in ((fewest_blocks(detectors), True), (fewest_blocks(detectors) - 1, False)):
        best = stats.wilcoxon(np.arange(1.0, blocks + 1), method="exact").pvalue * pairs
        assert bool(best <= 0.05) is possible


@given(hnp.arrays(np.float64, st.integers(3, 30), elements=st.floats(-1, 1)))
def test_a_paired_difference_is_students_interval(first):
    second = np.linspace(0, 1, first.size) ** 2
    found = differences_to(np.stack([second, first]), 0)[1]
    expected = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), nan_ok=True, abs=1e-9)
    assert found.mean == pytest.approx((first - second).mean())


def test_intervals_of_several_differences_hold_at_once():
    values = np.random.default_rng(5).random((5, 9))
    values[2, 4] = np.nan
    found = differences_to(values, 3)
    for place in (0, 1, 2, 4):
        both = ~np.isnan(values[place])
        each = stats.ttest_rel(values[place, both], values[3, both]).confidence_interval(1 - 0.05 / 4)
        assert (found[place].low, found[place].high) == pytest.approx((each.low, each.high))


def test_two_pairs_are_no_evidence():
    assert differences_to(np.array([[0.0, 0.0, 0.0], [1.0, 2.0, np.nan]]), 0)[1] is None


@pytest.mark.parametrize("shape", [(1, 3), (5, 1)])
def test_one_of_anything_has_no_standing(shape):
    with pytest.raises(ValueError, match="two detectors and two blocks"):
        standing(["x"] * shape[1], np.ones(shape))
