"""What happens in a world: its calls, the connections of phones to cells, and the Hellos that failed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import Array, BoolArray, IntArray
from bench.watch.spans import Spans
from bench.watch.tables import WorldTables, milliseconds, places

OUTCOMES = ("answered", "missed", "busy", "failed")
STATES = ("CONNECT", "RECONNECT", "END", "FAIL")
CAUSES = ("setup", "blocked", "timeout", "no_coverage", "drop")
CONNECT, RECONNECT, END, FAIL = range(len(STATES))
UNKNOWN = "unknown"
"""Tower of the cells of recorded calls, which do not say on which site a cell is."""
DROP = CAUSES.index("drop")
CALL_COLUMNS = ("caller_id", "callee_id", "call_start_ts", "call_end_ts", "call_duration", "first_cell_id", "outcome")
EVENT_COLUMNS = ("session_id", "caller_id", "time_stamp", "state", "x", "y", "cell_id", "cause")


class Activity(NamedTuple):
    """All calls, connections and failures of a world, and where phones were seen."""

    calls: Spans
    """Columns: caller, callee (-1: outside), cell, talk_s, outcome (of `OUTCOMES`), incident (-1: none)."""
    connections: Spans
    """From CONNECT or RECONNECT to the end of the connection. Columns: user, cell."""
    failures: Spans
    """Moments at which a Hello failed or a call was dropped. Columns: user, cell (-1: none), cause (of `CAUSES`)."""
    sightings: "Sightings"


class Sightings(NamedTuple):
    """Where phones were when they sent a message; shape (events,) each."""

    user: IntArray
    time_ms: IntArray
    x: IntArray
    y: IntArray


NOWHERE = Sightings(*(np.empty(0, np.int64) for _ in Sightings._fields))


@dataclass(frozen=True)
class Names:
    """The users and cells of a world, by the numbers that stand for them."""

    user: pa.Array
    cell: pa.Array
    tower: list[str]
    """Tower of each cell; if it is unknown, the cell itself."""

    @classmethod
    def of(cls, tables: WorldTables) -> "Names":
        """Read them, in the order of their tables."""
        cells = tables.table("cells", ["cell_id", "tower_id"])
        users = tables.table("users", ["user_id"])["user_id"]
        pairs = zip(cells["cell_id"].to_pylist(), cells["tower_id"].to_pylist(), strict=True)
        towers = [cell if tower in (None, UNKNOWN) else tower for cell, tower in pairs]
        return cls(_texts(users), _texts(cells["cell_id"]), towers)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return column.cast(pa.string()).combine_chunks()


def activity_of(tables: WorldTables, names: Names) -> Activity:
    """Read everything that happens in a world; connections of a world without events are its answered calls."""
    calls = _calls(tables, names)
    connections, failures, sightings = _sessions(tables, names)
    if not len(sightings.user):
        answered = np.flatnonzero(calls.columns["outcome"] == OUTCOMES.index("answered"))
        connections = _talks(calls, answered)
    return Activity(calls, connections, failures, sightings)


def _talks(calls: Spans, rows: IntArray) -> Spans:
    """Return the talk time of some calls as connections to their first cell."""
    end, talk_s = calls.end[rows], calls.columns["talk_s"][rows].astype(np.int64)
    begin = np.maximum(end - 1000 * talk_s, calls.begin[rows])
    return Spans.of(begin, end, user=calls.columns["caller"][rows], cell=calls.columns["cell"][rows])


def _calls(tables: WorldTables, names: Names) -> Spans:
    epoch_ms, outcomes, parts = tables.clock.start_ms, pa.array(OUTCOMES), []
    for part in tables.parts("calls", CALL_COLUMNS):
        columns: dict[str, Array] = {
            "caller": places(part["caller_id"], names.user),
            "callee": places(part["callee_id"], names.user),
            "cell": places(part["first_cell_id"], names.cell),
            "talk_s": part["call_duration"].to_numpy(),
            "outcome": places(part["outcome"], outcomes).astype(np.int8),
        }
        begin, end = (milliseconds(part[name], epoch_ms) for name in ("call_start_ts", "call_end_ts"))
        parts.append({"begin": begin, "end": np.maximum(begin, end), **columns})
    whole = _joined(parts)
    labels = tables.truth.call_labels(0, len(whole["begin"]))
    whole["incident"] = np.where(labels.anomalous, labels.incident_code, -1).astype(np.int32)
    return Spans.of(**whole)


def _joined(parts: list[dict[str, Array]]) -> dict[str, Array]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _sessions(tables: WorldTables, names: Names) -> tuple[Spans, Spans, Sightings]:
    """Read the events: connections, failures, and where phones were."""
    connected, failed, seen = [], [], []
    for part in _whole_sessions(tables.parts("events", EVENT_COLUMNS)):
        events = _Events.of(part, tables.clock.start_ms, names)
        connected.append(events.connections())
        failed.append(events.failures())
        seen.append({"user": events.user, "time_ms": events.time_ms, "x": events.x, "y": events.y})
    return Spans.of(**_joined(connected)), Spans.of(**_joined(failed)), Sightings(**_joined(seen))


def _whole_sessions(parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the same rows in parts that end with the last event of a session."""
    left = next(parts)
    for part in parts:
        both = pa.concat_tables([left, part])
        border = _last_session(both["session_id"].combine_chunks())
        yield both.slice(0, border)
        left = both.slice(border)
    yield left


