"""Policies that turn scores into alerts."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hydra import compose
from hydra.core.config_store import ConfigStore
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bench.config import composition
from bench.config.hydra_patches import initialised
from bench.config.plug_ins import require_all_read
from bench.detector import Level, Scores
from bench.evaluation.cut import Cut, expected_alerts
from bench.evaluation.thresholds import alerts_of, cut_for
from bench.faults import UserError
from bench.spans import DAY_MS
from bench.threshold_policies import POLICIES, Budget, DetectorsOwn, Quantile, ThresholdPolicy, TruePrevalence
from reports.wording import policy_meaning

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
        (Budget(alerts_per_day=3), 6),
        (Budget(alerts_per_day=0.4), 0),
        (Budget(alerts_per_day=1e9), 200),
        (Quantile(share=0.05), 10),
        (Quantile(share=0), 0),
        (TruePrevalence(), 7),
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
    scores, settings = np.arange(5.0), DetectorsOwn()
    chosen = alerts_of(Scores(Level.CALL, scores, threshold=3.5), settings, span_ms=DAY_MS, anomalies=1)
    assert (chosen.policy, chosen.cut) == ("detector", Cut(3.5))
    for none in (None, np.nan):
        with pytest.raises(UserError, match="policy=detector needs a detector with a threshold of its own"):
            alerts_of(Scores(Level.CALL, scores, threshold=none), settings, span_ms=DAY_MS, anomalies=1)


@dataclass
class Every(ThresholdPolicy):
    """Every n-th record, in toys."""

    policy: str = "every"
    nth: int = 4

    def allowed(self, entities: int, span_ms: int, anomalies: int) -> int:
        """Return a share of them."""
        return entities // self.nth

    def meaning(self) -> str:
        """Return the share."""
        return f"one record in {self.nth}"


def test_a_policy_is_one_entry_of_the_registry(monkeypatch):
    """A class that is entered there can be chosen and set, gives alerts, and is put into words."""
    composition.register()
    store = ConfigStore.instance().repo
    monkeypatch.setitem(store, "threshold", dict(store["threshold"]))  # as it was, afterwards
    monkeypatch.setitem(POLICIES, "every", Every)
    composition.register()
    with initialised():
        settings = composition.settings_of(compose("config", ["threshold=every", "threshold.nth=5"]))
        with pytest.raises(UserError, match="threshold must be one of budget, detector, every, oracle, quantile, got"):
            composition.composed("config", ["threshold=evry"])
    chosen = alerts_of(Scores(Level.CALL, np.arange(200.0)), settings.threshold, span_ms=DAY_MS, anomalies=1)
    assert (chosen.policy, expected_alerts(np.arange(200.0), chosen.cut)) == ("every", 40)
    row = {"threshold_policy": "every", "settings": json.dumps({"threshold": {"policy": "every", "nth": 5}})}
    assert policy_meaning(row) == "every: one record in 5"
    assert policy_meaning({"threshold_policy": "gone", "settings": "{}"}) == "gone"


def test_a_file_of_the_users_own_does_not_take_the_place_of_a_policy(tmp_path: Path):
    (tmp_path / "threshold").mkdir()
    (tmp_path / "threshold" / "budget.yaml").write_text("policy: oracle\n")
    with pytest.raises(UserError, match="must have another name"):
        require_all_read((("pkg", "conf"), ("file", str(tmp_path))))
