"""Detector of cells with an unusually small share of their neighbourhood's traffic."""

from typing import Self

import numpy as np
from scipy.stats import betabinom

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import at_least, require
from detectors.features.cells.cell_quarters import CellEvents, Quarters, trailing_sum
from detectors.features.cells.neighbourhoods import neighbourhoods

SPREAD = 0.05
"""Natural variation of a cell's share: the intraclass correlation of the beta-binomial distribution."""
MOST = 300.0


class QuietNeighbour:
    """Scores each quarter hour of a cell by how unlikely so small a share of its neighbourhood's connections is.

    A sleeping cell raises no alarm, but its neighbours keep working and take over its calls. The neighbourhood is the
    cell and those nearest to it, cells of the same site first; the cell's usual share is that in the history. The score
    is -log10 of the probability that a beta-binomial variable is at most the number of connections of the cell. Of a
    cell that failed most of its Hellos in the history, the Hellos count as its usual connections.

    Parameters
    ----------
    nearest
        Number of neighbours, at least 1.
    quarters
        Number of quarter hours counted together, the scored one being the last; at least 1.

    Raises
    ------
    SettingsError
        When a setting is below 1.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("calls", "traffic", "calls_against_past", "traffic_against_past")

    def __init__(self, nearest: int = 6, quarters: int = 8) -> None:
        require("detector", nearest=(nearest, at_least(1)), quarters=(quarters, at_least(1)))
        self.nearest, self.quarters = nearest, quarters

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: shares are computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        events = CellEvents(quarters, "quiet_neighbour")
        counts = events.counts(events.connected)
        around = neighbourhoods(dataset, self.nearest)
        history = quarters.columns_of(dataset.history)
        own_past = events.sound_connections[:, history].sum(axis=1)
        share = (own_past + 0.5) / (own_past[around].sum(axis=1) + 0.5 * around.shape[1])
        recent = trailing_sum(counts, self.quarters)
        together = recent[around].sum(axis=1)
        return Scores(self.level, quarters.scored(too_few(recent, together, share[:, None])))


def too_few(own: IntArray, together: IntArray, share: FloatArray) -> FloatArray:
    """Return -log10 of the probability of at most `own` of `together` at a usual share, at most `MOST`."""
    size = 1 / SPREAD - 1
    pairs, index = np.unique(np.stack([np.broadcast_to(each, own.shape).ravel() for each in (own, together, share)]),
                             axis=1, return_inverse=True)  # fmt: skip
    few, of, usual = pairs
    found = -np.log10(np.maximum(betabinom.cdf(few, of, usual * size, (1 - usual) * size), 10**-MOST))
    return np.asarray(np.maximum(found, 0.0)[index].reshape(own.shape), np.float64)
