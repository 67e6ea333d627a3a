"""The session state machine of a phone, compiled: IDLE -> CONNECTING -> LIVE -> ... -> IDLE.

`reference` is the same protocol message by message; the two agree event for event. Numbers in comments are those of the
transitions of the state diagram (see DESIGN.md).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.compiled import kernel
from generators.mobility.itinerary import position
from generators.radio.coverage import NO_CELL
from generators.radio.plane import wrapped
from generators.rng import Purpose, philox, uniform
from generators.sessions.events import (
    CONNECT,
    DROP,
    END,
    FAIL,
    FULL,
    NO_CAUSE,
    NO_COVERAGE,
    RECONNECT,
    SETUP,
    TIMEOUT,
)
from generators.sessions.network import Network
from generators.sessions.reports import Reports, collect, make_reports, measure, pixel_of
from generators.sessions.towers import BLOCKED, CONNECTED, IGNORED, NEVER, answer, breaks_after, losses
from generators.sessions.watch import watch

LIVE, NONE_LEFT, OVER = range(3)
"""What became of asking the candidates."""
MOST_BARRED = 16
NOW, CELL, SINCE, FIRST, ENDS, ASKED, CHANGES, BARRED, HANDOVERS, ROW, USER, FIRST_CELL = range(12)
POWER, HARDNESS = range(2)
_HELLO = np.uint64(Purpose.HELLO)
_REFRESH = np.uint64(1)


class Phone(NamedTuple):
    """Room for one session; each thread has its own."""

    reports: Reports
    events: Any
    """Shape (room,) of `EVENT`."""
    state: Any
    """Shape (12,), int64: see the constants of this module. `ROW` counts on over sessions."""
    level: Any
    """Shape (2,), float64: reported power of the serving cell [dBm]; how much more the call withstands."""
    barred: Any
    """Shape (16,), int32: cells that refused this session and are not asked again by it."""


def make_phone(candidates: int, events: Any) -> Phone:
    """Make room for sessions."""
    state = np.zeros(12, np.int64)
    return Phone(make_reports(candidates), events, state, np.zeros(2), np.zeros(MOST_BARRED, np.int32))


@kernel
def hold(user: int, key: Any, start: int, talk: int, network: Network, phone: Phone) -> bool:
    """Run one session and append its events; return whether it ever connected.

    Parameters
    ----------
    user
        Who calls.
    key
        Stable key of the call (uint64).
    start
        When it wants to [ms].
    talk
        For how long [ms]; 0 when nobody answers.
    network
        The network.
    phone
        Where to work. Afterwards `state` holds: `FIRST`, when it connected; `ENDS`, when it was over; `FIRST_CELL` (the
        first one asked, when none connected) and `CELL`, the last; `HANDOVERS`; `ROW`, one past its last event.
    """
    state = phone.state
    state[NOW], state[CELL], state[USER] = start, NO_CELL, user
    state[ASKED], state[CHANGES], state[BARRED], state[HANDOVERS] = 0, 0, 0, 0
    collect(user, start, (key, 0), network, phone.reports)  # 1
    if phone.reports.cell[0] == NO_CELL:
        _note(FAIL, NO_COVERAGE, NO_CELL, network, phone)
    state[FIRST_CELL] = phone.reports.cell[0]
    if _ask(key, NEVER, network, phone) != LIVE:  # 4
        state[FIRST], state[ENDS] = start, state[NOW]
        return False
    state[FIRST], state[SINCE], state[ENDS] = state[NOW], state[NOW], state[NOW] + talk
    state[FIRST_CELL] = state[CELL]
    _note(CONNECT, NO_CAUSE, state[CELL], network, phone)  # 5
    while _live_on(key, network, phone):
        pass
    return True


@kernel
def _ask(key: Any, deadline: int, network: Network, phone: Phone) -> int:
    """Send Hello to one candidate after the other until one connects, none is left, or the call is over."""
    state, rules, reports = phone.state, network.rules, phone.reports
    for i in range(reports.cell.shape[0]):
        cell: Any = np.int64(reports.cell[i])
        if cell == NO_CELL:
            break
        if rules.a3 and _is_barred(cell, phone):
            continue
        words = philox(network.folk.seed, _HELLO, key, np.uint64(state[ASKED]), np.uint64(0))
        if state[ASKED] == 0:
            phone.level[HARDNESS] = -math.log(1.0 - uniform(words[3]))
        state[ASKED] += 1
        result = answer(cell, state[NOW], uniform(words[0]), uniform(words[2]), network)
        delay = rules.timeout_ms if result == IGNORED else answer_ms(uniform(words[1]), network)
        if state[NOW] + delay >= deadline:
            return OVER
        state[NOW] += delay
        if result == CONNECTED:
            phone.level[POWER] = reports.power[i]
            state[CELL] = cell
            return LIVE
        cause = TIMEOUT if result == IGNORED else (FULL if result == BLOCKED else SETUP)
        row = _note(FAIL, cause, cell, network, phone)  # 2, 3
        if row >= 0:
            phone.events[row].power = reports.power[i]
        phone.barred[state[BARRED] % MOST_BARRED] = cell
        state[BARRED] += 1
    return NONE_LEFT


@kernel
def answer_ms(u: float, network: Network) -> int:
    """Return how long an answer takes."""
    least, spread = network.rules.answer_ms
    return least + int(u * (spread + 1))


@kernel
def _is_barred(cell: int, phone: Phone) -> bool:
    found = False
    for i in range(min(phone.state[BARRED], MOST_BARRED)):
        found = found or phone.barred[i] == cell
    return found


@kernel
def _live_on(key: Any, network: Network, phone: Phone) -> bool:
    """Stay connected until something happens, and see to it; return whether the call goes on."""
    state, level = phone.state, phone.level
    rate = losses(state[CELL], state[SINCE], network)
    lost = NEVER
    if rate > 0.0 and level[HARDNESS] < 1e15 * rate:
        lost = state[SINCE] + 1 + int(level[HARDNESS] / rate)
    horizon = min(state[ENDS], lost, breaks_after(state[CELL], state[SINCE], network))
    moment = _next_change(key, horizon, network, phone)
    if moment >= state[ENDS]:
        return _finish(END, NO_CAUSE, state[ENDS], network, phone)  # 6
    if moment == lost:
        return _finish(FAIL, DROP, lost, network, phone)
    return _reconnect(key, moment, rate, network, phone)  # 7


@kernel
def _next_change(key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return when the phone next leaves LIVE, not after the horizon."""
    state, rules = phone.state, network.rules
    if rules.a3:
        barred = phone.barred[: min(state[BARRED], MOST_BARRED)]
        serving = (state[USER], state[CELL])
        return watch(serving, (state[FIRST], state[SINCE], horizon), barred, network, phone.reports)
    words = philox(network.folk.seed, _HELLO, key, np.uint64(state[CHANGES]), _REFRESH)
    least, spread = rules.refresh_ms
    return int(min(horizon, state[SINCE] + 1 + int(least + uniform(words[0]) * spread)))


