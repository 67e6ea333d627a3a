"""Calls, connections and failures, held against the tables read row by row."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shown_worlds import Shown

from bench.watch.activity import CAUSES, OUTCOMES, Names, _sessions
from bench.watch.tables import WorldTables

EARLY_MS = 2 * 3600 * 1000


def rows_of(shown: Shown, part: Any, *columns: str) -> list[tuple[Any, ...]]:
    """Return spans as rows, with names instead of numbers."""
    names = {"user": shown.replay.world.names.user, "cell": shown.replay.world.names.cell}
    named = [
        [None if number < 0 else names[name][number].as_py() for number in part.columns[name]]
        if name in names
        else part.columns[name].tolist()
        for name in columns
    ]
    return list(zip(part.begin.tolist(), part.end.tolist(), *named, strict=True))


def read_by_row(shown: Shown) -> tuple[list[Any], list[Any]]:
    """Return connections and failures by a walk through the events of each session that starts early."""
    connections, failures = [], []
    early = shown.frame("events").filter(shown.after(pl.col("call_start")) < EARLY_MS)
    for events in early.group_by("session_id", maintain_order=True):
        since: tuple[int, str] | None = None
        for event in events[1].iter_rows(named=True):
            now = int(event["time_stamp"].timestamp() * 1000 + 0.5) - shown.tables.clock.start_ms
            if event["state"] == "FAIL":
                failures.append((now, now, event["caller_id"], event["cell_id"], CAUSES.index(event["cause"])))
            over = event["state"] == "END" or event["cause"] == "drop"
            if since is not None and (over or event["state"] == "RECONNECT"):
                connections.append((since[0], now, event["caller_id"], since[1]))
                since = None
            if event["state"] in ("CONNECT", "RECONNECT"):
                since = now, event["cell_id"]
    return connections, failures


def test_connections_and_failures_are_those_of_the_events(demo: Shown) -> None:
    connections, failures = read_by_row(demo)
    assert len(connections) > 500
    found = demo.replay.world.activity
    known = found.connections, ("user", "cell"), connections
    for part, columns, walked in (known, (found.failures, ("user", "cell", "cause"), failures)):
        early = [row for row in rows_of(demo, part, *columns) if row[0] < EARLY_MS]
        assert sorted(early, key=str) == sorted([row for row in walked if row[0] < EARLY_MS], key=str)


def test_calls_are_those_of_the_table_with_the_incidents_of_the_truth(labelled: Shown) -> None:
    calls, table = labelled.replay.world.activity.calls, labelled.frame("calls")
    assert calls.begin.tolist() == labelled.after(table["call_start_ts"]).to_list()
    assert calls.end.tolist() == labelled.after(table["call_end_ts"]).to_list()
    assert [OUTCOMES[code] for code in calls.columns["outcome"]] == table["outcome"].to_list()
    users = labelled.replay.world.names.user
    assert [users[number].as_py() for number in calls.columns["caller"]] == table["caller_id"].to_list()
    inside = set(users.to_pylist())
    assert (calls.columns["callee"] >= 0).tolist() == [each in inside for each in table["callee_id"]]
    truth = labelled.frame("truth").filter(level="call", cause="direct")
    known = labelled.frame("incidents")["incident_id"].to_list()
    marked = np.flatnonzero(calls.columns["incident"] >= 0)
    assert marked.tolist() == sorted(row for row in truth["row"] if row >= 0)
    by_row = dict(zip(truth["row"], truth["incident_id"], strict=True))
    assert all(known[calls.columns["incident"][row]] == by_row[row] for row in marked.tolist())


@dataclass(frozen=True)
class Parted(WorldTables):
    """The tables of a world with only the first events, in parts of given sizes."""

    sizes: tuple[int, ...] = ()

    def parts(self, name: str, columns: Any) -> Iterator[pa.Table]:
        """Yield a table in parts."""
        if name != "events":
            yield from super().parts(name, columns)
            return
        table = WorldTables(self.place).table(name, columns)
        yield table.schema.empty_table()
        for first, size in zip(accumulate(self.sizes, initial=0), self.sizes, strict=False):
            yield table.slice(first, size)


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8))
@settings(max_examples=20)
def test_parts_of_the_table_may_end_within_a_session(demo: Shown, sizes: list[int]) -> None:
    names = Names.of(demo.tables)
    one, other = (_sessions(Parted(demo.tables.place, several), names) for several in (tuple(sizes), (sum(sizes),)))
    for spans, whole in zip(one[:2], other[:2], strict=True):
        assert spans.begin.tolist() == whole.begin.tolist()
        assert spans.end.tolist() == whole.end.tolist()
    assert one[2].time_ms.tolist() == other[2].time_ms.tolist()
    assert len(one[2].time_ms) == sum(sizes)


def test_without_events_the_talk_of_answered_calls_is_the_connections(show: Any) -> None:
    shown = show("generator/network=none", "generator.num_users=100", "generator.days=1", "generator.anomaly_ratio=0")
    answered = shown.frame("calls").filter(outcome="answered")
    connections = shown.replay.world.activity.connections
    assert len(connections) == len(answered) > 100
    lengths = (connections.end - connections.begin) / 1000
    assert sorted(lengths.tolist()) == pytest.approx(sorted(answered["call_duration"].to_list()), abs=1)
