"""Checks of the harness against published figures: `cdrbench verify`.

The metrics must reproduce PyOD's documented ROC-AUC on wbc. The comparison of detectors must reproduce the ranks of a
published table, and the p-values of autorank and scikit-posthocs if these are installed.
"""

import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
from pyod.models.hbos import HBOS
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from pyod.models.ocsvm import OCSVM
from pyod.utils.utility import standardizer
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from bench.arrays import BoolArray, FloatArray
from bench.commands.verified_figures import (
    C45_AUC,
    C45_MEAN_RANKS,
    C45_VARIANTS,
    SPLITS,
    TEST_SHARE,
    WBC_OUTLIERS,
    WBC_ROC_AUC,
)
from bench.evaluation.compare import friedman, standing, wilcoxon_holm
from bench.evaluation.score_metrics import roc_auc

EXTRA = "pip install 'cdrbench[verify]'"
UNTIED = 4e-4
"""Below half of the last digit of the published values."""


@dataclass(frozen=True)
class Figure:
    """A computed figure and the published one that it must agree with."""

    what: str
    expected: float
    found: float
    tolerance: float

    @property
    def holds(self) -> bool:
        """Whether the two agree."""
        return abs(self.found - self.expected) <= self.tolerance

    def __str__(self) -> str:
        verdict = "agrees" if self.holds else f"DIFFERS by more than {self.tolerance:g}"
        return f"{self.what:58} {self.expected:10.6g} {self.found:10.6g}  {verdict}"


def wbc() -> tuple[FloatArray, BoolArray]:
    """Return the data set wbc of ODDS, rebuilt from scikit-learn's `load_breast_cancer`.

    Columns are scaled to [0, 1] over all rows. The benign rows come first, in their order, then the malignant rows that
    ODDS selected.

    Returns
    -------
    features
        Shape (378, 30), in [0, 1].
    outlier
        Shape (378,), true for the last 21.
    """
    features, benign = load_breast_cancer(return_X_y=True)
    scaled = (features - features.min(axis=0)) / (features.max(axis=0) - features.min(axis=0))
    rows = np.concatenate([np.flatnonzero(benign), WBC_OUTLIERS])
    return scaled[rows], np.arange(rows.size) >= rows.size - len(WBC_OUTLIERS)


def pyod_checks() -> Iterator[Figure]:
    """Yield PyOD's table and our ROC-AUC of the same scores: ten 60/40 splits, standardised."""
    features, outlier = wbc()
    models = _models(float(outlier.mean()))
    found: dict[str, list[float]] = {name: [] for name in models}
    for split in range(SPLITS):
        parts = train_test_split(features, outlier, test_size=TEST_SHARE, random_state=np.random.RandomState(split))
        fitted, scored = standardizer(*parts[:2])
        for name, model in models.items():
            found[name].append(roc_auc(parts[3], model.fit(fitted).decision_function(scored)) or 0.0)
    for name, published in WBC_ROC_AUC.items():
        yield Figure(f"PyOD's documentation: ROC-AUC of {name} on wbc", published, float(np.mean(found[name])), 1e-3)


def rank_checks() -> Iterator[Figure]:
    """Yield the published mean ranks and ours."""
    found = standing(C45_VARIANTS, np.array(C45_AUC))
    for name, published in zip(C45_VARIANTS, C45_MEAN_RANKS, strict=True):
        ours = float(found.mean_ranks[found.names.index(name)])
        yield Figure(f"Demsar 2006, table 6: mean rank of {name}", published, ours, 5e-4)


def autorank_checks() -> Iterator[Figure]:
    """Yield autorank's p-value of Friedman's test and ours."""
    table = pd.DataFrame(np.array(C45_AUC), columns=list(C45_VARIANTS))
    with redirect_stdout(StringIO()):  # autorank prints its decisions
        theirs = import_module("autorank").autorank(table, alpha=0.05, verbose=False, force_mode="nonparametric")
    yield Figure("autorank: p-value of Friedman's test", float(theirs.pvalue), friedman(-np.array(C45_AUC))[1], 1e-9)


def posthocs_checks() -> Iterator[Figure]:
    """Yield scikit-posthocs' p-values of Wilcoxon's test with Holm's correction, and ours.

    The values are changed by less than they are rounded to, so that no two differences are equal: with ties,
    scikit-posthocs uses a normal approximation, where ours is exact.
    """
    values = np.array(C45_AUC)
    values += np.random.default_rng(0).uniform(-UNTIED, UNTIED, values.shape)
    theirs = import_module("scikit_posthocs").posthoc_wilcoxon(list(values.T), p_adjust="holm").to_numpy()
    ours = wilcoxon_holm(values)
    for first, second in zip(*np.triu_indices(len(C45_VARIANTS), 1), strict=True):
        pair = f"{C45_VARIANTS[first]}, {C45_VARIANTS[second]}"
        yield Figure(f"scikit-posthocs: Wilcoxon-Holm, {pair}", theirs[first, second], float(ours[first, second]), 1e-9)


def main() -> None:
    """Print every check; end with code 1 if one fails."""
    print(f"{'':58} {'published':>10} {'ours':>10}")
    checks = [*_printed(pyod_checks()), *_printed(rank_checks())]
    for library, run in (("autorank", autorank_checks), ("scikit_posthocs", posthocs_checks)):
        if find_spec(library):
            checks += _printed(run())
        else:
            print(f"{library} is not installed and was not checked against: {EXTRA}")
    sys.exit(not all(check.holds for check in checks))


def _models(contamination: float) -> dict[str, Any]:
    return {kind.__name__: kind(contamination=contamination) for kind in (HBOS, KNN, LOF, OCSVM)}


def _printed(checks: Iterator[Figure]) -> list[Figure]:
    found = []
    for check in checks:
        print(check, flush=True)
        found.append(check)
    return found


if __name__ == "__main__":
    main()
