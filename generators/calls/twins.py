"""Two worlds, day by day: normal life, and what incidents make of it; and the difference between them.

Only the lines that an incident touches are rendered twice. A line stays touched until it is as free, or as taken, as
it would have been.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from generators.calls.habits import Habits
from generators.calls.render import Edits, Lines, Records, render_lines
from generators.clock import DAY_MS
from generators.compiled import kernel
from generators.sessions.events import Events

BLOCK = 4096
"""Users rendered at a time: a unit of work only."""
SECONDS = DAY_MS // 1000
CHANGES = ("added", "altered", "removed")
ADDED, ALTERED, REMOVED = 0, 1, 2
NONE = -1
Rows = TypeVar("Rows", Records, Events)


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


@dataclass(frozen=True)
class Day:
    """The calls of one day of the world with incidents, in order of time."""

    records: Records
    events: Events
    """Of the calls, in their order."""
    changes: Changes
    suppressed: int
    """Intents that fell into a running call."""


class Twins:
    """Renders both worlds; carries what is true of each line from day to day."""

    def __init__(self, habits: Habits, counts: Any, edits: list[Edits], workers: int) -> None:
        self.habits, self.counts, self.edits, self.workers = habits, counts, edits, workers
        users = counts.shape[1]
        self.users = np.arange(users, dtype=np.int32)
        self.normal_busy_ms = np.zeros(users, np.int64)
        self.busy_ms = np.zeros(users, np.int64)
        self.last_incident = np.full(users, NONE, np.int32)

    def days(self) -> Iterator[Day]:
        """Yield every day in turn."""
        with ThreadPoolExecutor(self.workers) as pool:
            for day in range(self.counts.shape[0]):
                yield self._day(day, pool)

    def _day(self, day: int, pool: ThreadPoolExecutor) -> Day:
        edits = self.edits[day]
        touched = self.busy_ms != self.normal_busy_ms
        touched[edits.user] = True
        blocks = [self.users[first : first + BLOCK] for first in range(0, len(self.users), BLOCK)]
        parts = list(pool.map(partial(self._normal, day), blocks))
        normal = _joined([lines.records for lines in parts])
        events = _joined([lines.events for lines in parts])
        suppressed = sum(lines.suppressed for lines in parts)
        self.busy_ms[~touched] = self.normal_busy_ms[~touched]
        if not touched.any():
            return _in_order(day, normal, events, suppressed)
        most = int(self.counts[day, touched].sum()) + len(edits.user)
        edited = render_lines(self.users[touched], day, self.habits, edits, self.busy_ms, most)
        of_touched = touched[normal.caller]
        changes, marked = self._difference(_some(normal, of_touched), edited.records, edits)
        self.last_incident[edits.user] = edits.incident
        untouched = _some(events, np.repeat(~of_touched, normal.events))
        every = _joined([_some(normal, ~of_touched), edited.records])
        rendered = _in_order(day, every, _joined([untouched, edited.events]), suppressed)
        position = np.empty(len(every.key), np.int64)
        position[_time_order(every, day)] = np.arange(len(every.key))
        present = changes.change != REMOVED
        changes.row[present] = position[len(every.key) - len(edited.records.key) + marked[present]]
        return replace(rendered, changes=changes)

    def _normal(self, day: int, users: Any) -> Lines:
        empty = Edits(*(column[:0] for column in self.edits[day]))
        most = int(self.counts[day, users].sum())
        return render_lines(users, day, self.habits, empty, self.normal_busy_ms, most)

    def _difference(self, normal: Records, edited: Records, edits: Edits) -> tuple[Changes, Any]:
        """Return what differs on the touched lines, and the position of each change among the edited records."""
        twin = _find(normal.key, edited.key)
        changed = np.flatnonzero((twin == NONE) | _differs(normal, edited, twin))
        gone = np.flatnonzero(_find(edited.key, normal.key) == NONE)
        own = _find(edits.key, normal.key[gone])
        incident = np.concatenate([edited.incident[changed], np.where(own == NONE, NONE, edits.incident[own])])
        direct = incident != NONE
        caller = np.concatenate([edited.caller[changed], normal.caller[gone]])
        start_ms = np.concatenate([edited.start_ms[changed], normal.start_ms[gone]])
        incident[~direct] = self._nearest(caller[~direct], start_ms[~direct], edits)
        change = np.where(twin[changed] == NONE, ADDED, ALTERED)
        change = np.concatenate([change, np.full(len(gone), REMOVED)]).astype(np.int8)
        key = np.concatenate([edited.key[changed], normal.key[gone]])
        marked = np.concatenate([changed, np.full(len(gone), NONE)])
        return Changes(np.full(len(key), NONE, np.int64), key, incident, change, direct), marked

    def _nearest(self, caller: Any, start_ms: Any, edits: Edits) -> Any:
        """Return the incident behind a collateral change: the last one on the line, else the next of that day."""
        if not len(edits.user):
            return self.last_incident[caller]
        moment = edits.user.astype(np.int64) * DAY_MS + edits.start_ms % DAY_MS
        after = np.searchsorted(moment, caller.astype(np.int64) * DAY_MS + start_ms % DAY_MS, side="right")
        before = np.maximum(after - 1, 0)
        following = np.minimum(after, len(moment) - 1)
        same_day = np.where(edits.user[before] == caller, edits.incident[before], NONE)
        earlier = np.where(same_day == NONE, self.last_incident[caller], same_day)
        return np.where(earlier == NONE, edits.incident[following], earlier)


def talk_seconds(talk_ms: Any) -> Any:
    """Return talk times in whole seconds, rounded half up; an answered call lasts at least one."""
    return np.where(talk_ms > 0, np.maximum((talk_ms + 500) // 1000, 1), 0)


def _differs(normal: Records, edited: Records, twin: Any) -> Any:
    """Return which edited records differ from their twin in anything that is exported."""
    other = Records(*(column[twin] for column in normal))
    same = (other.start_ms // 1000 == edited.start_ms // 1000) & (other.callee == edited.callee)
    same &= (talk_seconds(other.talk_ms) == talk_seconds(edited.talk_ms)) & (other.outcome == edited.outcome)
    same &= (other.first_cell == edited.first_cell) & (other.last_cell == edited.last_cell)
    return ~(same & (other.handovers == edited.handovers))


def _find(keys: Any, wanted: Any) -> Any:
    """Return where each wanted key stands among `keys`, -1 where it does not."""
    if not len(keys):
        return np.full(len(wanted), NONE)
    order = np.argsort(keys)
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, place, NONE)


def _joined(parts: list[Rows]) -> Rows:
    return type(parts[0])(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _some(rows: Rows, chosen: Any) -> Rows:
    return type(rows)(*(column[chosen] for column in rows))


def _no_changes() -> Changes:
    kinds = (np.int64, np.uint64, np.int32, np.int8, np.bool_)
    return Changes(*(np.empty(0, kind) for kind in kinds))


def _in_order(day: int, records: Records, events: Events, suppressed: int) -> Day:
    """Put the calls of a day in order of time, and each one's events with it."""
    order = _time_order(records, day)
    first = np.cumsum(records.events) - records.events
    many = records.events[order]
    moved = np.repeat(first[order] - (np.cumsum(many) - many), many) + np.arange(len(events.time_ms))
    return Day(_some(records, order), _some(events, moved), _no_changes(), suppressed)


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
