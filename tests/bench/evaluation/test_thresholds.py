"""Policies that turn scores into alerts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.detector import Level, Scores
from bench.evaluation.cut import Cut, expected_alerts
from bench.evaluation.thresholds import alerts_of, cut_for
from bench.faults import UserError
from bench.settings import ThresholdSettings
from bench.spans import DAY_MS

SCORES = hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(-3, 3) | st.floats(-1e9, 1e9))


@given(SCORES, st.integers(0, 50))
def test_the_allowance_is_met_exactly_and_goes_to_the_highest(scores, allowed):
    cut = cut_for(scores, allowed)
    assert expected_alerts(scores, cut) == cut.drawn(scores).sum() == min(allowed, scores.size)
    drawn = cut.drawn(scores)
    assert not drawn.any() or drawn.all() or scores[drawn].min() >= scores[~drawn].max()
    assert cut.weights(scores).sum() == pytest.approx(min(allowed, scores.size))


@given(SCORES, st.integers(1, 50))
def test_equal_scores_have_equal_chances(scores, allowed):
    weights = cut_for(scores, allowed).weights(scores)
    highest_first = np.sort(scores)[::-1]
    for score in np.unique(scores):
        places = np.flatnonzero(highest_first == score)
        expected = np.mean(places < allowed)
        assert weights[scores == score] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("settings", "alerts"),
    [
        (ThresholdSettings("budget", alerts_per_day=3), 6),
        (ThresholdSettings("budget", alerts_per_day=0.4), 0),
        (ThresholdSettings("budget", alerts_per_day=1e9), 200),
        (ThresholdSettings("quantile", share=0.05), 10),
        (ThresholdSettings("quantile", share=0), 0),
        (ThresholdSettings("oracle"), 7),
    ],
)
@pytest.mark.parametrize("distinct", [200, 3])
def test_each_policy_allows_what_it_says(settings, alerts, distinct):
    scores = np.random.default_rng(1).permutation(200) % distinct / 1.0
    chosen = alerts_of(Scores(Level.CALL, scores), settings, span_ms=2 * DAY_MS, anomalies=7)
    assert chosen.policy == settings.policy
    assert expected_alerts(scores, chosen.cut) == alerts


def test_a_tie_at_the_top_that_does_not_fit_shares_the_alerts():
    scores = np.array([5.0, 5.0, 5.0, 1.0])
    assert cut_for(scores, 2) == Cut(5.0, 2, 3, ranked=True)
    assert cut_for(scores, 3) == Cut(5.0, 3, 3, ranked=True)
    assert Cut(5.0, 2, 3).drawn(scores).sum() == 2


def test_which_of_equal_scores_are_listed_is_neither_the_first_nor_the_last():
    drawn = Cut(0.0, 100, 1000).drawn(np.zeros(1000))
    assert drawn.sum() == 100
    assert 350 < np.flatnonzero(drawn).mean() < 650
    assert (drawn == Cut(0.0, 100, 1000).drawn(np.zeros(1000))).all()


def test_the_detectors_own_threshold():
    scores, settings = np.arange(5.0), ThresholdSettings("detector")
    chosen = alerts_of(Scores(Level.CALL, scores, threshold=3.5), settings, span_ms=DAY_MS, anomalies=1)
    assert (chosen.policy, chosen.cut) == ("detector", Cut(3.5))
    for none in (None, np.nan):
        with pytest.raises(UserError, match="policy=detector needs a detector with a threshold of its own"):
            alerts_of(Scores(Level.CALL, scores, threshold=none), settings, span_ms=DAY_MS, anomalies=1)
