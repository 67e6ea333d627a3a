"""A call record is a fold of its session events, and the status of towers and users a recount of both: all columns."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from recounts import faults_within, fold, live_at, sessions, tower_counts, tower_row
from small_worlds import make_world, table

from bench.schema import TOWER_STATUS, USER_STATUS
from generators.model.clock import DAY_MS

EDGE_M = 3
MINUTE_M = 3000
"""Nobody travels farther in a minute."""
World_ = tuple[Path, dict[str, Any]]
UNLIKE = ("call_id", "failed", "held_ms", "first_cell_id", "last_cell_id")
LESS = ("generator.num_users=500", "generator.num_towers=12", "generator.days=7")
WORLDS = {
    "every type": (*LESS, "anomaly=all", "generator.anomaly_ratio=0.2", "generator.num_users=2500"),
    "phones that ask again": (*LESS, "generator.network.phones.handover=refresh"),
    "towers that fail": (
        *LESS,
        "generator.network.towers.broken=[{tower: 3, kind: sleeping, from_s: 80000, to_s: 90000}, "
        "{tower: 4, kind: degraded, refuses: 0.4, losses_per_hour: 20}]",
    ),
    "the demo": ("generator=demo_2016",),
}


@pytest.fixture(scope="module", params=["default", *WORLDS])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The default world, of 2,000 users, and smaller ones in which more goes wrong."""
    if request.param == "default":
        made: World_ = request.getfixturevalue("default_world")
        return made[0]
    folder = tmp_path_factory.mktemp("world") / "world"
    make_world(folder, *WORLDS[request.param])
    return folder


