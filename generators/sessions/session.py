"""The session state machine of a phone, compiled: IDLE -> CONNECTING -> LIVE -> ... -> IDLE.

`reference` is the same protocol message by message; the two agree event for event. Numbers in comments are those of the
transitions of the state diagram (see DESIGN.md).
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.mobility.itinerary import position
from generators.model.compiled import kernel
from generators.model.events import (
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
from generators.model.rng import Purpose, philox, uniform
from generators.radio.coverage import NO_CELL, RadioMap
from generators.radio.plane import wrapped
from generators.sessions.faults import MET, SHOWN, SWAPPING, acts, faults_between, meets
from generators.sessions.network import Network
from generators.sessions.reports import Reports, collect, look_at, make_reports, measure, rows_of
from generators.sessions.tower_answers import BLOCKED, CONNECTED, IGNORED, NEVER, SPOILT, answer, breaks_after, losses
from generators.sessions.watch import watch

LIVE, NONE_LEFT, OVER = range(3)
"""What became of asking the candidates."""
MOST_BARRED = 16
NOW, CELL, SINCE, FIRST, ENDS, ASKED, CHANGES, BARRED, HANDOVERS, ROW, USER, FIRST_CELL, PARTNER, MARK = range(14)
POWER, HARDNESS = range(2)
FACTOR = 6364136223846793005
"""Of the digest of a session's events: Knuth's for a linear congruential generator of 64 bits."""
EXACT = 2.0**20
"""Makes a whole number of a power in single precision [dBm]."""
_HELLO = np.uint64(Purpose.HELLO)
_REFRESH, _SWAP = np.uint64(1), np.uint64(2)


class Phone(NamedTuple):
    """Room for one session; each thread has its own."""

    reports: Reports
    events: Any
    """Shape (room,) of `EVENT`."""
    state: Any
    """Shape (14,), int64: see the constants of this module. `ROW` counts on over sessions."""
    level: Any
    """Shape (2,), float64: reported power of the serving cell [dBm]; how much more the call withstands."""
    barred: Any
    """Shape (16,), int32: cells that refused this session and are not asked again by it."""


def make_phone(candidates: int, events: Any) -> Phone:
    """Make room for sessions."""
    state = np.zeros(14, np.int64)
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
        first one asked, when none connected) and `CELL`, the last; `HANDOVERS`; `ROW`, one past its last event;
        `MARK`, a digest of its events. The view says which incident it met.
    """
    state = phone.state
    phone.reports.world[MET] = 0
    state[NOW], state[CELL], state[USER] = start, NO_CELL, user
    state[ASKED], state[CHANGES], state[BARRED], state[HANDOVERS], state[PARTNER] = 0, 0, 0, 0, NO_CELL
    state[MARK] = 0
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
        look_at(i, network, reports)
        cell: Any = np.int64(reports.cell[i])
        if cell == NO_CELL:
            break
        if rules.a3 and _is_barred(cell, phone):
            continue
        words = philox(network.folk.seed, _HELLO, key, np.uint64(state[ASKED]), np.uint64(0))
        if state[ASKED] == 0:
            phone.level[HARDNESS] = -math.log(1.0 - uniform(words[3]))
        state[ASKED] += 1
        luck = (uniform(words[0]), uniform(words[2]))
        result = answer(cell, state[NOW], luck, network, reports.world)
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
        _mark(int(reports.power[i] * EXACT), state)
        if row >= 0:
            phone.events[row].power = reports.power[i]
        phone.barred[state[BARRED] % MOST_BARRED] = cell
        state[BARRED] += 1
        if result == SPOILT and deadline == NEVER:  # the call was this cell's already: nobody else is asked
            break
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
    state = phone.state
    ahead = faults_between(state[CELL], state[SINCE], state[ENDS], network.faults)
    rate, worse, whose = losses(ahead, state[SINCE], network)
    if worse > rate and _lost_at(worse, phone) < state[ENDS] and meets(whose, phone.reports.world):
        rate = worse
    lost = _lost_at(rate, phone)
    horizon = min(state[ENDS], lost)
    first = _first_swap(ahead, key, horizon, network, phone)
    moment = _undisturbed(ahead, key, min(horizon, first + 1), network, phone)
    if moment > first:  # only then is it worth asking whether the other cell is near
        moment = _swap_before(ahead, key, first + 1, network, phone)
    if moment > first:
        moment = _undisturbed(ahead, key, horizon, network, phone)
        moment = min(moment, _swap_before(ahead, key, moment, network, phone))
    if moment >= state[ENDS]:
        return _finish(END, NO_CAUSE, state[ENDS], network, phone)  # 6
    if moment == lost:
        return _finish(FAIL, DROP, lost, network, phone)
    if worse > rate and meets(whose, phone.reports.world):  # it withstands less from now on
        rate = worse
    return _reconnect(key, moment, rate, network, phone)  # 7


@kernel
def _lost_at(rate: float, phone: Phone) -> int:
    """Return when a call that is lost at a rate [1/ms] is lost, if it lasts till then."""
    hardness = phone.level[HARDNESS]
    return int(phone.state[SINCE] + 1 + int(hardness / rate) if rate > 0.0 and hardness < 1e15 * rate else NEVER)


