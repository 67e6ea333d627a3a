"""Renders intents into calls: which of them take place, until when lines are busy, and which cells serve them.

A user's line carries one call at a time: an intent that falls into a running call is suppressed. One kernel renders
normal life and the world with incidents; a line that no incident touches is the same in both, and rendered once.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.calls.intents import Slots, make_slots, plan_day, plan_turn
from generators.calls.model_arrays import ModelArrays
from generators.calls.whereabouts import last_cell, serving_cell
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel, part
from generators.model.events import make_events
from generators.model.outcome import FAILED, MISSED
from generators.model.records import Edits, Records, make_records
from generators.radio.coverage import NO_CELL
from generators.sessions.faults import DONE, MET
from generators.sessions.network import Network
from generators.sessions.ringing import ring_of
from generators.sessions.session import Phone, hold, make_phone


class Page(NamedTuple):
    """Output arrays for calls, and the simulated phone that makes them."""

    records: Records
    phone: Phone


class Room(NamedTuple):
    """Work space and output of the rendering kernel; each thread has its own."""

    slots: Slots
    page: Page
    """Calls of the world with incidents."""
    normal: Page
    """Calls of normal life on the lines that an incident touches; of the events, only those of the current line."""
    place: Any
    """Shape (2, slots), int32: row 0 has for each slot of the current line the number of its call in normal life (-1
    for none), row 1 the position of that call's first event."""


class Lines(NamedTuple):
    """State of each user's line, kept from day to day; shape (N,) each."""

    count: Any
    """int32: number of calls that the user intends to make today."""
    touched: Any
    """bool: whether the line differs between the two worlds today."""
    busy_ms: Any
    """int64: moment until which the line is busy, in the world with incidents."""
    normal_busy_ms: Any
    """int64: moment until which the line is busy, in normal life."""
    turn: Any
    """int32: number of calls that the user has made in a closed loop."""


class Turn(NamedTuple):
    """Parameters of one rendering of a line on a day."""

    user: int
    day: int
    again: int
    """0 for the first rendering of the line, 1 for the second, which is the world with incidents."""
    twin: int
    """For a second rendering: row of the line's first call of normal life."""
    busy_ms: Any
    """Shape (N,), int64: moment until which each line is busy; updated."""
    made: Any
    """Shape (N,), int32: number of calls that each user has made in a closed loop; updated."""
    row: int
    """Row at which the first call is written."""


def make_room(calls: int, touched_calls: int, events: int, network: Network) -> Room:
    """Allocate work space for a number of calls, of events, and of normal calls on touched lines."""
    candidates, slots = network.radio.cell.shape[1], make_slots()
    page, normal = (Page(make_records(n), make_phone(candidates, make_events(events))) for n in (calls, touched_calls))
    return Room(slots, page, normal, np.empty((2, len(slots.order)), np.int32))


@kernel
def render(
    users: Any, day: int, model: ModelArrays, edits: Edits, lines: Lines, room: Room
) -> tuple[int, int, int, int]:
    """Render one day of some users in both worlds, as far as the space for events suffices.

    Parameters
    ----------
    users
        Shape (n,), ascending.
    day
        Day of the world.
    model
        The world.
    edits
        The day's edits, ordered by user.
    lines
        State of every line; read and updated.
    room
        Work space and result.

    Returns
    -------
    tuple
        Number of calls in `room.page` and in `room.normal`, of suppressed intents of normal life, and of users that are
        done; nothing was written for the others.
    """
    none: Any = np.int64(0)  # a literal 0 would have another type, for which everything would be compiled again
    rows, normal_rows, suppressed, edit, made = none, none, none, none, none
    written, past, most = room.page.phone.state[0], room.normal.phone.state[0], room.page.phone.events.shape[0]
    for index in range(users.shape[0]):
        user = users[index]
        if lines.count[user] == 0 and not lines.touched[user]:
            continue
        before = (rows, normal_rows, suppressed, written.row, lines.busy_ms[user], lines.normal_busy_ms[user])
        turn_before = lines.turn[user]
        plan_day(user, day, lines.count[user], model, room.slots)
        touched, turn, past.row = lines.touched[user], 0, 0
        while turn < (2 if touched else 1):
            clean = touched and turn == 0
            if turn:
                edit = _apply_all(user, edits, edit, model, room.slots)
            page, busy = room.normal if clean else room.page, lines.busy_ms if turn else lines.normal_busy_ms
            row, twin = normal_rows if clean else rows, normal_rows - made if turn else none
            page.phone.reports.world[DONE] = turn
            made, lost = _render_line(Turn(user, day, turn, twin, busy, lines.turn, row), model, edits, room, page)
            if max(written.row, past.row) > most:
                rows, normal_rows, suppressed, written.row, lines.busy_ms[user], lines.normal_busy_ms[user] = before
                lines.turn[user] = turn_before
                return rows, normal_rows, suppressed, index
            suppressed += 0 if turn else lost
            if not touched and _meets_any(page.records, row, made):  # what was written so far is normal life
                _copy_all(room, row, made, normal_rows, before[3])
                touched, lines.touched[user], clean = True, True, True
            rows, normal_rows = rows + (0 if clean else made), normal_rows + (made if clean else 0)
            turn += 1
        if not touched:
            lines.busy_ms[user] = lines.normal_busy_ms[user]
    return rows, normal_rows, suppressed, users.shape[0]


