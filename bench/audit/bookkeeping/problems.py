"""Build the tests of a world: anomalous rows with normal controls, for calls, users, days and quarter hours."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.audit.audited_world import AuditedWorld
from bench.audit.bookkeeping.problem import Problem, places, problem_of
from bench.audit.bookkeeping.sampling import Chosen, Matching, one_of_each, with_normal_controls
from bench.audit.bookkeeping.status_problems import day_problem, quarter_problem
from bench.audit.marks.event_marks import event_marks
from bench.audit.marks.forms import Normal, alike, plain, shown, stand_ins
from bench.audit.marks.marks_list import BY_NAME, OF_USERS, Kind
from bench.audit.marks.record_marks import codes, contents, record_marks, rows_of
from bench.audit.marks.user_marks import user_marks
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.truth import CallLabels

FEWEST = 20
"""A classifier is fitted only with at least this many positives."""


def problems(subject: AuditedWorld, settings: AuditSettings, rng: np.random.Generator) -> Iterator[Problem]:
    """Yield the tests of a world; calls are tested in two ways.

    `calls` has all anomalous calls, with the marks that differ between normal calls of one user only by chance.
    `incidents` has one call of each incident and user, with the marks that may stay the same for hours: which device,
    how far from home.
    """
    dataset = subject.dataset
    whole = dataset.table("calls", ["caller_id", "callee_id", "outcome"])
    labels = subject.truth.call_labels(0, whole.num_rows)
    if not labels.anomalous.any():
        return
    yield from _calls(subject, settings, whole, labels, rng)
    yield from _users(subject, whole, labels, rng)
    if dataset.open_table("user_status").metadata.num_rows:
        yield from day_problem(subject, settings, labels, rng)
    if dataset.open_table("tower_status").metadata.num_rows:
        yield from quarter_problem(subject, settings, labels, rng)


def _calls(
    subject: AuditedWorld, settings: AuditSettings, whole: pa.Table, labels: CallLabels, rng: np.random.Generator
) -> Iterator[Problem]:
    caller, callee, outcome = (codes(whole[name]) for name in ("caller_id", "callee_id", "outcome"))
    key = caller * (outcome.max(initial=0) + 1) + outcome
    match = Matching(key, outcome, ~labels.anomalous & ~labels.collateral)
    found = [np.flatnonzero(labels.type_code == code) for code in range(len(labels.types))]
    found = [rng.choice(rows, min(rows.size, settings.most_calls), replace=False) for rows in found]
    chosen = with_normal_controls(found, match, settings.controls, rng)
    rows, back = np.unique(chosen.row, return_inverse=True)
    marks = _marks_of_calls(subject, rows, match.normal, rng)
    steady = {name for name in marks if _steady(name, marks[name][match.normal[rows]])}
    at_once = {name: marks[name][back] for name in marks if name in steady}
    yield problem_of(subject, "calls", labels.types, chosen, caller, at_once)
    cluster = labels.incident_code[chosen.row] * (caller.max(initial=0) + 1) + caller[chosen.row]
    place = replace(chosen, row=np.arange(chosen.row.size))
    keep = np.zeros(chosen.row.size, np.bool_)
    keep[one_of_each(place, cluster, caller[chosen.row], rng).row] = True
    lasting = {name: values for name, values in marks.items() if name not in steady}
    kept = np.unique(back[keep])
    _of_callees_once(lasting, kept, callee[rows[kept]], rng)
    chosen, at = chosen.pick(keep), back[keep]
    lasting = {name: _of_one_caller(name, values[at], chosen.loose) for name, values in lasting.items()}
    yield problem_of(subject, "incidents", labels.types, chosen, caller, lasting)


def _of_one_caller(mark: str, values: FloatArray, loose: BoolArray) -> FloatArray:
    """Express a mark relative to the mean of its user: the content of calls is a habit and differs between users."""
    return np.where(loose, np.nan, values) if BY_NAME[mark].kind is Kind.CONTENT else values


def _of_callees_once(marks: dict[str, FloatArray], kept: IntArray, callee: IntArray, rng: np.random.Generator) -> None:
    """Count agreements about the called party once per party: hundreds of callers of an incident may call the same one.

    Parameters
    ----------
    marks
        Marks by name; those about the called party are replaced.
    kept, callee
        Shape (kept,): positions of the calls, and the called party of each.
    """
    owner = pl.Series(callee)
    for name, values in marks.items():
        if BY_NAME[name].kind is Kind.AGREEMENT and BY_NAME[name].of_callee:
            marks[name] = values.copy()  # the values may be a column of a table, which is read-only
            marks[name][kept] = shown(values[kept], stand_ins(owner, pl.Series(values[kept]), rng))


def _marks_of_calls(
    subject: AuditedWorld, rows: IntArray, normal: BoolArray, rng: np.random.Generator
) -> dict[str, FloatArray]:
    dataset = subject.dataset
    frame = rows_of(dataset, rows)
    marks = record_marks(dataset, rows, frame, Normal(normal[rows], _texts(dataset, normal)), rng)
    marks |= contents(dataset, rows, frame)
    tainted = rows_of(dataset, np.flatnonzero(~normal))["call_id"].to_arrow().cast(pa.string())
    return marks | event_marks(dataset, frame, normal[rows], tainted, rng)


def _texts(dataset: Dataset, normal: BoolArray) -> dict[str, pl.Series]:
    """Return the texts that normal calls have in each dictionary column."""
    file = dataset.open_table("calls")
    found = {}
    for field in file.schema_arrow:
        if pa.types.is_dictionary(field.type):
            column = dataset.table("calls", [field.name])[field.name].filter(pa.array(normal))
            found[field.name] = pl.Series(pc.unique(column).cast(pa.string()))
    return found


def _steady(name: str, of_normal: FloatArray) -> bool:
    """Return whether a mark is the same in all normal calls or differs by chance from call to call."""
    mark = BY_NAME[name]
    if mark.kind is Kind.CONTENT:
        return False
    if mark.kind is Kind.AGREEMENT or name.endswith((".shape", ".word", ".check_digit", ".empty")):
        return alike(of_normal)
    return True


def _users(subject: AuditedWorld, whole: pa.Table, labels: CallLabels, rng: np.random.Generator) -> Iterator[Problem]:
    """Match the users who act in, or are affected by, a type with other users; each user counts once for each type.

    Users whom another type may have changed, because they act for it, are left out.
    """
    users = subject.dataset.table("users", ["user_id"])["user_id"]
    sides = {"callers": "caller_id", "callees": "callee_id"}
    acts = {name: _acting(places(whole[column], users), labels, len(users)) for name, column in sides.items()}
    normal = np.asarray(~(acts["callers"] | acts["callees"]).any(axis=0))
    known = {} if subject.twin is None else _texts_of_users(subject.twin)
    marks = user_marks(subject.dataset, Normal(normal if normal.any() else ~normal, known), rng)
    said = [subject.asked.touches.get(each) for each in labels.types]
    changing = np.array([words is None or not OF_USERS.isdisjoint(words) for words in said], np.bool_)
    changed = acts["callers"] & changing[:, None]
    for name, of_type in acts.items():
        parts = []
        for code, acting in enumerate(of_type):
            changed_by = np.delete(changed, code, axis=0) if name == "callers" else changed
            eligible = ~changed_by.any(axis=0)
            others = np.flatnonzero(eligible & ~acting & ~changed[code])
            others = rng.choice(others, min(others.size, 4 * int(acting.sum()) + FEWEST), replace=False)
            row = np.sort(np.concatenate([np.flatnonzero(eligible & acting), others]))
            parts.append((row, np.full(row.size, code), acting[row], np.full(row.size, code)))
        row, type_code, positive, group = (np.concatenate(each) for each in zip(*parts, strict=True))
        chosen = Chosen(row, type_code, positive, group, np.ones(row.size, np.bool_))
        own = {mark: values[row] for mark, values in marks.items()}
        yield problem_of(subject, name, labels.types, chosen, np.arange(len(users)), own)


def _acting(user: IntArray, labels: CallLabels, users: int) -> BoolArray:
    """Return which users make the anomalous calls of each type, shape (types, users).

    Parameters
    ----------
    user
        Shape (calls,): the user of each call, -1 if none.
    labels
        The anomalous calls.
    users
        Number of users.
    """
    acting = np.zeros((len(labels.types), users), np.bool_)
    here = labels.anomalous & (user >= 0)
    acting[labels.type_code[here], user[here]] = True
    return acting


def _texts_of_users(twin: Dataset) -> dict[str, pl.Series]:
    """Return the texts of the clean twin's users: in the world, all users of a rare kind may act in incidents."""
    users = plain(twin.table("users"))
    return {column.name: column for column in users if column.dtype == pl.String}
