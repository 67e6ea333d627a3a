"""Our own models and scikit-learn's beside PyOD's: CPU seconds, and how well they keep its order of rows.

`python benchmarks/models.py [rows]` fits on the standard features of so many made-up calls and scores as many others.
`faiss` and `coniferest` are measured where they are installed; neither is needed.
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from features import made_up
from pyod.models.hbos import HBOS
from pyod.models.iforest import IForest
from pyod.models.inne import INNE
from pyod.models.knn import KNN
from pyod.models.lof import LOF
from scipy.stats import spearmanr
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

from bench.dataset import Dataset
from bench.detector import Level
from detectors.features.calls.call_features import call_matrix
from detectors.features.tables.feature_levels import STANDARD
from detectors.models.histograms import Hbos
from detectors.models.hyperspheres import Inne
from detectors.models.neighbours import Lof, Nearest

Rows = np.ndarray[Any, np.dtype[np.float64]]
NEIGHBOURS, LOF_ROWS = 5, 20_000
ENOUGH = 0.99
Candidate = tuple[str, Callable[[Rows], object], Callable[[Rows], Any]]


def described(size: int) -> Rows:
    """Return the standard features of so many made-up calls, standardised, in no order."""
    with TemporaryDirectory() as place:
        made_up(Path(place), 2 * size)
        dataset = Dataset.open(Path(place))
        rows = call_matrix(dataset, STANDARD[Level.CALL], dataset.window).astype(np.float64)
    rows = np.random.default_rng(1).permutation(rows)
    return np.asarray((rows - rows.mean(axis=0)) / rows.std(axis=0))


def forests() -> list[Candidate]:
    theirs, plain = IForest(random_state=1), IsolationForest(random_state=1)
    found: list[Candidate] = [
        ("PyOD IForest", theirs.fit, theirs.decision_function),
        ("scikit-learn IsolationForest", plain.fit, lambda rows: -plain.score_samples(rows)),
    ]
    if find_spec("coniferest"):
        other = import_module("coniferest.isoforest").IsolationForest(n_trees=100, random_seed=1)
        found.append(("coniferest", other.fit, lambda rows: -other.score_samples(rows)))
    return found


def neighbours() -> list[Candidate]:
    theirs, ours = KNN(n_neighbors=NEIGHBOURS), Nearest(NEIGHBOURS)
    found: list[Candidate] = [
        ("PyOD KNN", theirs.fit, theirs.decision_function),
        ("Nearest (scipy's k-d tree)", ours.fit, ours.decision_function),
    ]
    for algorithm in ("kd_tree", "brute"):
        plain = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm=algorithm)
        found.append((f"scikit-learn {algorithm}", plain.fit, partial(nearest, plain)))
    if find_spec("faiss"):
        faiss = import_module("faiss")
        for kind in ("Flat", "HNSW32"):
            index = faiss.index_factory(12, kind)
            found.append((f"faiss {kind}", partial(faiss_add, index), partial(faiss_search, index)))
    return found


def factors() -> list[Candidate]:
    """Return local outlier factors, fitted on as many rows as `detector=lof` is."""
    theirs, ours = LOF(n_neighbors=35, algorithm="kd_tree"), Lof(35)
    return [
        ("PyOD LOF (20,000 rows)", lambda rows: theirs.fit(rows[:LOF_ROWS]), theirs.decision_function),
        ("Lof (20,000 rows)", lambda rows: ours.fit(rows[:LOF_ROWS]), ours.decision_function),
    ]


def hyperspheres() -> list[Candidate]:
    theirs, ours = INNE(max_samples=16, random_state=1), Inne(random_state=1)
    return [
        ("PyOD INNE", theirs.fit, theirs.decision_function),
        ("Inne", ours.fit, lambda rows: -ours.score_samples(rows)),
    ]


def histograms() -> list[Candidate]:
    theirs, ours = HBOS(), Hbos()
    return [
        ("PyOD HBOS", theirs.fit, theirs.decision_function),
        ("Hbos", ours.fit, lambda rows: -ours.score_samples(rows)),
    ]


def nearest(model: Any, rows: Rows) -> Any:
    return model.kneighbors(rows)[0][:, -1]


def faiss_add(index: Any, rows: Rows) -> None:
    index.add(rows.astype(np.float32))


def faiss_search(index: Any, rows: Rows) -> Any:
    return index.search(rows.astype(np.float32), NEIGHBOURS)[0][:, -1]


def compare(candidates: list[Candidate], fitted: Rows, scored: Rows) -> None:
    """Print a line for each candidate; the first is the one whose order counts."""
    expected = None
    for name, fit, score in candidates:
        began = time.process_time()
        fit(fitted)
        between = time.process_time()
        found = score(scored)
        ended = time.process_time()
        expected = found if expected is None else expected
        kept = float(spearmanr(found, expected).statistic)
        verdict = "keeps the order" if kept >= ENOUGH else "another order"
        print(f"{name:30} fit {between - began:6.2f}  score {ended - between:6.2f}  {kept:.4f} {verdict}", flush=True)


def main() -> None:
    """Measure and print."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    rows = described(size)
    Inne(1, 2).fit(rows[:3])  # which loads its kernel
    for candidates in (forests(), histograms(), hyperspheres(), factors(), neighbours()):
        compare(candidates, rows[:size], rows[size:])


if __name__ == "__main__":
    main()
