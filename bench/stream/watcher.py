"""Watch a stream: tower status in sliding windows, alerts, and aggregates of calls, with a watermark.

The watermark follows the latest event time by `lateness_s`. A window is closed when the watermark reaches its end; an
event that arrives for a closed window is not counted there, but counted as late. The result depends on the order of the
messages only, not on how they are divided into chunks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from bench.arrays import Array, BoolArray, IntArray
from bench.dataset import Clock
from bench.faults import UserError
from bench.stream import aggregates
from bench.stream.chunk import Chunk, moments_ms
from bench.stream.figures import (
    COUNTS,
    TowerHistory,
    counted,
    failure_shares,
    window_figures,
    window_frame,
    window_times,
)
from bench.stream.messages import CALL, END, EVENT
from bench.stream.stream_settings import WatchSettings

AT_ONCE = 256
"""Most windows that are closed at a time."""
BEFORE = -(2**62)
"""Watermark before the first message [ms]."""


@dataclass
class Closed:
    """What a chunk of messages has closed: windows of towers, and aggregates of calls."""

    windows: list[pl.DataFrame] = field(default_factory=list)
    aggregates: list[pl.DataFrame] = field(default_factory=list)


class Watcher:
    """Takes the messages of a stream in order."""

    def __init__(self, settings: WatchSettings, start: pl.DataFrame) -> None:
        self._lateness_ms = round(1000 * settings.lateness_s)
        self._latest_ms = BEFORE
        clock, self.towers = clock_of(start), start["towers"][0].to_list()
        self._windows = _Windows(settings, clock, self.towers)
        self._calls = _Calls(clock)

    @property
    def late(self) -> int:
        """Number of events and calls that came too late for at least one window, hour or day."""
        return self._windows.late + self._calls.late

    def take(self, chunk: Chunk) -> Closed:
        """Count the next messages; return what they close. The last message closes everything."""
        closed = Closed()
        before = self._watermarks(chunk)
        after = np.append(before[1:], self._latest_ms - self._lateness_ms)
        closed.windows += self._windows.take(chunk, before, after)
        self._calls.take(chunk, before)
        ended = END in chunk.frames
        if ended:
            closed.windows += self._windows.close_all()
        closed.aggregates += self._calls.close(None if ended else int(after[-1]))
        return closed

    def _watermarks(self, chunk: Chunk) -> IntArray:
        """Return the watermark before each message."""
        moments = np.empty(chunk.size, np.int64)
        for frame in chunk.frames.values():
            moments[frame["sequence"].to_numpy() - chunk.first] = moments_ms(frame["event_time"])
        latest = np.maximum.accumulate(np.append(self._latest_ms, moments))
        self._latest_ms = int(latest[-1])
        return np.asarray(latest[:-1] - self._lateness_ms)


def clock_of(start: pl.DataFrame) -> Clock:
    """Return the time base that the first message of a stream names."""
    begins, ends = (int(moments_ms(start[name])[0]) for name in ("event_time", "ends_at"))
    changes = tuple((int(moment), int(offset)) for moment, offset in start["clock_changes"][0].to_list())
    return Clock(begins, ends, start["time_zone"][0], int(start["utc_offset_s"][0]), changes)


@dataclass
class _Events:
    """Events of a tower in a chunk, in order of arrival."""

    place: IntArray
    """Position in the chunk."""
    tower: IntArray
    time_ms: IntArray
    counts: IntArray
    """Shape (events, COUNTS)."""

    def chosen(self, rows: BoolArray) -> "_Events":
        return _Events(self.place[rows], self.tower[rows], self.time_ms[rows], self.counts[rows])


class _Windows:
    """Counts events in the open windows of all towers."""

    def __init__(self, settings: WatchSettings, clock: Clock, towers: list[str]) -> None:
        self._settings = settings
        self._times = window_times(settings, clock.start_ms, clock.end_ms)
        self._towers = towers
        self._number = dict(zip(towers, range(len(towers)), strict=True))
        self._history = TowerHistory(settings, len(towers))
        self._first = 0
        """The first window that is open."""
        self._counts = np.zeros((0, len(towers), len(COUNTS)), np.int64)
        """Shape (windows from the first open one on, towers, COUNTS)."""
        self._waiting: list[Array] = []
        """Events whose first window is open: tower, time [ms] and that window; shape (3, events)."""
        self.late = 0

    def take(self, chunk: Chunk, before: IntArray, after: IntArray) -> Iterator[pl.DataFrame]:
        """Count the events of a chunk; yield the windows that are closed, given the watermarks around each message."""
        events = self._events(chunk)
        closed_before, closed_after = self._times.closed_at(before), self._times.closed_at(after)
        low = 0
        while low < chunk.size:
            high = int(np.searchsorted(closed_after, max(self._first, int(closed_before[low])) + AT_ONCE, side="right"))
            if high <= low:  # one message closes many windows, and lies in none of them
                high = low + 1
                yield from self._close(int(closed_after[low]))
            if events is not None:
                inside = (events.place >= low) & (events.place < high)
                self._add(events.chosen(inside), closed_before)
            yield from self._close(int(closed_after[high - 1]))
            low = high

    def close_all(self) -> Iterator[pl.DataFrame]:
        """Yield all windows that are still open."""
        yield from self._close(self._times.many)

    def _events(self, chunk: Chunk) -> _Events | None:
        frame = chunk.frames.get(EVENT)
        if frame is None:
            return None
        frame = frame.filter(pl.col("tower_id").is_not_null())
        unknown = set(frame["tower_id"].unique()) - self._number.keys()
        if unknown:
            raise UserError(f"message {chunk.first}: no tower {min(unknown)} in the first message of the stream")
        tower = frame["tower_id"].replace_strict(self._number, default=None, return_dtype=pl.Int64)
        return _Events(
            frame["sequence"].to_numpy() - chunk.first,
            tower.to_numpy(),
            moments_ms(frame["event_time"]),
            counted(frame).to_numpy(),
        )

    def _add(self, events: _Events, closed_before: IntArray) -> None:
        """Count events in those of their windows that are open when they arrive."""
        last = self._times.last_of(events.time_ms)
        first = np.maximum(last - self._times.width + 1, 0)
        open_from = closed_before[events.place]
        self.late += int(((open_from > first) & (first < self._times.many) & (last >= 0)).sum())
        self._extend(int(last.max(initial=-1)) + 1)
        for back in range(self._times.width):
            window = last - back
            into = (window >= np.maximum(open_from, 0)) & (window < self._times.many)
            np.add.at(self._counts, (window[into] - self._first, events.tower[into]), events.counts[into])
        timely = (open_from <= first) & (last >= 0) & (first < self._times.many)
        self._waiting.append(np.stack([events.tower, events.time_ms, first])[:, timely])

    def _extend(self, end: int) -> None:
        """Make room for the windows before `end`."""
        more = min(end, self._times.many) - self._first - len(self._counts)
        if more > 0:
            self._counts = np.concatenate([self._counts, np.zeros((more, *self._counts.shape[1:]), np.int64)])

    def _close(self, end: int) -> Iterator[pl.DataFrame]:
        """Yield the windows before `end` and forget them."""
        while self._first < end:
            many = min(end - self._first, AT_ONCE)
            self._extend(self._first + many)
            yield self._figures(self._counts[:many], self._leaving(self._first + many))
            self._counts = self._counts[many:]
            self._first += many

    def _leaving(self, end: int) -> tuple[IntArray, IntArray, IntArray]:
        """Take the waiting events whose first window is before `end`; in order of time."""
        events = np.concatenate([np.zeros((3, 0), np.int64), *self._waiting], axis=1)
        go = events[2] < end
        self._waiting = [events[:, ~go]]
        found = events[:, go]
        found = found[:, np.argsort(found[1], kind="stable")]
        return found[0], found[1], found[2] - self._first

    def _figures(self, counts: IntArray, events: tuple[IntArray, IntArray, IntArray]) -> pl.DataFrame:
        ends = self._times.begins_ms(self._first + np.arange(len(counts))) + self._times.window_ms
        past = self._history.deviations(failure_shares(counts)), self._history.silences(events, ends)
        return window_frame(window_figures(self._times, self._first, counts, past, self._settings), self._towers)


class _Calls:
    """Sums the calls of the open hours and days."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: list[pl.DataFrame] = []
        self.late = 0

    def take(self, chunk: Chunk, before: IntArray) -> None:
        """Add the calls of a chunk to the hours and days that are open, given the watermark before each message."""
        frame = chunk.frames.get(CALL)
        if frame is None:
            return
        mark = pl.Series("mark", before[frame["sequence"].to_numpy() - chunk.first])
        late = set[int]()
        for calls in aggregates.spread(frame.with_columns(mark), self._clock):
            timely = calls["ends_ms"] > calls["mark"]
            late |= set(calls["sequence"].filter(~timely))
            self._open.append(aggregates.summed(calls.filter(timely)))
        self.late += len(late)

    def close(self, watermark_ms: int | None) -> Iterator[pl.DataFrame]:
        """Yield the aggregates of hours and days that end at the watermark or before; None: of all."""
        if not self._open:
            return
        sums = aggregates.merged(self._open)
        over = pl.lit(value=True) if watermark_ms is None else pl.col("ends_ms") <= watermark_ms
        self._open = [sums.filter(~over)]
        if (closed := sums.filter(over)).height:
            yield aggregates.figures(closed, self._clock)