@kernel
def _undisturbed(ahead: tuple[int, int], key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return until when the phone stays where it is, not beyond the horizon, whatever swaps there are."""
    state = phone.state
    moment = min(horizon, _next_change(key, horizon, network, phone))
    return int(min(moment, breaks_after(ahead, state[SINCE], moment, network, phone.reports.world)))


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
def _swap_at(key: Any, fault: int, network: Network, phone: Phone) -> int:
    """Return when a fault of the serving cell would hand its call on; never, where it is none that does."""
    state, row = phone.state, network.faults.row[fault]
    partner: Any = np.int64(row.partner)
    if row.kind != SWAPPING or _is_barred(partner, phone):
        return int(NEVER)
    words = philox(network.folk.seed, _HELLO, key, np.uint64(state[CHANGES]), _SWAP)
    moment = state[SINCE] + 1 + row.least_ms + int(uniform(words[0]) * row.spread_ms)
    return int(moment if row.begin_ms <= moment < row.end_ms else NEVER)


@kernel
def _first_swap(ahead: tuple[int, int], key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return when the cell might first hand its call on, at the latest the horizon."""
    (low, high), first = ahead, horizon
    for i in range(low, high):
        if network.faults.row[i].begin_ms >= first:
            break
        first = min(first, _swap_at(key, i, network, phone))
    return first


@kernel
def _swap_before(ahead: tuple[int, int], key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return when the cell hands its call to the one that it swaps calls with, at the latest the horizon."""
    state, faults = phone.state, network.faults
    (low, high), soonest = ahead, horizon
    for i in range(low, high):
        if faults.row[i].begin_ms >= soonest:
            break
        moment = _swap_at(key, i, network, phone)
        if moment >= soonest:
            continue
        partner: Any = np.int64(faults.row[i].partner)
        near = _is_near(partner, moment, faults.row[i].margin, network, phone)
        if near and acts(i, moment, faults, phone.reports.world):
            soonest, state[PARTNER] = moment, partner
    return soonest


@kernel
def _is_near(partner: int, moment: int, margin: float, network: Network, phone: Phone) -> bool:
    """Return whether another cell is heard, and not weaker than the serving one by more than a margin [dB]."""
    pixel, row, incident = rows_of(phone.state[USER], moment, network, phone.reports)
    pair = (phone.state[CELL], partner)
    near = _near_in(pixel, pair, margin, network.radio)
    if row == pixel or _near_in(row, pair, margin, network.radio) == near:
        return near
    return not near if meets(incident, phone.reports.world) else near


@kernel
def _near_in(row: int, pair: tuple[int, int], margin: float, radio: RadioMap) -> bool:
    """Return whether the second of two cells is heard in a row of the map, and not much weaker than the first."""
    own, other = -np.inf, -np.inf
    for i in range(radio.cell.shape[1]):
        if radio.cell[row, i] == pair[0]:
            own = float(radio.power[row, i])
        elif radio.cell[row, i] == pair[1]:
            other = float(radio.power[row, i])
    return bool(other > -np.inf and other >= own - margin)


@kernel
def _reconnect(key: Any, moment: int, rate: float, network: Network, phone: Phone) -> bool:
    """Sort the candidates anew and send Hello to them: a handover, or a refresh on the same cell."""
    state, before, since = phone.state, phone.state[CELL], phone.state[SINCE]
    state[NOW] = moment
    state[CHANGES] += 1
    phone.level[HARDNESS] -= (moment - since) * rate
    if network.rules.a3:
        measure(state[USER], moment, network, phone.reports)
    else:
        collect(state[USER], moment, (key, state[CHANGES]), network, phone.reports)
    _put_first(network, phone)
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
def _put_first(network: Network, phone: Phone) -> None:
    """Ask the cell first that the call is to be handed to, if it is among the candidates."""
    cells, powers, place = phone.reports.cell, phone.reports.power, 0
    if phone.state[PARTNER] == NO_CELL:
        return
    for i in range(cells.shape[0]):
        look_at(i, network, phone.reports)
        if cells[i] == phone.state[PARTNER]:
            place = i
    phone.reports.world[SHOWN] = 0  # in another order they cannot be told by the row of the map
    for i in range(place, 0, -1):
        cells[i], cells[i - 1] = cells[i - 1], cells[i]
        powers[i], powers[i - 1] = powers[i - 1], powers[i]
    phone.state[PARTNER] = NO_CELL


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
def _mark(what: int, state: Any) -> None:
    """Take something into account that an event says."""
    state[MARK] = (state[MARK] ^ what) * FACTOR
    state[MARK] ^= state[MARK] >> 29


@kernel
def _note(kind: int, cause: int, cell: int, network: Network, phone: Phone) -> int:
    """Append an event, and return its row; -1 when there is no room (`ROW` counts on)."""
    state, events = phone.state, phone.events
    row = state[ROW]
    state[ROW] += 1
    _mark(state[NOW], state)
    _mark((kind * 64 + cause) * 2**32 + cell, state)
    if cell != NO_CELL and (kind != FAIL or cause == DROP):
        _mark(int(phone.level[POWER] * EXACT), state)
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
