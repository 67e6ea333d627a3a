"""What the network makes of the intents: which calls happen, when a line is taken, and which cells serve them.

A user's line carries one call at a time: an intent that falls into a running call is suppressed. The same kernel
renders normal life and the world with incidents; the second only for the lines that an incident touches.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.calls.habits import Habits
from generators.calls.intents import Slots, make_slots, plan_day
from generators.calls.outcome import FAILED
from generators.clock import DAY_MS, HOUR_MS
from generators.compiled import kernel
from generators.radio.coverage import NO_CELL
from generators.rng import Purpose, philox, uniform
from generators.sessions.events import Events, make_events
from generators.sessions.network import Network
from generators.sessions.session import CELL, ENDS, FIRST, FIRST_CELL, HANDOVERS, ROW, Phone, hold, make_phone

REFERENCE_TALK_MS = 180_000.0
WORK_BEGINS_H, WORK_ENDS_H = 9, 17
SOME_EVENTS, MORE_EVENTS = 256, 4
_PLACE = np.uint64(Purpose.PLACE)


class Records(NamedTuple):
    """Rendered calls; shape (calls,) each."""

    caller: Any
    """int32."""
    callee: Any
    """int32: user, or external party."""
    start_ms: Any
    """int64: since the start of the world."""
    talk_ms: Any
    """int32."""
    outcome: Any
    """int8."""
    first_cell: Any
    """int32."""
    last_cell: Any
    """int32."""
    key: Any
    """uint64: stable key of the intent."""
    incident: Any
    """int32: incident that edited the intent; -1 for normal life."""
    setup_ms: Any
    """int32: from the start until the call was connected, or given up."""
    handovers: Any
    """int32: how often it changed cells."""
    events: Any
    """int32: how many session events it has."""


class Edits(NamedTuple):
    """What incidents change in the plan of one day, ordered by user; shape (edits,) each."""

    user: Any
    """int32."""
    slot: Any
    """int32: the slot that is altered, -1 for a call that is added."""
    start_ms: Any
    """int64."""
    talk_ms: Any
    """int32."""
    callee: Any
    """int32."""
    outcome: Any
    """int8."""
    move: Any
    """float64."""
    goal: Any
    """float64."""
    key: Any
    """uint64."""
    incident: Any
    """int32."""


def make_records(room: int) -> Records:
    """Make room for so many calls."""
    kinds = (
        np.int32, np.int32, np.int64, np.int32, np.int8, np.int32, np.int32, np.uint64, np.int32, np.int32, np.int32,
        np.int32,
    )  # fmt: skip
    return Records(*(np.empty(room, kind) for kind in kinds))


class Room(NamedTuple):
    """Where a kernel works and writes; each thread has its own."""

    slots: Slots
    records: Records
    phone: Phone


def make_room(calls: int, events: int, network: Network) -> Room:
    """Make room for rendering so many calls with so many events."""
    return Room(make_slots(), make_records(calls), make_phone(network.radio.cell.shape[1], make_events(events)))


class Lines(NamedTuple):
    """What became of some lines on one day."""

    records: Records
    events: Events
    suppressed: int
    """Intents that fell into a running call."""


def render_lines(users: Any, day: int, habits: Habits, edits: Edits, busy_until_ms: Any, most_calls: int) -> Lines:
    """Render one day of some users; parameters as of `render`, and the most calls that there can be."""
    network = habits.network
    parts: list[Lines] = []
    done, most_events = 0, (3 * most_calls + SOME_EVENTS) * network.on
    while done < len(users) or not parts:
        room = make_room(most_calls, most_events, network)
        rows, suppressed, finished = render(users[done:], day, habits, edits, busy_until_ms, room)
        done += finished
        events = Events(*(column[: room.phone.state[ROW]] for column in room.phone.events))
        parts.append(Lines(Records(*(column[:rows] for column in room.records)), events, suppressed))
        most_events *= MORE_EVENTS
    if len(parts) == 1:
        return parts[0]
    records = Records(*(np.concatenate(columns) for columns in zip(*(p.records for p in parts), strict=True)))
    events = Events(*(np.concatenate(columns) for columns in zip(*(p.events for p in parts), strict=True)))
    return Lines(records, events, sum(p.suppressed for p in parts))


def no_edits() -> Edits:
    """Return the edits of a world without incidents."""
    kinds = (np.int32, np.int32, np.int64, np.int32, np.int32, np.int8, np.float64, np.float64, np.uint64, np.int32)
    return Edits(*(np.empty(0, kind) for kind in kinds))


@kernel
def render(
    users: Any, day: int, habits: Habits, edits: Edits, busy_until_ms: Any, room: Room
) -> tuple[int, int, int]:
    """Render one day of some users, as far as there is room for the events.

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
    busy_until_ms
        Shape (N,): until when each line is taken; read and brought up to date.
    room
        Where to work, and for the result.

    Returns
    -------
    tuple
        How many calls there are in `room.records`, how many intents were suppressed, and how many users are done;
        of the others nothing was written.
    """
    rows, suppressed, edit = 0, 0, 0
    slots, state = room.slots, room.phone.state
    for index in range(users.shape[0]):
        user = users[index]
        before = (rows, suppressed, state[ROW], busy_until_ms[user])
        count = plan_day(user, day, habits, slots)
        while edit < edits.user.shape[0] and edits.user[edit] < user:
            edit += 1
        while edit < edits.user.shape[0] and edits.user[edit] == user:
            count = _apply(edits, edit, slots, count)
            edit += 1
        _sort(slots.start_ms, count, slots.order)
        for j in range(count):
            i = slots.order[j]
            start = slots.start_ms[i]
            if start < habits.people.active_from_ms[user]:
                continue
            if start < busy_until_ms[user]:
                suppressed += 1
                continue
            busy_until_ms[user] = _record(user, i, habits, room, rows)
            rows += 1
        if state[ROW] > room.phone.events.time_ms.shape[0]:
            rows, suppressed, state[ROW], busy_until_ms[user] = before
            return rows, suppressed, index
    return rows, suppressed, users.shape[0]


@kernel
def _apply(edits: Edits, edit: int, slots: Slots, count: int) -> int:
    """Alter a slot, or add one; return how many there are."""
    i = edits.slot[edit]
    if i < 0:
        i = count
        count += 1
    slots.start_ms[i], slots.talk_ms[i] = edits.start_ms[edit], edits.talk_ms[edit]
    slots.callee[i], slots.outcome[i] = edits.callee[edit], edits.outcome[edit]
    slots.move[i], slots.goal[i] = edits.move[edit], edits.goal[edit]
    slots.key[i], slots.incident[i] = edits.key[edit], edits.incident[edit]
    return count


@kernel
def _sort(start_ms: Any, count: int, order: Any) -> None:
    """Order the slots by time; those of the same millisecond by slot."""
    for i in range(count):
        j = i
        while j > 0 and start_ms[order[j - 1]] > start_ms[i]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = i


@kernel
def _record(user: int, i: int, habits: Habits, room: Room, row: int) -> int:
    """Write one call, and return until when it takes the line."""
    slots, out = room.slots, room.records
    out.caller[row], out.callee[row] = user, slots.callee[i]
    out.start_ms[row], out.talk_ms[row], out.outcome[row] = slots.start_ms[i], slots.talk_ms[i], slots.outcome[i]
    out.key[row], out.incident[row] = slots.key[i], slots.incident[i]
    if habits.network.on:
        return _fold(user, i, habits, room, row)
    first = serving_cell(user, slots.start_ms[i], habits)
    out.first_cell[row], out.last_cell[row] = first, _last_cell(first, i, habits, slots)
    out.setup_ms[row], out.handovers[row], out.events[row] = 0, 0, 0
    return int(slots.start_ms[i] + slots.talk_ms[i])


@kernel
def _fold(user: int, i: int, habits: Habits, room: Room, row: int) -> int:
    """Run a call's session and make the record say what its events say; return when the session was over."""
    slots, out, state = room.slots, room.records, room.phone.state
    start, first_event = slots.start_ms[i], state[ROW]
    connected = hold(user, slots.key[i], start, slots.talk_ms[i], habits.network, room.phone)
    if not connected:
        out.outcome[row] = FAILED
    first = state[FIRST_CELL]
    out.first_cell[row] = habits.people.home[user] if first == NO_CELL else first
    out.last_cell[row] = state[CELL] if connected else out.first_cell[row]
    out.talk_ms[row] = state[ENDS] - state[FIRST] if connected else 0
    out.setup_ms[row] = (state[FIRST] if connected else state[ENDS]) - start
    out.handovers[row], out.events[row] = state[HANDOVERS], state[ROW] - first_event
    return int(state[ENDS])


