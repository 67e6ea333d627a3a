"""Figures of incidents, counted from the records that they made or altered: `incidents.parameters`.

A type names its figures (`figures`, a mapping of names to the range that its entry gives, or to None); what each name
means is defined here, once. They are counted when the world is written, from the records, never from the plan.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from generators.model.changes import ADDED, NONE, REMOVED, Changes, end_seconds, talk_seconds
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.outcome import ANSWERED
from generators.model.records import Records

DIGITS = 4
_PARTIES = 2**33
"""Upper limit of the number of parties in a world."""
DAY_S, HOUR_S, TEN_MINUTES_S = DAY_MS // 1000, HOUR_MS // 1000, 600


class RecordedValues(NamedTuple):
    """Further columns of changed calls' records, besides those of `Changes`; shape (n,) each, 0 if removed."""

    callee: Any
    seconds: Any
    """Talk time, whole seconds."""
    lasting: Any
    """From the start to the end of the call, as the table of calls has them, whole seconds."""
    outcome: Any
    sim: Any
    device: Any

    @staticmethod
    def of(records: Records, changes: Changes) -> "RecordedValues":
        """Return the values of a day's changed calls from its records."""
        row = np.maximum(changes.row, 0)
        if not len(records.key):
            return RecordedValues(*np.zeros((len(RecordedValues._fields), len(row)), np.int32))
        caller = records.caller[row]
        sim, device = (np.where(column[row] == NONE, caller, column[row]) for column in (records.sim, records.device))
        talk_ms, start_ms = records.talk_ms[row], records.start_ms[row]
        wait_ms = records.setup_ms[row] + records.ring_ms[row]
        lasting = end_seconds(start_ms, wait_ms, talk_ms) - start_ms // 1000
        return RecordedValues(records.callee[row], talk_seconds(talk_ms), lasting, records.outcome[row], sim, device)

    @staticmethod
    def joined(parts: "Iterable[RecordedValues]") -> "RecordedValues":
        """Return all parts as one."""
        return RecordedValues(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class Made(NamedTuple):
    """Calls of some incidents, ordered by incident and start; n calls of I incidents."""

    incident: Any
    """Shape (n,): 0 .. I - 1; each has at least one."""
    first: Any
    """Shape (I,): position of the first call of each incident."""
    caller: Any
    cell: Any
    start_s: Any
    """Shape (n,): start since the begin of the world, which is a local midnight."""
    values: RecordedValues

    @property
    def count(self) -> Any:
        """Shape (I,): number of calls of each incident."""
        return np.diff(np.append(self.first, len(self.incident)))

    @property
    def end_s(self) -> Any:
        """Shape (n,): end of each call, as the table of calls has it."""
        return self.start_s + self.values.lasting

    def different(self, *columns: Any) -> Any:
        """Return the number of different values, or combinations of values, among each incident's calls; shape (I,)."""
        order = np.lexsort((*columns, self.incident))
        new = np.zeros(len(order), np.bool_)
        new[:1] = True
        for column in (self.incident, *columns):
            new[1:] |= column[order][1:] != column[order][:-1]
        return np.add.reduceat(new, self.first, dtype=np.int64)

    def waited_s(self) -> Any:
        """Return the time from the first to the last start of each incident, at least a second; shape (I,)."""
        last = np.append(self.first[1:], len(self.incident)) - 1
        return np.maximum(self.start_s[last] - self.start_s[self.first], 1)


class Context(NamedTuple):
    """Quantities to which the figures of calls are compared."""

    calls_a_day: float
    """Calls per day of an average user in normal life."""
    calls_back: Any
    """Shape (I,): calls back to each incident."""


def _at_a_time(made: Made, _: Context) -> Any:
    """Return the most simultaneous calls of each incident; calls end before others begin in the same second."""
    step = np.repeat([1, -1], len(made.incident))
    moment = np.concatenate([made.start_s, made.end_s])
    incident = np.tile(made.incident, 2)
    order = np.lexsort((step, moment, incident))
    running = np.cumsum(step[order])
    return np.maximum.reduceat(running, 2 * made.first)


def _within(made: Made, span_s: int) -> Any:
    """Return the most calls that start within some seconds of each other; shape (I,)."""
    most = int(made.start_s.max(initial=0)) + span_s + 1
    moment = made.incident * most + made.start_s
    after = np.searchsorted(moment, moment + span_s, side="left")
    return np.maximum.reduceat(after - np.arange(len(moment)), made.first)


def _of_answered(made: Made, how: Callable[..., Any], none: int) -> Any:
    answered = made.values.outcome == ANSWERED
    found = how(np.where(answered, made.values.seconds, none), made.first)
    return np.where(np.logical_or.reduceat(answered, made.first), found, 0)


def _median(made: Made) -> Any:
    """Return the median of the talk times of answered calls, 0 where none is answered; shape (I,)."""
    answered = made.values.outcome == ANSWERED
    seconds = made.values.seconds[np.lexsort((made.values.seconds, ~answered, made.incident))]
    many = np.add.reduceat(answered, made.first, dtype=np.int64)
    lower, upper = (made.first + np.maximum(place, 0) // 2 for place in (many - 1, many))
    return np.where(many > 0, (seconds[lower] + seconds[upper]) / 2, 0.0)


def _callees_a_day(made: Made, _: Context) -> Any:
    pairs, sims = made.different(made.values.sim, made.values.callee), made.different(made.values.sim)
    return pairs / sims / np.maximum(made.waited_s() / DAY_S, 1)


MEASURES: dict[str, tuple[Callable[[Made, Context], Any], str]] = {
    "calls": (lambda m, _: m.count, "calls that the incident made or altered"),
    "callers": (lambda m, _: m.different(m.caller), "different callers"),
    "callees": (lambda m, _: m.different(m.values.callee), "different callees"),
    "sims": (lambda m, _: m.different(m.values.sim), "different SIMs of the callers"),
    "devices": (lambda m, _: m.different(m.values.device), "different devices of the callers"),
    "cells": (lambda m, _: m.different(m.cell), "different first cells"),
    "span_s": (
        lambda m, _: np.maximum.reduceat(m.end_s, m.first) - m.start_s[m.first],
        "from the first start to the last end [s]",
    ),
    "within_s": (lambda m, _: m.waited_s(), "from the first start to the last [s]"),
    "calls_per_hour": (
        lambda m, _: (m.count - 1) * HOUR_S / m.waited_s(),
        "calls after the first, an hour from the first to the last",
    ),
    "callees_per_hour": (
        lambda m, _: (m.different(m.values.callee) - 1) * HOUR_S / m.waited_s(),
        "different callees after the first, an hour from the first call to the last",
    ),
    "callees_per_day": (_callees_a_day, "different callees of each SIM a day, a day at least; mean over the SIMs"),
    "sims_per_device": (lambda m, _: m.different(m.values.sim) / m.different(m.values.device), "SIMs in each device"),
    "in_10_min": (lambda m, _: _within(m, TEN_MINUTES_S), "the most calls that start within 10 minutes"),
    "in_1_h": (lambda m, _: _within(m, HOUR_S), "the most calls that start within an hour"),
    "at_a_time": (_at_a_time, "the most calls that run at a time"),
    "shortest_s": (lambda m, _: _of_answered(m, np.minimum.reduceat, 2**31 - 1), "least talk time of the answered [s]"),
    "median_s": (lambda m, _: _median(m), "median talk time of the answered [s]"),
    "longest_s": (lambda m, _: _of_answered(m, np.maximum.reduceat, 0), "greatest talk time [s]"),
    "answered": (lambda m, _: np.add.reduceat(m.values.outcome == ANSWERED, m.first) / m.count, "share answered"),
    "earliest_h": (
        lambda m, _: np.minimum.reduceat(m.start_s % DAY_S, m.first) / HOUR_S,
        "earliest time of day of a start, local [h]",
    ),
    "latest_h": (
        lambda m, _: np.maximum.reduceat(m.start_s % DAY_S, m.first) / HOUR_S,
        "latest time of day of a start, local [h]",
    ),
    "calls_back": (lambda _, c: c.calls_back, "calls back by the called parties"),
    "reciprocity": (lambda m, c: c.calls_back / m.count, "calls back for each call"),
    "times_usual": (
        lambda m, c: (m.count - 1) * DAY_S / np.maximum(m.waited_s(), 1) / c.calls_a_day,
        "calls after the first, a day from the first to the last, of what an average user makes",
    ),
}  # fmt: skip
"""Function that counts each figure, and its meaning."""


def ordered(changes: Changes, values: RecordedValues, chosen: Any) -> Made:
    """Return the chosen changes as calls of incidents, whose incidents are numbered anew in order."""
    order = np.flatnonzero(chosen)
    order = order[np.lexsort((changes.start_ms[order], changes.incident[order]))]
    _, first, incident = np.unique(changes.incident[order], return_index=True, return_inverse=True)
    start_s = changes.start_ms[order] // 1000
    cells = changes.cell[order]
    own = RecordedValues(*(column[order].astype(np.int64) for column in values))
    return Made(incident, first, changes.caller[order], cells, start_s, own)


def figures_of(
    changes: Changes, values: RecordedValues, chosen: Any, names: Iterable[str], calls_a_day: float
) -> tuple[Any, list[dict[str, float]]]:
    """Count the figures of the incidents of one type that made or altered calls.

    Parameters
    ----------
    changes, values
        The changed calls of the whole world, n rows, and further columns of their records.
    chosen
        Shape (n,), bool: the calls that incidents of the type changed.
    names
        Names of the figures.
    calls_a_day
        Calls a day of an average user in normal life.

    Returns
    -------
    tuple
        The incidents, in order, shape (I,), and a row of figures for each.
    """
    there = chosen & (changes.change != REMOVED)
    which = np.unique(changes.incident[there & changes.direct])
    if not len(which):
        return which, []
    made = ordered(changes, values, there & changes.direct)
    added = np.flatnonzero(there & ~changes.direct & (changes.change == ADDED) & np.isin(changes.incident, which))
    of = np.searchsorted(which, changes.incident[added])
    back = np.isin(of * _PARTIES + values.callee[added], made.incident * _PARTIES + made.caller)
    context = Context(calls_a_day, np.bincount(of[back], minlength=len(which)))
    columns = {name: _plain(MEASURES[name][0](made, context)) for name in names}
    return which, [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(values: Any) -> list[float]:
    """Return values for JSON: whole numbers as integers, others rounded."""
    return values.tolist() if values.dtype.kind in "iub" else values.round(DIGITS).tolist()  # type: ignore[no-any-return]


def spans_of(changes: Changes, values: RecordedValues, incidents: int) -> tuple[Any, Any]:
    """Return start and end of each incident, from its first and last direct record; shape (I,) [ms].

    An owner's call that an incident took away counts at the moment at which it would have started.
    """
    start = np.full(incidents, np.iinfo(np.int64).max)
    end = np.full(incidents, np.iinfo(np.int64).min)
    for own in (changes.direct, np.ones(len(changes.direct), np.bool_)):
        unknown = own & (end[changes.incident] == np.iinfo(np.int64).min)
        which, begin = changes.incident[unknown], changes.start_ms[unknown] // 1000 * 1000
        lasting = np.where(changes.change[unknown] == REMOVED, 0, values.lasting[unknown].astype(np.int64) * 1000)
        np.minimum.at(start, which, begin)
        np.maximum.at(end, which, begin + lasting)
    return start, end
