"""How towers and users are doing: counts of each cell in windows of 15 minutes, and of each user by the day."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import TOWER_STATUS, USER_STATUS
from generators.calls.outcome import FAILED
from generators.calls.render import Records
from generators.clock import DAY_MS
from generators.columns import coded, moments
from generators.compiled import kernel
from generators.mobility.itinerary import positions
from generators.names import Names
from generators.radio.coverage import pixels_at
from generators.sessions.events import CONNECT, DROP, END, FAIL, RECONNECT, TIMEOUT
from generators.sessions.network import Network

WINDOW_MS = 900_000
WINDOWS = DAY_MS // WINDOW_MS
TOWER_STATES = ("GREEN", "ORANGE", "RED", "BLACK", "NO_DATA")
SHARES = (0.10, 0.60, 0.90)
"""Of failed Hellos, from which a tower is ORANGE, RED and (above) BLACK."""
ATTEMPTS, SETUPS, HELLOS, FAILS, TIMEOUTS, DROPS, BEGUN, ENDED, INTO, OUT_OF, HELD, TRAFFIC, LIVE = range(13)


@dataclass
class TowerStatus:
    """Counts what happens in each cell, day by day; calls may run into the next day."""

    names: Names
    epoch_ms: int
    site: Any
    """Shape (C,), int32: site of each cell."""
    _counts: Any = field(init=False)
    """Shape (C, windows of two days, 13), int64."""

    def __post_init__(self) -> None:
        self._counts = np.zeros((len(self.site), 2 * WINDOWS, LIVE + 1), np.int64)

    def rows(self, day: int, events: Any, records: Records) -> pa.Table:
        """Take in the events of the calls that began on a day, and return that day as rows of the schema."""
        call = np.repeat(np.arange(len(records.key)), records.events)
        count_events(events, call, day * DAY_MS, self._counts)
        today = self._counts[:, :WINDOWS].copy()
        self._counts[:, :WINDOWS] = self._counts[:, WINDOWS:]
        self._counts[:, WINDOWS:] = 0
        return self._table(day, today)

    def _table(self, day: int, counts: Any) -> pa.Table:
        cells = len(self.site)
        window, cell = (axis.T.ravel() for axis in np.meshgrid(np.arange(WINDOWS), np.arange(cells)))
        of = counts[cell, window]
        failed = of[:, FAILS] + of[:, TIMEOUTS]
        with np.errstate(invalid="ignore", divide="ignore"):
            share = failed / of[:, HELLOS]
            setup = of[:, SETUPS] / of[:, ATTEMPTS]
            mean_s = of[:, HELD] / of[:, ENDED] / 1000
        state = np.where(of[:, HELLOS] == 0, len(SHARES) + 1, np.digitize(share, SHARES))
        begins = self.epoch_ms + day * DAY_MS + window * WINDOW_MS
        columns = [
            coded(cell.astype(np.int32), self.names.cell),
            coded(self.site[cell].astype(np.int32), self.names.tower),
            moments(begins),
            coded(state.astype(np.int32), pa.array(TOWER_STATES)),
            *(pa.array(of[:, name].astype(np.int32)) for name in (BEGUN, LIVE, HELLOS, FAILS, TIMEOUTS, DROPS)),
            pa.array(share, mask=of[:, HELLOS] == 0),
            pa.array(mean_s, mask=of[:, ENDED] == 0),
            *(pa.array(of[:, name].astype(np.int32)) for name in (INTO, OUT_OF, ATTEMPTS)),
            pa.array(setup, mask=of[:, ATTEMPTS] == 0),
            pa.array(of[:, TRAFFIC] / WINDOW_MS),
        ]
        return pa.Table.from_arrays(columns, schema=TOWER_STATUS.arrow)


@kernel
def count_events(events: Any, call: Any, day_ms: int, counts: Any) -> None:
    """Add the events of the calls that began on a day to the counts of that day and the next.

    Parameters
    ----------
    events
        Those of a call follow each other.
    call
        Shape (events,): which call each belongs to.
    day_ms
        When the day began.
    counts
        Shape (C, windows of two days, 13): added to.
    """
    asked, asked_in = -1, 0
    for i in range(call.shape[0]):
        cell, state = events[i].cell, events[i].state
        window = _window(events[i].time_ms, day_ms, counts)
        if i == 0 or call[i] != call[i - 1]:
            asked, asked_in = cell, window
            if cell >= 0:
                counts[cell, window, ATTEMPTS] += 1
        if cell < 0:
            continue
        here = counts[cell, window]
        if state == CONNECT:
            counts[asked, asked_in, SETUPS] += 1
        over = state == END or events[i].cause == DROP
        here[DROPS] += events[i].cause == DROP
        here[HELLOS] += not over
        here[TIMEOUTS] += events[i].cause == TIMEOUT
        here[FAILS] += state == FAIL and events[i].cause not in (DROP, TIMEOUT)
        here[BEGUN] += state in (CONNECT, RECONNECT)
        if over:
            _hold(cell, events[i].time_ms, events[i].held_ms, day_ms, counts)
        elif state == RECONNECT:
            before = events[i].previous
            _hold(before, events[i].time_ms, events[i].held_ms, day_ms, counts)
            here[INTO] += before != cell
            counts[before, window, OUT_OF] += before != cell


@kernel
def _window(moment: int, day_ms: int, counts: Any) -> int:
    return int(min(max((moment - day_ms) // WINDOW_MS, 0), counts.shape[1] - 1))


@kernel
def _hold(cell: int, end: int, held: int, day_ms: int, counts: Any) -> None:
    """Account for a connection: in its last window that it ended, in each of them how long it was there."""
    last = _window(end, day_ms, counts)
    counts[cell, last, ENDED] += 1
    counts[cell, last, HELD] += held
    for window in range(_window(end - held, day_ms, counts), last + 1):
        begins = day_ms + window * WINDOW_MS
        counts[cell, window, TRAFFIC] += max(min(end, begins + WINDOW_MS) - max(end - held, begins), 0)
        counts[cell, window, LIVE] += window < last


@dataclass(frozen=True)
class UserStatus:
    """Says at the end of each day how every user is, and how its calls went."""

    names: Names
    epoch_ms: int
    network: Network

    def rows(self, day: int, records: Records, busy_until_ms: Any) -> pa.Table:
        """Return a day as rows of the schema."""
        users, moment = len(busy_until_ms), (day + 1) * DAY_MS
        who = np.arange(users)
        radio = self.network.radio
        where = positions(who, np.full(users, moment), self.network.folk)
        pixel = pixels_at(where, radio)
        cell, power = radio.cell[pixel, 0], radio.power[pixel, 0]
        failed = np.bincount(records.caller[records.outcome == FAILED], minlength=users)
        columns = [
            coded(who.astype(np.int32), self.names.user),
            moments(np.full(users, self.epoch_ms + day * DAY_MS)),
            coded((busy_until_ms > moment).astype(np.int32), pa.array(["IDLE", "LIVE"])),
            *(self._coordinate(where[:, axis], size) for axis, size in enumerate((radio.width, radio.height))),
            pa.DictionaryArray.from_arrays(pa.array(cell, mask=cell < 0), self.names.cell),
            pa.array(power, mask=cell < 0),
            pa.array(np.bincount(records.caller, minlength=users).astype(np.int32)),
            pa.array(failed.astype(np.int32)),
        ]
        return pa.Table.from_arrays(columns, schema=USER_STATUS.arrow)

    def _coordinate(self, values: Any, size: float) -> pa.Array:
        inside = np.mod(values, size) if self.network.radio.wrap else np.clip(values, 0, size)
        return pa.array(inside.astype(np.int32))
