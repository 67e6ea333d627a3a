"""The supervised baseline: learns from labels, sees all that can be opened, whatever the order of rows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hydra.utils import instantiate
from omegaconf import OmegaConf
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import average_precision_score

import conf
from bench.detector import Detector, Examples, Level, Supervised
from bench.faults import UserError
from bench.levels import Grid
from bench.runs.examples import halves
from detectors.checks.subject import worlds
from detectors.features.tables.everything import everything
from detectors.features.tables.joins import INVENTORY, SESSION, of_inventory, of_session
from detectors.reference.one_feature import OneFeature
from detectors.reference.supervised import SupervisedBaseline, at_level

LEAF = Path(conf.__path__[0]) / "detector" / "supervised.yaml"


def baseline(**settings):
    leaf = OmegaConf.merge({"seed": 3}, OmegaConf.load(LEAF), {"detector": settings})
    return instantiate(leaf, _convert_="all")["detector"]


def small_model():
    return HistGradientBoostingClassifier(max_iter=30, random_state=0)


def anomalous(dataset, part):
    kind = np.array(worlds().life.kind)
    low, high = dataset.call_range(part)
    return kind[low:high] != ""


def labelled_halves(dataset, of_history):
    """Both halves of the history, with labels of its calls."""
    first = dataset.call_range(dataset.history)[0]
    ranges = [(half, *half.call_range(half.window)) for half in halves(dataset)]
    return [examples(half, Level.CALL, of_history[low - first : high - first]) for half, low, high in ranges]


def examples(dataset, level, labels):
    return Examples(dataset, level, ~labels, {"strange": labels})


def aggregated(level, dataset, labels):
    return labels if level is Level.CALL else Grid(level, dataset).aggregated(labels * 1.0) > 0


def test_it_finds_what_it_was_told_to_find(ordinary):
    detector = baseline()
    assert isinstance(detector, Detector)
    assert isinstance(detector, Supervised)
    durations = {part: ordinary.calls(part, ["call_duration"])["call_duration"].to_numpy()
                 for part in (ordinary.history, ordinary.window)}  # fmt: skip
    border = np.quantile(durations[ordinary.history], 0.9)
    labelled = labelled_halves(ordinary, durations[ordinary.history] > border)
    scores = detector.fit_labelled(labelled).score(ordinary).values
    assert average_precision_score(durations[ordinary.window] > border, scores) > 0.99


def late(name):
    """The window of a world of checks, where its incidents are, in two: the first three days are the history."""
    whole = worlds()[name]
    middle = whole.window.start_ms + 3 * 86_400_000
    return replace(whole, history=replace(whole.window, end_ms=middle), window=replace(whole.window, start_ms=middle))


@pytest.mark.parametrize("level", Level)
def test_at_each_level_it_is_better_than_volume(level):
    dataset = late("ordinary")
    *labels, wanted = (aggregated(level, each, anomalous(each, each.window)) for each in (*halves(dataset), dataset))
    detector = baseline(level=level.value).fit_labelled(list(map(examples, halves(dataset), [level] * 2, labels)))
    volume = at_level(level, OneFeature("calls_last_day").fit(dataset).score(dataset), dataset)
    found = detector.score(dataset).values
    assert found.size == wanted.size
    assert average_precision_score(wanted, found) > 1.2 * average_precision_score(wanted, volume)


def test_the_order_of_rows_and_names_do_not_matter():
    def scores(name, order):
        dataset = late(name)
        low = dataset.call_range(dataset.history)[0]
        labels = np.array(worlds().life.kind)[order][low : dataset.call_range(dataset.history)[1]] != ""
        detector = SupervisedBaseline(small_model(), members=[OneFeature("duration")])
        fitted = detector.fit_labelled(labelled_halves(dataset, labels))
        return fitted.score(dataset).values, dataset.call_range(dataset.window)[0]

    plain, first = scores("coarse", slice(None))
    order = (worlds()["shuffled"], worlds().places["shuffled"].calls)[1]
    np.testing.assert_allclose(scores("shuffled", order)[0], plain[order[first:] - first], rtol=1e-9)
    np.testing.assert_allclose(scores("renamed", slice(None))[0], plain, rtol=1e-9)


def test_joins_are_those_of_a_plain_loop():
    dataset = worlds()["ordinary"]
    session, inventory = of_session(dataset), of_inventory(dataset)
    events = dataset.table("events").to_pylist()
    subscribed = {row["user_id"]: row for row in dataset.table("subscriptions").to_pylist()}
    for row, call in list(enumerate(dataset.calls(dataset.window).to_pylist()))[::97]:
        its = [each for each in events if each["session_id"] == call["call_id"]]
        features = dict(zip(SESSION, session[row], strict=True))
        assert features["events"] == len(its)
        assert features["failed"] == sum(each["state"] == "FAIL" for each in its)
        assert features["weakest"] == pytest.approx(min(each["power_dbm"] for each in its), rel=1e-6)
        caller = subscribed[call["caller_id"]]
        known = dict(zip(INVENTORY, inventory[row, 2:], strict=False))
        assert known["device_agrees"] == (caller["imei"] == call["caller_imei"])
        assert known["sim_agrees"] == (caller["imsi"] == call["caller_imsi"])
        age = call["call_start_ts"] - caller["valid_from"]
        assert known["age_days"] == pytest.approx(age.total_seconds() / 86_400)
        assert np.isnan(known["callee_age_days"]) == (call["callee_id"] not in subscribed)


def test_what_is_not_there_is_unknown():
    bare = worlds()["without_network"]
    assert np.isnan(of_session(bare)).all()
    for level in Level:
        rows = everything(bare, level)
        assert np.isinf(rows).sum() == 0


def test_without_labels_there_is_nothing_to_learn(ordinary):
    with pytest.raises(UserError, match=r"^role must be supervised"):
        baseline().fit(ordinary)
    low, high = ordinary.call_range(ordinary.history)
    with pytest.raises(UserError, match="both normal and anomalous"):
        baseline().fit_labelled(
            [examples(replace(ordinary, window=ordinary.history), Level.CALL, np.zeros(high - low, bool))]
        )
    with pytest.raises(UserError, match=r"^detector\.types must be among strange, got odd"):
        baseline(types=["odd"]).fit_labelled([examples(ordinary, Level.CALL, np.zeros(5, bool))])
    with pytest.raises(UserError, match=r"^detector\.model must have predict_proba, got object"):
        SupervisedBaseline(object())
    with pytest.raises(UserError, match=r"^detector\.members\[0\] must be a detector, got object"):
        SupervisedBaseline(small_model(), members=[object()])
