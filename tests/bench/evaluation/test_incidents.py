"""Incidents found, and found by chance; what passes until they are."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from bench.evaluation.cut import Cut
from bench.evaluation.incidents import (
    Moments,
    Parts,
    chance_recall,
    delays,
    found_chances,
    weighted_median,
    weighted_quantile,
)

RECORDS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 900)), min_size=1, max_size=12)
"""Incident, score and length [s] of each record."""


def every_choice(scores, taken):
    """Yield the alerts of each way to choose so many of the scores of 2; those of 3 always are."""
    equal = [place for place, score in enumerate(scores) if score == 2]
    for chosen in combinations(equal, taken):
        yield [score > 2 or place in chosen for place, score in enumerate(scores)]


def cut_of(scores, data):
    tied = scores.count(2)
    return Cut(2.0, data.draw(st.integers(1, tied)), tied) if tied else Cut(2.0)


@given(RECORDS, st.data())
def test_an_incident_is_found_by_one_alert_whatever_is_chosen_of_equal_scores(records, data):
    codes, scores, _ = map(list, zip(*records, strict=True))
    cut = cut_of(scores, data)
    choices = list(every_choice(scores, cut.taken if 2 in scores else 0))
    expected = [
        np.mean([any(alert for each, alert in zip(codes, alerts, strict=True) if each == code) for alerts in choices])
        for code in sorted(set(codes))
    ]
    assert found_chances(np.array(codes), np.array(scores, float), cut) == pytest.approx(expected)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), st.integers(20, 5000), st.data())
def test_chance_is_hypergeometric(sizes, records, data):
    alerts = data.draw(st.integers(0, records))
    expected = np.mean([1 - hypergeom(records, size, alerts).pmf(0) for size in sizes])
    assert chance_recall(np.array(sizes), records=records, alerts=alerts) == pytest.approx(expected, abs=1e-9)


def test_without_an_incident_there_is_no_chance():
    assert chance_recall(np.array([], np.int64), records=10, alerts=3) is None


@given(RECORDS, st.data())
def test_the_wait_is_from_the_incidents_beginning_to_the_end_of_its_first_alert(records, data):
    codes, scores, ends = map(list, zip(*records, strict=True))
    cut = cut_of(scores, data)
    earlier = [(code, -1) for code in range(4)]
    expected: dict[tuple[float, float], float] = {}
    choices = list(every_choice(scores, cut.taken if 2 in scores else 0))
    for alerts in choices:
        for code in set(codes):
            moments = [end for each, end, alert in zip(codes, ends, alerts, strict=True) if alert and each == code]
            if moments:
                over = sum(each == code and end < min(moments) for each, end in zip(codes, ends, strict=True))
                delay = (min(moments) + 10.0 * code, over + 1.0)
                expected[delay] = expected.get(delay, 0) + 1 / len(choices)
    parts = [*earlier, *zip(codes, ends, strict=True)]
    moments = Moments(
        1000 * np.array(ends), -10_000 * np.arange(4), Parts(*(np.array(parts).T * [[1], [1000]]).astype(np.int64))
    )
    found = delays(np.array(codes), np.arange(len(codes)), np.array(scores, float), cut, moments)
    got: dict[tuple[float, float], float] = {}
    for seconds, calls, weight in zip(*map(np.ndarray.tolist, (found.seconds, found.calls, found.weight)), strict=True):
        got[seconds, calls] = got.get((seconds, calls), 0) + weight
    assert got == pytest.approx(expected)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=30))
def test_certain_values_have_the_plain_median(values):
    weight = np.ones(len(values))
    assert weighted_median(np.array(values, float), weight) == np.median(values)
    for rank in range(1, len(values) + 1):
        assert weighted_quantile(np.array(values, float), weight, rank) == sorted(values)[rank - 1]


def test_the_median_of_a_distribution():
    assert weighted_median(np.array([1.0, 2.0, 9.0]), np.array([0.2, 0.2, 0.6])) == 9
    assert weighted_median(np.array([1.0, 2.0, 9.0]), np.array([0.25, 0.25, 0.5])) == 5.5