def _last_session(sessions: pa.Array) -> int:
    """Return the first row of the last session."""
    if not len(sessions):
        return 0
    return int(np.flatnonzero(np.asarray(pc.equal(sessions, sessions[-1])))[0])


@dataclass(frozen=True)
class _Events:
    """Events of whole sessions, those of a session one after the other; shape (events,) each."""

    begins: BoolArray
    """Whether each is the first of its session."""
    user: IntArray
    time_ms: IntArray
    x: IntArray
    y: IntArray
    state: IntArray
    cell: IntArray
    cause: IntArray

    @classmethod
    def of(cls, table: pa.Table, epoch_ms: int, names: Names) -> "_Events":
        sessions = table["session_id"].combine_chunks()
        begins = np.ones(len(table), np.bool_)
        if len(table) > 1:
            begins[1:] = np.asarray(pc.not_equal(sessions[1:], sessions[:-1]))
        return cls(
            begins=begins,
            user=places(table["caller_id"], names.user),
            time_ms=milliseconds(table["time_stamp"], epoch_ms),
            x=table["x"].to_numpy(),
            y=table["y"].to_numpy(),
            state=places(table["state"], pa.array(STATES)),
            cell=places(table["cell_id"], names.cell),
            cause=places(table["cause"], pa.array(CAUSES)),
        )

    def connections(self) -> dict[str, Array]:
        """Return from when to when each phone was connected to each cell."""
        opens = (self.state == CONNECT) | (self.state == RECONNECT)
        rows = np.flatnonzero(opens | (self.state == END) | (self.cause == DROP))
        session = np.cumsum(self.begins)[rows]
        followed = np.flatnonzero(opens[rows[:-1]] & (session[1:] == session[:-1]))
        first, last = rows[followed], rows[followed + 1]
        begin, end = self.time_ms[first], self.time_ms[last]
        return {"begin": begin, "end": np.maximum(begin, end), "user": self.user[first], "cell": self.cell[first]}

    def failures(self) -> dict[str, Array]:
        """Return when a Hello failed, or a call was dropped."""
        rows = np.flatnonzero(self.state == FAIL)
        moments = self.time_ms[rows]
        about: dict[str, Array] = {
            "user": self.user[rows],
            "cell": self.cell[rows],
            "cause": self.cause[rows].astype(np.int8),
        }
        return {"begin": moments, "end": moments, **about}
