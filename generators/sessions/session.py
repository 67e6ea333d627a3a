"""The session of one call, as compiled kernels: how a phone sets it up, hands it over, drops or ends it.

The states are IDLE, CONNECTING and LIVE. Numbers in comments are those of these transitions:

1. IDLE -> CONNECTING: the user calls; the phone takes its unexpired signal reports as candidates, strongest first;
2. CONNECTING: a cell refuses a Hello (event FAIL), and the next candidate is asked;
3. CONNECTING: a cell does not answer in time (FAIL, cause timeout), and the next candidate is asked;
4. CONNECTING -> IDLE: no candidate is left; the call failed, or, if it was connected before, is dropped (FAIL, drop);
5. CONNECTING -> LIVE: a cell accepts (CONNECT, or RECONNECT after a handover);
6. LIVE -> IDLE: the call is over (END);
7. LIVE -> CONNECTING: a handover: a neighbour is better, the cell breaks, or it passes the call on.

`generators.sessions.reference` is the same protocol message by message; the two agree event for event.
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
from generators.model.numerics import normal_quantile
from generators.model.rng import Purpose, philox, uniform
from generators.radio.coverage import NO_CELL, RadioMap
from generators.radio.plane import wrapped
from generators.sessions.faults import MET, SHOWN, SWAPPING, acts, faults_between, meets
from generators.sessions.network import Network
from generators.sessions.reports import Reports, collect, look_at, make_reports, measure, rows_of
from generators.sessions.tower_answers import BLOCKED, CONNECTED, IGNORED, NEVER, SPOILT, answer, breaks_after, losses
from generators.sessions.watch import Serving, watch

LIVE, NONE_LEFT, OVER = range(3)
"""Results of trying the candidate cells."""
MOST_BARRED = 16
FACTOR = 6364136223846793005
"""Multiplier of the digest of a session's events: that of Knuth's 64-bit linear congruential generator."""
EXACT = 2.0**20
"""Factor that turns a power in single precision [dBm] into a whole number."""
SESSION = np.dtype(
    [
        ("user", np.int64),
        ("now_ms", np.int64),
        ("first_ms", np.int64),
        ("answer_ms", np.int64),
        ("since_ms", np.int64),
        ("ends_ms", np.int64),
        ("first_cell", np.int64),
        ("cell", np.int64),
        ("partner", np.int64),
        ("asked", np.int64),
        ("barred", np.int64),
        ("changes", np.int64),
        ("handovers", np.int64),
        ("power", np.float64),
        ("hardness", np.float64),
        ("row", np.int64),
        ("mark", np.int64),
    ]
)
"""The state of a session.

- `user`: who calls;
- `now_ms`: the moment that has been reached [ms];
- `first_ms`, `ends_ms`: when it connected, and when it is over [ms]; of an attempt, begin and end;
- `answer_ms`: when it is answered, or given up, if it lasts until then [ms];
- `since_ms`: when it came to the serving cell [ms];
- `first_cell`, `cell`: the first cell (the first one asked, when none connected) and the serving one;
- `partner`: the cell that the serving one hands its call to, `NO_CELL` where there is none;
- `asked`, `barred`: number of Hellos sent, and of cells that refused;
- `changes`, `handovers`: number of times that it chose a cell anew, and of changes of cell;
- `power`: reported power of the serving cell [dBm];
- `hardness`: how much more loss rate, summed over time, the call survives before it is dropped; drawn exponentially
  with mean 1, so that the call is lost at the cell's rate;
