"""Test whether how records are written gives anomalies away: a classifier on all marks, and each mark alone.

All marks: boosted trees (Ke et al. 2017, in scikit-learn's implementation) are fitted on some users and score the rows
of the others. If nothing gives anomalies away, the anomalous calls of a user score like its normal ones; `permutation`
tests that without further assumptions. One mark alone: the rank of its value is the score, and both directions are
tested (unusually high, unusually low values); this tells which column gives the anomaly away.

Each of the two kinds of test has half of `audit.alpha`, and Holm's correction covers the number of tests. To see
whether the classifier could have found anything, a leak is planted in some rows (`_least_leak_seen`). Which rows are
compared is in `problems`, the list of marks in `bench.audit.marks.marks_list`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.audit.audited_world import AuditedWorld
from bench.audit.bookkeeping.permutation import WIDE, Sets, holm, middle_ranks
from bench.audit.bookkeeping.problem import Problem
from bench.audit.bookkeeping.problems import FEWEST, problems
from bench.audit.marks.marks_list import BY_NAME
from bench.audit.marks.marks_report import coverage
from bench.audit.verdict import Check, Light
from bench.audit_settings import AuditSettings
from bench.generator import Progress

ALL = "all"
SEED = 0
SHARES = (1, 2, 5, 10, 25)
"""Multiples of the planted share that are tried until the planted leak is detected."""
FEWEST_MARKED = 8
"""Single marks are tested only for types with at least this many positives."""
FAR = 3.5
"""The p-value of a single mark is set to 1 without computing it below this number of standard deviations."""
MOST_LISTED = 12
"""The most leaks that a report lists."""


@dataclass(frozen=True)
class Test:
    """Result of one test: how well all marks, or one, separate the anomalous rows of a type from normal ones."""

    problem: str
    type: str
    positives: int
    roc_auc: float
    deviation: float
    p_value: float
    mark: str = ""
    """Name of the mark; empty: the classifier on all marks."""

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of ROC-AUCs under chance, shifted to this ROC-AUC."""
        return self.roc_auc - WIDE * self.deviation, self.roc_auc + WIDE * self.deviation

    @property
    def line(self) -> str:
        """The result as one line of text."""
        low, high = self.interval
        by = f"{self.mark} ({', '.join(BY_NAME[self.mark].columns)})" if self.mark else "bookkeeping"
        return (
            f"{self.problem} of {self.type} are separated by {by}: ROC-AUC {self.roc_auc:.3f} ({low:.3f} to {high:.3f})"
        )


def check_bookkeeping(subject: AuditedWorld, settings: AuditSettings, progress: Progress) -> Check:
    """Test, for each type and for all together, whether its bookkeeping differs from that of normal records."""
    rng = np.random.default_rng(SEED)
    by_trees: list[Test] = []
    by_mark: list[Test] = []
    planting, marks = None, []
    broken: list[Test] = []
    for number, problem in enumerate(problems(subject, settings, rng), 1):
        asked = problem.varying(rng)
        marks.append((problem.name, problem.marks))
        by_mark += _single_marks(asked)
        broken += _single_marks(replace(problem, marks=problem.touched))
        if asked.marks and asked.positive.sum() >= FEWEST:
            planting = planting or asked
            by_trees += _tests(asked, _sets(asked, settings.folds))
        progress("looking for leaks", number, 7)
    found = {"alpha": settings.alpha, **coverage(subject.dataset, marks, subject.twin is not None)}
    if not by_trees:
        return Check("bookkeeping", Light.UNTESTED, ("there are too few anomalous calls to test",), found)
    trees, single = (
        [(test, min(1.0, 2 * p)) for test, p in zip(tests, holm([test.p_value for test in tests]), strict=True)]
        for tests in (by_trees, by_mark)
    )
    leaks = [(test, p) for test, p in (*single, *trees) if p < settings.alpha]
    seen = None
    if planting is not None and not leaks:
        seen = _least_leak_seen(planting, settings, settings.alpha / 2 / len(trees), rng)
    progress("looking for leaks", 7, 7)
    found |= {
        "tests": [_row(test, p) for test, p in trees],
        "single_marks": len(single),
        "leaks": [_row(test, p) | {"mark": test.mark, "columns": _columns(test)} for test, p in leaks],
        "touched": [_row(test, test.p_value) | {"mark": test.mark, "columns": _columns(test)} for test in broken],
        "planted_share": settings.planted_share,
        "least_share_found": seen,
    }
    enough = [test for test in broken if max(test.roc_auc, 1 - test.roc_auc) >= settings.trivial_auc]
    open_to_all = tuple(f"{test.line}: declared in `touches`, and enough to find the type" for test in enough)
    looked = f"tested {found['columns_covered']} of {found['columns']} columns in {found['looks_taken']} ways"
    if leaks:
        lines = [f"{test.line}, p = {p:.2g} (Holm)" for test, p in sorted(leaks, key=lambda leak: leak[1])]
        more = [f"and {len(lines) - MOST_LISTED} more"] if len(lines) > MOST_LISTED else []
        return Check("bookkeeping", Light.RED, (*lines[:MOST_LISTED], *more, *open_to_all, looked), found)
    widest = max(by_trees, key=lambda test: test.roc_auc)
    line = f"no leak in {len(trees)} tests of all marks together and {len(single)} of single marks"
    highest = f"the highest: {widest.problem} of {widest.type}, ROC-AUC {widest.roc_auc:.3f}"
    light = Light.GREEN if seen == settings.planted_share and not enough else Light.MARKED
    return Check("bookkeeping", light, (f"{line}; {highest}", *open_to_all, looked, _power(seen)), found)


