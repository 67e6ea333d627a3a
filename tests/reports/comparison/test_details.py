"""What is behind the numbers of the page: curves read at budgets, incidents that are shown, overlaps."""

import base64
import gzip
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from labelled_world import labelled_world
from left_by_runs import leave
from scipy import stats

from bench.dataset import Dataset
from bench.truth import Truth
from reports.comparison.incident_samples import SAMPLES, samples_of
from reports.comparison.overlap import merged, overlap_of
from reports.comparison.pages import write
from reports.comparison.run_details import BUDGETS, RECALLS, SHARES, RunDetails, RunFolder, mean_curve

MakeRow = Callable[..., dict[str, Any]]


def details(folder: Path) -> dict[str, Any]:
    text = (folder / "report.html").read_text()
    (packed,) = re.findall(r'id="details">([^<]*)</script>', text)
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed))) if packed else {}
    return found


def details_of(row: dict[str, Any]) -> RunDetails:
    return RunDetails(row, RunFolder(row, {}, with_alarms=False).contents())


def curves_of(folder: str) -> dict[str, Any]:
    return details_of({"folder": folder}).curves


def test_a_curve_is_read_at_numbers_of_alerts_between_its_points(tmp_path: Path) -> None:
    curve = curves_of(leave(tmp_path / "run"))["long_call"]
    at = dict(zip(BUDGETS, zip(*(curve[name] for name in SHARES), strict=True), strict=True))
    assert at[1] == (100, 1000, 100)
    assert at[100] == (500, 500, 500)
    assert at[1000] == (1000, 100, 1000)
    assert at[5000] == (1000, None, 1000)  # the curve ends before
    hits, false = 0.5 + 0.5 * 100 / 900, 0.5 + 8.5 * 100 / 900
    assert at[200] == (round(1000 * hits), round(1000 * hits / (hits + false)), round(1000 * hits))


def test_a_curve_of_precision_goes_on_to_a_recall_of_1(tmp_path: Path) -> None:
    curve = curves_of(leave(tmp_path / "run"))["long_call"]
    at = dict(zip(RECALLS.round(2).tolist(), curve["precision_at"], strict=True))
    assert (at[0], at[0.5], at[1]) == (1000, 500, 100)
    false = 0.5 + 8.5 * 0.3 / 0.5
    assert at[0.8] == round(1000 * 0.8 / (0.8 + false))
    half = {**curve, "precision_at": [0] * len(RECALLS)}
    assert mean_curve([curve, half])["precision_at"][-1] == 50


def test_what_chance_finds_of_incidents_is_that_of_as_many_random_alerts(run_row: MakeRow, tmp_path: Path) -> None:
    folder = Path(leave(tmp_path / "run"))
    row = {**run_row(), "folder": str(folder), "alerts/all": 700.0}  # of 7 days
    assert details_of(row).chances("long_call") == []
    changed(folder / "incidents.parquet", records=20)
    pq.write_table(pa.table({"score": np.zeros(10_000)}), folder / "scores.parquet")
    found = dict(zip(BUDGETS, details_of(row).chances("long_call"), strict=True))
    for budget in (10, 100, 1000, 10_000):
        missed = stats.hypergeom.pmf(0, 10_000, 20, min(7 * budget, 10_000))
        assert found[budget] == round(1000 * (1 - missed))
    assert details_of(row | {"home_levels": "long_call:user_day"}).chances("long_call") == []
    assert details_of(row | {"threshold_policy": "oracle"}).chances("long_call") == []


def test_curves_of_repeats_are_averaged_where_all_say_something() -> None:
    names = ("recall", "precision", "incident_recall")
    curves = [{name: [0, 100, None] for name in names}, {name: [10, 300, 5] for name in names}]
    assert mean_curve(curves) == {name: [5, 200, None] for name in names}


