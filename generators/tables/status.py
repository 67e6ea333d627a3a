"""The tables `tower_status` (counts of each cell in time windows) and `user_status` (state of each user by day)."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import TOWER_STATUS, USER_STATUS
from bench.tower_states import TOWER_STATES, state_codes
from generators.mobility.itinerary import positions
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.model.events import CONNECT, DROP, END, FAIL, RECONNECT, TIMEOUT
from generators.model.outcome import FAILED
from generators.model.records import Records
from generators.radio.coverage import pixels_at
from generators.sessions.network import Network
from generators.settings.network import StatusSettings
from generators.tables.columns import coded, moments, rows_of
from generators.tables.names import Names

ATTEMPTS, SETUPS, HELLOS, FAILS, TIMEOUTS, DROPS, BEGUN, ENDED, INTO, OUT_OF, STRANDED, HELD, TRAFFIC, LIVE = range(14)
"""Counters of a cell and window, in the order of the columns of `tower_status`."""


@dataclass
class TowerStatus:
    """Counts the events of each cell in time slices, and sums them over windows of several slices.

    A window is written with the day in which it ends; one that would end after the world is not written.
    """

    names: Names
    epoch_ms: int
    site: Any
    """Shape (C,), int32: site of each cell."""
    settings: StatusSettings
    _counts: Any = field(init=False)
    """Shape (C, slices, 14), int64: counts from the first slice of the next window on; calls may continue into the next
    day."""
    _next: int = 0
    """Number of the next window to write."""

    def __post_init__(self) -> None:
        self._slice_ms = self.settings.slide_s * 1000
        self._width = self.settings.window_s // self.settings.slide_s
        slices = 2 * DAY_MS // self._slice_ms + self._width + 1
        self._counts = np.zeros((len(self.site), slices, LIVE + 1), np.int64)

    def rows(self, day: int, events: Any, records: Records) -> pa.Table:
        """Add the events of the calls that began on a day, and return the windows that end on it."""
        call = np.repeat(np.arange(len(records.key)), records.events)
        count_events(events, call, (self._next * self._slice_ms, self._slice_ms), self._counts)
        end = max((day + 1) * DAY_MS // self._slice_ms - self._width + 1, self._next)
        many = end - self._next
        counts = self._windows(many)
        table = self._table(self._next, counts)
        self._counts[:, : self._counts.shape[1] - many] = self._counts[:, many:].copy()
        self._counts[:, self._counts.shape[1] - many :] = 0
        self._next = end
        return table

    def _windows(self, many: int) -> Any:
        """Return the counts of the next windows; shape (C, many, 14)."""
        counts = self._counts[:, :many].copy()
        for later in range(1, self._width):
            counts[:, :, :LIVE] += self._counts[:, later : later + many, :LIVE]
        counts[:, :, LIVE] = self._counts[:, self._width - 1 : self._width - 1 + many, LIVE]
        return counts

    def _table(self, first: int, counts: Any) -> pa.Table:
        cells, windows = counts.shape[:2]
        window, cell = (axis.T.ravel() for axis in np.meshgrid(np.arange(windows), np.arange(cells)))
        of = counts[cell, window]
        failed, tried = of[:, FAILS] + of[:, TIMEOUTS], of[:, OUT_OF] + of[:, STRANDED]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = failed / of[:, HELLOS]
            setup = of[:, SETUPS] / of[:, ATTEMPTS]
            mean_s = of[:, HELD] / of[:, ENDED] / 1000
            handed = of[:, OUT_OF] / tried
        state = state_codes(failed, of[:, HELLOS])
        begins = self.epoch_ms + (first + window) * self._slice_ms
        counted = {
            "sessions": BEGUN,
            "live_sessions": LIVE,
            "hellos": HELLOS,
            "fails": FAILS,
            "timeouts": TIMEOUTS,
            "drops": DROPS,
            "handovers_in": INTO,
            "handovers_out": OUT_OF,
            "setup_attempts": ATTEMPTS,
        }
        columns = {
            "cell_id": coded(cell.astype(np.int32), self.names.cell),
            "tower_id": coded(self.site[cell].astype(np.int32), self.names.tower),
            "window_start": moments(begins),
            "state": coded(state.astype(np.int32), pa.array(TOWER_STATES)),
            "failure_share": pa.array(share, mask=of[:, HELLOS] == 0),
            "mean_session_s": pa.array(mean_s, mask=of[:, ENDED] == 0),
            "handover_success": pa.array(handed, mask=tried == 0),
            "setup_success": pa.array(setup, mask=of[:, ATTEMPTS] == 0),
            "traffic_erlang": pa.array(of[:, TRAFFIC] / (self._width * self._slice_ms)),
            **{name: pa.array(of[:, count].astype(np.int32)) for name, count in counted.items()},
        }
        return rows_of(TOWER_STATUS, columns)


@kernel
def count_events(events: Any, call: Any, clock: tuple[int, int], counts: Any) -> None:
    """Add events to the counts of their time slices.

    Parameters
    ----------
    events
        Those of a call follow each other.
    call
        Shape (events,): which call each belongs to.
    clock
        When the first slice begins, and how long one is [ms].
    counts
        Shape (C, slices, 14): added to.
    """
    asked, asked_in, asking = -1, 0, False
    for i in range(call.shape[0]):
        cell, state, cause = events[i].cell, events[i].state, events[i].cause
        window = _slice(events[i].time_ms, clock, counts)
        if i == 0 or call[i] != call[i - 1]:
            asked, asked_in, asking = cell, window, False
            if cell >= 0:
                counts[cell, window, ATTEMPTS] += 1
        if cell < 0:
            continue
        here = counts[cell, window]
        if state == CONNECT:
            counts[asked, asked_in, SETUPS] += 1
        over = state == END or cause == DROP
        here[DROPS] += cause == DROP
        here[STRANDED] += cause == DROP and asking
        here[HELLOS] += not over
        here[TIMEOUTS] += cause == TIMEOUT
        here[FAILS] += state == FAIL and cause not in (DROP, TIMEOUT)
        here[BEGUN] += state in (CONNECT, RECONNECT)
        asking = state == FAIL
        if over:
            _hold(cell, (events[i].time_ms, events[i].held_ms), clock, counts)
        elif state == RECONNECT:
            before = events[i].previous
            _hold(before, (events[i].time_ms, events[i].held_ms), clock, counts)
            here[INTO] += before != cell
            counts[before, window, OUT_OF] += before != cell


@kernel
def _slice(moment: int, clock: tuple[int, int], counts: Any) -> int:
    return int(min(max((moment - clock[0]) // clock[1], 0), counts.shape[1] - 1))


@kernel
def _hold(cell: int, span: tuple[int, int], clock: tuple[int, int], counts: Any) -> None:
    """Count a connection: its end in its last slice, and its duration in each slice."""
    end, held = span
    last = _slice(end, clock, counts)
    counts[cell, last, ENDED] += 1
    counts[cell, last, HELD] += held
    for here in range(_slice(end - held, clock, counts), last + 1):
        begins = clock[0] + here * clock[1]
        counts[cell, here, TRAFFIC] += max(min(end, begins + clock[1]) - max(end - held, begins), 0)
        counts[cell, here, LIVE] += here < last


@dataclass
class UserStatus:
    """Gives the state of every user at the end of each day, and the results of its calls."""

    names: Names
    epoch_ms: int
    network: Network
    users: Any
    """Shape (n,), int: users who have a subscription in this world."""
    _running: Any = field(default_factory=lambda: np.empty((3, 0), np.int64))
    """Calls in progress at the end of the last day: caller, connection and end [ms]."""

    def rows(self, day: int, records: Records) -> pa.Table:
        """Return a day as rows of the schema."""
        who, users, moment = self.users, len(self.users), (day + 1) * DAY_MS
        radio = self.network.radio
        where = positions(who, np.full(users, moment), self.network.folk)
        pixel = pixels_at(where, radio)
        cell, power = radio.cell[pixel, 0], radio.power[pixel, 0]
        most = int(max(who.max(initial=0), records.caller.max(initial=0))) + 1
        made = np.bincount(records.caller, minlength=most)[who]
        failed = np.bincount(records.caller[records.outcome == FAILED], minlength=most)[who]
        columns = {
            "user_id": coded(who.astype(np.int32), self.names.user),
            "window_start": moments(np.full(users, self.epoch_ms + day * DAY_MS)),
            "state": coded(np.isin(who, self._live(records, moment)).astype(np.int32), pa.array(["IDLE", "LIVE"])),
            "x": self._coordinate(where[:, 0], radio.width),
            "y": self._coordinate(where[:, 1], radio.height),
            "cell_id": pa.DictionaryArray.from_arrays(pa.array(cell, mask=cell < 0), self.names.cell),
            "power_dbm": pa.array(power, mask=cell < 0),
            "calls": pa.array(made.astype(np.int32)),
            "failures": pa.array(failed.astype(np.int32)),
        }
        return rows_of(USER_STATUS, columns)

    def _live(self, records: Records, moment: int) -> Any:
        """Add the calls of a day, concurrent legs among them; return who is connected at its end."""
        connected = records.start_ms + records.setup_ms
        calls = np.stack([records.caller, connected, connected + records.ring_ms + records.talk_ms])
        calls = np.concatenate([self._running, calls], axis=1)
        self._running = calls[:, calls[2] > moment]
        return self._running[0, self._running[1] <= moment]

    def _coordinate(self, values: Any, size: float) -> pa.Array:
        inside = np.mod(values, size) if self.network.radio.wrap else np.clip(values, 0, size)
        return pa.array(inside.astype(np.int32))