def _single_marks(problem: Problem) -> Iterator[Test]:
    """Test each mark alone for each type, and for all types together, in both directions."""
    kinds = len(problem.types)
    positives = np.bincount(problem.type_code[problem.positive], minlength=kinds)
    by_side = _Sides(problem)
    for mark, values in problem.marks.items():
        known = np.isfinite(values)
        asked = np.bincount(problem.type_code[known], minlength=kinds) > 0
        ranks = np.full(values.size, 0.5)
        ranks[known] = middle_ranks(values[known]) / known.sum()
        sets = Sets(problem.group, problem.positive, ranks)
        auc, deviation = sets.roc_auc_by(problem.type_code, kinds)
        apart = by_side.apart(ranks)
        may_be = (np.abs(auc - 0.5) > FAR * deviation) | apart
        for code in np.flatnonzero((positives >= FEWEST_MARKED) & asked & np.isfinite(auc)).tolist():
            p = sets.pick(problem.type_code == code).either_way() if may_be[code] else 1.0
            numbers = (int(positives[code]), float(auc[code]), float(deviation[code]))
            yield Test(problem.name, problem.types[code], *numbers, p, mark)
        whole = sets.roc_auc() if asked.sum() > 1 and _together(problem) else None
        if whole is not None:
            p = sets.either_way() if abs(whole[0] - 0.5) > FAR * whole[1] or apart.any() else 1.0
            yield Test(problem.name, ALL, int(problem.positive.sum()), *whole, p, mark)


def _together(problem: Problem) -> bool:
    """Return whether all types can be tested together: not those of users, who may be positive for several types."""
    return len(problem.types) > 1 and problem.name not in ("callers", "callees")


class _Sides:
    """The positives of each type with their controls."""

    def __init__(self, problem: Problem) -> None:
        side = problem.type_code * 2 + problem.positive
        self._order = np.argsort(side)
        self._sides, self._first = np.unique(side[self._order], return_index=True)
        self._kinds = len(problem.types)

    def apart(self, ranks: FloatArray) -> BoolArray:
        """Return, for each type, whether a few positives lie far above all others, which ROC-AUC hardly reflects."""
        highest, lowest = np.full(2 * self._kinds, -1.0), np.full(2 * self._kinds, 2.0)
        if self._sides.size:
            highest[self._sides] = np.maximum.reduceat(ranks[self._order], self._first)
            lowest[self._sides] = np.minimum.reduceat(ranks[self._order], self._first)
        return np.asarray((highest[1::2] > highest[::2]) | (lowest[1::2] < lowest[::2]))


def _sets(problem: Problem, folds: int) -> Sets:
    """Score every row with a classifier fitted on rows of other entities; sets are split by fold."""
    fold, scores = _fold_of(problem.entity, folds), np.zeros(problem.positive.size)
    # several marks can have the same values
    columns = list({values.tobytes(): values for values in problem.marks.values()}.values())
    for number in range(folds):
        tested = fold == number
        learned = problem.positive[~tested]
        if not tested.any() or learned.all() or not learned.any():
            continue
        model = HistGradientBoostingClassifier(
            max_iter=12, learning_rate=0.4, max_leaf_nodes=8, min_samples_leaf=5, early_stopping=False,
            random_state=SEED,
        )  # fmt: skip
        known = [values for values in columns if np.isfinite(values[~tested]).any()]
        with threadpool_limits(1):  # several threads make so small a task slower
            model.fit(_by_column(known, ~tested), learned)
            scores[tested] = model.predict_proba(_by_column(known, tested))[:, 1]
    return Sets(problem.group * folds + fold, problem.positive, scores)


def _by_column(columns: Sequence[FloatArray], rows: BoolArray) -> FloatArray:
    """Return some rows as a matrix stored column by column, as trees read it; shape (rows, columns)."""
    return np.stack([values[rows] for values in columns]).T


def _fold_of(entity: IntArray, folds: int) -> IntArray:
    """Return the fold of each row; all rows of an entity are in one fold."""
    known, index = np.unique(entity, return_inverse=True)
    return np.asarray(np.random.default_rng(SEED).permutation(known.size)[index] % folds)


def _tests(problem: Problem, sets: Sets) -> list[Test]:
    """Test each type that has enough positives, and all types together unless a row is positive for several."""
    found = []
    whole = [(-1, ALL)] if _together(problem) else []
    for code, name in [*enumerate(problem.types), *whole]:
        part = sets if code < 0 else sets.pick(problem.type_code == code)
        auc = part.roc_auc()
        positives = int(part.marked.sum())
        if auc is not None and positives >= FEWEST:
            found.append(Test(problem.name, name, positives, *auc, part.p_value()))
    return found


def _least_leak_seen(problem: Problem, settings: AuditSettings, level: float, rng: np.random.Generator) -> float | None:
    """Plant leaks in growing shares of the positives; return the smallest share at which the leak is found, if any."""
    for share in (multiple * settings.planted_share for multiple in SHARES):
        if share <= 1 and _sets(problem.planted(share, rng), settings.folds).p_value() < level:
            return share
    return None


def _power(seen: float | None) -> str:
    if seen is None:
        return "there are too few anomalous calls to detect a leak"
    return f"a leak planted in {seen:.3g} of the anomalous calls was found"


def _columns(test: Test) -> list[str]:
    return list(BY_NAME[test.mark].columns) if test.mark else []


def _row(test: Test, p_value: float) -> dict[str, float | int | str]:
    low, high = test.interval
    return {
        "problem": test.problem, "type": test.type, "positives": test.positives, "roc_auc": round(test.roc_auc, 5),
        "low": round(low, 5), "high": round(high, 5), "p_holm": p_value,
    }  # fmt: skip