def test_detectors_that_find_other_incidents_find_more_together() -> None:
    one = {"ring": {"a": 1.0, "b": 1.0, "c": 0.0, "d": 0.0}}
    other = {"ring": {"a": 0.0, "b": 1.0, "c": 1.0, "d": 0.0}}
    found = overlap_of({3: one, 5: other, 7: {"tdos": {"x": 1.0}}}, "ring")
    assert found is not None
    assert (found.rows, found.incidents) == ([3, 5], 4)
    assert (found.both[0][1], found.either[0][1]) == (1, 3)
    assert overlap_of({3: one}, "ring") is None
    assert merged([one, other])["ring"] == {"a": 0.5, "b": 1.0, "c": 0.5, "d": 0.0}


def test_the_page_has_what_runs_left_and_foreign_texts_stay_harmless(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [
        {**run_row(detector="iforest"), "folder": leave(tmp_path / "a", (1, 0, 1))},
        {**run_row(detector="rules"), "folder": leave(tmp_path / "b", (0, 1, 0.5))},
        run_row(0.5, detector="old"),
    ]
    write(rows, tmp_path / "report")
    found = details(tmp_path / "report")
    (world,) = found["worlds"]
    assert [sorted(row["curves"]) for row in world["rows"]] == [["all", "long_call"]] * 2 + [[]]
    assert world["rows"][0]["counts"]["long_call"] == [2, 3]
    assert world["overlaps"]["long_call"]["either"][0][1] == 3
    (alarm,) = world["rows"][0]["alarms"]["call"]
    assert (alarm["rank"], alarm["user_id"]) == (2, "u")
    assert "\x1b" not in alarm["reasons"]


def test_runs_that_left_no_tables_or_damaged_ones_have_a_page_too(run_row: MakeRow, tmp_path: Path) -> None:
    write([run_row()], tmp_path / "report")
    assert details(tmp_path / "report") == {}
    folder = Path(leave(tmp_path / "run"))
    for each in folder.iterdir():
        each.write_bytes(b"damaged")
    write([{**run_row(), "folder": str(folder)}], tmp_path / "report")
    assert details(tmp_path / "report") == {}


def changed(path: Path, **columns: Any) -> None:
    """Put other values in the place of columns of a table: of each, one in every row."""
    table = pq.read_table(path)
    for name, value in columns.items():
        kind = table.schema.field(name).type
        made = pa.array([value] * table.num_rows, pa.int64() if isinstance(value, int) else None).cast(kind)
        table = table.set_column(table.column_names.index(name), name, made)
    pq.write_table(table, path)


NOT_OURS: dict[str, Callable[[Path], object]] = {
    "curves.parquet: column recall": lambda f: changed(f / "curves.parquet", recall=float("nan")),
    "curves.parquet: column alerts_per_day": lambda f: changed(f / "curves.parquet", alerts_per_day=float("inf")),
    "alerts.parquet: column score": lambda f: changed(f / "alerts.parquet", score=float("nan")),
    "alerts.parquet: column start_ts": lambda f: changed(f / "alerts.parquet", start_ts=2**62),
    "incidents.parquet: column found": lambda f: changed(f / "incidents.parquet", found_probability=float("nan")),
    "alerts.parquet is of an earlier": lambda f: pq.write_table(
        pq.read_table(f / "alerts.parquet").drop_columns(["file", "row", "record_id"]), f / "alerts.parquet"
    ),
    "curves.parquet cannot be read": lambda f: (f / "curves.parquet").write_bytes(b"damaged"),
    ".hydra/overrides.yaml cannot be read": lambda f: os.mkfifo(f / ".hydra" / "overrides.yaml"),
}


@pytest.mark.parametrize("message", NOT_OURS)
def test_what_no_run_writes_is_left_out_in_one_line_and_the_others_are_shown(
    run_row: MakeRow, tmp_path: Path, capsys: pytest.CaptureFixture[str], message: str
) -> None:
    good, bad = Path(leave(tmp_path / "good")), Path(leave(tmp_path / "bad"))
    (bad / ".hydra").mkdir()
    NOT_OURS[message](bad)
    rows = [{**run_row(detector=name), "folder": str(place)} for name, place in (("iforest", good), ("rules", bad))]
    write(rows, tmp_path / "report")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"left out: {bad / message}")
    (world,) = details(tmp_path / "report")["worlds"]
    mine = world["rows"][0]
    assert [sorted(mine["curves"]), mine["counts"]["all"], len(mine["alarms"]["call"])] == [
        ["all", "long_call"], [1, 2], 1
    ]  # fmt: skip


