"""What a model could do that was told the truth about other worlds: a ceiling for `by_type.py`."""

from collections.abc import Sequence

import numpy as np
from arena import Arena
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.dataset import Dataset
from bench.detector import FloatArray, Level
from detectors.features import calls
from detectors.features.cell_quarters import trailing_sum
from detectors.features.graph import CallGraph
from detectors.features.graph_calls import NAMES, graph_features
from detectors.features.levels import FEATURES, matrix
from detectors.features.timeline import Timeline

LATELY = 8
"""Quarters of an hour over which a cell's features are averaged, beside those of the quarter itself."""
NORMAL_ROWS = 200_000


def described(dataset: Dataset, level: Level) -> FloatArray:
    """Return every feature that there is of the entities of the window, shape (entities, features).

    Of calls all features of calls and of the call graph of the history; of cells all features of the quarter, and
    their means over the latest two hours.
    """
    if level is Level.CALL:
        parties, caller, callee = Timeline(dataset).parties
        past, those = (slice(*dataset.call_range(part)) for part in (dataset.history, dataset.window))
        graph = CallGraph(parties, caller[past], callee[past])
        plain = matrix(dataset, level, list(calls.FEATURES), dataset.window)
        return np.hstack([plain, graph_features(graph, caller[those], callee[those], NAMES)])
    rows = matrix(dataset, level, list(FEATURES[level]), dataset.window)
    if level is Level.USER_DAY:
        return rows
    cells = len(dataset.table("cells", ["cell_id"]))
    lately = [trailing_sum(column.reshape(cells, -1), LATELY).ravel() / LATELY for column in rows.T]
    return np.column_stack([rows, *lately])


class Informed:
    """Boosted trees on every feature of a level, fitted on the windows of some worlds and their truth."""

    def __init__(self, level: Level, worlds: Sequence[Arena], seed: int) -> None:
        self.level = level
        parts = [self._told(arena) for arena in worlds]
        rows, anomalous = (np.concatenate(each) for each in zip(*parts, strict=True))
        self.model = HistGradientBoostingClassifier(max_iter=200, random_state=seed).fit(rows, anomalous)

    def _told(self, arena: Arena) -> tuple[FloatArray, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
        anomalous, counted = arena.known(self.level)
        every = max(1, int(counted.sum()) // NORMAL_ROWS)
        kept = np.flatnonzero(anomalous | (counted & (np.arange(counted.size) % every == 0)))
        return described(arena.dataset, self.level)[kept], anomalous[kept]

    def score(self, dataset: Dataset) -> FloatArray:
        """Return the chance of being anomalous of each entity of the window."""
        return np.asarray(self.model.predict_proba(described(dataset, self.level))[:, 1], np.float64)
