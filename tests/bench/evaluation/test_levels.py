"""Days of users and quarters of cells: which there are, what is aggregated to them, and what is true of them."""

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import average_precision_score
from small_tables import write

from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.evaluation.evaluate import evaluate
from bench.evaluation.metric_names import metric_names
from bench.evaluation.sample import sample_of_grid, sample_of_held
from bench.faults import UserError
from bench.levels import Grid, grids
from bench.result import Status
from bench.schema import CALLS, CELLS, INCIDENTS, TRUTH, USERS
from bench.spans import DAY_MS, HOUR_MS
from bench.threshold_policies import Budget, Quantile
from bench.truth import Truth

START_MS = 1_704_047_400_000
"""2024-01-01 00:00 at +05:30."""
CALLS_IN_ALL, USERS_IN_ALL, CELLS_IN_ALL, DAYS = 600, 12, 4, 4


BEYOND = ("user_id", "cell_id", "start_ts", "end_ts")


def held(level, subject, deed, first_day, last_day):
    """What the truth says of a user or a cell that an incident held for a while."""
    span = (int(START_MS + day * DAY_MS) for day in (first_day, last_day))
    user, cell = (subject, None) if level == "user" else (None, subject)
    return (level, subject, -1, *deed, user, cell, *span)


def removed(number, cause, random):
    """What the truth says of a call that would have been; here and there of somebody unknown."""
    start = START_MS + int(random.integers(0, DAYS * DAY_MS))
    caller, cell = f"u{random.integers(0, USERS_IN_ALL + 1)}", f"c{random.integers(0, CELLS_IN_ALL)}"
    return ("call", f"key_{number}", -1, f"i{number % 12}", "ab"[number % 2], cause, caller, cell, start, start)


@pytest.fixture
def world(tmp_path):
    """Four days, of which two are scored; incidents of two types, each of which touches several calls of a user."""
    random = np.random.default_rng(2)
    start = START_MS + np.sort(random.integers(0, DAYS * DAY_MS, CALLS_IN_ALL))
    caller = [f"u{i}" if i < USERS_IN_ALL else "stranger" for i in random.integers(0, USERS_IN_ALL + 1, CALLS_IN_ALL)]
    cell = [f"c{i}" for i in random.integers(0, CELLS_IN_ALL - 1, CALLS_IN_ALL)]
    write(
        tmp_path / "calls.parquet",
        CALLS,
        {"caller_id": caller, "call_start_ts": start, "call_end_ts": start, "first_cell_id": cell},
    )
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
    nowhere = (None, None, None, None)
    table = [("call", f"call_{row}", row, *deed, *nowhere) for row, deed in deeds]
    table += [("call", "call_599", 599, "i0", "a", "collateral", *nowhere)] * (599 not in dict(deeds))
    table += [held("user", "u3", ("i1", "b", "direct"), 2.9, 3.1), held("user", "u4", ("i1", "b", "direct"), 0, 1)]
    table += [held("cell", "c3", ("i2", "a", "direct"), 1.99, 2.05)]
    table += [held("cell", "c3", ("i3", "b", "collateral"), 2.04, 2.06)]
    table += [removed(row, ("direct", "collateral")[row % 2], random) for row in range(30)]
    names = ("level", "entity_id", "row", "incident_id", "anomaly_type", "cause", *BEYOND)
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
        aggregated = grid.aggregated(scores)
        for entity in range(grid.size):
            its = [score for score, row in zip(scores, rows, strict=True) if row[place] == entity]
            assert aggregated[entity] == max(its) if its else aggregated[entity] < scores.min()