- `row`: one past its last event; it counts on over the sessions of a phone;
- `mark`: digest of its events.
"""
_HELLO = np.uint64(Purpose.HELLO)
_REFRESH, _SWAP, _MEASURED = np.uint64(1), np.uint64(2), np.uint64(3)
MOST_ERRORS = 4.0
"""Number of standard deviations at which errors of reported powers are cut."""


class Phone(NamedTuple):
    """Work space for one session; each thread has its own."""

    reports: Reports
    events: Any
    """Shape (room,) of `EVENT`."""
    state: Any
    """Shape (1,) of `SESSION`."""
    barred: Any
    """Shape (16,), int32: cells that refused this session, which it does not try again."""


def make_phone(candidates: int, events: Any) -> Phone:
    """Allocate the work space for sessions."""
    return Phone(make_reports(candidates), events, np.zeros(1, SESSION), np.zeros(MOST_BARRED, np.int32))


@kernel
def hold(user: int, key: Any, start: int, lasts: tuple[int, int], network: Network, phone: Phone) -> bool:
    """Simulate one session and append its events; return whether it ever connected.

    Parameters
    ----------
    user
        Who calls.
    key
        Stable key of the call (uint64).
    start
        Intended start [ms].
    lasts
        Time from the connection until the call is answered or given up, and talk time, 0 if nobody answers [ms].
    network
        The network.
    phone
        Work space; afterwards `state` has the result of the session, and entry `MET` of the reports' `world` the
        incident that changed it (`generators.sessions.faults`).
    """
    state = phone.state[0]
    phone.reports.world[MET] = 0
    state.now_ms, state.cell, state.user = start, NO_CELL, user
    state.asked, state.changes, state.barred, state.handovers, state.partner = 0, 0, 0, 0, NO_CELL
    state.mark = 0
    collect(user, start, (key, 0), network, phone.reports)  # 1
    if phone.reports.cell[0] == NO_CELL:
        _note(FAIL, NO_COVERAGE, NO_CELL, network, phone)
    state.first_cell = phone.reports.cell[0]
    if _ask(key, NEVER, network, phone) != LIVE:  # 4
        state.first_ms, state.ends_ms = start, state.now_ms
        return False
    state.first_ms, state.since_ms, state.answer_ms = state.now_ms, state.now_ms, state.now_ms + lasts[0]
    state.ends_ms = state.answer_ms + lasts[1]
    state.first_cell = state.cell
    _note(CONNECT, NO_CAUSE, state.cell, network, phone)  # 5
    while _live_on(key, network, phone):
        pass
    return True


@kernel
def _ask(key: Any, deadline: int, network: Network, phone: Phone) -> int:
    """Send Hello to one candidate after another until one connects, none is left, or the call is over."""
    state, rules, reports = phone.state[0], network.rules, phone.reports
    for i in range(reports.cell.shape[0]):
        look_at(i, network, reports)
        cell: Any = np.int64(reports.cell[i])
        if cell == NO_CELL:
            break
        if rules.a3 and _is_barred(cell, phone):
            continue
        words = philox(network.folk.seed, _HELLO, key, np.uint64(state.asked), np.uint64(0))
        if state.asked == 0:
            state.hardness = -math.log(1.0 - uniform(words[3]))
        power = _reported(key, state.asked, reports.power[i], network)
        state.asked += 1
        luck = (uniform(words[0]), uniform(words[2]))
        result = answer(cell, state.now_ms, luck, network, reports.world)
        delay = rules.timeout_ms if result == IGNORED else answer_ms(uniform(words[1]), network)
        if state.now_ms + delay >= deadline:
            return OVER
        state.now_ms += delay
        if result == CONNECTED:
            state.power = power
            state.cell = cell
            return LIVE
        cause = TIMEOUT if result == IGNORED else (FULL if result == BLOCKED else SETUP)
        row = _note(FAIL, cause, cell, network, phone)  # 2, 3
        _mark(int(power * EXACT), state)
        if row >= 0:
            phone.events[row].power = power
        phone.barred[state.barred % MOST_BARRED] = cell
        state.barred += 1
        if result == SPOILT and deadline == NEVER:  # the call was at this cell already: no other cell is asked
            break
    return NONE_LEFT


@kernel
def _reported(key: Any, asked: int, power: Any, network: Network) -> Any:
    """Return the power of a cell as the phone reports it in a Hello, with the error of the measurement [dBm]."""
    deviation = network.rules.measurement_error
    if deviation == 0.0:
        return power
    words = philox(network.folk.seed, _HELLO, key, np.uint64(asked), _MEASURED)
    error = min(max(normal_quantile(uniform(words[0])), -MOST_ERRORS), MOST_ERRORS)
    return np.float32(power + deviation * error)


@kernel
def answer_ms(u: float, network: Network) -> int:
    """Return the time until a tower answers."""
    least, spread = network.rules.answer_ms
    return least + int(u * (spread + 1))


@kernel
def _is_barred(cell: int, phone: Phone) -> bool:
    found = False
    for i in range(min(phone.state[0].barred, MOST_BARRED)):
        found = found or phone.barred[i] == cell
    return found


@kernel
def _live_on(key: Any, network: Network, phone: Phone) -> bool:
    """Stay connected until the next change, and carry it out; return whether the call goes on."""
    state = phone.state[0]
    ahead = faults_between(state.cell, state.since_ms, state.ends_ms, network.faults)
    rate, worse, whose = losses(ahead, state.since_ms, network)
    if worse > rate and _lost_at(worse, phone) < state.ends_ms and meets(whose, phone.reports.world):
        rate = worse
    lost = _lost_at(rate, phone)
    horizon = min(state.ends_ms, lost)
    first = _first_swap(ahead, key, horizon, network, phone)
    moment = _undisturbed(ahead, key, min(horizon, first + 1), network, phone)
    if moment > first:  # only now does it matter whether the other cell is near
        moment = _swap_before(ahead, key, first + 1, network, phone)
    if moment > first:
        moment = _undisturbed(ahead, key, horizon, network, phone)
        moment = min(moment, _swap_before(ahead, key, moment, network, phone))
    if moment >= state.ends_ms:
        return _finish(END, NO_CAUSE, state.ends_ms, network, phone)  # 6
    if moment == lost:
        return _finish(FAIL, DROP, lost, network, phone)
    if worse > rate and meets(whose, phone.reports.world):  # the remaining hardness is lower from now on
        rate = worse
    return _reconnect(key, moment, rate, network, phone)  # 7


@kernel
def _lost_at(rate: float, phone: Phone) -> int:
    """Return the time at which a call with a drop rate [1/ms] is dropped, if it has not ended before."""
    hardness = phone.state[0].hardness
    return int(phone.state[0].since_ms + 1 + int(hardness / rate) if rate > 0.0 and hardness < 1e15 * rate else NEVER)


@kernel
def _undisturbed(ahead: tuple[int, int], key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return the time until which the phone keeps its cell, ping-pong aside; at most the horizon."""
    state = phone.state[0]
    moment = min(horizon, _next_change(key, horizon, network, phone))
    return int(min(moment, breaks_after(ahead, state.since_ms, moment, network, phone.reports.world)))


