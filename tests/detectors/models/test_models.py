"""Our own models beside PyOD's, and the ensemble beside scipy's ranks."""

from dataclasses import replace

import numpy as np
import pytest
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
from pyod.models.hbos import HBOS
from pyod.models.inne import INNE
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from scipy.stats import percentileofscore, spearmanr

from bench.detector import Level
from bench.faults import SettingsError, UserError
from detectors.features.calls.call_features import call_features
from detectors.models.histograms import Hbos
from detectors.models.hyperspheres import Inne
from detectors.models.neighbours import Lof, Nearest
from detectors.models.tails import Copod, Ecod
from detectors.reference.one_feature import OneFeature
from detectors.tables.ensemble import RankAverage, rank_among
from detectors.tables.tabular import Tabular


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(3)
    return np.column_stack([random.lognormal(size=600), -random.lognormal(size=600), random.poisson(1, 600)])


def test_nearest_gives_the_scores_of_pyod(rows):
    fitted, others = rows[:400], rows[400:]
    ours, theirs = Nearest(5).fit(fitted), KNN(n_neighbors=5).fit(fitted)
    np.testing.assert_allclose(ours.decision_function(others), theirs.decision_function(others), rtol=1e-12)
    np.testing.assert_allclose(ours.decision_scores_, theirs.decision_scores_, rtol=1e-12)
    assert ours.threshold_ == pytest.approx(theirs.threshold_)


@pytest.mark.parametrize(
    "settings", [{}, {"n_bins": 3, "tol": 0.01}, {"n_bins": 37, "alpha": 0.9, "contamination": 0.5}]
)
def test_histograms_give_the_scores_of_pyod(rows, settings):
    """Covers fitted rows, others, values at and beyond both ends, a constant feature; and the threshold."""
    fitted, others = np.column_stack([rows[:400], np.ones(400)]), np.column_stack([rows[400:], np.arange(200) / 100])
    ours, theirs = Hbos(**settings).fit(fitted), HBOS(**settings).fit(fitted)
    np.testing.assert_allclose(-ours.score_samples(fitted), theirs.decision_scores_, rtol=1e-12)
    for beside in (others, others * 3, -others, fitted.max(axis=0)[None], fitted.min(axis=0)[None]):
        np.testing.assert_allclose(-ours.score_samples(beside), theirs.decision_function(beside), rtol=1e-12)
    assert -ours.offset_ == pytest.approx(theirs.threshold_)


def test_histograms_name_every_setting_that_is_out_of_its_range():
    with pytest.raises(SettingsError) as error:
        Hbos(n_bins=1, alpha=0, tol=-1, contamination=0.6)
    assert [fault.key.rpartition(".")[2] for fault in error.value.faults] == ["n_bins", "alpha", "tol", "contamination"]


def test_nearest_densities_give_the_scores_of_pyod(rows):
    fitted, others = rows[:400, :2], rows[400:, :2]  # without ties
    ours, theirs = Lof(35).fit(fitted), LOF(n_neighbors=35, algorithm="kd_tree").fit(fitted)
    np.testing.assert_allclose(ours.decision_function(others), theirs.decision_function(others), rtol=1e-9)
    np.testing.assert_allclose(ours.decision_scores_, theirs.decision_scores_, rtol=1e-9)
    assert ours.threshold_ == pytest.approx(theirs.threshold_)


def test_densities_are_finite_where_more_rows_are_equal_than_are_looked_at(rows):
    fitted = np.vstack([rows[:50], np.zeros((50, 3))])
    model = Lof(10).fit(fitted)
    assert np.isfinite(model.decision_scores_).all()
    np.testing.assert_allclose(model.decision_scores_[50:], 1)
    np.testing.assert_allclose(model.decision_function(np.zeros((3, 3))), 1)


@pytest.mark.parametrize("settings", [{"max_samples": 16}, {"n_estimators": 30, "max_samples": 5}])
def test_hyperspheres_give_the_scores_of_pyod(rows, settings):
    fitted, others = rows[:400], rows[400:]
    ours, theirs = Inne(random_state=4, **settings).fit(fitted), INNE(random_state=4, **settings).fit(fitted)
    np.testing.assert_allclose(-ours.score_samples(others), theirs.decision_function(others), atol=1e-9)
    assert spearmanr(-ours.score_samples(fitted), theirs.decision_scores_).statistic > 0.99
    assert -ours.offset_ == pytest.approx(theirs.threshold_, abs=0.01)


