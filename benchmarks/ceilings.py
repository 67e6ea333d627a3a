"""What a model could do that was told the truth about other worlds: a ceiling for `by_type.py`."""

from collections.abc import Iterator, Sequence

import numpy as np
from arena import Arena
from roster import ideas, scores_of
from sklearn.ensemble import HistGradientBoostingClassifier

from bench.detector import BoolArray, FloatArray, Level
from detectors.features.cell_quarters import trailing_sum
from detectors.features.graph import CallGraph
from detectors.features.graph_calls import NAMES, graph_features
from detectors.features.levels import FEATURES, matrix
from detectors.features.timeline import Timeline

LATELY = 8
"""Quarters of an hour over which a cell's features are averaged, beside those of the quarter itself."""
NORMAL_ROWS = 50_000
"""Normal entities of a world that the ceiling learns from, at even distances."""


def described(arena: Arena, level: Level) -> FloatArray:
    """Return all that there is about the entities of the window, shape (entities, columns).

    All features of the level (of calls also those of the call graph of the history, of cells also means over the
    latest two hours), and the scores of all detectors that have one idea each: a ceiling should not miss what they see.
    """
    scores = (found for name in ideas(level) for found in scores_of(name, arena))
    return np.column_stack([*_features(arena, level), *(values for of, values in scores if of is level)])


def _features(arena: Arena, level: Level) -> Iterator[FloatArray]:
    dataset = arena.dataset
    rows = matrix(dataset, level, list(FEATURES[level]), dataset.window)
    yield rows
    if level is Level.CALL:
        parties, caller, callee = Timeline(dataset).parties
        past, those = (slice(*dataset.call_range(part)) for part in (dataset.history, dataset.window))
        graph = CallGraph(parties, caller[past], callee[past])
        yield graph_features(graph, caller[those], callee[those], NAMES)
    if level is Level.CELL_QUARTER:
        cells = len(dataset.table("cells", ["cell_id"]))
        yield np.column_stack([trailing_sum(each.reshape(cells, -1), LATELY).ravel() / LATELY for each in rows.T])


class Informed:
    """Boosted trees on all that there is at a level, fitted on the windows of some worlds and their truth."""

    def __init__(self, level: Level, worlds: Sequence[Arena], seed: int) -> None:
        self.level = level
        parts = [self._told(arena) for arena in worlds]
        rows, anomalous = (np.concatenate(each) for each in zip(*parts, strict=True))
        self.model = HistGradientBoostingClassifier(max_iter=100, random_state=seed).fit(rows, anomalous)

    def _told(self, arena: Arena) -> tuple[FloatArray, BoolArray]:
        anomalous, counted = arena.known(self.level)
        every = max(1, int(counted.sum()) // NORMAL_ROWS)
        kept = np.flatnonzero(anomalous | (counted & (np.arange(counted.size) % every == 0)))
        return described(arena, self.level)[kept], anomalous[kept]

    def score(self, arena: Arena) -> FloatArray:
        """Return the chance of being anomalous of each entity of the window."""
        return np.asarray(self.model.predict_proba(described(arena, self.level))[:, 1], np.float64)
