"""Two worlds, day by day: normal life, and what incidents make of it; and the difference between them.

Only the lines that an incident touches are rendered twice. A line stays touched until it is as free, or as taken, as
it would have been.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from generators.calls.habits import Habits
from generators.calls.render import Edits, Lines, Records, make_room, render
from generators.clock import DAY_MS
from generators.compiled import kernel
from generators.sessions.session import ROW
from generators.swaps import Swaps

BLOCK = 4096
"""Users rendered at a time: a unit of work only."""
SECONDS = DAY_MS // 1000
CHANGES = ("added", "altered", "removed")
ADDED, ALTERED, REMOVED = 0, 1, 2
NONE = -1
EVENTS_A_CALL, SOME_EVENTS = 3, 1024
"""Room that is made for events at first."""


class Changes(NamedTuple):
    """The calls of a day that differ between the two worlds; shape (n,) each."""

    row: Any
    """int64: position within the day's calls; -1 when removed."""
    key: Any
    """uint64: stable key of the call."""
    incident: Any
    """int32: whose doing it is."""
    change: Any
    """int8: index into `CHANGES`."""
    direct: Any
    """bool: the incident's own deed; else collateral."""
    caller: Any
    """int32."""
    cell: Any
    """int32: first cell."""
    start_ms: Any
    """int64: since the start of the world."""


@dataclass(frozen=True)
class Day:
    """The calls of one day of the world with incidents, in order of time."""

    records: Records
    events: Any
    """Of the calls, in their order; shape (events,) of `generators.sessions.events.EVENT`."""
    changes: Changes
    suppressed: int
    """Intents that fell into a running call."""


class Block(NamedTuple):
    """A day of some users, not yet in order of time."""

    records: Records
    normal: Records
    """Normal life on the touched lines."""
    events: Any
    suppressed: int


class Deeds(NamedTuple):
    """What incidents did on a day, in order of user and time: calls that they edited, and calls that met them."""

    user: Any
    start_ms: Any
    incident: Any


