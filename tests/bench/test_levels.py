"""Days of users and quarters of cells: which there are, what is lifted to them, and what is true of them."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score

from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.evaluate import evaluate
from bench.levels import Grid, grids
from bench.metric_names import metric_names
from bench.result import Status
from bench.sample import sample_of_grid
from bench.schema import CALLS, CELLS, INCIDENTS, TRUTH, USERS
from bench.settings import ThresholdSettings
from bench.truth import Truth

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
START_MS = 1_704_047_400_000
"""2024-01-01 00:00 at +05:30."""
CALLS_IN_ALL, USERS_IN_ALL, CELLS_IN_ALL, DAYS = 600, 12, 4, 4


def write(path, schema, columns):
    pq.write_table(pa.table(columns, pa.schema([field for field in schema.arrow if field.name in columns])), path)


@pytest.fixture
def world(tmp_path):
    """Four days, of which two are scored; incidents of two types, each of which touches several calls of a user."""
    random = np.random.default_rng(2)
    start = START_MS + np.sort(random.integers(0, DAYS * DAY_MS, CALLS_IN_ALL))
    caller = [f"u{i}" if i < USERS_IN_ALL else "stranger" for i in random.integers(0, USERS_IN_ALL + 1, CALLS_IN_ALL)]
    cell = [f"c{i}" for i in random.integers(0, CELLS_IN_ALL - 1, CALLS_IN_ALL)]
    write(tmp_path / "calls.parquet", CALLS, {"caller_id": caller, "call_start_ts": start, "first_cell_id": cell})
    write(tmp_path / "users.parquet", USERS, {"user_id": [f"u{i}" for i in range(USERS_IN_ALL)]})
    write(tmp_path / "cells.parquet", CELLS, {"cell_id": [f"c{i}" for i in range(CELLS_IN_ALL)]})
    clock = {
        "start_ms": START_MS,
        "end_ms": START_MS + DAYS * DAY_MS,
        "time_zone": "Asia/Kolkata",
        "utc_offset_s": 19_800,
    }
    (tmp_path / "clock.json").write_text(json.dumps(clock))
    deeds = [(int(row), f"i{n}", "ab"[n % 2], "direct") for n in range(12) for row in random.integers(0, 600, 3)]
    deeds = list({row: deed for row, *deed in deeds}.items())
    table = [("call", f"call_{row}", row, *deed) for row, deed in deeds]
    table += [("call", "call_599", 599, "i0", "a", "collateral")] * (599 not in dict(deeds))
    table += [("user_day", "u3|2024-01-04", -1, "i1", "b", "direct")]
    table += [("user_day", "u3|2024-01-01", -1, "i1", "b", "direct")]
    table += [("cell_quarter", "c3|2024-01-03T06:45", -1, "i2", "a", "direct")]
    table += [("cell_quarter", "c3|2024-01-03T07:00", -1, "i2", "a", "collateral")]
    names = ("level", "entity_id", "row", "incident_id", "anomaly_type", "cause")
    columns = dict(zip(names, map(list, zip(*table, strict=True)), strict=True))
    write(tmp_path / "truth.parquet", TRUTH, {**columns, "change": ["altered"] * len(table)})
    incidents = {
        "incident_id": [f"i{n}" for n in range(12)],
        "anomaly_type": ["ab"[n % 2] for n in range(12)],
        "level": ["user"] * 12,
        "start_ts": [START_MS] * 12,
        "end_ts": [START_MS] * 12,
        "actors": [[]] * 12,
        "parameters": ["{}"] * 12,
    }
    write(tmp_path / "incidents.parquet", INCIDENTS, incidents)
    window = Window(START_MS + 2 * DAY_MS, START_MS + DAYS * DAY_MS)
    return replace(Dataset.open(tmp_path), history=Window(START_MS, window.start_ms), window=window), Truth(tmp_path)


def call_rows(world):
    """Each call of the window with its user-day and cell-quarter, by hand."""
    table = world[0].calls(world[0].window, ["caller_id", "first_cell_id", "call_start_ts"]).to_pylist()
    low = world[0].call_range(world[0].window)[0]
    for index, row in enumerate(table):
        ms = int(row["call_start_ts"].timestamp() * 1000)
        day = (ms - world[0].window.start_ms) // DAY_MS
        quarter = (ms - world[0].window.start_ms) // (HOUR_MS // 4)
        user = None if row["caller_id"] == "stranger" else int(row["caller_id"][1:]) * 2 + day
        yield low + index, user, int(row["first_cell_id"][1:]) * 192 + quarter


def test_the_grid_is_every_subject_in_every_span(world):
    users, cells = grids(world[0])
    assert (users.level, users.size) == (Level.USER_DAY, USERS_IN_ALL * 2)
    assert (cells.level, cells.size) == (Level.CELL_QUARTER, CELLS_IN_ALL * 2 * 96)
    for grid, place in ((users, 1), (cells, 2)):
        expected = [-1 if row[place] is None else row[place] for row in call_rows(world)]
        assert grid.of_calls.tolist() == expected


def test_lifting_takes_the_maximum_and_puts_the_silent_last(world):
    rows = list(call_rows(world))
    scores = np.random.default_rng(0).integers(-5, 5, len(rows)).astype(float)
    for grid, place in zip(grids(world[0]), (1, 2), strict=True):
        lifted = grid.lifted(scores)
        for entity in range(grid.size):
            its = [score for score, row in zip(scores, rows, strict=True) if row[place] == entity]
            assert lifted[entity] == max(its) if its else lifted[entity] < scores.min()


def test_truth_names_entities_by_subject_and_start(world):
    users, cells = grids(world[0])
    ids = pa.array(["u0|2024-01-03", "u3|2024-01-04", "u3|2024-01-05", "u3|2024-01-02", "nobody|2024-01-03"])
    assert users.named(ids).tolist() == [0, 7, -1, -1, -1]
    ids = pa.array(["c0|2024-01-02T18:30", "c3|2024-01-04T18:15", "c3|2024-01-04T18:30"])
    assert cells.named(ids).tolist() == [0, 4 * 192 - 1, -1]


def test_an_entity_is_a_positive_of_every_type_that_touched_it(world):
    dataset, truth = world
    labels = truth.call_labels(*dataset.call_range(dataset.window))
    deeds = {row["row"]: row for row in truth.table("truth").to_pylist() if row["level"] == "call"}
    for grid, place in zip(grids(dataset), (1, 2), strict=True):
        sample = sample_of_grid(grid, labels, truth)
        expected, touched = {"a": set(), "b": set()}, set()
        for row in call_rows(world):
            if row[0] in deeds and row[place] is not None:
                touched.add(row[place])
                if deeds[row[0]]["cause"] == "direct":
                    expected[deeds[row[0]]["anomaly_type"]].add(row[place])
        own = {Level.USER_DAY: ("b", 7, {7}), Level.CELL_QUARTER: ("a", 3 * 192 + 49, {3 * 192 + 49, 3 * 192 + 50})}
        kind, entity, also = own[grid.level]
        expected[kind].add(entity)
        for name, positives in expected.items():
            assert set(sample.positives(name)[0].tolist()) == positives
        assert set(np.flatnonzero(~sample.normal).tolist()) == touched | also


def test_values_of_the_lifted_levels_stand_under_their_name(world):
    dataset, truth = world
    scores = np.random.default_rng(1).normal(size=len(list(call_rows(world))))
    values = evaluate(dataset, truth, Scores(Level.CALL, scores), ThresholdSettings("quantile", share=0.1)).values
    for grid in grids(dataset):
        sample = sample_of_grid(grid, truth.call_labels(*dataset.call_range(dataset.window)), truth)
        for name in ("all", "a", "b"):
            positive = np.isin(np.arange(grid.size), sample.positives(name)[0])
            kept = positive | sample.normal
            expected = average_precision_score(positive[kept], grid.lifted(scores)[kept])
            assert values[f"{grid.level}/average_precision/{name}"] == pytest.approx(expected)
        assert values[f"{grid.level}/alerts/all"] <= 0.1 * grid.size
    expected = [*metric_names(("a", "b")), *metric_names(("a", "b"), "user_day/")]
    assert list(values) == [*expected, *metric_names(("a", "b"), "cell_quarter/")]


def test_a_detector_of_user_days_reaches_no_other_level(world):
    dataset, truth = world
    scores = np.random.default_rng(1).normal(size=USERS_IN_ALL * 2)
    evaluation = evaluate(dataset, truth, Scores(Level.USER_DAY, scores), ThresholdSettings())
    assert evaluation.status is Status.OK
    assert evaluation.values["user_day/average_precision/all"] is not None
    for prefix in ("", "cell_quarter/"):
        assert evaluation.values[f"{prefix}positives/all"] > 0
        assert evaluation.values[f"{prefix}average_precision/all"] is None
    wrong = evaluate(dataset, truth, Scores(Level.USER_DAY, scores[1:]), ThresholdSettings())
    assert wrong.reason == "the window has 24 user-days, but the scores have the shape (23,)"


def test_without_a_table_of_users_there_are_no_user_days(world):
    dataset, truth = world
    (dataset.folder / "users.parquet").unlink()
    assert Grid(Level.USER_DAY, dataset).size == 0
    scores = np.arange(float(len(list(call_rows(world)))))
    values = evaluate(dataset, truth, Scores(Level.CALL, scores), ThresholdSettings()).values
    assert not [name for name in values if name.startswith("user_day")]
    assert values["cell_quarter/positives/all"] > 0