@kernel
def _next_change(key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return the time at which the phone next leaves the state LIVE; at most the horizon."""
    state, rules = phone.state[0], network.rules
    if rules.a3:
        barred = phone.barred[: min(state.barred, MOST_BARRED)]
        serving = Serving(state.user, state.cell, state.first_ms, state.since_ms, horizon)
        return watch(serving, barred, network, phone.reports)
    words = philox(network.folk.seed, _HELLO, key, np.uint64(state.changes), _REFRESH)
    least, spread = rules.refresh_ms
    return int(min(horizon, state.since_ms + 1 + int(least + uniform(words[0]) * spread)))


@kernel
def _swap_at(key: Any, fault: int, network: Network, phone: Phone) -> int:
    """Return the time at which a ping-pong fault would hand the call on; `NEVER` for any other fault."""
    state, row = phone.state[0], network.faults.row[fault]
    partner: Any = np.int64(row.partner)
    if row.kind != SWAPPING or _is_barred(partner, phone):
        return int(NEVER)
    words = philox(network.folk.seed, _HELLO, key, np.uint64(state.changes), _SWAP)
    moment = state.since_ms + 1 + row.least_ms + int(uniform(words[0]) * row.spread_ms)
    return int(moment if row.begin_ms <= moment < row.end_ms else NEVER)


@kernel
def _first_swap(ahead: tuple[int, int], key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return the earliest time at which the cell might hand the call on by ping-pong; at most the horizon."""
    (low, high), first = ahead, horizon
    for i in range(low, high):
        if network.faults.row[i].begin_ms >= first:
            break
        first = min(first, _swap_at(key, i, network, phone))
    return first


@kernel
def _swap_before(ahead: tuple[int, int], key: Any, horizon: int, network: Network, phone: Phone) -> int:
    """Return the time at which the cell hands the call on by ping-pong; at most the horizon."""
    state, faults = phone.state[0], network.faults
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
            soonest, state.partner = moment, partner
    return soonest


@kernel
def _is_near(partner: int, moment: int, margin: float, network: Network, phone: Phone) -> bool:
    """Return whether another cell is heard at most a margin [dB] weaker than the serving one."""
    pixel, row, incident = rows_of(phone.state[0].user, moment, network, phone.reports)
    pair = (phone.state[0].cell, partner)
    near = _near_in(pixel, pair, margin, network.radio)
    if row == pixel or _near_in(row, pair, margin, network.radio) == near:
        return near
    return not near if meets(incident, phone.reports.world) else near


@kernel
def _near_in(row: int, pair: tuple[int, int], margin: float, radio: RadioMap) -> bool:
    """Return whether, in a row of the map, the second of two cells is heard at most a margin weaker than the first."""
    own, other = -np.inf, -np.inf
    for i in range(radio.cell.shape[1]):
        if radio.cell[row, i] == pair[0]:
            own = float(radio.power[row, i])
        elif radio.cell[row, i] == pair[1]:
            other = float(radio.power[row, i])
    return bool(other > -np.inf and other >= own - margin)


@kernel
def _reconnect(key: Any, moment: int, rate: float, network: Network, phone: Phone) -> bool:
    """Choose a cell anew and send Hello: a handover, or a refresh on the same cell."""
    state, before, since = phone.state[0], phone.state[0].cell, phone.state[0].since_ms
    state.now_ms = moment
    state.changes += 1
    state.hardness -= (moment - since) * rate
    if network.rules.a3:
        measure(state.user, moment, network, phone.reports)
    else:
        collect(state.user, moment, (key, state.changes), network, phone.reports)
    _put_first(network, phone)
    result = _ask(key, state.ends_ms, network, phone)
    if result == OVER:
        return _finish(END, NO_CAUSE, state.ends_ms, network, phone)
    if result == NONE_LEFT:
        return _finish(FAIL, DROP, state.now_ms, network, phone)
    row = _note(RECONNECT, NO_CAUSE, state.cell, network, phone)
    if row >= 0:
        phone.events[row].previous, phone.events[row].held_ms = before, state.now_ms - since
    state.handovers += state.cell != before
    state.since_ms = state.now_ms
    return True


@kernel
def _put_first(network: Network, phone: Phone) -> None:
    """Move the target cell of a ping-pong handover to the front of the candidates, if it is among them."""
    cells, powers, place = phone.reports.cell, phone.reports.power, 0
    if phone.state[0].partner == NO_CELL:
        return
    for i in range(cells.shape[0]):
        look_at(i, network, phone.reports)
        if cells[i] == phone.state[0].partner:
            place = i
    phone.reports.world[SHOWN] = 0  # in another order they are not those of a row of the map
    for i in range(place, 0, -1):
        cells[i], cells[i - 1] = cells[i - 1], cells[i]
        powers[i], powers[i - 1] = powers[i - 1], powers[i]
    phone.state[0].partner = NO_CELL


@kernel
def _finish(kind: int, cause: int, moment: int, network: Network, phone: Phone) -> bool:
    """End the session and return that the call does not go on."""
    state = phone.state[0]
    state.now_ms, state.ends_ms = moment, moment
    row = _note(kind, cause, state.cell, network, phone)
    if row >= 0:
        phone.events[row].held_ms, phone.events[row].talk_ms = moment - state.since_ms, max(moment - state.answer_ms, 0)
    return False


@kernel
def _mark(what: int, state: Any) -> None:
    """Add a number to the digest of the session's events."""
    state.mark = (state.mark ^ what) * FACTOR
    state.mark ^= state.mark >> 29


@kernel
def _note(kind: int, cause: int, cell: int, network: Network, phone: Phone) -> int:
    """Append an event and return its row; -1 when there is no space (`row` counts on)."""
    state, events = phone.state[0], phone.events
    row = state.row
    state.row += 1
    _mark(state.now_ms, state)
    _mark((kind * 64 + cause) * 2**32 + cell, state)
    if cell != NO_CELL and (kind != FAIL or cause == DROP):
        _mark(int(state.power * EXACT), state)
    if row >= events.shape[0]:
        return -1
    x, y = position(state.user, state.now_ms, network.folk, phone.reports.trail)
    plane, event = network.folk.plane, events[row]
    event.time_ms, event.state, event.cause = state.now_ms, kind, cause
    event.x = int(wrapped(x, plane.width, plane.wrap))
    event.y = int(wrapped(y, plane.height, plane.wrap))
    event.cell = cell
    event.power = state.power if cell != NO_CELL else np.nan
    event.previous, event.held_ms, event.talk_ms = NO_CELL, 0, 0
    return int(row)
