"""Sorts the calls of a day, and their events, by time."""

from typing import Any

import numpy as np

from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.model.records import Records

SECONDS = DAY_MS // 1000


def time_order(calls: Records, day: int) -> Any:
    """Return the order of a day's calls by start, and by key among equal starts; shape (calls,), int64."""
    order = np.empty(len(calls.key), np.int64)
    _sort(calls.start_ms, calls.key, day * DAY_MS, np.zeros(SECONDS + 1, np.int64), order)
    return order


def ordered(calls: Records, order: Any) -> Records:
    """Return the calls in the given order."""
    return Records(*(_ordered(column, order) for column in calls))


def _ordered(column: Any, order: Any) -> Any:
    """Return a column in the given order; a column with one value for all calls is returned as it is."""
    if len(column) == 0 or (column[0] == column[-1] and (column == column[0]).all()):
        return column
    out = np.empty_like(column)
    _arrange(column, order, out)
    return out


def events_ordered(events: Any, many: Any, order: Any) -> Any:
    """Return the events in the given order of their calls, each call having `many` events; shape (calls,) each."""
    if not len(events):
        return events
    out = np.empty_like(events)
    _move(events, np.cumsum(many) - many, many, order, out)
    return out


@kernel
def _arrange(column: Any, order: Any, out: Any) -> None:
    for i in range(order.shape[0]):
        out[i] = column[order[i]]


@kernel
def _move(events: Any, first: Any, many: Any, order: Any, out: Any) -> None:
    row = 0
    for i in range(order.shape[0]):
        for event in range(first[order[i]], first[order[i]] + many[order[i]]):
            out[row] = events[event]
            row += 1


@kernel
def _sort(start_ms: Any, key: Any, day_ms: int, place: Any, order: Any) -> None:
    """Sort by counting the calls of each second, then by insertion within each second."""
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