@kernel
def _reconnect(key: Any, moment: int, rate: float, network: Network, phone: Phone) -> bool:
    """Sort the candidates anew and send Hello to them: a handover, or a refresh on the same cell."""
    state, before, since = phone.state, phone.state[CELL], phone.state[SINCE]
    state[NOW] = moment
    state[CHANGES] += 1
    phone.level[HARDNESS] -= (moment - since) * rate
    if network.rules.a3:
        measure(pixel_of(state[USER], moment, network, phone.reports), network, phone.reports)
    else:
        collect(state[USER], moment, (key, state[CHANGES]), network, phone.reports)
    result = _ask(key, state[ENDS], network, phone)
    if result == OVER:
        return _finish(END, NO_CAUSE, state[ENDS], network, phone)
    if result == NONE_LEFT:
        return _finish(FAIL, DROP, state[NOW], network, phone)
    row = _note(RECONNECT, NO_CAUSE, state[CELL], network, phone)
    if row >= 0:
        phone.events[row].previous, phone.events[row].held_ms = before, state[NOW] - since
    state[HANDOVERS] += state[CELL] != before
    state[SINCE] = state[NOW]
    return True


@kernel
def _finish(kind: int, cause: int, moment: int, network: Network, phone: Phone) -> bool:
    """End the session; nothing goes on."""
    state = phone.state
    state[NOW], state[ENDS] = moment, moment
    row = _note(kind, cause, state[CELL], network, phone)
    if row >= 0:
        phone.events[row].held_ms, phone.events[row].talk_ms = moment - state[SINCE], moment - state[FIRST]
    return False


@kernel
def _note(kind: int, cause: int, cell: int, network: Network, phone: Phone) -> int:
    """Append an event, and return its row; -1 when there is no room (`ROW` counts on)."""
    state, events = phone.state, phone.events
    row = state[ROW]
    state[ROW] += 1
    if row >= events.shape[0]:
        return -1
    x, y = position(state[USER], state[NOW], network.folk, phone.reports.trail)
    plane, event = network.folk.plane, events[row]
    event.time_ms, event.state, event.cause = state[NOW], kind, cause
    event.x = int(wrapped(x, plane.width, plane.wrap))
    event.y = int(wrapped(y, plane.height, plane.wrap))
    event.cell = cell
    event.power = phone.level[POWER] if cell != NO_CELL else np.nan
    event.previous, event.held_ms, event.talk_ms = NO_CELL, 0, 0
    return int(row)
