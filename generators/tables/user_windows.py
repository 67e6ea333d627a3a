"""The table `user_windows`: the state of each user's phone in time windows, in all states of the session."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import USER_WINDOWS
from generators.mobility.itinerary import positions
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.model.events import CONNECT, DROP, END, FAIL, NO_COVERAGE, RECONNECT, TIMEOUT
from generators.model.records import Records
from generators.model.rng import Purpose, philox, uniform
from generators.radio.coverage import pixels_at
from generators.sessions.network import Network
from generators.sessions.session import answer_ms
from generators.tables.columns import coded, moments, rows_of
from generators.tables.names import Names

IDLE, CONNECTING, LIVE = range(3)
PHONE_STATES = ("IDLE", "CONNECTING", "LIVE")
CONNECTING_MS, LIVE_MS, CALLS, FAILURES, HANDOVERS = range(5)
_HELLO = np.uint64(Purpose.HELLO)
ROUND_S = 3


class _Windows:
    """Counts and states of users in the windows of two days."""

    def __init__(self, users: int, many: int) -> None:
        self.counts = np.zeros((users, many, HANDOVERS + 1), np.int64)
        self.state = np.zeros((users, many), np.int8)
        self.cell = np.full((users, many), -1, np.int32)
        self.power = np.full((users, many), np.nan, np.float32)

    def arrays(self) -> tuple[Any, Any, Any, Any]:
        """Return the arrays for a kernel."""
        return self.counts, self.state, self.cell, self.power


@dataclass
class UserWindows:
    """Gives the state of every user at the end of each window, and what happened in it.

    A window is written with the day in which it ends; calls that began on it may continue into the next one.
    """

    names: Names
    epoch_ms: int
    network: Network
    users: Any
    """Shape (n,), int: users who have a subscription in this world."""
    window_ms: int
    _open: _Windows = field(init=False)

    def __post_init__(self) -> None:
        self._open = _Windows(len(self.users), 2 * DAY_MS // self.window_ms)
        self._place = np.full(int(self.users.max(initial=0)) + 1, -1)
        self._place[self.users] = np.arange(len(self.users))

    def rows(self, day: int, events: Any, records: Records) -> pa.Table:
        """Add the calls that began on a day, and return its windows as rows of the schema."""
        first = np.cumsum(records.events) - records.events
        known = records.caller < len(self._place)
        who = np.where(known, self._place[np.minimum(records.caller, len(self._place) - 1)], -1)
        calls = first, records.events, who, records.start_ms, records.key
        follow_calls(calls, events, self.network, (day * DAY_MS, self.window_ms), self._open.arrays())
        table = self._table(day)
        for each in self._open.arrays():
            half = each.shape[1] // 2
            each[:, :half] = each[:, half:].copy()
        half = self._open.state.shape[1] // 2
        fresh = _Windows(len(self.users), half)
        for each, new in zip(self._open.arrays(), fresh.arrays(), strict=True):
            each[:, half:] = new
        return table

    def _table(self, day: int) -> pa.Table:
        many = DAY_MS // self.window_ms
        window, user = (axis.T.ravel() for axis in np.meshgrid(np.arange(many), np.arange(len(self.users))))
        counts, state, cell, power = (each[user, window] for each in self._open.arrays())
        begins = day * DAY_MS + window * self.window_ms
        where = positions(self.users[user], begins + self.window_ms, self.network.folk)
        radio = self.network.radio
        pixel = pixels_at(where, radio)
        idle = state == IDLE
        cell, power = np.where(idle, radio.cell[pixel, 0], cell), np.where(idle, radio.power[pixel, 0], power)
        seconds = np.round(np.minimum(counts[:, : LIVE_MS + 1], self.window_ms) / 1000, ROUND_S)
        inside = [
            np.mod(axis, size) if radio.wrap else np.clip(axis, 0, size)
            for axis, size in zip(where.T, (radio.width, radio.height), strict=True)
        ]
        columns = {
            "user_id": coded(self.users[user].astype(np.int32), self.names.user),
            "window_start": moments(self.epoch_ms + begins),
            "state": coded(state.astype(np.int32), pa.array(PHONE_STATES)),
            "x": pa.array(inside[0].astype(np.int32)),
            "y": pa.array(inside[1].astype(np.int32)),
            "cell_id": pa.DictionaryArray.from_arrays(pa.array(cell, mask=cell < 0), self.names.cell),
            "power_dbm": pa.array(power.astype(np.float32), mask=cell < 0),
            "connecting_s": pa.array(seconds[:, CONNECTING_MS]),
            "live_s": pa.array(seconds[:, LIVE_MS]),
            "calls": pa.array(counts[:, CALLS].astype(np.int32)),
            "failures": pa.array(counts[:, FAILURES].astype(np.int32)),
            "handovers": pa.array(counts[:, HANDOVERS].astype(np.int32)),
        }
        return rows_of(USER_WINDOWS, columns)


@kernel
def follow_calls(calls: Any, events: Any, network: Network, clock: tuple[int, int], into: Any) -> None:
    """Add the states of phones during calls to the windows of their users.

    When a Hello was sent follows from the time of its answer: the delay is a function of the call's key and the number
    of Hellos before. So a phone is CONNECTING from its first Hello on until a cell accepts, and LIVE otherwise. A Hello
    that was still unanswered when the call ended has no event; until its end, such a phone counts as LIVE.

    Parameters
    ----------
    calls
        First event of each call, number of events, place of its user (-1: none), start [ms], and key; shape (calls,).
    events
        Those of a call follow each other.
    network
        Of the day.
    clock
        When the first window begins, and how long one is [ms].
    into
        Counts, states, cells and powers, by user and window.
    """
    first, many, who, start, key = calls
    for call in range(first.shape[0]):
        if who[call] >= 0:
            span = (first[call], first[call] + many[call])
            _follow(span, (who[call], start[call], key[call]), events, network, (clock, into))


@kernel
def _follow(span: tuple[int, int], call: Any, events: Any, network: Network, room: Any) -> None:
    (low, high), (user, start, key), (clock, into) = span, call, room
    into[0][user, _window(start, clock, into), CALLS] += 1
    since, state, asked, serving = start, CONNECTING, 0, low
    for i in range(low, high):
        event = events[i]
        moment, hello = event.time_ms, event.cause not in (DROP, NO_COVERAGE) and event.state != END
        if hello:
            if state == LIVE:  # the first Hello after a connection
                sent = moment - _delay(key, asked, event.cause == TIMEOUT, network)
                _stay(user, (since, sent), (LIVE, events[serving].cell, events[serving].power), clock, into)
                since, state = sent, CONNECTING
            _stay(user, (since, moment), (CONNECTING, event.cell, event.power), clock, into)
            since = moment
            asked += 1
        if event.state in (CONNECT, RECONNECT):
            state, serving = LIVE, i
            moved = event.state == RECONNECT and event.previous != event.cell
            into[0][user, _window(moment, clock, into), HANDOVERS] += moved
        elif event.state == END or event.cause == DROP:
            if state == LIVE:
                _stay(user, (since, moment), (LIVE, events[serving].cell, events[serving].power), clock, into)
            elif event.state == END:  # a Hello was on its way
                _stay(user, (since, moment), (CONNECTING, event.cell, event.power), clock, into)
            into[0][user, _window(moment, clock, into), FAILURES] += event.cause == DROP
            return
    if high > low and events[high - 1].state == FAIL:
        into[0][user, _window(events[high - 1].time_ms, clock, into), FAILURES] += 1


@kernel
def _delay(key: Any, asked: int, ignored: bool, network: Network) -> int:
    """Return the time from a Hello, the given number of its call, to its answer or timeout [ms]."""
    if ignored:
        return int(network.rules.timeout_ms)
    words = philox(network.folk.seed, _HELLO, key, np.uint64(asked), np.uint64(0))
    return answer_ms(uniform(words[1]), network)


@kernel
def _window(moment: int, clock: tuple[int, int], into: Any) -> int:
    return int(min(max((moment - clock[0]) // clock[1], 0), into[1].shape[1] - 1))


@kernel
def _stay(user: int, span: tuple[int, int], what: Any, clock: tuple[int, int], into: Any) -> None:
    """Add a span of time in a state to a user's windows; that which lasts when a window ends is its state."""
    (begin, end), (state, cell, power), (counts, states, cells, powers) = span, what, into
    if end <= begin:
        return
    for window in range(_window(begin, clock, into), _window(end, clock, into) + 1):
        opens = clock[0] + window * clock[1]
        closes = opens + clock[1]
        spent = max(min(end, closes) - max(begin, opens), 0)
        counts[user, window, CONNECTING_MS if state == CONNECTING else LIVE_MS] += spent
        if begin < closes <= end and state >= states[user, window]:
            states[user, window], cells[user, window], powers[user, window] = state, cell, power
