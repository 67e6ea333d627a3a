"""Detector of closed rings of one-directional calls between strangers."""

from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from bench.spans import DAY_MS
from detectors.features.graph.call_graph import CallGraph
from detectors.features.sequence.timeline import Timeline

FEWEST_CALLS, MOST_SHARED = 2, 1
"""The fewest calls and the most common contacts of a tie that can belong to a ring."""
SMALLEST_RING = 3


class ClosedRing:
    """Scores each call by how one-sided its tie is, how much the caller uses it, and whether it closes a ring.

    Friends call back and have common contacts. The score is the share of the caller's calls that went to the callee,
    over (1 + contacts in common) squared, 0 when the callee has called back; plus `closing` where the tie is part of a
    ring. A ring is a strongly connected component, of three or more parties, of the directed ties without calls back
    that are used at least twice and whose ends have at most one common contact. All counts are those of the `days`
    before the call's day.

    Parameters
    ----------
    days
        Length of the span, above 0.
    closing
        Amount that is added to the score of a tie that is part of a ring, above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("new_tie", "shared_contacts", "reciprocated", "contact_share")

    def __init__(self, days: float = 14.0, closing: float = 0.5) -> None:
        require("detector", days=(days, above(0)), closing=(closing, above(0)))
        self.span_ms, self.closing = round(days * DAY_MS), closing

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the days before each call are read when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`, day by local day."""
        timeline = Timeline(dataset)
        parties, caller, callee = timeline.parties
        low, high = dataset.call_range(dataset.window)
        found = np.zeros(high - low)
        for day in np.unique(timeline.local_ms[low:high] // DAY_MS):
            begin_ms, end_ms = dataset.clock.utc_ms(np.array([day, day + 1]) * DAY_MS)
            since, begin, end = np.searchsorted(timeline.start_ms, [begin_ms - self.span_ms, begin_ms, end_ms])
            rows = slice(max(begin, low), min(end, high))
            graph = CallGraph(parties, caller[since:begin], callee[since:begin])
            score = tie_strangeness(graph, self.closing)
            found[rows.start - low : rows.stop - low] = np.asarray(score[caller[rows], callee[rows]]).ravel()
        return Scores(self.level, found)


def tie_strangeness(graph: CallGraph, closing: float) -> Any:
    """Return the score of each directed tie of a graph: a sparse matrix, shape (parties, parties)."""
    shape = (graph.parties, graph.parties)
    ties = graph.made.tocoo()
    one, other, calls = ties.row.astype(np.int64), ties.col.astype(np.int64), ties.data
    if not one.size:
        return sparse.csr_array(shape)
    made = np.maximum(np.bincount(one, calls, graph.parties), 1)
    shared = graph.shared_contacts(one, other)
    unanswered = ~_in(other * graph.parties + one, one * graph.parties + other)
    strange: FloatArray = unanswered * calls / made[one] / (1.0 + shared) ** 2
    likely = unanswered & (calls >= FEWEST_CALLS) & (shared <= MOST_SHARED)
    rings = sparse.coo_array((np.ones(int(likely.sum())), (one[likely], other[likely])), shape=shape).tocsr()
    _, ring = connected_components(rings, directed=True, connection="strong")
    closed = likely & (ring[one] == ring[other]) & (np.bincount(ring)[ring[one]] >= SMALLEST_RING)
    return sparse.coo_array((strange + closing * closed, (one, other)), shape=shape).tocsr()


def _in(wanted: "np.ndarray[Any, Any]", among: "np.ndarray[Any, Any]") -> "np.ndarray[Any, np.dtype[np.bool_]]":
    ordered = np.sort(among)
    place = np.minimum(np.searchsorted(ordered, wanted), ordered.size - 1)
    return np.asarray(ordered[place] == wanted, np.bool_)
