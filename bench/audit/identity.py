"""Check that a world and its clean twin differ in exactly the rows that the truth lists.

Both are read in order of time, one day at a time, which bounds the memory. Rows are compared by every column except the
number of the call, which only counts the rows of the final table. Besides the calls, these are compared: the events of
each call that the truth does not name; the inventory of towers, cells and places; the status of cells where no changed
call was carried; users and subscriptions, except the actors of types that declare in `touches` that they change them;
and the status of users, but for the state and the counts of days on which a call of theirs differs. A call that the
truth names must differ in its row or in its events.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, IntArray
from bench.audit.audited_world import AuditedWorld
from bench.audit.marks.forms import plain
from bench.audit.marks.marks_list import TABLES
from bench.audit.slices import Digests, TableCursor, digests, milliseconds, numbered_digests
from bench.audit.user_days import unequal_days
from bench.audit.verdict import Check, Light
from bench.audit.windows import Windows
from bench.dataset import Dataset
from bench.generator import Progress
from bench.spans import DAY_MS

GONE = ["caller_id", "call_start_ts"]
PLACES = ("cells", "coverage")
PEOPLE = (*TABLES, "user_status")
UNTOUCHED = "rows of {} differ although no incident touches them"
MEANINGS = {
    "unnamed": "rows differ from the clean twin and are not in the truth",
    "idle": "rows are in the truth and do not differ from the clean twin",
    "moved": "rows are in another order than in the clean twin",
    "missing": "rows of the clean twin are missing, although the truth does not list them as altered or removed",
    "left": "rows of the clean twin are present, although the truth lists them as altered or removed",
    "strange": "calls that the truth lists as removed are not missing from the clean twin's rows",
    "events": "events differ of calls that are not in the truth",
}


@dataclass
class Differences:
    """Differences found so far."""

    compared: int = 0
    differing: int = 0
    wrong: dict[str, int] = field(default_factory=dict)
    gone: list[pa.Table] = field(default_factory=list)
    """Caller and start of the twin's rows that are missing in the world."""
    named: list[pa.Table] = field(default_factory=list)
    """Caller and start of the world's rows that the truth names."""
    idle: list[pa.Table] = field(default_factory=list)
    """Caller and start of rows that the truth names although the twin has the same row and events."""

    def add(self, what: str, rows: "int | np.integer[Any]") -> None:
        """Count rows that differ although they should not."""
        if rows:
            self.wrong[what] = self.wrong.get(what, 0) + int(rows)


def check_identity(subject: AuditedWorld, progress: Progress) -> Check:
    """Compare a world with its clean twin row by row."""
    if subject.twin is None:
        return Check("identity", Light.UNTESTED, ("your own records have no clean twin",), {})
    truth = subject.truth.table("truth")
    of_calls = np.asarray(pc.equal(truth["level"].cast(pa.string()), "call"))
    change = truth["change"].cast(pa.string()).to_numpy()
    rows = truth["row"].to_numpy()
    tally = Differences()
    windows = Windows(subject.dataset)
    named = np.sort(rows[of_calls & (rows >= 0)])
    _compare_calls(subject.dataset, subject.twin, named, (tally, windows), progress)
    gone = pa.concat_tables(tally.gone)
    expected = int(np.count_nonzero(of_calls & (change != "added")))
    tally.add("missing", max(gone.num_rows - expected, 0))
    tally.add("left", max(expected - gone.num_rows, 0))
    removed = truth.filter(pa.array(of_calls & (change == "removed"))).select(["user_id", "start_ts"])
    removed_calls = digests(removed.rename_columns(GONE))
    tally.add("strange", np.count_nonzero(~np.isin(removed_calls, digests(gone))))
    # An incident may have moved a call to a second for which it removed an identical call.
    tally.add("idle", np.count_nonzero(~np.isin(digests(pa.concat_tables(tally.idle)), removed_calls)))
    changed = plain(pa.concat_tables([*tally.named, gone]))
    touched = _actors(subject, None) | set(changed["caller_id"])
    skipped = {name: _actors(subject, name) for name in TABLES} | {"user_status": touched}
    for name, rows_off in _other_tables(subject.dataset, subject.twin, skipped):
        tally.add(UNTOUCHED.format(name), rows_off)
    tally.add(UNTOUCHED.format("user_status"), unequal_days(subject.dataset, subject.twin, touched, changed))
    quiet, rows_off = windows.unequal(subject.dataset, subject.twin)
    tally.add(UNTOUCHED.format("tower_status"), rows_off)
    found = {"compared": tally.compared, "differing": tally.differing, "windows": quiet, **tally.wrong}
    if tally.wrong:
        return Check("identity", Light.RED, tuple(f"{n:,} {MEANINGS.get(k, k)}" for k, n in tally.wrong.items()), found)
    line = (
        f"{tally.compared:,} calls equal the clean twin's; the {tally.differing:,} that differ are those in the truth"
    )
    return Check("identity", Light.GREEN, (line,), found)


