"""Features of days of users and quarters of cells, beside a plain loop over the calls of each."""

import numpy as np
import pytest

from bench.dataset import Window
from bench.detector import Level
from bench.levels import Grid
from detectors.checks.subject import worlds
from detectors.features.calls.call_features import FEATURES, call_features
from detectors.features.tables.feature_levels import STANDARD, matrix
from detectors.features.tables.totals import TOTALS, total_features

HOW = {"sum": np.sum, "mean": np.mean, "max": np.max}


@pytest.fixture(scope="module")
def dataset():
    return worlds()["ordinary"]


@pytest.mark.parametrize("level", TOTALS)
def test_what_calls_come_to(dataset, level):
    totals = [total for total in TOTALS[level].values() if total.how in ("count", *HOW)]
    found = total_features(dataset, level, [total.name for total in totals], dataset.window)
    calls = dict(zip(FEATURES, call_features(dataset, list(FEATURES), dataset.window).T, strict=True))
    entity = Grid(level, dataset).of_calls
    for column, total in enumerate(totals):
        for number in np.unique(entity[entity >= 0])[::37].tolist():
            its = entity == number
            expected = its.sum() if total.how == "count" else HOW[total.how](calls[total.of][its])
            assert found[number, column] == pytest.approx(expected, rel=1e-5), total.name
        silent = np.setdiff1d(np.arange(len(found)), entity)
        assert not found[silent, column].any()


def test_received_status_and_the_past_by_hand(dataset):
    names = ["calls", "received", "received_against_past"]
    whole = Window(dataset.clock.start_ms, dataset.clock.end_ms)
    days = total_features(dataset, Level.USER_DAY, names, whole).reshape(-1, 10, 3)
    rows = dataset.table("calls", ["caller_id", "callee_id", "call_start_ts"]).to_pylist()
    for user in (0, 17):
        for day in (0, 3, 9):
            on = [r for r in rows if day == (1000 * r["call_start_ts"].timestamp() - whole.start_ms) // 86_400_000]
            assert days[user, day, 0] == sum(r["caller_id"] == f"user_{user}" for r in on)
            assert days[user, day, 1] == sum(r["callee_id"] == f"user_{user}" for r in on)
            mean = days[user, :day, 1].mean() if day else 0.0
            assert days[user, day, 2] == pytest.approx(np.log((days[user, day, 1] + 1) / (mean + 1)))


def test_a_cell_is_held_against_the_same_hour_of_earlier_days(dataset):
    whole = Window(dataset.clock.start_ms, dataset.clock.end_ms)
    found = total_features(dataset, Level.CELL_QUARTER, ["fails", "fails_against_past"], whole).reshape(-1, 960, 2)
    table = {(r["cell_id"], r["window_start"]): r["fails"] for r in dataset.table("tower_status").to_pylist()}
    assert found[:, :, 0].sum() == sum(table.values()) > 0
    day, hour, quarter = 7, 15, 2
    now = day * 96 + hour * 4 + quarter
    before = [d * 96 + hour * 4 + q for d in range(day + 1) for q in range(4) if d * 96 + hour * 4 + q < now]
    expected = np.log((found[0, now, 0] + 1) / (found[0, before, 0].mean() + 1))
    assert found[0, now, 1] == pytest.approx(expected)


@pytest.mark.parametrize("level", Level)
def test_the_standard_features_are_finite_and_differ(dataset, level):
    found = matrix(dataset, level, STANDARD[level], dataset.window)
    assert np.isfinite(found).all()
    assert set(STANDARD[level]) <= set(TOTALS.get(level, FEATURES))
