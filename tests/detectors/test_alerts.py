"""The file of alerts: in order, with the features that are rarest by a second library's measure."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from call_tables import ordinary_calls, write_calls
from scipy.stats import median_abs_deviation

from bench.detector import Level, Scores
from bench.evaluation.cut import Cut
from bench.evaluation.run_outcome import Alerts, Outcome
from bench.host.sheets import from_sheet
from bench.levels import Grid
from bench.result import Result, Status
from bench.truth import CallLabels, Truth
from detectors.alerts import robust_z, write
from detectors.features.calls.call_features import call_features


def an_outcome(folder: Path, threshold: float) -> Outcome:
    dataset = write_calls(folder, ordinary_calls(400, 30, 8), 8)
    low, high = dataset.call_range(dataset.window)
    scores = Scores(Level.CALL, np.random.default_rng(1).integers(0, 50, high - low).astype(float))
    nothing = np.zeros(0)
    labels = CallLabels((), nothing, nothing, nothing)
    return Outcome(Result({}, Status.OK), dataset, Truth(folder), labels, scores, Alerts("budget", Cut(threshold)))


def test_every_call_is_there_once_from_the_highest_score_down(tmp_path: Path) -> None:
    outcome = an_outcome(tmp_path, 45.0)
    write(outcome, {"features": ["log_gap", "calls_last_hour"]}, tmp_path)
    found = pl.read_csv(tmp_path / "alerts.csv")
    assert outcome.scores is not None
    ids = outcome.dataset.calls(outcome.dataset.window, ["call_id"])["call_id"].to_pylist()
    assert dict(zip(found["call_id"], found["score"], strict=True)) == dict(
        zip(ids, outcome.scores.values, strict=True)
    )
    assert found["rank"].to_list() == list(range(1, len(ids) + 1))
    assert found["score"].is_sorted(descending=True)
    assert (found["is_alert"] == (found["score"] >= 45)).all()
    tied = found.group_by("score", maintain_order=True).agg(pl.col("call_id").str.slice(5).cast(pl.Int64))
    assert all(each == sorted(each) for each in tied["call_id"].to_list())
    assert (found["rarest_features"].fill_null("").str.len_chars() > 0).equals(found["is_alert"])


def test_the_first_feature_that_is_told_is_the_farthest_from_the_history(tmp_path: Path) -> None:
    outcome, names = an_outcome(tmp_path, 45.0), ["log_duration", "log_gap", "hour_share"]
    write(outcome, {"features": names}, tmp_path)
    dataset = outcome.dataset
    history, values = (call_features(dataset, names, part) for part in (dataset.history, dataset.window))
    z = (values - np.median(history, axis=0)) / median_abs_deviation(history, axis=0, scale="normal")
    ids = dataset.calls(dataset.window, ["call_id"])["call_id"].to_pylist()
    for row in pl.read_csv(tmp_path / "alerts.csv").filter("is_alert").iter_rows(named=True):
        place = ids.index(row["call_id"])
        name, _, _, shown = row["rarest_features"].split("; ")[0].split(" ")
        assert name == names[int(np.argmax(np.abs(z[place])))]
        assert float(shown.rstrip(")")) == pytest.approx(z[place, names.index(name)], abs=0.06)


def test_a_detector_without_features_is_told_about_all_the_same(tmp_path: Path) -> None:
    write(an_outcome(tmp_path, 45.0), {"short_s": 5}, tmp_path)
    assert "(z " in pl.read_csv(tmp_path / "alerts.csv")["rarest_features"][0]


def test_features_that_hardly_vary_have_a_z_score_too() -> None:
    history = np.array([[0.0, 3.0]] * 9 + [[1.0, 3.0]])
    z = robust_z(history, np.array([[1.0, 3.0], [0.0, 3.1]]))
    assert z[0].tolist() == [pytest.approx(1 / (1.2533 * 0.1)), 0.0]
    assert z[1].tolist() == [0.0, 99.9]


def test_days_of_users_are_told_by_user_and_begin(tmp_path: Path) -> None:
    outcome = an_outcome(tmp_path, 45.0)
    pl.DataFrame({"user_id": ["ann", "bob"]}).write_parquet(outcome.dataset.folder / "users.parquet")
    grid = Grid(Level.USER_DAY, outcome.dataset)
    scores = Scores(Level.USER_DAY, np.arange(grid.size, dtype=np.float64))
    write(Outcome(**{**vars(outcome), "scores": scores, "alerts": Alerts("budget", Cut(grid.size - 2))}), {}, tmp_path)
    found = pl.read_csv(tmp_path / "alerts.csv", try_parse_dates=True)
    assert found["is_alert"].to_list()[:3] == [True, True, False]
    assert found["user_id"].to_list() == ["bob"] * grid.spans + ["ann"] * grid.spans
    last = outcome.dataset.window.end_ms - grid.span_ms
    assert found["begins"].dt.timestamp("ms").to_list()[:2] == [last, last - grid.span_ms]


def test_names_are_no_formulae_and_tell_a_terminal_nothing(tmp_path: Path) -> None:
    outcome = an_outcome(tmp_path, 45.0)
    names = ['=HYPERLINK("http://x")', "@SUM(A1)", "a\x1b[2Jb", "+4930"]
    pl.DataFrame({"user_id": names}).write_parquet(outcome.dataset.folder / "users.parquet")
    grid = Grid(Level.USER_DAY, outcome.dataset)
    scores = Scores(Level.USER_DAY, np.arange(grid.size, dtype=np.float64) - 2)
    write(Outcome(**{**vars(outcome), "scores": scores}), {}, tmp_path)
    assert "\x1b" not in (tmp_path / "alerts.csv").read_text()
    found = pl.read_csv(tmp_path / "alerts.csv", schema_overrides={"user_id": pl.String})
    cells = ['\'=HYPERLINK("http://x")', "'@SUM(A1)", "a\\x1b[2Jb", "+4930"]
    assert found["user_id"].unique(maintain_order=True).to_list() == cells[::-1]
    assert [from_sheet(cell) for cell in cells] == names
    assert found["score"].to_list() == sorted(scores.values, reverse=True)