def _compare_calls(
    world: Dataset, twin: Dataset, named: IntArray, into: tuple[Differences, Windows], progress: Progress
) -> None:
    """Compare both tables of calls in order of time, with their events."""
    calls, events = ([TableCursor(each.open_table(name)) for each in (world, twin)] for name in ("calls", "events"))
    (tally, windows), clock, first = into, world.clock, 0
    ends = [*range(clock.start_ms + DAY_MS, clock.end_ms, DAY_MS), np.iinfo(np.int64).max]
    for number, end_ms in enumerate(ends, 1):
        ours, theirs = (each.before("call_start_ts", end_ms) for each in calls)
        low, high = np.searchsorted(named, [first, first + ours.num_rows])
        is_named = np.zeros(ours.num_rows, np.bool_)
        is_named[named[low:high] - first] = True
        first += ours.num_rows
        pairs = _matched(ours, theirs, is_named, tally)
        event_digests = []
        for file, table, rows in zip(events, (ours, theirs), pairs, strict=True):
            differ = np.ones(table.num_rows, np.bool_)
            differ[rows[~is_named[pairs.ours]]] = False
            event_digests.append(_events(file, table, differ, windows)[rows])
        equal, of_truth = event_digests[0] == event_digests[1], is_named[pairs.ours]
        tally.add("events", np.count_nonzero(~equal & ~of_truth))
        tally.idle.append(ours.select(GONE).take(pa.array(pairs.ours[equal & of_truth])))
        progress("comparing with the clean twin", number, len(ends))


class Pairs(NamedTuple):
    """Matching rows of the world and the twin, those named in the truth last; shape (pairs,) each."""

    ours: IntArray
    theirs: IntArray


def _matched(ours: pa.Table, theirs: pa.Table, is_named: BoolArray, tally: Differences) -> Pairs:
    """Match the rows of the world with equal rows of the twin."""
    mine, other = digests(ours, without=["call_id"]), digests(theirs, without=["call_id"])
    place = _places(numbered_digests(mine[~is_named]), numbered_digests(other))
    kept = place[place >= 0]
    left = np.ones(other.size, np.bool_)
    left[kept] = False
    tally.compared += kept.size
    tally.differing += int(np.count_nonzero(is_named))
    tally.gone.append(theirs.select(GONE).filter(pa.array(left)))
    tally.named.append(ours.select(GONE).filter(pa.array(is_named)))
    tally.add("unnamed", np.count_nonzero(place < 0))
    tally.add("moved", np.count_nonzero(np.diff(kept) < 0))
    again = _places(numbered_digests(mine[is_named]), numbered_digests(other[left]))
    found = [np.flatnonzero(~is_named)[place >= 0], np.flatnonzero(is_named)[again >= 0]]
    return Pairs(np.concatenate(found), np.concatenate([kept, np.flatnonzero(left)[again[again >= 0]]]))


def _places(wanted: Digests, among: Digests) -> IntArray:
    """Return the position of each wanted number among distinct numbers; -1 where it is missing."""
    if not among.size:
        return np.full(wanted.size, -1)
    order = np.argsort(among)
    place = order[np.minimum(np.searchsorted(among, wanted, sorter=order), among.size - 1)]
    return np.where(among[place] == wanted, place, -1)


def _events(events: TableCursor, calls: pa.Table, differ: BoolArray, windows: Windows) -> Digests:
    """Return a digest of the events of each call, and collect the cells of events that differ."""
    table, call = events.of("session_id", calls["call_id"])
    windows.touch(table.filter(pa.array(differ[call])), call[differ[call]], milliseconds(calls["call_start_ts"]))
    out = np.zeros(calls.num_rows, np.uint64)
    begins = np.flatnonzero(np.diff(call, prepend=-1))
    if begins.size:
        many = np.diff(np.append(begins, call.size))
        place = (np.arange(call.size) - np.repeat(begins, many)).astype(np.uint64)
        each = digests(table, without=["session_id"]) ^ (place * np.uint64(0xD1B54A32D192ED03))
        out[call[begins]] = np.add.reduceat(each, begins)
    return out


def _unequal(one: Digests, other: Digests) -> int:
    """Return the number of entries that differ between two arrays."""
    if np.array_equal(one, other):
        return 0
    return max(np.setdiff1d(one, other).size, np.setdiff1d(other, one).size, 1)


def _actors(subject: AuditedWorld, table: str | None) -> set[str]:
    """Return the actors of the types that change a table or do not declare what they change; None: all actors."""
    incidents, said = subject.truth.table("incidents"), subject.asked.touches
    types = incidents["anomaly_type"].cast(pa.string())
    chosen = [name for name in pc.unique(types).to_pylist() if table is None or table in said.get(name, (table,))]
    actors = incidents.filter(pc.is_in(types, pa.array(chosen, pa.string())))["actors"]
    return set(pc.list_flatten(actors).to_pylist())


def _other_tables(world: Dataset, twin: Dataset, skipped: Mapping[str, set[str]]) -> Iterator[tuple[str, int]]:
    """Yield, for each table besides calls and events, the number of rows that differ although they should not."""
    for name in (*PLACES, *PEOPLE):
        yield name, _unequal(*(np.sort(_untouched(each, name, skipped.get(name, set()))) for each in (world, twin)))


def _untouched(dataset: Dataset, name: str, touched: set[str]) -> Digests:
    """Return the digests of a table's rows, without those of users whom incidents changed."""
    users = pl.Series(list(touched), dtype=pl.String)
    file = dataset.open_table(name)
    parts = [np.empty(0, np.uint64)]
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        found = digests(table)
        if touched:
            user = pl.Series(table["user_id"].cast(pa.string()))
            found = found[~user.is_in(users.implode()).to_numpy()]
        parts.append(found)
    return np.concatenate(parts)