def test_hyperspheres_name_every_setting_that_is_out_of_its_range():
    with pytest.raises(SettingsError) as error:
        Inne(n_estimators=0, max_samples=1, contamination=0.6)
    assert [each.key.rpartition(".")[2] for each in error.value.faults] == [
        "n_estimators",
        "max_samples",
        "contamination",
    ]


@pytest.mark.parametrize(("ours", "theirs"), [(Ecod, ECOD), (Copod, COPOD)])
def test_tails_order_rows_as_pyod_does(rows, ours, theirs):
    fitted, others = rows[:400], rows[400:]
    model, reference = ours().fit(fitted), theirs().fit(fitted)
    assert spearmanr(-model.score_samples(fitted), reference.decision_scores_).statistic > 0.999
    assert spearmanr(-model.score_samples(others), reference.decision_function(others)).statistic > 0.99


@pytest.mark.parametrize("kind", [Ecod, Copod])
def test_a_tail_does_not_depend_on_who_else_is_scored(rows, kind):
    model = kind().fit(rows[:400])
    together = model.score_samples(rows[400:])
    alone = [model.score_samples(rows[index : index + 1])[0] for index in range(400, 600)]
    np.testing.assert_array_equal(together, alone)
    assert np.isfinite(model.score_samples(rows * 1e6)).all()


def test_ranks_are_those_of_scipy_and_go_on_above_the_past():
    random = np.random.default_rng(0)
    past, values = np.sort(random.integers(0, 20, 50).astype(float)), random.integers(0, 20, 30).astype(float)
    values = np.minimum(values, past[-1])
    np.testing.assert_allclose(rank_among(past, values), percentileofscore(past, values, kind="mean") / 100)
    beyond = rank_among(past, past[-1] + np.array([0.0, 1.0, 5.0]))
    assert (np.diff(beyond) > 0).all()
    assert rank_among(np.ones(4), np.array([1.0, 2.0])).tolist() == [0.5, 1.25]


def test_an_ensemble_of_one_and_the_same_keeps_its_order(ordinary):
    single = OneFeature("duration")
    twice = RankAverage([OneFeature("duration"), OneFeature("duration")])
    ranks = twice.fit(ordinary).score(ordinary).values
    assert spearmanr(ranks, single.score(ordinary).values).statistic == pytest.approx(1)
    with pytest.raises(UserError, match=r"detector\.members must be at least two, got 1"):
        RankAverage([single])
    with pytest.raises(UserError, match=r"detector\.members\[1\] must be a detector of call, got str"):
        RankAverage([single, "nothing"])


def test_a_fitted_part_is_drawn_from_all(ordinary):
    class Recorder:
        def fit(self, rows):
            self.rows = rows

        def score_samples(self, rows):
            return -rows[:, 0]

    every, part = Recorder(), Recorder()
    Tabular(["hour"], every).fit(ordinary)
    Tabular(["hour"], part, fit_rows=100).fit(ordinary)
    chosen = np.arange(100) * len(every.rows) // 100
    np.testing.assert_array_equal(part.rows, every.rows[chosen])  # of an order that has nothing to do with time
    assert abs(spearmanr(every.rows[:, 0], np.arange(len(every.rows))).statistic) < 0.05
    with pytest.raises(SettingsError, match=r"detector\.fit_rows must be at least 1 or null, got 0"):
        Tabular(None, Recorder(), fit_rows=0)
    with pytest.raises(SettingsError, match=r"detector\.level must be one of call, .* did you mean user_day\?"):
        Tabular(None, Recorder(), level="user_days")
    with pytest.raises(UserError, match="'call' is not a feature of days of users; did you mean calls"):
        Tabular(["call"], Recorder(), level="user_day")


def test_where_history_is_scored_no_row_is_its_own_neighbour(ordinary):
    whole = replace(ordinary, window=ordinary.history)
    detector = Tabular(["hour", "log_gap"], Nearest()).fit(whole)
    rows = call_features(whole, ["hour", "log_gap"], whole.window)
    np.testing.assert_allclose(detector.score(whole).values, Nearest().fit(rows).decision_scores_, rtol=1e-11)
    assert detector.level is Level.CALL