@kernel
def _meets_any(records: Records, row: int, many: int) -> bool:
    """Return whether an incident affected any of these calls."""
    met = False
    for i in range(many):
        met = met or records.incident[row + i] >= 0
    return met


@kernel
def _copy_all(room: Room, row: int, many: int, place: int, first_event: int) -> None:
    """Move a line's calls and their events from the world with incidents to normal life."""
    state, past = room.page.phone.state[0], room.normal.phone
    for i in range(many):
        _copy(room.page.records, row + i, room.normal.records, place + i)
    past.state[0].row = state.row - first_event
    for i in range(past.state[0].row):
        past.events[i] = room.page.phone.events[first_event + i]
    state.row = first_event


@kernel
def _copy(records: Records, i: int, to: Records, j: int) -> None:
    """Copy one call from one set of records to another."""
    to.caller[j], to.callee[j], to.start_ms[j] = records.caller[i], records.callee[i], records.start_ms[i]
    to.talk_ms[j], to.outcome[j], to.key[j] = records.talk_ms[i], records.outcome[i], records.key[i]
    to.first_cell[j], to.last_cell[j] = records.first_cell[i], records.last_cell[i]
    to.incident[j], to.setup_ms[j], to.ring_ms[j] = records.incident[i], records.setup_ms[i], records.ring_ms[i]
    to.handovers[j], to.events[j] = records.handovers[i], records.events[i]
    to.sim[j], to.device[j], to.mark[j] = records.sim[i], records.device[i], records.mark[i]


@kernel
def _repeat(room: Room, twin: int, event: int, row: int) -> int:
    """Copy a call of normal life, with its events; return until when it occupies the line."""
    out, phone, past = room.page.records, room.page.phone, room.normal.phone
    _copy(room.normal.records, twin, out, row)
    for i in range(out.events[row]):
        if phone.state[0].row < phone.events.shape[0]:
            phone.events[phone.state[0].row] = past.events[event + i]
        phone.state[0].row += 1
    return int(out.start_ms[row] + out.setup_ms[row] + out.ring_ms[row] + out.talk_ms[row])


@part
def _render_line(line: Turn, model: ModelArrays, edits: Edits, room: Room, page: Page) -> tuple[int, int]:
    """Write the calls that take place on a line on a day; return how many take place, and how many do not.

    In the second rendering, a call that no edit changed, and that met no incident in normal life, is copied from normal
    life.
    """
    user, day, again, twin, busy_ms, turn, row = line
    slots = room.slots
    first, first_event, suppressed, count = row, page.phone.state[0].row, 0, slots.count[0]
    begins, ends = model.people.active_from_ms[user], model.people.active_until_ms[user]
    if not model.closed:
        sort_by_start(slots.start_ms, count, slots.order)
    for j in range(count):
        if model.closed:
            i = plan_turn(user, turn[user], max(busy_ms[user], begins), model, slots)
            if slots.start_ms[i] >= (day + 1) * DAY_MS:
                break
            turn[user] += 1
        else:
            i = slots.order[j]
        start, edit = slots.start_ms[i], slots.edit[i]
        same = again and edit < 0 and not model.closed
        if not again:
            room.place[0, i] = -1
        if start < begins or start >= ends or (edit >= 0 and edits.gone[edit]):
            continue
        leg = edit >= 0 and edits.leg[edit]
        if start < busy_ms[user] and not leg:
            suppressed += 1
            continue
        if not again:
            room.place[0, i], room.place[1, i] = row - first, page.phone.state[0].row - first_event
        same = same and room.place[0, i] >= 0
        if same and room.normal.records.incident[twin + room.place[0, i]] < 0:
            over = _repeat(room, twin + room.place[0, i], room.place[1, i], row)
        else:
            over = _record(user, i, model, (slots, edits), page, row)
        if not leg:
            busy_ms[user] = over
        row += 1
    return row - first, suppressed


