"""Policies that turn scores into alerts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.detector import Level, Scores
from bench.faults import UserError
from bench.settings import ThresholdSettings
from bench.thresholds import DAY_MS, alerts_of, threshold_for

SCORES = hnp.arrays(np.float64, st.integers(1, 40), elements=st.integers(-3, 3) | st.floats(-1e9, 1e9))


@given(SCORES, st.integers(0, 50))
def test_the_lowest_threshold_within_the_allowance(scores, allowed):
    threshold = threshold_for(scores, allowed)
    assert np.count_nonzero(scores >= threshold) <= allowed or allowed >= scores.size
    lower = scores[scores < threshold]
    if lower.size:
        assert np.count_nonzero(scores >= lower.max()) > allowed


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
def test_each_policy_allows_what_it_says(settings, alerts):
    scores = np.random.default_rng(1).permutation(200).astype(float)
    chosen = alerts_of(Scores(Level.CALL, scores), settings, span_ms=2 * DAY_MS, anomalies=7)
    assert chosen.policy == settings.policy
    assert np.count_nonzero(scores >= chosen.threshold) == alerts


def test_ties_at_the_top_that_do_not_fit_raise_no_alert():
    scores = np.array([5.0, 5.0, 5.0, 1.0])
    assert not (scores >= threshold_for(scores, 2)).any()
    assert np.count_nonzero(scores >= threshold_for(scores, 3)) == 3


def test_the_detectors_own_threshold():
    scores, settings = np.arange(5.0), ThresholdSettings("detector")
    chosen = alerts_of(Scores(Level.CALL, scores, threshold=3.5), settings, span_ms=DAY_MS, anomalies=1)
    assert (chosen.policy, chosen.threshold) == ("detector", 3.5)
    for none in (None, np.nan):
        with pytest.raises(UserError, match="policy=detector needs a detector with a threshold of its own"):
            alerts_of(Scores(Level.CALL, scores, threshold=none), settings, span_ms=DAY_MS, anomalies=1)
