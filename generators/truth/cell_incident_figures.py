"""Figures of incidents at the level of cells, counted from the records and events as they are written.

Only places and antenna directions are copied from the plan. The meaning of each figure is defined here once,
and tests count them again from the files (`tests/generators/truth/test_cell_figures.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from generators.calls.returns import hops_of, returns, stays_of
from generators.injection.expected_calls import distances
from generators.injection.incident_planning import IncidentPlan
from generators.mobility.itinerary import positions
from generators.model.changes import ADDED, REMOVED, Changes
from generators.model.clock import HOUR_MS
from generators.model.events import CONNECT, DROP, END, RECONNECT, SETUP, TIMEOUT
from generators.model.records import Records
from generators.sessions.network import Network

DIGITS = 4
SETTLED_MS = 1000
"""Margin after a timeout, from which on every answer is to a Hello sent during the fault."""
MINUTE_MS = 60_000
COUNTS = {
    "tower_outage": ("hellos",),
    "tower_degraded": ("asked", "carried"),
    "sleeping_cell": ("hellos",),
}
"""Counts that are reported unchanged: Hellos that were answered or timed out; calls that tried here first; talked calls
that ended here."""
FIGURES = {
    "tower_outage": {"refused": ("refused", "hellos")},
    "tower_degraded": {"setup_success": ("set_up", "asked"), "dropped": ("lost", "carried")},
    "sleeping_cell": {"unanswered": ("timeouts", "hellos")},
    "ping_pong": {"returns": ("returns", "calls"), "stay_s": ("stay_ms", "stays")},
}
"""Shares and means, as pairs of counts. Events count from `SETTLED_MS` after a timeout on, until the end of the
incident."""


class Held(NamedTuple):
    """An incident and the cells that it affects."""

    number: int
    cells: Any
    """Shape (n,)."""
    begin_ms: int
    end_ms: int


class DayEvents(NamedTuple):
    """A day's events, with properties of their calls; shape (events,) each."""

    events: Any
    opens: Any
    """bool: whether it is the first event of its call."""
    connects: Any
    """bool: whether its call is ever connected."""


class EventRows(NamedTuple):
    """A day's events, with the rows of each call's events."""

    events: Any
    first: Any
    """Shape (calls,): row of the first event of each call."""
    many: Any
    """Shape (calls,): number of its events."""


def cell_figures(plan: IncidentPlan, network: Network) -> "CellFigures | None":
    """Return the counter of figures of a plan's incidents at the level of cells; None without a network."""
    if not network.on:
        return None
    with_faults = sorted({fault.incident for fault in plan.faults})
    cells = [plan.cells.member[plan.cells.incident == number] for number in with_faults]
    spans = [(int(plan.start_ms[number]), int(plan.end_ms[number])) for number in with_faults]
    held = [Held(number, each, *span) for number, each, span in zip(with_faults, cells, spans, strict=True)]
    level = np.array([*plan.levels, ""])[plan.kind]
    crowds = set(np.flatnonzero(level == "cell").tolist()) - set(with_faults)
    return CellFigures(held, {number: plan.parameters[number] for number in crowds}, network)