class Twins:
    """Renders both worlds; carries what is true of each line from day to day."""

    def __init__(
        self, habits: Habits, counts: Any, edits: list[Edits], workers: int, swaps: Swaps | None = None
    ) -> None:
        self.habits, self.counts, self.edits, self.workers = habits, counts, edits, workers
        self.swaps = swaps or Swaps()
        users = counts.shape[1]
        self.users = np.arange(users, dtype=np.int32)
        free = np.zeros((2, users), np.int64)
        count, turn = np.zeros((2, users), np.int32)
        self.lines = Lines(count, np.zeros(users, np.bool_), free[0], free[1], turn)
        self.last_incident = np.full(users, NONE, np.int32)

    def days(self) -> Iterator[Day]:
        """Yield every day in turn."""
        with ThreadPoolExecutor(self.workers) as pool:
            for day in range(self.counts.shape[0]):
                yield self._day(day, pool)

    def _day(self, day: int, pool: ThreadPoolExecutor) -> Day:
        edits, lines = self.edits[day], self.lines
        lines.count[:] = self.counts[day]
        np.not_equal(lines.busy_ms, lines.normal_busy_ms, out=lines.touched)
        lines.touched[edits.user] = True
        blocks = [self.users[first : first + BLOCK] for first in range(0, len(self.users), BLOCK)]
        every, normal, events, suppressed = _gathered(list(pool.map(partial(self._block, day), blocks)))
        order = _time_order(every, day)
        records = Records(*(column[order] for column in every))
        on_touched = np.flatnonzero(lines.touched[every.caller])
        edited = Records(*(c[on_touched] for c in every))
        deeds = _deeds(edits, edited)
        changes, marked = self._difference(normal, edited, edits, deeds)
        self.last_incident[deeds.user] = deeds.incident
        position = np.empty(len(order), np.int64)
        position[order] = np.arange(len(order))
        present = changes.change != REMOVED
        changes.row[present] = position[on_touched[marked[present]]]
        changes = self._diverted(records, changes)
        return Day(records, _events_in_order(events, every.events, order), changes, suppressed)

    def _block(self, day: int, users: Any) -> Block:
        """Render a day of some users, with more room where their events need it."""
        parts: list[Block] = []
        done, most = 0, EVENTS_A_CALL * int(self.counts[day, users].sum()) + SOME_EVENTS
        while done < len(users):
            finished, part = self._part(day, users[done:], most * self.habits.network.on)
            done, most = done + finished, most * 2
            parts.append(part)
        return parts[0] if len(parts) == 1 else _gathered(parts)

    def _part(self, day: int, users: Any, events: int) -> tuple[int, Block]:
        """Render a day of some users, as many as there is room for the events; return how many."""
        low, high = np.searchsorted(self.edits[day].user, [users[0], users[-1] + 1])
        edits = Edits(*(column[low:high] for column in self.edits[day]))
        counts = self.counts[day, users]
        struck = self.habits.network.incidents  # then any line may turn out to be touched
        touched = int(counts.sum() if struck else counts[self.lines.touched[users]].sum())
        room = make_room(int(counts.sum()) + len(edits.user), touched, events, self.habits.network)
        rows, normal_rows, suppressed, finished = render(users, day, self.habits, edits, self.lines, room)
        records, normal = room.page.records, room.normal.records
        written = int(room.page.phone.state[ROW])
        return finished, Block(
            Records(*(column[:rows] for column in records)),
            Records(*(column[:normal_rows] for column in normal)),
            room.page.phone.events[:written],
            suppressed,
        )

    def _difference(self, normal: Records, edited: Records, edits: Edits, deeds: Deeds) -> tuple[Changes, Any]:
        """Return what differs on the touched lines, and the position of each change among the edited records."""
        twin = np.empty(len(edited.key), np.int64)
        kept = np.zeros(len(normal.key), np.bool_)
        _match(normal, edited, twin, kept)
        changed = np.flatnonzero((twin == NONE) | _differs(normal, edited, twin))
        gone = np.flatnonzero(~kept)
        change = np.where(twin[changed] == NONE, ADDED, ALTERED)
        change = np.concatenate([change, np.full(len(gone), REMOVED)]).astype(np.int8)
        key = np.concatenate([edited.key[changed], normal.key[gone]])
        own = _find(edits.key, key)
        met = np.concatenate([edited.incident[changed], np.full(len(gone), NONE, np.int32)])
        incident = np.where(own == NONE, met, edits.incident[own]) if len(edits.key) else met
        direct = (own != NONE) | ((met != NONE) & (change == ALTERED))
        caller = np.concatenate([edited.caller[changed], normal.caller[gone]])
        start_ms = np.concatenate([edited.start_ms[changed], normal.start_ms[gone]])
        cell = np.concatenate([edited.first_cell[changed], normal.first_cell[gone]])
        other = incident == NONE
        incident[other] = self._nearest(caller[other], start_ms[other], deeds)
        marked = np.concatenate([changed, np.full(len(gone), NONE)])
        row = np.full(len(key), NONE, np.int64)
        return Changes(row, key, incident, change, direct, caller, cell, start_ms), marked

    def _diverted(self, records: Records, changes: Changes) -> Changes:
        """Add the calls of others that reach a number on the SIM that an incident has put it on."""
        row, holding = self.swaps.in_force(records.callee, records.start_ms)
        new = ~np.isin(row, changes.row)
        row, incident = row[new], self.swaps.incident[holding[new]]
        change, direct = np.full(len(row), ALTERED, np.int8), np.zeros(len(row), np.bool_)
        where = (records.caller[row], records.first_cell[row], records.start_ms[row])
        more = Changes(row, records.key[row], incident, change, direct, *where)
        return Changes(*(np.concatenate(columns) for columns in zip(changes, more, strict=True)))

    def _nearest(self, caller: Any, start_ms: Any, deeds: Deeds) -> Any:
        """Return the incident behind a collateral change: the last one on the line, else the next of that day."""
        if not len(deeds.user):
            return self.last_incident[caller]
        moment = deeds.user.astype(np.int64) * DAY_MS + deeds.start_ms % DAY_MS
        after = np.searchsorted(moment, caller.astype(np.int64) * DAY_MS + start_ms % DAY_MS, side="right")
        before = np.maximum(after - 1, 0)
        following = np.minimum(after, len(moment) - 1)
        same_day = np.where(deeds.user[before] == caller, deeds.incident[before], NONE)
        earlier = np.where(same_day == NONE, self.last_incident[caller], same_day)
        return np.where(earlier == NONE, deeds.incident[following], earlier)