def unlike(calls: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Return the calls whose record is not the fold of their events, column by column that must be."""
    folds = pl.DataFrame([fold(each) for each in sessions(events)], infer_schema_length=None)
    records = calls.with_columns(pl.col("call_start_ts", "call_end_ts").dt.epoch("s"))
    both = records.join(folds, on="call_id", how="full", suffix="_folded")
    nowhere = pl.col("first_cell_id_folded").is_null()  # then the record names where the phone was last registered
    same = [pl.col(name).eq_missing(pl.col(f"{name}_folded")) for name in folds.columns if name not in UNLIKE]
    cells = [(nowhere | (pl.col(name) == pl.col(f"{name}_folded"))) for name in ("first_cell_id", "last_cell_id")]
    outcome = (pl.col("outcome") == "failed") == pl.col("failed")
    answered = (pl.col("call_duration") > 0) == (pl.col("outcome") == "answered")
    return both.filter(~pl.all_horizontal(*same, *cells, outcome, answered))


@pytest.mark.slow
def test_every_record_is_the_fold_of_its_events(world: Path) -> None:
    calls, events = table(world, "calls"), table(world, "events")
    assert calls.height == events["session_id"].n_unique()
    assert events["session_id"].is_sorted()
    found = unlike(calls, events)
    assert found.is_empty(), found.head(3).to_dicts()
    assert [fault for each in sessions(events) for fault in faults_within(each)] == []


def test_a_record_that_is_not_the_fold_of_its_events_is_found(default_world: World_) -> None:
    """Planted in one call each, in every column that is folded."""
    calls, events = table(default_world[0], "calls").head(300), table(default_world[0], "events")
    events = events.join(calls.select("call_id"), left_on="session_id", right_on="call_id", how="semi")
    assert unlike(calls, events).is_empty()
    first = pl.int_range(pl.len()) == int(np.flatnonzero(calls["call_duration"] > 5)[0])
    second = pl.duration(seconds=1)
    plants = {
        "call_start_ts": pl.col("call_start_ts") + second,
        "call_end_ts": pl.col("call_end_ts") + second,
        "call_duration": pl.col("call_duration") + 1,
        "handovers": pl.col("handovers") + 1,
        "first_cell_id": pl.lit("cell_999"),
        "last_cell_id": pl.lit("cell_999"),
        "caller_id": pl.lit("user_999999"),
        "outcome": pl.lit("failed"),
    }
    for name, value in plants.items():
        planted = calls.with_columns(pl.when(first).then(value).otherwise(pl.col(name)).alias(name))
        assert unlike(planted, events).height == 1, name


@pytest.mark.parametrize(
    ("column", "value"),
    [("duration", 7777), ("previous_connection_duration", 0.5), ("cause", "setup"), ("state", "RECONNECT")],
)
def test_events_that_do_not_go_together_are_found(default_world: World_, column: str, value: Any) -> None:
    events = table(default_world[0], "events").head(400)
    ends = [each for each in sessions(events) if each[-1]["state"] == "END"]
    assert not any(list(faults_within(each)) for each in ends[:-1])
    assert list(faults_within([*ends[0][:-1], {**ends[0][-1], column: value}]))


@pytest.mark.slow
def test_the_status_of_towers_is_a_recount_of_the_events(world: Path) -> None:
    status, events = table(world, "tower_status"), table(world, "events")
    starts = status["window_start"].unique().sort()
    if (starts[1] - starts[0]).total_seconds() != 900:
        pytest.skip("windows that slide are recounted in test_status")
    cells = dict(table(world, "cells").select("cell_id", "tower_id").iter_rows())
    begin_ms = int(starts[0].timestamp() * 1000)
    counts = tower_counts(events, begin_ms)
    windows = status.with_columns(pl.col("window_start").dt.epoch("ms"))
    assert windows.height == len(cells) * len(starts)
    checked = {"cell_id", "tower_id", "window_start"}
    for row in windows.iter_rows(named=True):
        expected = tower_row(counts[row["cell_id"], (row["window_start"] - begin_ms) // 900_000])
        assert row["tower_id"] == cells[row["cell_id"]]
        for name, value in expected.items():
            assert row[name] == (pytest.approx(value, rel=1e-12) if isinstance(value, float) else value), (row, name)
        checked |= set(expected)
    assert checked == set(TOWER_STATUS.arrow.names)


@pytest.mark.slow
def test_the_status_of_users_is_a_recount_of_calls_and_events(world: Path) -> None:
    """State, calls, failures and cell of every user and day; where it is, from the events of a minute around."""
    status, calls, events = (table(world, name) for name in ("user_status", "calls", "events"))
    days = status["window_start"].unique().sort()
    begins = days.cast(pl.Int64).to_numpy()
    assert status.height == table(world, "users").height * len(days)
    number = np.searchsorted(begins, calls["call_start_ts"].cast(pl.Int64).to_numpy(), side="right") - 1
    count = calls.select(user_id="caller_id", failed=pl.col("outcome") == "failed", window_start=days[number])
    count = count.group_by("user_id", "window_start").agg(made=pl.len(), lost=pl.col("failed").sum())
    both = status.join(count, on=["user_id", "window_start"], how="left")
    both = both.with_columns(pl.col("made", "lost").fill_null(0))
    assert both["calls"].equals(both["made"].cast(pl.Int32))
    assert both["failures"].equals(both["lost"].cast(pl.Int32))
    where = heard(world, status)
    for column, there in (("cell_id", "cell_there"), ("power_dbm", "power_there")):
        assert where.select(pl.col(column).eq_missing(pl.col(there)).mean()).item() > 0.999, (
            column
        )  # rounded to the metre
    live = live_at(events, [int(moment) + DAY_MS for moment in begins])
    found = [set(status.filter(window_start=each, state="LIVE")["user_id"]) for each in days]
    assert found == [each & set(status["user_id"]) for each in live]
    assert set(status["state"]) <= {"IDLE", "LIVE"}
    assert both.filter(pl.col("state") == "LIVE").height > 0 or len(days) < 5
    named = table(world, "truth").filter(level="call")["entity_id"]
    own = events.filter(~pl.col("session_id").is_in(named.implode()))  # some of the others are on phones in other hands
    seen = own.join(status, left_on="caller_id", right_on="user_id", suffix="_then")
    late_s = (pl.col("time_stamp") - pl.col("window_start")).dt.total_milliseconds() / 1000 - DAY_MS / 1000
    far = ((pl.col("x") - pl.col("x_then")) ** 2 + (pl.col("y") - pl.col("y_then")) ** 2).sqrt()
    seen = seen.filter(late_s.abs() < 60).select(off=far)
    assert (seen["off"] < MINUTE_M).all()
    checked = ["user_id", "window_start", "state", "x", "y", "cell_id", "power_dbm", "calls", "failures"]
    assert checked == USER_STATUS.arrow.names


def heard(world: Path, status: pl.DataFrame) -> pl.DataFrame:
    """Return the status with what the radio map says of the pixel that each user is in; not of who is on an edge."""
    coverage, edges = table(world, "coverage"), []
    for axis in ("x", "y"):
        middles = np.unique(coverage[axis].to_numpy())
        step = (middles[-1] - middles[0] + 1) / (len(middles) - 1)
        place = (status[axis].to_numpy() + 0.5) / step
        edges.append(np.minimum(place % 1, 1 - place % 1) * step < EDGE_M)
        number = pl.Series(np.clip(place.astype(np.int64), 0, len(middles) - 1))
        status = status.with_columns(number.alias(f"pixel_{axis}"))
        coverage = coverage.with_columns(pl.Series(np.searchsorted(middles, coverage[axis])).alias(f"pixel_{axis}"))
    keys = ["pixel_x", "pixel_y"]
    there = coverage.select(*keys, cell_there="cell_id", power_there="power_dbm")
    kept = status.filter(pl.Series(~(edges[0] | edges[1])))
    assert kept.height > 0.8 * status.height  # 0.88 where a pixel is 100 m wide, as in the demo
    return kept.join(there, on=keys, how="left")