class CellFigures:
    """Counts the figures of incidents at the level of cells, day by day."""

    def __init__(self, held: Sequence[Held], crowds: Mapping[int, Mapping[str, Any]], network: Network) -> None:
        """`held` are those that faults carry out; `crowds` says where each of the others is (x, y, radius_m)."""
        self.held, self.crowds, self.network = held, crowds, network
        self.stays = stays_of(network.faults)
        self.settled_ms = network.rules.timeout_ms + SETTLED_MS
        self.counts: dict[int, Counter[str]] = defaultdict(Counter)
        self.gathered: dict[int, dict[str, Any]] = {}
        self.lasts = {each.number: {"hours": (each.end_ms - each.begin_ms) / HOUR_MS} for each in held}

    def add(self, records: Records, events: Any, changes: Changes) -> None:
        """Add one day, its calls in order of time; `row` of the changes refers to them."""
        mine = changes.direct & (changes.change != REMOVED)
        first = np.cumsum(records.events) - records.events
        rows = EventRows(events, first, records.events)
        self._count_calls(changes, mine, rows)
        self.add_answers(records, events)
        for number in np.unique(changes.incident[mine & (changes.change == ADDED)]).tolist():
            if number in self.crowds:
                self.gathered[number] = self._crowd(number, records, rows, changes)

    def _count_calls(self, changes: Changes, mine: Any, rows: EventRows) -> None:
        """Count each incident's own calls; for ping-pong also their returns and stays."""
        for number, row in zip(changes.incident[mine].tolist(), changes.row[mine].tolist(), strict=True):
            self.counts[number]["calls"] += 1
            if number in self.stays:
                hops = hops_of(rows.events[rows.first[row] : rows.first[row] + rows.many[row]])
                stays = [held for _, _, held in hops if self.stays[number][0] <= held <= self.stays[number][1]]
                found = {"returns": returns(hops, self.stays[number]), "stays": len(stays), "stay_ms": sum(stays)}
                self.counts[number].update(found)

    def add_answers(self, records: Records, events: Any) -> None:
        """Count the answers of affected cells during the incidents, on one day."""
        if not len(events):
            return
        first = np.cumsum(records.events) - records.events
        time, begun = events["time_ms"], first[records.events > 0]
        now = [h for h in self.held if h.begin_ms <= time.max() and h.end_ms > time.min()]
        if not now:
            return
        opens = np.zeros(len(events), np.bool_)
        opens[begun] = True
        connected = np.add.reduceat(events["state"] == CONNECT, begun) > 0
        connects = np.repeat(connected, records.events[records.events > 0])
        some = np.flatnonzero(np.isin(events["cell"], np.concatenate([h.cells for h in now])))
        day = DayEvents(events[some], opens[some], connects[some])
        for each in now:
            self.counts[each.number].update(self._answers(day, each))

    def _answers(self, day: DayEvents, held: Held) -> dict[str, int]:
        during = (day.events["time_ms"] >= held.begin_ms + self.settled_ms) & (day.events["time_ms"] < held.end_ms)
        here = np.flatnonzero(during & np.isin(day.events["cell"], held.cells))
        events, asked = day.events[here], day.opens[here]
        state, cause, talked = events["state"], events["cause"], events["talk_ms"] > 0
        counts = {
            "hellos": (state != END) & (cause != DROP),
            "connected": (state == CONNECT) | (state == RECONNECT),
            "refused": cause == SETUP,
            "timeouts": cause == TIMEOUT,
            "asked": asked,
            "set_up": asked & day.connects[here],
            "carried": talked & ((state == END) | (cause == DROP)),
            "lost": talked & (cause == DROP),
        }
        return {name: int(which.sum()) for name, which in counts.items()}

    def _crowd(self, number: int, records: Records, rows: EventRows, changes: Changes) -> dict[str, Any]:
        """Count the callers around a crowd's place, with and without the crowd, from its first call to its last."""
        added = changes.change == ADDED
        own = changes.row[added & (changes.incident == number) & changes.direct]
        begin, end = int(records.start_ms[own].min()), int(records.start_ms[own].max())
        call = np.flatnonzero((records.start_ms >= begin) & (records.start_ms <= end) & (records.events > 0))
        gone = (changes.change == REMOVED) & (changes.start_ms >= begin) & (changes.start_ms <= end)
        where = positions(changes.caller[gone], changes.start_ms[gone], self.network.folk).astype(np.int64)
        opening = rows.events[rows.first[call]]
        where = np.concatenate([np.column_stack([opening["x"], opening["y"]]), where])
        caller = np.concatenate([records.caller[call], changes.caller[gone]])
        anyway = np.append(~np.isin(call, changes.row[added]), np.ones(int(gone.sum()), np.bool_))
        ours = np.append(np.isin(call, own), np.zeros(int(gone.sum()), np.bool_))
        place = self.crowds[number]
        near = distances(where, np.array([place["x"], place["y"]]), self.network.folk.plane) <= place["radius_m"]
        usual, every = (np.unique(caller[near & which]) for which in (anyway, anyway | ours))
        return {"usual_callers": len(usual), "callers": len(every), "minutes": (end - begin) / MINUTE_MS}

    def of(self, number: int, kind: str, planned: Mapping[str, Any]) -> dict[str, Any]:
        """Return the figures of an incident of a type, together with the planned parameters of its place."""
        count = self.counts[number]
        found = {**planned, "calls": count["calls"], **self.gathered.get(number, {}), **self.lasts.get(number, {})}
        found |= {name: _share(*(count[each] for each in of)) for name, of in FIGURES.get(kind, {}).items()}
        if "callers" in found:
            found["times"] = found["callers"] / max(found["usual_callers"], 1)
        if kind == "ping_pong":
            found["stay_s"] = (found["stay_s"] or 0) / 1000
        found |= {name: count[name] for name in COUNTS.get(kind, ())}
        return {name: round(value, DIGITS) if isinstance(value, float) else value for name, value in found.items()}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
