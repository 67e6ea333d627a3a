"""What single detectors promise beyond the contract."""

import numpy as np
import pytest
from call_tables import ordinary_calls, write_calls
from pyod.models.iforest import IForest
from scipy.stats import kstest
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.detector import with_threshold_and_causality
from bench.faults import SettingsError, UserError
from detectors.calls.rules import FourRules
from detectors.features.calls.call_features import call_features
from detectors.graph.graph_community import GraphCommunity
from detectors.order_and_rounding import content_order
from detectors.reference.one_feature import OneFeature
from detectors.reference.random import RandomScores
from detectors.tables.tabular import Tabular

NAMES = ["log_duration", "hour_sin", "hour_cos", "log_gap"]
HOUR = 3600


def matrices(dataset):
    return call_features(dataset, NAMES, dataset.history), call_features(dataset, NAMES, dataset.window)


def test_pyod_by_hand_gives_the_same_scores(ordinary):
    history, window = matrices(ordinary)
    history = history[content_order(history)]
    by_hand = IForest(random_state=4).fit(history).decision_function(window)
    scores = Tabular(NAMES, IForest(random_state=4)).fit(ordinary).score(ordinary).values
    np.testing.assert_allclose(scores, by_hand, rtol=1e-11, atol=1e-15)


def scaled(model):
    return make_pipeline(StandardScaler(), model)


def bare(model):
    return model


@pytest.mark.parametrize("wrap", [bare, scaled])
def test_scikit_learn_is_turned_round(ordinary, wrap):
    history, window = matrices(ordinary)
    history = history[content_order(history)]
    by_hand = -wrap(IsolationForest(random_state=4)).fit(history).score_samples(window)
    scores = Tabular(NAMES, wrap(IsolationForest(random_state=4))).fit(ordinary).score(ordinary).values
    np.testing.assert_allclose(scores, by_hand, rtol=1e-11)
    assert np.corrcoef(scores, IForest(random_state=4).fit(history).decision_function(window))[0, 1] > 0.9


@pytest.mark.parametrize(
    ("model", "outlier"),
    [
        (IForest(random_state=4), 1),
        (IsolationForest(random_state=4, contamination=0.05), -1),
        (scaled(IsolationForest(random_state=4, contamination=0.05)), -1),
    ],
)
def test_the_threshold_is_where_the_model_itself_draws_the_line(ordinary, model, outlier):
    detector = Tabular(NAMES, model).fit(ordinary)
    scores = with_threshold_and_causality(detector.score(ordinary), detector)
    alerts = scores.values >= scores.threshold
    np.testing.assert_array_equal(alerts, model.predict(matrices(ordinary)[1]) == outlier)
    assert 0 < alerts.sum() < alerts.size
    assert scores.causal


def test_a_model_that_draws_no_line_has_no_threshold(ordinary):
    detector = Tabular(NAMES, GaussianMixture(2, random_state=0)).fit(ordinary)
    assert with_threshold_and_causality(detector.score(ordinary), detector).threshold is None


@pytest.mark.parametrize("model", [LogisticRegression(), LocalOutlierFactor(novelty=False), object()])
def test_what_is_no_outlier_detector_is_refused(model):
    for make in (lambda: Tabular(NAMES, model), lambda: GraphCommunity(model)):
        with pytest.raises(UserError, match=f"got {type(model).__name__}"):
            make()


def test_faults_of_settings_are_reported():
    with pytest.raises(UserError, match="'houre' is not a feature of calls; did you mean hour"):
        OneFeature("houre")
    with pytest.raises(SettingsError, match=r"detector\.resolution must be above 0, got 0"):
        GraphCommunity(IForest(), resolution=0)
    with pytest.raises(SettingsError) as error:
        FourRules(short_s=0, night_from_h=6)
    assert str(error.value) == (
        "detector.short_s must be above 0, got 0\n"
        "detector.night_from_h must lie in [0, 24] and before detector.night_to_h, got (6, 5)"
    )


def test_chance_is_uniform_and_its_seeds_differ(ordinary):
    first, second = (RandomScores(seed).fit(ordinary).score(ordinary).values for seed in (1, 2))
    assert kstest(first, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_one_feature_scores_in_the_given_direction(ordinary):
    high = OneFeature("calls_last_day").score(ordinary).values
    np.testing.assert_array_equal(high, call_features(ordinary, ["calls_last_day"], ordinary.window)[:, 0])
    np.testing.assert_array_equal(OneFeature("calls_last_day", low_is_anomalous=True).score(ordinary).values, -high)


def test_rules_are_counted(tmp_path):
    start = [12 * HOUR, 13 * HOUR, 14 * HOUR, 27 * HOUR, *(40 * HOUR + 60 * i for i in range(12)), 60 * HOUR]
    calls = {
        "start_s": [72 * HOUR + each for each in start],
        "caller_id": ["a", "b", "c", "d", *["e"] * 12, "f"],
        "callee_id": ["z"] * 17,
        "call_duration": [5, 3600, 6, 3, *[30] * 12, 0],
        "outcome": ["answered"] * 16 + ["missed"],
    }
    scores = FourRules().score(write_calls(tmp_path, calls, 6)).values
    assert np.floor(scores).astype(int).tolist() == [1, 1, 0, 2, *[0] * 9, 1, 1, 1, 0]
    assert np.unique(scores).size > 12


def test_calls_out_of_the_community_get_the_highest_scores(tmp_path):
    calls = ordinary_calls(4000, 200, 14)
    in_window = [index for index, start in enumerate(calls["start_s"]) if start >= 7 * 86_400]
    group = {index: int(calls["caller_id"][index].removeprefix("user_")) // 10 for index in in_window}
    strays = in_window[::50]
    for index in strays:
        calls["callee_id"][index] = f"user_{(group[index] + 7) % 20 * 10}"
        calls["callee_type"][index] = "subscriber"
    dataset = write_calls(tmp_path, calls, 14)
    scores = GraphCommunity(IForest(random_state=0)).fit(dataset).score(dataset).values
    stray = np.isin(in_window, strays)
    assert np.median(scores[stray]) > np.quantile(scores[~stray], 0.9)
