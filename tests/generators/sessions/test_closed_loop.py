"""The demo's closed loop: nobody plans a call, each follows the one before after a wait; and its network's figures."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_worlds import make_settings, make_world, table

from bench.faults import faults_of
from generators.radio.towers import make_towers

LOOP = "generator.activity.loop=closed"
FEW = ("generator.num_users=40", "generator.days=3", "generator.anomaly_ratio=0", LOOP)


@pytest.fixture(scope="module")
def waits(demo: Path) -> pl.DataFrame:
    """Every call of the demo, with how long its caller had been free."""
    events = table(demo, "events").group_by("session_id", maintain_order=True)
    calls = events.agg(pl.col("caller_id", "call_start").first(), over=pl.col("time_stamp").last())
    free = pl.col("over").shift().over("caller_id")
    return calls.sort("call_start").with_columns(wait=(pl.col("call_start") - free).dt.total_milliseconds() / 1000)


def test_a_call_follows_15_to_65_s_after_the_last(waits: pl.DataFrame) -> None:
    wait = waits["wait"].drop_nulls().to_numpy()
    assert wait.min() >= 15
    assert wait.max() <= 65
    assert np.histogram(wait, bins=10)[0] / len(wait) == pytest.approx(np.full(10, 0.1), abs=0.005)


def test_first_calls_come_15_to_65_s_after_the_start(waits: pl.DataFrame, demo: Path) -> None:
    first = waits.group_by("caller_id").agg(pl.col("call_start").min())
    start = table(demo, "tower_status")["window_start"].min()
    seconds = (first["call_start"] - start).dt.total_milliseconds().to_numpy() / 1000
    assert len(seconds) == 100
    assert 15 <= seconds.min() < 20
    assert 60 < seconds.max() <= 65


def test_the_loop_goes_on_over_midnight_and_without_a_network(tmp_path: Path) -> None:
    wait = "generator.activity.wait_s=[3600,7200]"
    make_world(tmp_path / "w", *FEW, wait, "generator/network=none", "generator.subscriptions.joining_per_month=0.5")
    calls = table(tmp_path / "w", "calls").sort("call_start_ts")
    gap = (pl.col("call_start_ts") - pl.col("call_end_ts").shift().over("caller_id")).dt.total_seconds()
    gaps = calls.select(gap.alias("gap")).drop_nulls()["gap"]
    assert 3598 <= gaps.min() < gaps.max() <= 7202
    nights = calls.group_by("caller_id").agg(pl.col("call_start_ts").dt.day().n_unique())
    assert nights["call_start_ts"].median() == 3


def test_what_a_closed_loop_cannot_have_is_reported() -> None:
    settings, _ = make_settings(LOOP, "generator.activity.wait_s=[0,3]")
    messages = [str(fault) for fault in faults_of(settings, "generator")]
    assert len(messages) == 3
    assert messages[0].startswith("generator.activity.wait_s must be [least, longest] with 1 <= least")
    assert messages[1].startswith("generator.anomaly_ratio must be 0 where generator.activity.loop is closed")
    assert messages[2].startswith(
        "generator.network.towers.congestion must be false where generator.activity.loop is cl"
    )


def test_the_demos_towers_stand_in_rows_of_three_a_quarter_of_the_square_apart() -> None:
    for seed in range(5):
        metres = make_towers(make_settings("generator=demo_2016", f"generator.seed={seed}")[0]).metres
        east, north = metres[:, 0].reshape(2, 3), metres[:, 1].reshape(2, 3)
        assert np.abs(np.diff(east, axis=1) - 5000).max() <= 1000
        assert np.abs(np.diff(north, axis=1)).max() <= 1000
        assert abs(north[1, 0] - north[0, 0] - 5000) <= 1000
        assert abs(east[1, 0] - east[0, 0]) <= 1000
        assert abs(metres[0] - 5000).max() <= 1000


def test_the_demo_has_its_published_figures() -> None:
    settings, _ = make_settings("generator=demo_2016")
    net, user = settings.network, settings.user_types["phone"]
    assert (settings.num_users, settings.num_towers, settings.activity.wait_s) == (100, 6, [15, 65])
    assert (user.durations.family, user.durations.centres_s) == ("exponential", [15])
    assert 10 ** (net.sites.eirp_dbm / 10) / 1000 == pytest.approx(24, abs=0.02)  # W
    assert (net.propagation.reference_m, net.propagation.threshold_dbm, net.propagation.candidates) == (1, -27.5, 10)
    assert (net.phones.heartbeat_min_s, net.phones.heartbeat_spread_s, net.phones.timeout_ms) == (3, 10, 4000)
    assert (net.towers.refuses, net.towers.ignores) == (0.15, 0.05)
    assert [(f.tower, f.from_s) for f in net.towers.broken] == [(0, 180), (1, 0), (5, 300)]
    assert (net.mobility.kind, net.mobility.waypoint_m, net.mobility.waypoint_s) == ("waypoint", 1000, 10_000)
    assert (net.status.window_s, net.status.slide_s) == (21, 7)
