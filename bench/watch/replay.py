"""A world that is ready to be shown, and the parts by time in which a browser gets it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from bench.arrays import Array
from bench.scene import Scene
from bench.spans import DAY_MS, HOUR_MS, SECOND_MS
from bench.watch.activity import NOWHERE, Activity, Names, activity_of
from bench.watch.alerts import Alerts
from bench.watch.binary import packed
from bench.watch.scenery import scene_for
from bench.watch.spans import Spans
from bench.watch.tables import WorldTables
from bench.watch.windows import COUNTS, Windows, windows_of

LENGTHS_MS = (
    60 * SECOND_MS, 300 * SECOND_MS, 900 * SECOND_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS,
)  # fmt: skip
"""Possible lengths of a part."""
ROWS = 30_000
"""Most rows (calls, connections and failures) of a part, on average."""
STEPS = 4096
"""Most steps of the overview of the whole time."""
HISTORY = 60
"""Number of windows before a part whose status comes with it, for curves over time."""


class Opened(NamedTuple):
    """A world of which all tables are read."""

    tables: WorldTables
    names: Names
    activity: Activity
    windows: Windows
    scene: Scene
    positions: str
    """How well positions are known: `bench.watch.scenery.EXACT`, `ESTIMATED` or `UNKNOWN`."""


def opened(tables: WorldTables, generator: Any) -> Opened:
    """Read a world; `generator` has the settings of a generator of the same class as that which made it."""
    names = Names.of(tables)
    activity = activity_of(tables, names)
    scene, positions = scene_for(tables, names, activity, generator)
    activity = activity._replace(sightings=NOWHERE)  # large, and no longer needed
    return Opened(tables, names, activity, windows_of(tables, names), scene, positions)


@dataclass(frozen=True)
class Replay:
    """A world with the alerts of a detector."""

    world: Opened
    alerts: Alerts
    title: str

    @cached_property
    def length_ms(self) -> int:
        """Length of the world [ms]."""
        return self.world.tables.clock.end_ms - self.world.tables.clock.start_ms

    @cached_property
    def part_ms(self) -> int:
        """Length of a part [ms]: the longest with at most `ROWS` rows on average."""
        rows = sum(map(len, self.world.activity[:3]))
        fits = [each for each in LENGTHS_MS if rows * each <= ROWS * self.length_ms]
        return max(fits, default=LENGTHS_MS[0])

    @property
    def parts(self) -> int:
        """Number of parts."""
        return -(-self.length_ms // self.part_ms)

    def part(self, number: int) -> bytes:
        """Return everything that happens in a part, and what must be known of the time before it.

        Times are in ms since the beginning of the part.
        """
        low, width = number * self.part_ms, self.world.windows.width_ms
        high, activity = min(low + self.part_ms, self.length_ms), self.world.activity
        arrays = {
            **self._tracks(low, high),
            **_rows("connection", activity.connections, (low, high), low),
            **_rows("call", activity.calls, (low - width, high), low),
            **_rows("failure", activity.failures, (low - width, high), low),
            **self._windows(low, high),
        }
        return packed(arrays, {"number": number, "start": low, "end": high})

    def calls_of(self, user: int) -> bytes:
        """Return all calls that a user makes or gets, in order; times in seconds since the start of the world."""
        calls = self.world.activity.calls
        rows = np.flatnonzero((calls.columns["caller"] == user) | (calls.columns["callee"] == user))
        seconds = {name: (getattr(calls, name)[rows] / 1000).astype(np.float32) for name in ("begin", "end")}
        return packed({**seconds, **{name: column[rows] for name, column in calls.columns.items()}}, {"user": user})

    def _tracks(self, low: int, high: int) -> dict[str, Array]:
        tracks = self.world.scene.tracks(self._users, low, high)
        return {
            "track_first": tracks.first.astype(np.uint32),
            "track_time": _near(tracks.time_ms - low),
            "track_position": tracks.position_m.astype(np.float32).ravel(),
        }

    @cached_property
    def _users(self) -> list[str]:
        users: list[str] = self.world.names.user.to_pylist()
        return users

    def _windows(self, low: int, high: int) -> dict[str, Array]:
        windows = self.world.windows
        here = windows.known(low, high, HISTORY)
        counts = {f"window_{name}": windows.counts[name][here].ravel() for name in COUNTS}
        return {"window_end": _near(windows.end_ms[here] - low), "window_state": windows.state[here].ravel(), **counts}

    @cached_property
    def overview(self) -> bytes:
        """The whole time of the world in few steps: calls, Hellos and failed Hellos of each step."""
        steps = min(STEPS, max(1, self.length_ms // self.world.windows.slide_ms))
        edges = np.linspace(0, self.length_ms, steps + 1)
        calls = np.histogram(self.world.activity.calls.begin, edges)[0].astype(np.uint32)
        windows = self.world.windows
        step = np.clip(np.searchsorted(edges, windows.start_ms, side="right") - 1, 0, steps - 1)
        sums = {name: _sums(step, windows.counts, names, steps) for name, names in FIGURES.items()}
        return packed({"calls": calls, **sums}, {"steps": int(steps)})


FIGURES = {"hellos": ("hellos",), "failed": ("fails", "timeouts")}


def _sums(step: Array, counts: dict[str, Array], names: tuple[str, ...], steps: int) -> Array:
    total = sum(counts[name].sum(axis=1, dtype=np.float64) for name in names)
    return np.bincount(step, np.broadcast_to(total, step.shape), steps).astype(np.float32)


def _rows(name: str, spans: Spans, within: tuple[int, int], low: int) -> dict[str, Array]:
    """Return the rows of some spans within a part as columns of 8 or 32 bits."""
    rows = spans.within(*within)
    columns = {key: column[rows] for key, column in spans.columns.items()}
    return {
        f"{name}_begin": _near(spans.begin[rows] - low),
        f"{name}_end": _near(spans.end[rows] - low),
        **{f"{name}_{key}": _small(column) for key, column in columns.items()},
    }


def _small(column: Array) -> Array:
    return column if column.itemsize == 1 else column.astype(np.int32)


def _near(times_ms: Array) -> Array:
    """Return times as 32-bit integers; those that are farther than 24 days are moved nearer."""
    return np.clip(times_ms, -(2**31), 2**31 - 1).astype(np.int32)
