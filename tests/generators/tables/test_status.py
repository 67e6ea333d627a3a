"""The status of towers and users, counted once more from the events; and when messages arrive."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_worlds import SMALL, make_settings, make_world, table

from bench.faults import faults_of

World_ = tuple[Path, dict[str, Any]]
LAW_ABIDING = (*SMALL, "generator.anomaly_ratio=0", "generator.num_users=60", "generator.days=2")


@pytest.fixture(scope="module")
def events(clean_world: World_) -> pl.DataFrame:
    return table(clean_world[0], "events")


def test_the_status_of_towers_adds_up(clean_world: World_, events: pl.DataFrame) -> None:
    status = table(clean_world[0], "tower_status")
    assert status.height == clean_world[1]["cells"] * 28 * 96
    inside = events.filter(pl.col("time_stamp") < status["window_start"].max() + pl.duration(minutes=15))
    causes = inside["cause"].value_counts().to_dict(as_series=False)
    count = dict(zip(causes["cause"], causes["count"], strict=True))
    assert status["drops"].sum() == count["drop"]
    assert status["timeouts"].sum() == count["timeout"]
    assert status["fails"].sum() == count["setup"] + count["blocked"]
    assert status["sessions"].sum() == inside["state"].is_in(["CONNECT", "RECONNECT"]).sum()
    assert status["handovers_in"].sum() == status["handovers_out"].sum() > 0
    held_h = inside["previous_connection_duration"].sum() / 3600
    assert status["traffic_erlang"].sum() / 4 == pytest.approx(held_h, rel=0.01)
    silent = status.filter(hellos=0)
    assert set(silent["state"]) == {"NO_DATA"}
    assert "NO_DATA" not in set(status.filter(pl.col("hellos") > 0)["state"])


def test_the_status_of_users_adds_up(clean_world: World_) -> None:
    status, calls = table(clean_world[0], "user_status"), table(clean_world[0], "calls")
    assert status.height == 2000 * 28
    assert status["calls"].sum() == calls.height
    assert status["failures"].sum() == (calls["outcome"] == "failed").sum()
    assert status["cell_id"].null_count() / status.height < 0.01


def connections(events: pl.DataFrame) -> pl.DataFrame:
    """Return when each connection began and ended, and in which cell."""
    held = events.filter(pl.col("state").is_in(["CONNECT", "RECONNECT", "END"]) | (pl.col("cause") == "drop"))
    following = pl.col("time_stamp").shift(-1).over("session_id")
    return held.with_columns(until=following).filter(pl.col("state").is_in(["CONNECT", "RECONNECT"]))


def test_sliding_windows_hold_what_happened_in_them(demo: Path) -> None:
    """A hundred windows of the demo, each counted by itself."""
    status, events = table(demo, "tower_status"), table(demo, "events")
    asking = (pl.col("state").shift() == "FAIL").over("session_id")
    events = events.with_columns(stranded=(pl.col("cause") == "drop") & asking)
    starts = status["window_start"].unique().sort()
    assert set(starts.diff().drop_nulls().dt.total_seconds()) == {7}
    assert starts[-1] + timedelta(seconds=21) <= starts[0] + timedelta(days=2) < starts[-1] + timedelta(seconds=28)
    held = connections(events)
    chosen = status.filter(pl.col("window_start") >= starts[0] + timedelta(hours=6)).sample(100, seed=1)
    for row in chosen.iter_rows(named=True):
        begin, end = row["window_start"], row["window_start"] + timedelta(seconds=21)
        inside = events.filter(pl.col("time_stamp") >= begin, pl.col("time_stamp") < end)
        here = inside.filter(cell_id=row["cell_id"])
        asked = here.filter((pl.col("state") != "END") & (pl.col("cause") != "drop"))
        live = held.filter(pl.col("time_stamp") < end, pl.col("until") >= begin, cell_id=row["cell_id"])
        within = live.select(pl.min_horizontal("until", pl.lit(end)) - pl.max_horizontal("time_stamp", pl.lit(begin)))
        assert row["hellos"] == asked.height
        assert row["timeouts"] == (asked["cause"] == "timeout").sum()
        assert row["fails"] == (asked["cause"] == "setup").sum()
        assert row["live_sessions"] == (live["until"] >= end).sum()
        seconds = within.to_series().dt.total_milliseconds().sum() / 1000
        assert row["traffic_erlang"] == pytest.approx(seconds / 21, abs=1e-9)
        moved = pl.col("previous_tower_id").is_not_null() & (pl.col("previous_tower_id") != pl.col("tower_id"))
        out = inside.filter(moved, previous_tower_id=row["tower_id"]).height
        tried = out + here["stranded"].sum()
        assert row["handovers_out"] == out
        assert row["handover_success"] == (pytest.approx(out / tried) if tried else None)


def test_windows_that_slide_tell_the_same_as_those_that_do_not(tmp_path: Path) -> None:
    """Bins of half an hour, and every second of those that slide by a quarter."""
    bins, slides = "generator.network.status.window_s=1800", "generator.network.status.slide_s="
    make_world(tmp_path / "bins", *LAW_ABIDING, bins, slides + "1800")
    make_world(tmp_path / "slides", *LAW_ABIDING, bins, slides + "900")
    fixed, sliding = (table(tmp_path / name, "tower_status") for name in ("bins", "slides"))
    assert sliding.height == fixed.height // 96 * (2 * 96 - 1)
    assert sliding.join(fixed, on="window_start", how="semi").equals(fixed)


def test_a_window_must_be_some_slides_long() -> None:
    settings, _ = make_settings("generator.network.status.slide_s=7")
    messages = [str(fault) for fault in faults_of(settings, "generator")]
    assert messages == ["generator.network.status.window_s must be a multiple of slide_s (7), got 900"]


def test_messages_arrive_after_they_were_sent_and_overtake_each_other(events: pl.DataFrame) -> None:
    late = (events["received_at"] - events["time_stamp"]).dt.total_milliseconds().to_numpy()
    assert late.min() >= 50
    assert late.mean() == pytest.approx(200, rel=0.03)
    assert np.std(late) == pytest.approx(150, rel=0.05)
    assert not events.select((pl.col("received_at").diff() >= timedelta()).over("session_id").all()).to_series().all()


def test_the_clock_of_a_phone_moves_its_events_and_nothing_else(tmp_path: Path) -> None:
    make_world(tmp_path / "right", *LAW_ABIDING)
    make_world(tmp_path / "wrong", *LAW_ABIDING, "generator.network.arrival.clock_skew_ms=5000")
    right, wrong = (table(tmp_path / name, "events") for name in ("right", "wrong"))
    stamps = ["time_stamp", "call_start"]
    assert right.drop(stamps).equals(wrong.drop(stamps))
    assert table(tmp_path / "right", "calls").equals(table(tmp_path / "wrong", "calls"))
    off = right.select("caller_id", *((wrong[name] - right[name]).alias(name) for name in stamps))
    assert (off["time_stamp"] == off["call_start"]).all()
    by_phone = off.group_by("caller_id").agg(
        pl.col("time_stamp").n_unique().alias("values"), pl.col("time_stamp").first()
    )
    assert set(by_phone["values"]) == {1}
    assert by_phone["time_stamp"].dt.total_milliseconds().std() == pytest.approx(5000, rel=0.3)
