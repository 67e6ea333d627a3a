"""Differences between the world with incidents and normal life on a day: the changed calls and their incidents."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.model.records import Edits, Records
from generators.model.sim_holdings import SimHoldings

CHANGES = ("added", "altered", "removed")
ADDED, ALTERED, REMOVED, EVENTS_ALTERED = 0, 1, 2, 3
"""`EVENTS_ALTERED`: the call record is the same, but not the messages of its session (`events`); in `Changes` it is
`ALTERED` and collateral."""
SAME, NONE = -1, -1


class Changes(NamedTuple):
    """The calls of a day that differ between the two worlds; shape (n,) each."""

    row: Any
    """int64: position among the day's calls; -1 when removed."""
    key: Any
    """uint64: the call's stable key, the same in both worlds."""
    incident: Any
    """int32: incident that changed it; -1 until `attributed` where no edit or fault determines it."""
    change: Any
    """int8: index into `CHANGES`."""
    direct: Any
    """bool: whether the change is part of the incident; else it is collateral, as are changes of events alone."""
    caller: Any
    """int32."""
    cell: Any
    """int32: first cell."""
    start_ms: Any
    """int64: since the start of the world."""


class Involvement(NamedTuple):
    """Calls of a day that incidents edited or that met an incident, in order of user and time; shape (n,) each."""

    user: Any
    start_ms: Any
    incident: Any


def involvement(edits: Edits, calls: Records, with_faults: bool) -> Involvement:
    """Return the calls of a day that incidents edited (in order of user and time already) or that met faults of cells.

    Parameters
    ----------
    edits
        What incidents changed in the plan.
    calls
        The calls of the world with incidents.
    with_faults
        Whether there are faults of cells at all.
    """
    if not with_faults:
        return Involvement(edits.user, edits.start_ms, edits.incident)
    met = np.flatnonzero(calls.incident != NONE)
    user = np.concatenate([edits.user, calls.caller[met]])
    start = np.concatenate([edits.start_ms, calls.start_ms[met]])
    order = np.lexsort((start, user))
    return Involvement(user[order], start[order], np.concatenate([edits.incident, calls.incident[met]])[order])


def differences(normal: Records, calls: Records, touched: Any, edits: Edits) -> Changes:
    """Return the differences on the touched lines; the calls of both worlds are ordered by caller.

    Parameters
    ----------
    normal
        Normal life on the touched lines.
    calls
        All calls of the world with incidents.
    touched
        Shape (N,), bool: the lines that may differ.
    edits
        What incidents changed in the plan of the day.
    """
    change = np.empty(len(calls.key), np.int8)
    kept = np.zeros(len(normal.key), np.bool_)
    _compare(normal, calls, touched, change, kept)
    row, gone = np.flatnonzero(change != SAME), np.flatnonzero(~kept)
    removed = np.full(len(gone), REMOVED, np.int8)
    change = np.concatenate([change[row], removed])
    key = np.concatenate([calls.key[row], normal.key[gone]])
    own = _find(edits.key, key)
    met = np.concatenate([calls.incident[row], np.full(len(gone), NONE, np.int32)])
    direct = (own != NONE) & (change != EVENTS_ALTERED)
    direct[direct] = ~edits.collateral[own[direct]]
    direct |= (own == NONE) & (met != NONE) & (change == ALTERED)
    change[change == EVENTS_ALTERED] = ALTERED
    return Changes(
        row=np.concatenate([row, np.full(len(gone), NONE)]),
        key=key,
        incident=np.where(own == NONE, met, edits.incident[own]) if len(edits.key) else met,
        change=change,
        direct=direct,
        caller=np.concatenate([calls.caller[row], normal.caller[gone]]),
        cell=np.concatenate([calls.first_cell[row], normal.first_cell[gone]]),
        start_ms=np.concatenate([calls.start_ms[row], normal.start_ms[gone]]),
    )


def joined(parts: Sequence[Changes]) -> Changes:
    """Return all parts as one."""
    return Changes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def diverted(calls: Records, changes: Changes, sim_holdings: SimHoldings) -> Changes:
    """Add calls of other users that reach a number while an incident has moved it to another SIM."""
    row, holding = sim_holdings.in_force(calls.callee, calls.start_ms)
    if not len(row):
        return changes
    named = np.zeros(len(calls.key) + 1, np.bool_)
    named[changes.row] = True  # those that are removed, at -1, name the one past the last
    new = ~named[row]
    row, incident = row[new], sim_holdings.incident[holding[new]]
    change, direct = np.full(len(row), ALTERED, np.int8), np.zeros(len(row), np.bool_)
    added = Changes(
        row=row,
        key=calls.key[row],
        incident=incident,
        change=change,
        direct=direct,
        caller=calls.caller[row],
        cell=calls.first_cell[row],
        start_ms=calls.start_ms[row],
    )
    return joined([changes, added])


