"""The figures of the watcher from whole tables, without a stream: windows of tower status, and aggregates of calls."""

from pathlib import Path

import numpy as np
import polars as pl

from bench.arrays import IntArray
from bench.dataset import Clock
from bench.faults import UserError
from bench.stream import aggregates
from bench.stream.figures import (
    COUNTS,
    TowerHistory,
    WindowTimes,
    counted,
    failure_shares,
    window_figures,
    window_frame,
    window_times,
)
from bench.stream.stream_settings import WatchSettings
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place


def tower_windows(folder: str | Path, settings: WatchSettings | None = None) -> pl.DataFrame:
    """Return the status of each tower in sliding windows, from the events of a world or of an exported one.

    Raises
    ------
    UserError
        When the folder is no world.
    """
    stream, settings = WorldStream(_place(folder), []), settings or WatchSettings()
    events = pl.read_parquet(stream.place.table("events")).with_columns(pl.col(pl.Categorical).cast(pl.String))
    return windows_of(events.rename({"time_stamp": "event_time"}), stream.clock, stream.towers, settings)


def call_aggregates(folder: str | Path) -> pl.DataFrame:
    """Return the calls of each caller and tower by hour and day, from the calls of a world or of an exported one.

    Raises
    ------
    UserError
        When the folder is no world.
    """
    stream = WorldStream(_place(folder), [])
    calls = pl.read_parquet(stream.place.table("calls")).with_columns(pl.col(pl.Categorical).cast(pl.String))
    return aggregates_of(stream.with_sites(calls), stream.clock)


def windows_of(events: pl.DataFrame, clock: Clock, towers: list[str], settings: WatchSettings) -> pl.DataFrame:
    """Return the status of towers from events with an `event_time`."""
    times = window_times(settings, clock.start_ms, clock.end_ms)
    events = events.filter(pl.col("tower_id").is_not_null())
    number = pl.Series(towers, dtype=pl.String).to_frame("tower_id").with_row_index("tower")
    found = events.select("tower_id", time_ms=pl.col("event_time").cast(pl.Int64)).join(
        number, on="tower_id", how="left", maintain_order="left"
    )
    moments, tower = found["time_ms"].to_numpy(), found["tower"].to_numpy().astype(np.int64)
    counts = _counts(tower, times.last_of(moments), counted(events), (times, len(towers)))
    return figures_of(times, counts, _in_time(tower, moments, times), (towers, settings))


def figures_of(
    times: WindowTimes,
    counts: IntArray,
    events: tuple[IntArray, IntArray, IntArray],
    about: tuple[list[str], WatchSettings],
) -> pl.DataFrame:
    """Return the status of towers in all windows.

    Parameters
    ----------
    times
        The windows.
    counts
        Shape (windows, towers, COUNTS).
    events
        Tower, time [ms] and first window of each event that lies in a window, in order of time.
    about
        Names of the towers, and limits.
    """
    towers, settings = about
    history = TowerHistory(settings, len(towers))
    ends = times.begins_ms(np.arange(times.many)) + times.window_ms
    past = history.deviations(failure_shares(counts)), history.silences(events, ends)
    return window_frame(window_figures(times, 0, counts, past, settings), towers)


def aggregates_of(calls: pl.DataFrame, clock: Clock) -> pl.DataFrame:
    """Return the aggregates of calls with a `tower_id` and an `event_time`."""
    parts = [aggregates.summed(each) for each in aggregates.spread(calls, clock)]
    return aggregates.figures(pl.concat(parts), clock)


def _counts(tower: IntArray, last: IntArray, counts: pl.DataFrame, shape: tuple[WindowTimes, int]) -> IntArray:
    """Sum what events count for over towers and windows, shape (windows, towers, COUNTS)."""
    times, towers = shape
    rows = counts.with_columns(pl.Series("tower", tower), pl.Series("last", last))
    back = pl.DataFrame({"back": np.arange(times.width)})
    rows = rows.join(back, how="cross").with_columns(window=pl.col("last") - pl.col("back"))
    rows = rows.filter((pl.col("window") >= 0) & (pl.col("window") < times.many))
    sums = rows.group_by("window", "tower").agg(pl.col(COUNTS).sum())
    found = np.zeros((times.many, towers, len(COUNTS)), np.int64)
    found[sums["window"].to_numpy(), sums["tower"].to_numpy()] = sums.select(COUNTS).to_numpy()
    return found


def _in_time(tower: IntArray, moments: IntArray, times: WindowTimes) -> tuple[IntArray, IntArray, IntArray]:
    """Return the events that lie in a window, in order of time, with the first window of each."""
    first = np.maximum(times.last_of(moments) - times.width + 1, 0)
    inside = np.flatnonzero((moments >= times.start_ms) & (first < times.many))
    order = inside[np.argsort(moments[inside], kind="stable")]
    return tower[order], moments[order], first[order]


def _place(folder: str | Path) -> Place:
    place = Place.of(Path(folder))
    if place is None:
        raise UserError(f"{folder} is not a world, nor the export of one")
    return place
