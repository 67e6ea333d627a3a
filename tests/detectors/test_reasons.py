"""What alerts are explained by is what their detector goes by."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from call_tables import ordinary_calls, write_calls
from hydra.utils import get_class
from omegaconf import OmegaConf

import conf
from bench.detector import Level
from detectors.features.tables.feature_levels import FEATURES, matrix
from detectors.graph_reasons import NAMES as GRAPH
from detectors.rarest_features import reasons
from detectors.reasons import DEFAULT, declared, described, explaining_features

LEAVES = {path.stem: OmegaConf.load(path) for path in sorted((Path(conf.__path__[0]) / "detector").glob("*.yaml"))}
OWN = {
    name: leaf
    for name, leaf in LEAVES.items()
    if "_target_" in leaf and str(leaf["_target_"]).startswith("detectors.") and "model" not in leaf
}


@pytest.mark.parametrize("level", Level)
def test_no_feature_has_the_name_of_another(level):
    assert not set(FEATURES[level]) & set(GRAPH[level])


@pytest.mark.parametrize("leaf", OWN)
def test_what_a_detector_declares_are_features_of_its_level(leaf):
    target = str(OWN[leaf]["_target_"])
    found, cls = declared(target), get_class(target)
    assert found == getattr(cls, "reasons", ())
    if found:
        assert set(found) <= {*FEATURES[cls.level], *GRAPH[cls.level]}


def test_the_features_of_a_table_the_one_feature_and_what_is_declared_are_reported():
    assert explaining_features({"features": ["log_gap", "new_tie", "traffic"]}, Level.CALL) == ["log_gap", "new_tie"]
    assert explaining_features({"feature": "speed"}, Level.CALL) == ["speed"]
    assert explaining_features({"_target_": "detectors.cells.silence.Silence"}, Level.CELL_QUARTER)[0] == "calls"
    plain = explaining_features({}, Level.USER_DAY)
    assert plain == explaining_features({"_target_": "mine.not_there.Detector"}, Level.USER_DAY)
    assert set(plain) <= set(FEATURES[Level.USER_DAY])


@pytest.mark.parametrize(
    ("detector", "level"),
    [
        ("detectors.graph.unlikely_tie.UnlikelyTie", Level.CALL),
        ("detectors.calls.at_once.AtOnce", Level.CALL),
        ("detectors.graph.graph_days.CircleDays", Level.USER_DAY),
        ("detectors.users.cusum.Cusum", Level.USER_DAY),
    ],
)
def test_reasons_name_the_features_that_their_detector_goes_by(tmp_path, detector, level):
    dataset = write_calls(tmp_path, ordinary_calls(600, 30, 8), 8)
    write_users(tmp_path)
    for line in reasons(dataset, {"_target_": detector}, level, np.arange(5)):
        names = [each.split(" ")[0] for each in line.split("; ")]
        assert len(names) == 3 == len(set(names))
        assert set(names) <= set(declared(detector))


def test_a_new_tie_among_old_ones_is_the_rarest(tmp_path):
    dataset = write_calls(tmp_path, ordinary_calls(600, 30, 8), 8)
    texts = reasons(dataset, {"features": ["new_tie", "hour_sin"]}, Level.CALL, np.arange(5))
    calls = dataset.table("calls", ["caller_id", "callee_id"])
    known = calls.slice(0, dataset.call_range(dataset.history)[1])
    ties = {frozenset(pair) for pair in zip(*(known[name].to_pylist() for name in known.column_names), strict=True)}
    rows = calls.slice(dataset.call_range(dataset.window)[0], 5).to_pylist()
    for row, text in zip(rows, texts, strict=True):
        new = frozenset((row["caller_id"], row["callee_id"])) not in ties
        assert f"new_tie {int(new)} " in text


@pytest.mark.parametrize("level", Level)
def test_history_and_window_are_described_as_each_by_itself(tmp_path, level):
    """Also where both are described in one pass."""
    dataset = write_calls(tmp_path, ordinary_calls(600, 30, 8), 8)
    write_users(tmp_path)
    names = list(DEFAULT[level])
    (_, *both), *_ = described(dataset, level, names)
    for values, part in zip(both, (dataset.history, dataset.window), strict=True):
        np.testing.assert_array_equal(values, matrix(dataset, level, names, part))


def write_users(folder):
    parties = pl.read_parquet(folder / "calls.parquet").select("caller_id").unique().sort("caller_id")
    parties.rename({"caller_id": "user_id"}).cast(pl.String).write_parquet(folder / "users.parquet")