def attributed(changes: Changes, involved: Involvement, last_incident: Any) -> None:
    """Attribute collateral changes to incidents: to the last one on the line, else to the next one of that day.

    Parameters
    ----------
    changes
        Their incidents are filled in where they are missing.
    involved
        Calls that incidents edited or met on the day.
    last_incident
        Shape (N,), int32: the incident that last acted on each line before the day.
    """
    other = np.flatnonzero(changes.incident == NONE)
    caller, start_ms = changes.caller[other], changes.start_ms[other]
    if not len(involved.user):
        changes.incident[other] = last_incident[caller]
        return
    moment = involved.user.astype(np.int64) * DAY_MS + involved.start_ms % DAY_MS
    after = np.searchsorted(moment, caller.astype(np.int64) * DAY_MS + start_ms % DAY_MS, side="right")
    before = np.maximum(after - 1, 0)
    following = np.minimum(after, len(moment) - 1)
    same_day = np.where(involved.user[before] == caller, involved.incident[before], NONE)
    earlier = np.where(same_day == NONE, last_incident[caller], same_day)
    changes.incident[other] = np.where(earlier == NONE, involved.incident[following], earlier)


def talk_seconds(talk_ms: Any) -> Any:
    """Return talk times in whole seconds, as `whole_seconds`; shape (n,), int64."""
    seconds = np.empty(len(talk_ms), np.int64)
    _round_all(talk_ms, seconds)
    return seconds


@kernel
def _round_all(talk_ms: Any, seconds: Any) -> None:
    for i in range(seconds.shape[0]):
        seconds[i] = whole_seconds(talk_ms[i])


def end_seconds(start_ms: Any, wait_ms: Any, talk_ms: Any) -> Any:
    """Return the seconds in which calls end, as `end_second`; shape (n,), int64."""
    return np.maximum((start_ms + wait_ms + talk_ms) // 1000, start_ms // 1000 + talk_seconds(talk_ms))


@kernel
def whole_seconds(talk_ms: int) -> int:
    """Return a talk time in whole seconds, rounded down; an answered call lasts at least one."""
    return max(talk_ms // 1000, 1) if talk_ms > 0 else 0


@kernel
def end_second(start_ms: int, wait_ms: int, talk_ms: int) -> int:
    """Return the second in which a call ends, rounded down, and at least its start plus its talk time.

    The wait is the time from the start until the call was answered or given up.
    """
    return max((start_ms + wait_ms + talk_ms) // 1000, start_ms // 1000 + whole_seconds(talk_ms))


@kernel
def _compare(normal: Records, calls: Records, touched: Any, change: Any, kept: Any) -> None:
    """Match the calls of both worlds, line by line, and compare their records."""
    first, end, expected, whose = 0, 0, 0, -1
    for i in range(calls.key.shape[0]):
        caller = calls.caller[i]
        change[i] = SAME
        if not touched[caller]:
            continue
        if caller != whose:
            first = end
            while first < normal.key.shape[0] and normal.caller[first] < caller:
                first += 1
            end = first
            while end < normal.key.shape[0] and normal.caller[end] == caller:
                end += 1
            expected, whose = first, caller
        change[i] = ADDED
        for step in range(end - first):  # most follow each other in both worlds: look there first
            j = expected + step if expected + step < end else expected + step - end + first
            if normal.key[j] == calls.key[i]:
                change[i] = ALTERED
                if _looks_the_same(normal, j, calls, i):
                    change[i] = SAME if normal.mark[j] == calls.mark[i] else EVENTS_ALTERED
                kept[j], expected = True, j + 1
                break


@kernel
def _looks_the_same(normal: Records, j: int, calls: Records, i: int) -> bool:
    """Return whether the records of two calls agree in all exported columns."""
    same = normal.start_ms[j] // 1000 == calls.start_ms[i] // 1000 and normal.callee[j] == calls.callee[i]
    same = (
        same
        and whole_seconds(normal.talk_ms[j]) == whole_seconds(calls.talk_ms[i])
        and normal.outcome[j] == calls.outcome[i]
    )
    ends = end_second(normal.start_ms[j], normal.setup_ms[j] + normal.ring_ms[j], normal.talk_ms[j])
    same = same and ends == end_second(calls.start_ms[i], calls.setup_ms[i] + calls.ring_ms[i], calls.talk_ms[i])
    same = same and normal.sim[j] == calls.sim[i] and normal.device[j] == calls.device[i]
    same = same and normal.first_cell[j] == calls.first_cell[i] and normal.last_cell[j] == calls.last_cell[i]
    return bool(same and normal.handovers[j] == calls.handovers[i])


def _find(keys: Any, wanted: Any) -> Any:
    """Return the position of each wanted key among `keys`, -1 where it is missing."""
    if not len(keys):
        return np.full(len(wanted), NONE)
    order = np.argsort(keys)
    place = order[np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)]
    return np.where(keys[place] == wanted, place, NONE)