def _deeds(edits: Edits, edited: Records) -> Deeds:
    met = np.flatnonzero(edited.incident != NONE)
    user = np.concatenate([edits.user, edited.caller[met]])
    start = np.concatenate([edits.start_ms, edited.start_ms[met]])
    order = np.lexsort((start, user))
    return Deeds(user[order], start[order], np.concatenate([edits.incident, edited.incident[met]])[order])


def talk_seconds(talk_ms: Any) -> Any:
    """Return talk times in whole seconds, rounded half up; an answered call lasts at least one."""
    return np.where(talk_ms > 0, np.maximum((talk_ms + 500) // 1000, 1), 0)


def _differs(normal: Records, edited: Records, twin: Any) -> Any:
    """Return which edited records differ from their twin in anything that is exported."""
    if not len(normal.key):
        return np.ones(len(edited.key), np.bool_)
    other = Records(*(column[twin] for column in normal))
    same = (other.start_ms // 1000 == edited.start_ms // 1000) & (other.callee == edited.callee)
    same &= (talk_seconds(other.talk_ms) == talk_seconds(edited.talk_ms)) & (other.outcome == edited.outcome)
    same &= (other.sim == edited.sim) & (other.device == edited.device)
    same &= (other.first_cell == edited.first_cell) & (other.last_cell == edited.last_cell)
    return ~(same & (other.handovers == edited.handovers))


def _find(keys: Any, wanted: Any) -> Any:
    """Return where each wanted key stands among `keys`, -1 where it does not."""
    if not len(keys):
        return np.full(len(wanted), NONE)
    order = np.argsort(keys)
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, place, NONE)


@kernel
def _match(normal: Records, edited: Records, twin: Any, kept: Any) -> None:
    """Find the same call in both worlds, line by line; both are ordered by caller."""
    first = 0
    for i in range(edited.key.shape[0]):
        while first < normal.key.shape[0] and normal.caller[first] < edited.caller[i]:
            first += 1
        twin[i] = NONE
        j = first
        while j < normal.key.shape[0] and normal.caller[j] == edited.caller[i]:
            if normal.key[j] == edited.key[i]:
                twin[i], kept[j] = j, True
                break
            j += 1


def _joined(parts: list[Records]) -> Records:
    return Records(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _gathered(parts: list[Block]) -> Block:
    return Block(
        _joined([part.records for part in parts]),
        _joined([part.normal for part in parts]),
        np.concatenate([part.events for part in parts]),
        sum(part.suppressed for part in parts),
    )


def _events_in_order(events: Any, many: Any, order: Any) -> Any:
    """Return the events of calls that are put in another order; shape (calls,): how many each has, and the order."""
    if not len(events):
        return events
    out = np.empty_like(events)
    _move(events, np.cumsum(many) - many, many, order, out)
    return out


@kernel
def _move(events: Any, first: Any, many: Any, order: Any, out: Any) -> None:
    row = 0
    for i in range(order.shape[0]):
        for event in range(first[order[i]], first[order[i]] + many[order[i]]):
            out[row] = events[event]
            row += 1


def _time_order(records: Records, day: int) -> Any:
    """Return the order of the calls of a day by start, and by key where that is the same."""
    order = np.empty(len(records.key), np.int64)
    _sort(records.start_ms, records.key, day * DAY_MS, np.zeros(SECONDS + 1, np.int64), order)
    return order


@kernel
def _sort(start_ms: Any, key: Any, day_ms: int, place: Any, order: Any) -> None:
    """Sort by counting the calls of each second, then by insertion within the second."""
    for i in range(start_ms.shape[0]):
        place[(start_ms[i] - day_ms) // 1000 + 1] += 1
    for second in range(1, place.shape[0]):
        place[second] += place[second - 1]
    for i in range(start_ms.shape[0]):
        second = (start_ms[i] - day_ms) // 1000
        order[place[second]] = i
        place[second] += 1
    for i in range(1, order.shape[0]):
        this = order[i]
        j = i
        while j > 0 and (
            start_ms[order[j - 1]] > start_ms[this]
            or (start_ms[order[j - 1]] == start_ms[this] and key[order[j - 1]] > key[this])
        ):
            order[j] = order[j - 1]
            j -= 1
        order[j] = this