@kernel
def _apply_all(user: int, edits: Edits, edit: int, model: ModelArrays, slots: Slots) -> int:
    """Apply all edits of a user, searching from number `edit` on; return the number of the next user's first edit."""
    while edit < edits.user.shape[0] and edits.user[edit] < user:
        edit += 1
    while edit < edits.user.shape[0] and edits.user[edit] == user:
        _apply(edits, edit, model, slots)
        edit += 1
    return edit


@kernel
def _apply(edits: Edits, edit: int, model: ModelArrays, slots: Slots) -> None:
    """Apply one edit: alter a slot, or add one."""
    i = edits.slot[edit]
    if i < 0:
        i = slots.count[0]
        slots.count[0] += 1
    slots.start_ms[i], slots.talk_ms[i] = edits.start_ms[edit], edits.talk_ms[edit]
    slots.callee[i], slots.outcome[i] = edits.callee[edit], edits.outcome[edit]
    slots.move[i], slots.goal[i] = edits.move[edit], edits.goal[edit]
    slots.key[i], slots.edit[i] = edits.key[edit], edit
    slots.ring_ms[i] = edits.ring_ms[edit]
    if edits.ring_ms[edit] < 0:
        slots.ring_ms[i] = ring_of(slots.key[i], slots.outcome[i], model.ringing)


@kernel
def sort_by_start(start_ms: Any, count: int, order: Any) -> None:
    """Sort the slots by start, and by slot among equal milliseconds."""
    for i in range(count):
        j = i
        while j > 0 and start_ms[order[j - 1]] > start_ms[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i


@part
def _record(user: int, i: int, model: ModelArrays, plan: tuple[Slots, Edits], page: Page, row: int) -> int:
    """Write one call; return until when it occupies the line."""
    slots, edits = plan
    out, edit = page.records, slots.edit[i]
    phone: Any = np.int64(user)
    out.incident[row], out.sim[row], out.device[row] = -1, -1, -1
    if edit >= 0:
        phone = np.int64(edits.phone[edit])
        out.incident[row], out.sim[row], out.device[row] = edits.incident[edit], edits.sim[edit], edits.device[edit]
    out.caller[row], out.callee[row] = user, slots.callee[i]
    out.start_ms[row], out.talk_ms[row], out.outcome[row] = slots.start_ms[i], slots.talk_ms[i], slots.outcome[i]
    out.key[row], out.ring_ms[row] = slots.key[i], slots.ring_ms[i]
    if model.network.on:
        return _fold(phone, slots.key[i], model, page, row)
    first = serving_cell(phone, slots.start_ms[i], model)
    out.first_cell[row], out.last_cell[row] = first, last_cell(first, i, model, slots)
    out.setup_ms[row], out.handovers[row], out.events[row], out.mark[row] = 0, 0, 0, 0
    return int(slots.start_ms[i] + slots.ring_ms[i] + slots.talk_ms[i])


@part
def _fold(phone: Any, key: Any, model: ModelArrays, page: Page, row: int) -> int:
    """Simulate a call's session and set the record accordingly; return when the session was over."""
    out, state = page.records, page.phone.state[0]
    start, first_event = out.start_ms[row], state.row
    ring: Any = np.int64(out.ring_ms[row])
    talk: Any = np.int64(out.talk_ms[row])
    connected = hold(phone, key, start, (ring, talk), model.network, page.phone)
    if not connected:
        out.outcome[row] = FAILED
    elif talk and state.ends_ms <= state.answer_ms:  # lost while it rang: nobody could answer
        out.outcome[row] = MISSED
    if out.incident[row] < 0:
        out.incident[row] = page.phone.reports.world[MET] - 1
    first = state.first_cell
    out.first_cell[row] = model.people.home[phone] if first == NO_CELL else first
    out.last_cell[row] = state.cell if connected else out.first_cell[row]
    held = state.ends_ms - state.first_ms if connected else 0
    out.ring_ms[row] = min(held, ring)
    out.talk_ms[row] = held - out.ring_ms[row]
    out.setup_ms[row] = (state.first_ms if connected else state.ends_ms) - start
    out.handovers[row], out.events[row], out.mark[row] = state.handovers, state.row - first_event, state.mark
    return int(state.ends_ms)
