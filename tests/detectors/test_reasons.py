"""What alerts are explained by is what their detector goes by."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from call_tables import ordinary_calls, write_calls
from hydra.utils import get_class
from omegaconf import OmegaConf

import conf
from bench.detector import Level, Scores
from bench.evaluation.cut import Cut
from bench.evaluation.run_outcome import Alerts, Outcome
from bench.levels import Grid
from bench.result import Result, Status
from bench.truth import CallLabels, Truth
from detectors.alerts import write
from detectors.features.tables.feature_levels import FEATURES
from detectors.reasons import GRAPH, declared, explaining_features

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


def test_the_features_of_a_table_the_one_feature_and_what_is_declared_are_told():
    assert explaining_features({"features": ["log_gap", "new_tie", "traffic"]}, Level.CALL) == ["log_gap", "new_tie"]
    assert explaining_features({"feature": "speed"}, Level.CALL) == ["speed"]
    assert explaining_features({"_target_": "detectors.cells.silence.Silence"}, Level.CELL_QUARTER)[0] == "calls"
    plain = explaining_features({}, Level.USER_DAY)
    assert plain == explaining_features({"_target_": "mine.not_there.Detector"}, Level.USER_DAY)
    assert set(plain) <= set(FEATURES[Level.USER_DAY])


def an_outcome(folder: Path, level: Level) -> Outcome:
    dataset = write_calls(folder, ordinary_calls(600, 30, 8), 8)
    parties = pl.read_parquet(folder / "calls.parquet").select("caller_id").unique().sort("caller_id")
    parties.rename({"caller_id": "user_id"}).cast(pl.String).write_parquet(folder / "users.parquet")
    low, high = dataset.call_range(dataset.window)
    size = high - low if level is Level.CALL else Grid(level, dataset).size
    scores, nothing = Scores(level, np.arange(size, dtype=np.float64)), np.zeros(0)
    labels = CallLabels((), nothing, nothing, nothing)
    alerts = Alerts("budget", Cut(size - 5.0))
    return Outcome(Result({}, Status.OK), dataset, Truth(folder), labels, scores, alerts)


@pytest.mark.parametrize(
    ("detector", "level"),
    [
        ("detectors.graph.unlikely_tie.UnlikelyTie", Level.CALL),
        ("detectors.calls.at_once.AtOnce", Level.CALL),
        ("detectors.graph.graph_days.CircleDays", Level.USER_DAY),
        ("detectors.users.cusum.Cusum", Level.USER_DAY),
    ],
)
def test_alerts_name_the_features_that_their_detector_goes_by(tmp_path, detector, level):
    write(an_outcome(tmp_path, level), {"_target_": detector}, tmp_path)
    told = pl.read_csv(tmp_path / "alerts.csv")["rarest_features"]
    assert told.null_count() == len(told) - 5 or (told.fill_null("") == "").sum() == len(told) - 5
    for line in told.to_list()[:5]:
        names = [each.split(" ")[0] for each in line.split("; ")]
        assert len(names) == 3 == len(set(names))
        assert set(names) <= set(declared(detector))


def test_a_new_tie_among_old_ones_is_the_rarest(tmp_path):
    outcome = an_outcome(tmp_path, Level.CALL)
    write(outcome, {"features": ["new_tie", "hour_sin"]}, tmp_path)
    rows = pl.read_csv(tmp_path / "alerts.csv").filter("is_alert")
    known = outcome.dataset.table("calls", ["caller_id", "callee_id"]).slice(
        0, outcome.dataset.call_range(outcome.dataset.history)[1]
    )
    ties = {frozenset(pair) for pair in zip(*(known[name].to_pylist() for name in known.column_names), strict=True)}
    for row in rows.iter_rows(named=True):
        new = frozenset((row["caller_id"], row["callee_id"])) not in ties
        assert f"new_tie {int(new)} " in row["rarest_features"]
