"""The test behind the audit's check of bookkeeping, against counting every case."""

from itertools import combinations, product
from math import erf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu

from bench.audit.bookkeeping.permutation import STANDING_OUT, Sets, holm

SETS = st.lists(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8).map(lambda n: n / 8)), min_size=1, max_size=4),
    min_size=1,
    max_size=4,
)


def made(sets: list[list[tuple[bool, float]]]) -> Sets:
    flat = [(number, marked, score) for number, members in enumerate(sets) for marked, score in members]
    group, marked, scores = zip(*flat, strict=True)
    return Sets(np.array(group), np.array(marked, np.bool_), np.array(scores, np.float64))


def exact(sets: list[list[tuple[bool, float]]], power: int) -> float:
    """Count the ways to mark as many members of each set whose scores sum up to as much."""
    observed = sum(score**power for members in sets for marked, score in members if marked)
    ways = [
        [sum(score**power for _, score in chosen) for chosen in combinations(members, sum(m for m, _ in members))]
        for members in sets
    ]
    sums = [sum(each) for each in product(*ways)]
    return float(np.mean(np.array(sums) >= observed - 1e-9))


@given(SETS)
@settings(max_examples=150)
def test_the_p_value_is_never_below_what_counting_gives(sets: list[list[tuple[bool, float]]]) -> None:
    p = made(sets).p_value()
    assert p >= min(1.0, 2 * min(exact(sets, 1), exact(sets, STANDING_OUT))) - 1e-9
    assert p <= 1


@given(SETS)
def test_roc_auc_within_sets_counts_pairs(sets: list[list[tuple[bool, float]]]) -> None:
    pairs = [(one, other) for members in sets for m, one in members if m for unmarked, other in members if not unmarked]
    wins = [1.0 if one > other else 0.5 if one == other else 0.0 for one, other in pairs]
    found = made(sets).roc_auc()
    assert (found is None) == (not pairs)
    if found is not None:
        assert found[0] == pytest.approx(np.mean(wins))


def test_the_deviation_is_that_of_mann_and_whitney() -> None:
    rng = np.random.default_rng(1)
    scores, marked = rng.random(300), np.arange(300) < 80
    found = Sets(np.zeros(300, np.int64), marked, scores).roc_auc()
    assert found is not None
    auc, deviation = found
    theirs = mannwhitneyu(scores[marked], scores[~marked], method="asymptotic", use_continuity=False)
    assert auc == pytest.approx(theirs.statistic / (80 * 220))
    z = (auc - 0.5) / deviation
    assert 2 * (1 - 0.5 * (1 + erf(abs(z) / np.sqrt(2)))) == pytest.approx(theirs.pvalue, rel=1e-6)


def test_chance_seldom_looks_like_a_leak_and_a_leak_in_few_rows_does() -> None:
    rng = np.random.default_rng(2)
    group = np.repeat(np.arange(400), 5)
    marked = np.tile([True, False, False, False, False], 400)
    low = 0
    for _ in range(200):
        low += Sets(group, marked, rng.random(2000)).p_value() < 0.05
    assert low <= 10
    scores = rng.random(2000) * 0.3
    scores[np.flatnonzero(marked)[:8]] = 1.0  # 2 in 100 of the marked
    assert Sets(group, marked, scores).p_value() < 1e-4


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_step_down_of_its_definition(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for index, p in enumerate(p_values):
        below = [(len(p_values) - rank) * each for rank, each in enumerate(sorted(p_values)) if each <= p]
        assert adjusted[index] == pytest.approx(min(1.0, max(below)))
