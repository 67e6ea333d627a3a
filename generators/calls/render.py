"""What the network makes of the intents: which calls happen, when a line is taken, and which cells serve them.

A user's line carries one call at a time: an intent that falls into a running call is suppressed. One kernel renders
normal life and the world with incidents; a line that no incident touches is the same in both, and rendered once.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.calls.habits import Habits
from generators.calls.intents import Slots, make_slots, plan_day, plan_turn
from generators.calls.outcome import FAILED
from generators.calls.records import Edits, Records, make_records
from generators.calls.whereabouts import last_cell, serving_cell
from generators.clock import DAY_MS
from generators.compiled import kernel, part
from generators.radio.coverage import NO_CELL
from generators.sessions.events import make_events
from generators.sessions.faults import DONE, MET
from generators.sessions.network import Network
from generators.sessions.session import CELL, ENDS, FIRST, FIRST_CELL, HANDOVERS, MARK, ROW, Phone, hold, make_phone


class Page(NamedTuple):
    """Where calls are written, and the phone that makes them."""

    records: Records
    phone: Phone


class Room(NamedTuple):
    """Where a kernel works and writes; each thread has its own."""

    slots: Slots
    page: Page
    """The world with incidents."""
    normal: Page
    """Normal life on the lines that an incident touches; its events are not kept."""


class Lines(NamedTuple):
    """What is true of each user's line, from day to day; shape (N,) each."""

    count: Any
    """int32: how many calls the user wants to make today."""
    touched: Any
    """bool: whether the line differs between the two worlds today."""
    busy_ms: Any
    """int64: until when the line is taken, in the world with incidents."""
    normal_busy_ms: Any
    """int64: until when it would be, in normal life."""
    turn: Any
    """int32: of a closed loop, how many calls the user has made."""


def make_room(calls: int, touched_calls: int, events: int, network: Network) -> Room:
    """Make room for rendering so many calls with so many events, and so many calls of normal life on touched lines."""
    candidates = network.radio.cell.shape[1]
    page = Page(make_records(calls), make_phone(candidates, make_events(events)))
    return Room(make_slots(), page, Page(make_records(touched_calls), make_phone(candidates, make_events(0))))


@kernel
def render(users: Any, day: int, habits: Habits, edits: Edits, lines: Lines, room: Room) -> tuple[int, int, int, int]:
    """Render one day of some users, in both worlds, as far as there is room for the events.

    Parameters
    ----------
    users
        Shape (n,), ascending.
    day
        Day of the world.
    habits
        The world.
    edits
        The day's edits, ordered by user.
    lines
        The account of every line; read and brought up to date.
    room
        Where to work, and for the result.

    Returns
    -------
    tuple
        How many calls there are in `room.page` and in `room.normal`, how many intents of normal life were suppressed,
        and how many users are done; of the others nothing was written.
    """
    none: Any = np.int64(0)  # a literal 0 would be a type of its own, for which everything is compiled once more
    rows, normal_rows, suppressed, edit = none, none, none, none
    written, most = room.page.phone.state, room.page.phone.events.shape[0]
    for index in range(users.shape[0]):
        user = users[index]
        if lines.count[user] == 0 and not lines.touched[user]:
            continue
        before = (rows, normal_rows, suppressed, written[ROW], lines.busy_ms[user], lines.normal_busy_ms[user])
        turn_before = lines.turn[user]
        plan_day(user, day, lines.count[user], habits, room.slots)
        touched, turn, kept, begins = lines.touched[user], 0, none, none
        while turn < (2 if touched else 1):
            clean = touched and turn == 0
            if turn:
                edit = _apply_all(user, edits, edit, room.slots)
            page, busy = room.normal if clean else room.page, lines.busy_ms if turn else lines.normal_busy_ms
            row, plan = normal_rows if clean else rows + kept, (room.slots, edits)
            page.phone.reports.world[DONE] = turn
            made, lost = _render_line((user, day, begins), habits, plan, (busy, lines.turn), page, row)
            suppressed += 0 if turn else lost
            first = made if touched else _first_met(page.records, row, made)
            if first < made:  # what was written is normal life then; up to that call, incidents change nothing
                _copy(page.records, row, made, room.normal.records, normal_rows)
                kept, touched, lines.touched[user], clean = first, True, True, True
                begins = _take_back(page, row, (first, made), room.slots, (user, lines.busy_ms))
            rows, normal_rows = rows + (0 if clean else kept + made), normal_rows + (made if clean else 0)
            turn += 1
        if not touched:
            lines.busy_ms[user] = lines.normal_busy_ms[user]
        if written[ROW] > most:
            rows, normal_rows, suppressed, written[ROW], lines.busy_ms[user], lines.normal_busy_ms[user] = before
            lines.turn[user] = turn_before
            return rows, normal_rows, suppressed, index
    return rows, normal_rows, suppressed, users.shape[0]


@kernel
def _first_met(records: Records, row: int, many: int) -> int:
    """Return which of these calls is the first that met an incident; `many` when none did."""
    for i in range(many):
        if records.incident[row + i] >= 0:
            return i
    return many


@kernel
def _take_back(page: Page, row: int, calls: tuple[int, int], slots: Slots, line: tuple[int, Any]) -> int:
    """Take back a line's calls, but the first ones; return from which of its intents on it has to be gone on."""
    records, (kept, many), (user, busy_ms) = page.records, calls, line
    for i in range(row + kept, row + many):
        page.phone.state[ROW] -= records.events[i]
    if kept > 0:
        last = row + kept - 1
        busy_ms[user] = records.start_ms[last] + records.setup_ms[last] + records.talk_ms[last]
    place = 0
    while slots.key[slots.order[place]] != records.key[row + kept]:
        place += 1
    return place


