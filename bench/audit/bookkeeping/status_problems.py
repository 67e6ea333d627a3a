"""Build the tests of status tables: days and quarter hours of an incident, with controls of the same user or cell."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import IntArray
from bench.audit.audited_world import AuditedWorld
from bench.audit.bookkeeping.problem import Problem, places, problem_of
from bench.audit.bookkeeping.sampling import Chosen, Matching, with_normal_controls
from bench.audit.marks.forms import Normal, plain
from bench.audit.marks.status_marks import EventCounts, day_marks, quarter_marks
from bench.audit.slices import milliseconds
from bench.audit_settings import AuditSettings
from bench.spans import DAY_MS
from bench.truth import CallLabels

MOST_HELLOS = 5
"""Quarters with at least this many Hellos count as equally busy."""


def day_problem(
    subject: AuditedWorld, settings: AuditSettings, labels: CallLabels, rng: np.random.Generator
) -> Iterator[Problem]:
    """Compare the days on which a user made an anomalous call with other days of that user."""
    dataset = subject.dataset
    status = dataset.table("user_status", ["user_id", "window_start"])
    names = pc.unique(status["user_id"].cast(pa.string()))
    calls = dataset.table("calls", ["caller_id", "call_start_ts"])
    user, of_call = (places(each, names) for each in (status["user_id"], calls["caller_id"]))
    start = dataset.clock.start_ms
    day, call_day = (
        (milliseconds(each) - start) // DAY_MS for each in (status["window_start"], calls["call_start_ts"])
    )
    days = int(day.max(initial=0)) + 1
    row_at = np.full(len(names) * days, -1)
    row_at[user * days + day] = np.arange(user.size)
    here = (of_call >= 0) & (call_day >= 0) & (call_day < days)
    row = np.where(here, row_at[np.where(here, of_call * days + call_day, 0)], -1)
    tainted = np.zeros(user.size, np.bool_)
    tainted[row[(row >= 0) & (labels.anomalous | labels.collateral)]] = True
    match = Matching(user, np.zeros(user.size, np.int64), ~tainted)
    chosen = _clustered(row, labels, match, settings, rng)
    rows, back = np.unique(chosen.row, return_inverse=True)
    frame = plain(dataset.table("user_status").take(pa.array(rows)))
    marks = day_marks(dataset, frame, Normal(~tainted[rows], {}), rng)
    yield problem_of(
        subject, "days", labels.types, chosen, user, {name: values[back] for name, values in marks.items()}
    )


def quarter_problem(
    subject: AuditedWorld, settings: AuditSettings, labels: CallLabels, rng: np.random.Generator
) -> Iterator[Problem]:
    """Compare the windows of cells in which an incident's call began, or that it held, with others of the same cell."""
    dataset = subject.dataset
    counts = EventCounts(dataset)
    status = dataset.table("tower_status", ["cell_id", "window_start", "hellos"])
    names = counts.cells.to_arrow().cast(pa.string())
    calls = dataset.table("calls", ["first_cell_id", "call_start_ts"])
    cell, of_call = (places(each, names) for each in (status["cell_id"], calls["first_cell_id"]))
    window, at = (
        (milliseconds(each) - counts.first_ms) // counts.step_ms
        for each in (status["window_start"], calls["call_start_ts"])
    )
    window = np.clip(window, 0, counts.windows - 1)  # a time that does not exist in local time appears as one that does
    row_at = np.full(len(names) * counts.windows, -1)
    row_at[cell * counts.windows + window] = np.arange(cell.size)
    here = (of_call >= 0) & (at >= 0) & (at < counts.windows)
    row = np.where(here, row_at[np.where(here, of_call * counts.windows + at, 0)], -1)
    tainted = np.zeros(cell.size, np.bool_)
    tainted[row[(row >= 0) & (labels.anomalous | labels.collateral)]] = True
    held = _held(subject, labels, names, counts)
    for each, _, _ in held:
        tainted[row_at[each][row_at[each] >= 0]] = True
    hellos = np.minimum(np.asarray(status["hellos"]).astype(np.int64), MOST_HELLOS)
    match = Matching(cell * (MOST_HELLOS + 1) + hellos, hellos, ~tainted)
    more = [(row_at[each], code, incident) for each, code, incident in held]
    chosen = _clustered(row, labels, match, settings, rng, more)
    rows, back = np.unique(chosen.row, return_inverse=True)
    frame = plain(dataset.table("tower_status").take(pa.array(rows)))
    marks = quarter_marks(dataset, frame, counts, (cell[rows], window[rows]), Normal(~tainted[rows], {}), rng)
    yield problem_of(
        subject, "quarters", labels.types, chosen, cell, {name: values[back] for name, values in marks.items()}
    )


def _held(
    subject: AuditedWorld, labels: CallLabels, cells: pa.Array, counts: EventCounts
) -> list[tuple[IntArray, int, int]]:
    """Return the affected quarter hours of each cell: their positions in the grid, their type and their incident."""
    truth, incidents = subject.truth.table("truth"), subject.truth.table("incidents")
    direct = pc.and_(
        pc.equal(truth["level"].cast(pa.string()), "cell"), pc.equal(truth["cause"].cast(pa.string()), "direct")
    )
    rows = truth.filter(direct)
    cell = places(rows["cell_id"], cells)
    incident = np.asarray(pc.index_in(rows["incident_id"].cast(pa.string()), incidents["incident_id"].combine_chunks()))
    types = rows["anomaly_type"].cast(pa.string()).to_pylist()
    begin, end = (
        np.clip((milliseconds(rows[name]) - counts.first_ms) // counts.step_ms, 0, counts.windows - 1)
        for name in ("start_ts", "end_ts")
    )
    return [
        (where * counts.windows + np.arange(low, high + 1), labels.types.index(type_), int(which))
        for where, low, high, type_, which in zip(cell, begin, end, types, incident, strict=True)
        if where >= 0
    ]  # fmt: skip


def _clustered(
    row: IntArray, labels: CallLabels, match: Matching, settings: AuditSettings, rng: np.random.Generator,
    more: list[tuple[IntArray, int, int]] | None = None,
) -> Chosen:  # fmt: skip
    """Choose one status row for each incident and user or cell, with normal rows as controls.

    Parameters
    ----------
    row
        Shape (calls,): the status row that each call belongs to, -1 if none.
    more
        Additional rows, with their type and incident.
    """
    positives = []
    for code in range(len(labels.types)):
        mine = (labels.type_code == code) & (row >= 0)
        found = [np.stack([row[mine], labels.incident_code[mine].astype(np.int64)])]
        found += [np.stack([each, np.full(each.size, incident)]) for each, kind, incident in more or () if kind == code]
        rows, incident = np.concatenate(found, axis=1)
        order = rng.permutation(rows.size)
        order = order[rows[order] >= 0]
        cluster = np.stack([incident[order], match.key[rows[order]]])
        _, first = np.unique(cluster, axis=1, return_index=True) if order.size else (None, np.empty(0, np.int64))
        unique = np.unique(rows[order[first]])
        positives.append(rng.choice(unique, min(unique.size, settings.most_calls), replace=False))
    return with_normal_controls(positives, match, settings.controls, rng)