@kernel
def serving_cell(user: int, start_ms: int, habits: Habits) -> int:
    """Return the cell that serves a user: one for each hour, at work, at home or near home."""
    hour = start_ms // HOUR_MS
    words = philox(habits.seed, _PLACE, np.uint64(user), np.uint64(hour), np.uint64(0))
    people = habits.people
    own_ms = start_ms - people.clock_shift_ms[user]
    own_hour = own_ms // HOUR_MS % 24
    working = WORK_BEGINS_H <= own_hour < WORK_ENDS_H and not habits.weekend[start_ms // DAY_MS]
    if working and uniform(words[0]) < habits.at_work:
        return int(people.work[user])
    near = habits.neighbours.shape[1]
    if near > 0 and uniform(words[1]) < habits.elsewhere:
        return int(habits.neighbours[people.home[user], int(uniform(words[2]) * near)])
    return int(people.home[user])


@kernel
def _last_cell(first: int, i: int, habits: Habits, slots: Slots) -> int:
    """Return where a call ends: the longer it is, the likelier in a neighbouring cell."""
    near = habits.neighbours.shape[1]
    stays = math.exp(math.log(1.0 - habits.moving) * slots.talk_ms[i] / REFERENCE_TALK_MS)
    if near == 0 or slots.move[i] < stays:
        return first
    return int(habits.neighbours[first, int(slots.goal[i] * near)])