@kernel
def _copy(records: Records, row: int, many: int, to: Records, place: int) -> None:
    """Copy so many calls, from a row on, to a place among others."""
    for i in range(row, row + many):
        j = place + i - row
        to.caller[j], to.callee[j], to.start_ms[j] = records.caller[i], records.callee[i], records.start_ms[i]
        to.talk_ms[j], to.outcome[j], to.key[j] = records.talk_ms[i], records.outcome[i], records.key[i]
        to.first_cell[j], to.last_cell[j] = records.first_cell[i], records.last_cell[i]
        to.incident[j], to.setup_ms[j] = records.incident[i], records.setup_ms[i]
        to.handovers[j], to.events[j] = records.handovers[i], records.events[i]
        to.sim[j], to.device[j], to.mark[j] = records.sim[i], records.device[i], records.mark[i]


@part
def _render_line(
    whose: tuple[int, int, int],
    habits: Habits,
    plan: tuple[Slots, Edits],
    account: tuple[Any, Any],
    page: Page,
    row: int,
) -> tuple[int, int]:
    """Write the calls that take place on a line on a day, from an intent on; return how many, and how many do not."""
    (user, day, begin), (busy_ms, turn), (slots, edits) = whose, account, plan
    first, suppressed, count = row, 0, slots.count[0]
    begins, ends = habits.people.active_from_ms[user], habits.people.active_until_ms[user]
    if not habits.closed:
        sort_by_start(slots.start_ms, count, slots.order)
    for j in range(begin, count):
        if habits.closed:
            i = plan_turn(user, turn[user], max(busy_ms[user], begins), habits, slots)
            if slots.start_ms[i] >= (day + 1) * DAY_MS:
                break
            turn[user] += 1
        else:
            i = slots.order[j]
        start = slots.start_ms[i]
        edit = slots.edit[i]
        if start < begins or start >= ends or (edit >= 0 and edits.gone[edit]):
            continue
        leg = edit >= 0 and edits.leg[edit]
        if start < busy_ms[user] and not leg:
            suppressed += 1
            continue
        over = _record(user, i, habits, plan, page, row)
        if not leg:
            busy_ms[user] = over
        row += 1
    return row - first, suppressed


@kernel
def _apply_all(user: int, edits: Edits, edit: int, slots: Slots) -> int:
    """Apply the edits of a user, looking from number `edit` on; return the number of the next user's first."""
    while edit < edits.user.shape[0] and edits.user[edit] < user:
        edit += 1
    while edit < edits.user.shape[0] and edits.user[edit] == user:
        _apply(edits, edit, slots)
        edit += 1
    return edit


@kernel
def _apply(edits: Edits, edit: int, slots: Slots) -> None:
    """Alter a slot, or add one."""
    i = edits.slot[edit]
    if i < 0:
        i = slots.count[0]
        slots.count[0] += 1
    slots.start_ms[i], slots.talk_ms[i] = edits.start_ms[edit], edits.talk_ms[edit]
    slots.callee[i], slots.outcome[i] = edits.callee[edit], edits.outcome[edit]
    slots.move[i], slots.goal[i] = edits.move[edit], edits.goal[edit]
    slots.key[i], slots.edit[i] = edits.key[edit], edit


@kernel
def sort_by_start(start_ms: Any, count: int, order: Any) -> None:
    """Order the slots by time; those of the same millisecond by slot."""
    for i in range(count):
        j = i
        while j > 0 and start_ms[order[j - 1]] > start_ms[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i


@part
def _record(user: int, i: int, habits: Habits, plan: tuple[Slots, Edits], page: Page, row: int) -> int:
    """Write one call, and return until when it takes the line."""
    slots, edits = plan
    out, edit = page.records, slots.edit[i]
    phone: Any = np.int64(user)
    out.incident[row], out.sim[row], out.device[row] = -1, -1, -1
    if edit >= 0:
        phone = np.int64(edits.phone[edit])
        out.incident[row], out.sim[row], out.device[row] = edits.incident[edit], edits.sim[edit], edits.device[edit]
    out.caller[row], out.callee[row] = user, slots.callee[i]
    out.start_ms[row], out.talk_ms[row], out.outcome[row] = slots.start_ms[i], slots.talk_ms[i], slots.outcome[i]
    out.key[row] = slots.key[i]
    if habits.network.on:
        return _fold(phone, slots.key[i], habits, page, row)
    first = serving_cell(phone, slots.start_ms[i], habits)
    out.first_cell[row], out.last_cell[row] = first, last_cell(first, i, habits, slots)
    out.setup_ms[row], out.handovers[row], out.events[row], out.mark[row] = 0, 0, 0, 0
    return int(slots.start_ms[i] + slots.talk_ms[i])


@part
def _fold(phone: Any, key: Any, habits: Habits, page: Page, row: int) -> int:
    """Run a call's session and make the record say what its events say; return when the session was over."""
    out, state = page.records, page.phone.state
    start, first_event = out.start_ms[row], state[ROW]
    talk: Any = np.int64(out.talk_ms[row])
    connected = hold(phone, key, start, talk, habits.network, page.phone)
    if not connected:
        out.outcome[row] = FAILED
    if out.incident[row] < 0:
        out.incident[row] = page.phone.reports.world[MET] - 1
    first = state[FIRST_CELL]
    out.first_cell[row] = habits.people.home[phone] if first == NO_CELL else first
    out.last_cell[row] = state[CELL] if connected else out.first_cell[row]
    out.talk_ms[row] = state[ENDS] - state[FIRST] if connected else 0
    out.setup_ms[row] = (state[FIRST] if connected else state[ENDS]) - start
    out.handovers[row], out.events[row], out.mark[row] = state[HANDOVERS], state[ROW] - first_event, state[MARK]
    return int(state[ENDS])
