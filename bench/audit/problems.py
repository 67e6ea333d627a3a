"""What the classifier is asked: anomalous calls beside normal ones of the same user, users beside other users."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.audit.bookkeeping import call_contents, call_marks, user_marks
from bench.audit.settings import AuditSettings
from bench.audit.slices import IntArray
from bench.audit.subject import Subject
from bench.detector import BoolArray, FloatArray
from bench.truth import CallLabels

FEWEST = 20
"""With fewer positives there is nothing to test."""


@dataclass(frozen=True)
class Problem:
    """Rows of which some are positive, in sets within which any could be, and what is known of each."""

    name: str
    """calls | callers | callees."""
    types: tuple[str, ...]
    marks: Mapping[str, FloatArray]
    """By name, shape (rows,)."""
    positive: BoolArray
    type_code: IntArray
    """Shape (rows,): the type that a row is positive for, or beside whose positives it stands."""
    entity: IntArray
    """Shape (rows,): who a row is of; rows of one entity are never both learned from and tested."""
    group: IntArray
    """Shape (rows,): the set."""

    @property
    def matrix(self) -> FloatArray:
        """Shape (rows, marks)."""
        return np.column_stack(list(self.marks.values()))

    def planted(self, share: float, rng: np.random.Generator) -> "Problem":
        """Return the same with a leak in this share of the positives: a mark that nobody else has, in one column.

        What it is does not matter to trees: one value beyond all others of the column.
        """
        rows = np.flatnonzero(self.positive)
        name = next(iter(self.marks))
        column = self.marks[name].copy()
        column[rng.choice(rows, max(1, round(share * rows.size)), replace=False)] = np.nanmax(column) + 1
        return replace(self, marks={**self.marks, name: column})


def problems(subject: Subject, settings: AuditSettings, rng: np.random.Generator) -> Iterator[Problem]:
    """Yield what there is to ask of a world."""
    dataset = subject.dataset
    whole = dataset.table("calls", ["caller_id", "callee_id", "outcome"])
    labels = subject.truth.call_labels(0, whole.num_rows)
    if not labels.anomalous.any():
        return
    yield _calls(subject, settings, whole, labels, rng)
    users = dataset.table("users", ["user_id"])["user_id"]
    marks = user_marks(dataset)
    for name, column in (("callers", "caller_id"), ("callees", "callee_id")):
        yield _users(name, _places(whole[column], users), labels, marks, rng)


def _calls(
    subject: Subject, settings: AuditSettings, whole: pa.Table, labels: CallLabels, rng: np.random.Generator
) -> Problem:
    """Put beside each anomalous call normal ones of the same caller with the same outcome."""
    caller, outcome = (_codes(whole[name]) for name in ("caller_id", "outcome"))
    key = caller * (outcome.max(initial=0) + 1) + outcome
    normal = np.flatnonzero(~labels.anomalous & ~labels.collateral)
    normal = normal[np.argsort(key[normal], kind="stable")]
    rows, codes, positive = [], [], []
    for code in range(len(labels.types)):
        found = np.flatnonzero(labels.type_code == code)
        found = rng.choice(found, min(found.size, settings.most_calls), replace=False)
        beside = _beside(key[found], key[normal], settings.controls, rng)
        rows += [found, normal[beside]]
        positive += [np.ones(found.size, np.bool_), np.zeros(beside.size, np.bool_)]
        codes.append(np.full(found.size + beside.size, code))
    row, type_code, is_positive = np.concatenate(rows), np.concatenate(codes), np.concatenate(positive)
    order = np.argsort(row, kind="stable")
    row, type_code, is_positive = row[order], type_code[order], is_positive[order]
    marks = call_marks(subject.dataset, row, rng) | _untouched(subject, labels.types, row, type_code)
    group = type_code * (int(key.max(initial=0)) + 1) + key[row]
    return Problem("calls", labels.types, marks, is_positive, type_code, caller[row], group)


def _beside(keys: IntArray, ordered: IntArray, most: int, rng: np.random.Generator) -> IntArray:
    """Draw, for each key, up to `most` places for each time that it occurs in `keys`, out of those that have it."""
    wanted, counts = np.unique(keys, return_counts=True)
    low, high = np.searchsorted(ordered, wanted), np.searchsorted(ordered, wanted, side="right")
    parts = [
        first + rng.choice(last - first, min(last - first, most * count), replace=False, shuffle=False)
        for first, last, count in zip(low.tolist(), high.tolist(), counts.tolist(), strict=True)
        if last > first
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])


def _untouched(subject: Subject, types: tuple[str, ...], rows: IntArray, type_code: IntArray) -> dict[str, FloatArray]:
    """Return what the calls are about, empty where the row's type touches it or has not said that it does not."""
    said = subject.asked.touches
    if not any(name in said for name in types):
        return {}
    found = {}
    for column, values in call_contents(subject.dataset, rows).items():
        blind = [name not in said or column in said[name] for name in types]
        found[f"untouched_{column}"] = np.where(np.array(blind)[type_code], np.nan, values)
    return found


def _users(
    name: str, user: IntArray, labels: CallLabels, marks: Mapping[str, FloatArray], rng: np.random.Generator
) -> Problem:
    """Put the users that a type acts with, or acts on, beside all others; every user once for each type."""
    count = len(next(iter(marks.values())))
    parts = []
    for code in range(len(labels.types)):
        acts = np.zeros(count, np.bool_)
        found = user[labels.type_code == code]
        acts[found[found >= 0]] = True
        others = np.flatnonzero(~acts)
        others = rng.choice(others, min(others.size, 4 * int(acts.sum()) + FEWEST), replace=False)
        chosen = np.sort(np.concatenate([np.flatnonzero(acts), others]))
        parts.append((chosen, acts[chosen], np.full(chosen.size, code)))
    chosen, positive, type_code = (np.concatenate([np.empty(0, np.int64), *each]) for each in zip(*parts, strict=True))
    own = {name: values[chosen] for name, values in marks.items()}
    return Problem(name, labels.types, own, positive.astype(np.bool_), type_code, chosen, type_code)


def _codes(texts: pa.ChunkedArray) -> IntArray:
    return np.asarray(texts.unify_dictionaries().combine_chunks().indices).astype(np.int64)


def _places(texts: pa.ChunkedArray, among: pa.ChunkedArray) -> IntArray:
    """Return which of some texts each text is; -1 where it is none."""
    coded = texts.unify_dictionaries().combine_chunks()
    place = np.asarray(pc.fill_null(pc.index_in(coded.dictionary, among), -1)).astype(np.int64)
    return np.asarray(place[np.asarray(coded.indices)])