def beyond_calls(world, level):
    """Each row of the truth that is no call of the table, with every entity that its span has a part in, by hand."""
    spans, size, name = (2, DAY_MS, "user_id") if level is Level.USER_DAY else (192, HOUR_MS // 4, "cell_id")
    for row in world[1].table("truth").to_pylist():
        if row[name] is None or row[name] == f"u{USERS_IN_ALL}":
            continue
        begun, ended = (int(row[moment].timestamp() * 1000) for moment in ("start_ts", "end_ts"))
        for span in range(spans):
            first = world[0].window.start_ms + span * size
            if first <= begun < first + size or (begun < first + size and first < ended):
                yield row, int(row[name][1:]) * spans + span


def test_spans_become_the_entities_that_have_a_part_in_them(world):
    start = world[0].window.start_ms
    users, cells = grids(world[0])
    first, last = (
        np.array([start, start + 1, start - DAY_MS, 0]),
        np.array([start + DAY_MS, start + DAY_MS + 1, start, 9]),
    )
    entity, origin = users.held(pa.array(["u0", "u1", "u2", "u3"]), first, last)
    assert (entity.tolist(), origin.tolist()) == ([0, 2, 3], [0, 1, 1])
    entity, origin = users.held(pa.array(["nobody", "u2"]), np.array([start, start]), np.array([start, start]))
    assert (entity.tolist(), origin.tolist()) == ([4], [1])
    entity, _ = cells.held(pa.array(["c1"]), np.array([0]), np.array([start + 10 * DAY_MS]))
    assert entity.tolist() == list(range(192, 384))


def test_an_entity_is_a_positive_of_the_type_that_touched_it_unless_there_are_several(world):
    dataset, truth = world
    labels = truth.call_labels(*dataset.call_range(dataset.window))
    deeds = {row["row"]: row for row in truth.table("truth").to_pylist() if row["row"] >= 0}
    for grid, place in zip(grids(dataset), (1, 2), strict=True):
        sample = sample_of_grid(grid, labels, truth)
        of_calls = [(deeds[row[0]], row[place]) for row in call_rows(world) if row[0] in deeds]
        found = [each for each in (*of_calls, *beyond_calls(world, grid.level)) if each[1] is not None]
        for name in ("a", "b"):
            own = [
                (row["anomaly_type"], entity, row["incident_id"]) for row, entity in found if row["cause"] == "direct"
            ]
            its, others = ({entity for kind, entity, _ in own if (kind == name) == same} for same in (True, False))
            assert its & others or grid.level is Level.CELL_QUARTER
            assert sample.shared_share(name) == pytest.approx(len(its & others) / len(its))
            direct = {(entity, incident) for kind, entity, incident in own if kind == name and entity not in others}
            entity, incident = sample.incident_parts(name)
            assert {(each, f"i{code}") for each, code in zip(entity.tolist(), incident.tolist(), strict=True)} == direct
            assert entity.size == len(direct)
        assert set(np.flatnonzero(~sample.normal).tolist()) == {entity for _, entity in found}


def test_direct_effects_of_an_incident_are_separated_from_effects_on_its_calls(world):
    dataset, truth = world
    labels = truth.call_labels(*dataset.call_range(dataset.window))
    for grid in grids(dataset):
        level = "user" if grid.level is Level.USER_DAY else "cell"
        held, whole = sample_of_held(grid, labels, truth), sample_of_grid(grid, labels, truth)
        assert (held.normal == whole.normal).all()
        for name in ("a", "b"):
            direct = {
                entity
                for row, entity in beyond_calls(world, grid.level)
                if row["level"] == level and row["cause"] == "direct" and row["anomaly_type"] == name
            }
            assert set(held.positives(name)[0].tolist()) == direct
            assert direct <= set(whole.positives(name)[0].tolist())


def test_a_silent_cell_is_found_by_a_detector_of_cells(world):
    """No call is ever in cell c3: what an incident does to it is its quarters' alone."""
    dataset, truth = world
    labels = truth.call_labels(*dataset.call_range(dataset.window))
    cells = grids(dataset)[1]
    silent = [
        entity
        for row, entity in beyond_calls(world, cells.level)
        if row["level"] == "cell" and row["cause"] == "direct"
    ]
    assert silent == list(range(3 * 192, 3 * 192 + 5))
    assert not np.isin(silent, cells.of_calls).any()
    scores = np.isin(np.arange(cells.size), silent).astype(float)
    values = evaluate(dataset, truth, Scores(Level.CELL_QUARTER, scores), Quantile(share=5.5 / cells.size)).values
    assert values["cell_quarter/hits/a"] == values["cell_quarter/alerts/all"] == 5
    assert values["cell_quarter/precision/a"] == 1
    assert labels.anomalous.sum() == values["positives/all"]


def test_truth_that_does_not_say_whom_it_concerns_is_refused(world):
    table = world[1].table("truth")
    for name in ("start_ts", "end_ts", "cell_id"):
        empty = pa.nulls(len(table), table.schema.field(name).type)
        pq.write_table(
            table.set_column(table.schema.get_field_index(name), name, empty), world[1].folder / "truth.parquet"
        )
        with pytest.raises(UserError, match=r"truth.parquet, row \d+: what is not in the table of calls must have"):
            world[1].table("truth")


def test_values_of_the_lifted_levels_stand_under_their_name(world):
    dataset, truth = world
    scores = np.random.default_rng(1).normal(size=len(list(call_rows(world))))
    values = evaluate(dataset, truth, Scores(Level.CALL, scores), Quantile(share=0.1)).values
    for grid in grids(dataset):
        sample = sample_of_grid(grid, truth.call_labels(*dataset.call_range(dataset.window)), truth)
        for name in ("all", "a", "b"):
            positive = np.isin(np.arange(grid.size), sample.positives(name)[0])
            kept = positive | sample.normal
            expected = average_precision_score(positive[kept], grid.aggregated(scores)[kept])
            assert values[f"{grid.level}/average_precision/{name}"] == pytest.approx(expected)
        assert values[f"{grid.level}/alerts/all"] <= 0.1 * grid.size
    expected = [*metric_names(("a", "b")), *metric_names(("a", "b"), "user_day/")]
    assert list(values) == [*expected, *metric_names(("a", "b"), "cell_quarter/")]


def test_a_detector_of_user_days_reaches_no_other_level(world):
    dataset, truth = world
    scores = np.random.default_rng(1).normal(size=USERS_IN_ALL * 2)
    evaluation = evaluate(dataset, truth, Scores(Level.USER_DAY, scores), Budget())
    assert evaluation.status is Status.OK
    assert evaluation.values["user_day/average_precision/all"] is not None
    for prefix in ("", "cell_quarter/"):
        assert evaluation.values[f"{prefix}positives/all"] > 0
        assert evaluation.values[f"{prefix}average_precision/all"] is None
    wrong = evaluate(dataset, truth, Scores(Level.USER_DAY, scores[1:]), Budget())
    assert wrong.reason == "the window has 24 user-days, but the scores have the shape (23,)"


def test_without_a_table_of_users_there_are_no_user_days(world):
    dataset, truth = world
    (dataset.folder / "users.parquet").unlink()
    assert Grid(Level.USER_DAY, dataset).size == 0
    scores = np.arange(float(len(list(call_rows(world)))))
    values = evaluate(dataset, truth, Scores(Level.CALL, scores), Budget()).values
    assert not [name for name in values if name.startswith("user_day")]
    assert values["cell_quarter/positives/all"] > 0


def test_the_delay_above_calls_lasts_until_the_first_alert_is_over(world):
    """Of the quarters of the silent cell only the third is an alert; its incident began with a call before that."""
    dataset, truth = world
    cells = grids(dataset)[1]
    scores = (np.arange(cells.size) == 3 * 192 + 2).astype(float)
    by_quarter = Scores(Level.CELL_QUARTER, scores, causal=True)
    one_alert = Quantile(share=1.5 / cells.size)
    values = evaluate(dataset, truth, by_quarter, one_alert).values
    calls = dataset.table("calls", ["call_start_ts"])["call_start_ts"].to_pylist()
    deeds = [row for row in truth.table("truth").to_pylist() if (row["incident_id"], row["cause"]) == ("i2", "direct")]
    begun = min(row["start_ts"] if row["row"] < 0 else calls[row["row"]] for row in deeds)
    over_s = dataset.window.start_ms / 1000 + 3 * HOUR_MS / 4000
    assert values["cell_quarter/delay_seconds/a"] == pytest.approx(over_s - begun.timestamp())
    silent = evaluate(dataset, truth, replace(by_quarter, causal=False), one_alert).values
    assert silent["cell_quarter/delay_seconds/a"] is None
