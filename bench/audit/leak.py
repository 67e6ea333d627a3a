"""Whether bookkeeping gives anomalies away: a strong classifier on it alone, tested on users it has not seen.

Boosted trees (Ke et al. 2017, as scikit-learn has them) learn from some users and score the others. Under the null
hypothesis the anomalous calls of a user score like its normal ones: `bench.audit.permutation` tests that without any
assumption, and Holm's correction covers all tests. Whether it could have found anything is seen by planting a leak.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from bench.audit.permutation import WIDE, Sets, holm
from bench.audit.problems import FEWEST, Problem, problems
from bench.audit.settings import AuditSettings
from bench.audit.slices import IntArray
from bench.audit.subject import Subject
from bench.audit.verdict import Check, Light
from bench.generator import Progress

ALL = "all"
SEED = 0
SHARES = (1, 2, 5, 10, 25)
"""Multiples of the planted share that are tried until the leak is found."""


@dataclass(frozen=True)
class Test:
    """One type in one problem."""

    problem: str
    type: str
    positives: int
    roc_auc: float
    deviation: float
    p_value: float

    @property
    def interval(self) -> tuple[float, float]:
        """Where 95 % of ROC-AUCs as this lie that chance explains, moved to this one."""
        return self.roc_auc - WIDE * self.deviation, self.roc_auc + WIDE * self.deviation


def check_bookkeeping(subject: Subject, settings: AuditSettings, progress: Progress) -> Check:
    """Test for each type, and for all together, whether its bookkeeping differs from that of normal records."""
    rng = np.random.default_rng(SEED)
    asked = [each for each in problems(subject, settings, rng) if each.positive.sum() >= FEWEST]
    steps = len(asked) + 1
    tests: list[Test] = []
    for number, problem in enumerate(asked, 1):
        tests += _tests(problem, _sets(problem, settings.folds))
        progress("looking for leaks", number, steps)
    if not tests:
        return Check("bookkeeping", Light.UNTESTED, ("there are too few anomalous calls to test",), {})
    adjusted = holm([test.p_value for test in tests])
    leaks = [(test, p) for test, p in zip(tests, adjusted, strict=True) if p < settings.alpha]
    seen = None if leaks else _least_leak_seen(asked[0], settings, settings.alpha / len(tests), rng)
    progress("looking for leaks", steps, steps)
    found = {
        "tests": [_row(test, p) for test, p in zip(tests, adjusted, strict=True)],
        "alpha": settings.alpha,
        "planted_share": settings.planted_share,
        "least_share_found": seen,
    }
    if leaks:
        lines = [f"{t.problem} of {t.type} are told by bookkeeping: {_auc(t)}, p = {p:.2g} (Holm)" for t, p in leaks]
        return Check("bookkeeping", Light.RED, tuple(lines), found)
    widest = max(tests, key=lambda test: test.roc_auc)
    told = f"nothing found in {len(tests)} tests; the highest: {widest.problem} of {widest.type}, {_auc(widest)}"
    light = Light.GREEN if seen == settings.planted_share else Light.MARKED
    return Check("bookkeeping", light, (told, _power(seen)), found)


def _sets(problem: Problem, folds: int) -> Sets:
    """Score every row by a classifier that has seen no row of its entity; sets are parted by fold."""
    fold = _fold_of(problem.entity, folds)
    matrix, scores = problem.matrix, np.zeros(problem.positive.size)
    for number in range(folds):
        tested = fold == number
        learned = problem.positive[~tested]
        if not tested.any() or learned.all() or not learned.any():
            continue
        model = HistGradientBoostingClassifier(
            max_iter=30, learning_rate=0.2, max_leaf_nodes=15, min_samples_leaf=5, early_stopping=False,
            random_state=SEED,
        )  # fmt: skip
        known = matrix[:, np.isfinite(matrix[~tested]).any(axis=0)]
        with threadpool_limits(1):  # so small a task takes several threads longer
            model.fit(known[~tested], learned)
            scores[tested] = model.predict_proba(known[tested])[:, 1]
    return Sets(problem.group * folds + fold, problem.positive, scores)


def _fold_of(entity: IntArray, folds: int) -> IntArray:
    """Return the fold of each row, drawn for each entity."""
    known, index = np.unique(entity, return_inverse=True)
    return np.asarray(np.random.default_rng(SEED).permutation(known.size)[index] % folds)


def _tests(problem: Problem, sets: Sets) -> list[Test]:
    """Test each type that has enough positives, and all types together."""
    found = []
    for code, name in [*enumerate(problem.types), (-1, ALL)]:
        part = sets if code < 0 else sets.pick(problem.type_code == code)
        auc = part.roc_auc()
        positives = int(part.marked.sum())
        if auc is not None and positives >= FEWEST and (code >= 0 or len(problem.types) > 1):
            found.append(Test(problem.name, name, positives, *auc, part.p_value()))
    return found


def _least_leak_seen(problem: Problem, settings: AuditSettings, level: float, rng: np.random.Generator) -> float | None:
    """Plant leaks in ever more of the positives; return the first share that is found, None when none is."""
    for share in (multiple * settings.planted_share for multiple in SHARES):
        if share <= 1 and _sets(problem.planted(share, rng), settings.folds).p_value() < level:
            return share
    return None


def _power(seen: float | None) -> str:
    if seen is None:
        return "there are too few anomalous calls to see any leak by"
    return f"a leak planted in {seen:.3g} of the anomalous calls was found"


def _auc(test: Test) -> str:
    low, high = test.interval
    return f"ROC-AUC {test.roc_auc:.3f} ({low:.3f} to {high:.3f})"


def _row(test: Test, p_value: float) -> dict[str, float | int | str]:
    low, high = test.interval
    return {
        "problem": test.problem, "type": test.type, "positives": test.positives, "roc_auc": round(test.roc_auc, 5),
        "low": round(low, 5), "high": round(high, 5), "p_holm": p_value,
    }  # fmt: skip