def test_a_precision_near_zero_is_a_curve_too(tmp_path: Path) -> None:
    folder = Path(leave(tmp_path / "run"))
    changed(folder / "curves.parquet", precision=5e-324)
    assert curves_of(str(folder))["all"]["precision"][0] == 0


@pytest.fixture
def shown_world(tmp_path: Path) -> tuple[Dataset, Truth]:
    """A world that incidents can be shown of, in the folder of the test."""
    (tmp_path / "data").mkdir()
    (tmp_path / "truth").symlink_to("data")
    dataset, truth = labelled_world(tmp_path / "data", 1, 0)
    path = tmp_path / "data" / "calls.parquet"
    calls_table = pq.read_table(path)
    outcomes = pa.array(["answered"] * calls_table.num_rows).dictionary_encode()
    pq.write_table(calls_table.append_column("outcome", outcomes), path)
    return dataset, truth


WORLDS: dict[str, Callable[[Path], object]] = {
    "row must be one of": lambda w: changed(w / "truth" / "truth.parquet", row=10**9),
    "column call_start_ts must not have empty values": lambda w: changed(w / "data/calls.parquet", call_start_ts=None),
    "column start_ts must be of the years": lambda w: changed(w / "truth" / "incidents.parquet", start_ts=2**62),
    "column longitude must be finite": lambda w: changed(w / "data" / "cells.parquet", longitude=float("nan")),
    "calls.parquet cannot be read": lambda w: (
        (w / "data/calls.parquet").unlink(),
        os.mkfifo(w / "data/calls.parquet"),
    ),
    "No match for FieldRef.Name(outcome)": lambda w: pq.write_table(
        pq.read_table(w / "data/calls.parquet").drop_columns("outcome"), w / "data/calls.parquet"
    ),
}


@pytest.mark.parametrize("message", WORLDS)
def test_a_world_of_a_stranger_that_cannot_be_shown_is_reported_in_one_line(
    tmp_path: Path, shown_world: tuple[Dataset, Truth], capsys: pytest.CaptureFixture[str], message: str
) -> None:
    ids = shown_world[1].table("incidents")["incident_id"].to_pylist()
    WORLDS[message](tmp_path)
    assert samples_of(tmp_path, "1", {"a": ids}) is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"left out: incidents of {tmp_path}")
    assert message in line


def test_incidents_are_shown_with_their_calls(tmp_path: Path, shown_world: tuple[Dataset, Truth]) -> None:
    dataset, truth = shown_world
    ids = truth.table("incidents")["incident_id"].to_pylist()
    found = samples_of(tmp_path, "1", {"a": ids})
    assert found is not None
    assert len(found.incidents) == min(SAMPLES, len(ids))
    calls, rows = dataset.table("calls").to_pylist(), truth.table("truth").to_pylist()
    for incident in found.incidents:
        mine = [row["row"] for row in rows if row["incident_id"] == incident.id and row["cause"] == "direct"]
        wanted = sorted((calls[row]["call_start_ts"], calls[row]["caller_id"]) for row in mine if row >= 0)
        assert incident.records == len(wanted)
        assert [incident.parties[call[2]] for call in incident.calls] == [caller for _, caller in wanted]
        assert [incident.start_ms + 1000 * call[0] for call in incident.calls] == [
            int(start.timestamp() * 1000) for start, _ in wanted
        ]
    assert samples_of(tmp_path / "gone", "1", {"a": ids}) is None
