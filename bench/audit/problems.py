"""What is asked of a world: anomalous calls beside normal ones of the same user; users, days and quarters likewise."""

from collections.abc import Iterator

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.audit.event_marks import event_marks
from bench.audit.forms import Normal
from bench.audit.looks import BY_NAME, Kind
from bench.audit.problem import Problem, places, problem_of
from bench.audit.record_marks import codes, contents, record_marks, rows_of
from bench.audit.sampling import Chosen, Matching, beside_normal, one_of_each
from bench.audit.status_problems import day_problem, quarter_problem
from bench.audit.subject import Subject
from bench.audit.user_marks import user_marks
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.truth import CallLabels

FEWEST = 20
"""With fewer positives there is nothing for a classifier to learn from."""


def problems(subject: Subject, settings: AuditSettings, rng: np.random.Generator) -> Iterator[Problem]:
    """Yield what there is to ask of a world; of calls twice.

    `calls` has all anomalous ones, and what never differs between normal calls of one user but by chance. `incidents`
    has one call of each incident and user, and what may hold for hours: which device, how far from home.
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
    subject: Subject, settings: AuditSettings, whole: pa.Table, labels: CallLabels, rng: np.random.Generator
) -> Iterator[Problem]:
    caller, outcome = (codes(whole[name]) for name in ("caller_id", "outcome"))
    key = caller * (outcome.max(initial=0) + 1) + outcome
    match = Matching(key, outcome, ~labels.anomalous & ~labels.collateral)
    found = [np.flatnonzero(labels.type_code == code) for code in range(len(labels.types))]
    found = [rng.choice(rows, min(rows.size, settings.most_calls), replace=False) for rows in found]
    chosen = beside_normal(found, match, settings.controls, rng)
    rows, back = np.unique(chosen.row, return_inverse=True)
    marks = _marks_of_calls(subject, rows, match.normal, rng)
    steady = {name for name in marks if _steady(name, marks[name][match.normal[rows]])}
    marks = {name: values[back] for name, values in marks.items()}
    yield problem_of(subject, "calls", labels.types, chosen, caller, {n: v for n, v in marks.items() if n in steady})
    cluster = labels.incident_code[chosen.row] * (caller.max(initial=0) + 1) + caller[chosen.row]
    place = Chosen(np.arange(chosen.row.size), chosen.type_code, chosen.positive, chosen.group)
    kept = one_of_each(place, cluster, rng).row
    keep = np.zeros(chosen.row.size, np.bool_)
    keep[kept] = True
    lasting = {name: values[keep] for name, values in marks.items() if name not in steady}
    yield problem_of(subject, "incidents", labels.types, chosen.pick(keep), caller, lasting)


def _marks_of_calls(
    subject: Subject, rows: IntArray, normal: BoolArray, rng: np.random.Generator
) -> dict[str, FloatArray]:
    dataset = subject.dataset
    frame = rows_of(dataset, rows)
    marks = record_marks(dataset, rows, frame, Normal(normal[rows], _texts(dataset, normal)), rng)
    marks |= contents(dataset, rows, frame)
    tainted = rows_of(dataset, np.flatnonzero(~normal))["call_id"].to_arrow().cast(pa.string())
    return marks | event_marks(dataset, frame, normal[rows], tainted, rng)


def _texts(dataset: Dataset, normal: BoolArray) -> dict[str, pl.Series]:
    """Return the texts that the normal calls have in each column with a dictionary."""
    file = dataset.open_table("calls")
    found = {}
    for field in file.schema_arrow:
        if pa.types.is_dictionary(field.type):
            column = dataset.table("calls", [field.name])[field.name].filter(pa.array(normal))
            found[field.name] = pl.Series(pc.unique(column).cast(pa.string()))
    return found


def _steady(name: str, of_normal: FloatArray) -> bool:
    """Return whether normal calls are all alike in this, or differ by chance from call to call."""
    look = BY_NAME[name]
    if look.kind is Kind.CONTENT:
        return False
    if look.kind is Kind.AGREEMENT or name.endswith((".shape", ".word", ".check_digit", ".empty")):
        finite = of_normal[np.isfinite(of_normal)]
        return not finite.size or bool(np.ptp(finite) == 0)
    return True


def _users(subject: Subject, whole: pa.Table, labels: CallLabels, rng: np.random.Generator) -> Iterator[Problem]:
    """Put the users that a type acts with, or acts on, beside all others; every user once for each type."""
    users = subject.dataset.table("users", ["user_id"])["user_id"]
    sides = {"callers": "caller_id", "callees": "callee_id"}
    user_of = {name: places(whole[column], users) for name, column in sides.items()}
    normal = np.ones(len(users), np.bool_)
    for user in user_of.values():
        involved = user[labels.anomalous]
        normal[involved[involved >= 0]] = False
    marks = user_marks(subject.dataset, Normal(normal | (not normal.any()), {}), rng)
    for name, user in user_of.items():
        parts = []
        for code in range(len(labels.types)):
            acts = np.zeros(len(users), np.bool_)
            found = user[labels.type_code == code]
            acts[found[found >= 0]] = True
            others = np.flatnonzero(~acts)
            others = rng.choice(others, min(others.size, 4 * int(acts.sum()) + FEWEST), replace=False)
            row = np.sort(np.concatenate([np.flatnonzero(acts), others]))
            parts.append((row, np.full(row.size, code), acts[row], np.full(row.size, code)))
        chosen = Chosen(*(np.concatenate(each) for each in zip(*parts, strict=True)))
        own = {mark: values[chosen.row] for mark, values in marks.items()}
        yield problem_of(subject, name, labels.types, chosen, np.arange(len(users)), own)
