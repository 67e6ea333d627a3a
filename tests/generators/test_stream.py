"""A simulated network as a stream: the windows of the watcher are those of the table of tower status."""

import json
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from small_worlds import make_settings, table

from bench.generator import silent
from bench.stream import batch
from bench.stream.stream_settings import KINDS, WatchSettings
from bench.stream.watcher import Watcher
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place
from bench.worlds.store import find_or_make, world_of

SHARED = ["window_start", "tower_id", "state", "hellos", "fails", "timeouts", "drops", "sessions", "failure_share"]
SUMS = ["hellos", "fails", "timeouts", "drops", "sessions"]


def stored(folder: Path, *settings: str) -> Path:
    return find_or_make(world_of(*make_settings(*settings)), folder, 2, silent).folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("demo"), "generator=demo_2016", "generator.num_users=40", "anomaly=[]")


def watched(world: Path, settings: WatchSettings) -> pl.DataFrame:
    windows, found = [], None
    for chunk in WorldStream(Place.stored(world), KINDS).chunks():
        found = found or Watcher(settings, chunk.frames["start"])
        windows += found.take(chunk).windows
    return pl.concat(windows)


def test_the_windows_of_the_demo_are_those_of_its_table(demo: Path) -> None:
    """With the settings of the demo, 21 s by 7 s, and one cell a tower."""
    windows, status = watched(demo, WatchSettings()), table(demo, "tower_status")
    order = ["window_start", "tower_id"]
    ours, theirs = (frame.select(SHARED).with_columns(pl.col(SUMS).cast(pl.Int64)) for frame in (windows, status))
    assert windows["hellos"].sum() > 1000
    assert_frame_equal(ours.sort(order), theirs.sort(order), check_exact=True)
    assert_frame_equal(windows, batch.tower_windows(demo), check_exact=True)


def test_the_demos_towers_break_on_time(demo: Path) -> None:
    """Tower 0 breaks at 180 s and tower 5 at 300 s; tower 1 is broken."""
    windows = watched(demo, WatchSettings()).filter(pl.col("hellos") > 0)
    start = windows["window_start"].min()
    for tower, broken_s in (("tower_000", 180), ("tower_001", 0), ("tower_005", 300)):
        after = pl.col("window_start") >= start + pl.duration(seconds=broken_s)
        mine = windows.filter(pl.col("tower_id") == tower)
        assert set(mine.filter(after)["state"]) == {"BLACK"}
        assert mine.filter(after)["failing"].all()
        assert broken_s == 0 or "GREEN" in set(mine.filter(~after)["state"])


def test_windows_of_towers_are_those_of_their_cells_together(tmp_path: Path) -> None:
    """In the default network, with three cells a tower; quarter hours."""
    small = ("generator.num_users=60", "generator.num_towers=4", "generator.days=1", "generator.anomaly_ratio=0")
    world = stored(tmp_path, *small, "anomaly=[]")
    windows = watched(world, WatchSettings(window_s=900, slide_s=900))
    sums = table(world, "tower_status").group_by("window_start", "tower_id").agg(pl.col(SUMS).sum().cast(pl.Int64))
    order = ["window_start", "tower_id"]
    assert sums["sessions"].sum() > 50
    assert_frame_equal(windows.select(*order, *SUMS).sort(order), sums.select(*order, *SUMS).sort(order))


def test_no_message_has_a_label(tmp_path: Path) -> None:
    small = ("generator.num_users=300", "generator.num_towers=4", "generator.days=3", "generator/network=none")
    world = stored(tmp_path, *small, "anomaly=[short_call]")
    lines = [line for chunk in WorldStream(Place.stored(world), KINDS).chunks() for line in chunk.lines]
    assert table(world, "truth").height > 0
    assert not any(word in line for line in lines for word in (b"anomal", b"incident", b"short_call", b"direct"))
    assert len(lines) == table(world, "calls").height + 2
    assert {json.loads(line)["type"] for line in lines} == {"start", "call", "end"}
