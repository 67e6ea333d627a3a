"""Detector of cells whose signal reports come from unusual places or at unusual power."""

from typing import Self

import numpy as np
import pyarrow.compute as pc
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import at_least, require
from detectors.features.cells.cell_quarters import CellEvents, Quarters, trailing_sum
from detectors.order_and_rounding import content_order

FEWEST_A_CLUSTER = 20
PRIOR_REPORTS = 4
MOST_REPORTS = 5_000


class SignalClusters:
    """Scores each quarter hour of a cell by how far its signal reports are from clusters of its earlier reports.

    A report is the position of a phone when it connected to the cell, and the received power: x, y and power, each
    divided by its standard deviation at that cell. The cell's reports of the history are clustered (k-means). The
    anomaly of a new report is its distance from the nearest centre, divided by the 99th percentile of the history's
    distances. The score is the mean over the latest reports and `PRIOR_REPORTS` assumed usual ones. (After Dunning &
    Friedman 2014, who cluster normal data and use the distance to the clusters. Phones receive several towers; session
    events only contain the one in use.)

    Parameters
    ----------
    clusters
        Number of clusters of each cell, at least 1; fewer if there are not `FEWEST_A_CLUSTER` reports for each.
    quarters
        Number of quarter hours counted together, the scored one being the last; at least 1.
    seed
        Seed of the clustering.

    Raises
    ------
    SettingsError
        When a setting is below 1.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("usual_km", "left", "handovers_in", "handovers_out")

    def __init__(self, clusters: int = 20, quarters: int = 4, seed: int = 0) -> None:
        require("detector", clusters=(clusters, at_least(1)), quarters=(quarters, at_least(1)))
        self.clusters, self.quarters, self.seed = clusters, quarters, seed

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the usual values are computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        cell, time_ms, reports = _reports(quarters)
        history, off = dataset.history, np.zeros(cell.size)
        past = (time_ms >= history.start_ms) & (time_ms < history.end_ms)
        for each in range(quarters.shape[0]):
            here = cell == each
            off[here] = self._distances(reports[here & past], reports[here])
        usual = off[past].mean() if past.any() else 0.0
        sums = np.zeros(quarters.shape)
        quarter = (time_ms - quarters.grid.first * quarters.grid.span_ms) // quarters.grid.span_ms
        known = (quarter >= 0) & (quarter < quarters.shape[1])
        np.add.at(sums, (cell[known], quarter[known]), off[known])
        counts = trailing_sum(quarters.counts(cell, time_ms), self.quarters)
        mean = (trailing_sum(sums, self.quarters) + PRIOR_REPORTS * usual) / (counts + PRIOR_REPORTS)
        return Scores(self.level, quarters.scored(mean))

    def _distances(self, known: FloatArray, reports: FloatArray) -> FloatArray:
        """Return the distance of reports from clusters of known ones, divided by their 99th percentile."""
        clusters = min(self.clusters, len(known) // FEWEST_A_CLUSTER)
        if not clusters or not len(reports):
            return np.zeros(len(reports))
        known = known[content_order(known)]
        scale = np.maximum(known.std(axis=0), 1e-6)
        some = known[:: -(-len(known) // MOST_REPORTS)] / scale
        # with several threads, the order of sums, and so the clusters, would depend on their number
        with threadpool_limits(1):
            model = KMeans(min(clusters, len(np.unique(some, axis=0))), n_init=1, random_state=self.seed).fit(some)
        limit = float(np.quantile(model.transform(some).min(axis=1), 0.99))
        return np.asarray(model.transform(reports / scale).min(axis=1) / max(limit, 1e-6), np.float64)


def _reports(quarters: Quarters) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the cell, the time, and x, y [m] and power [dBm] of each connection."""
    events = CellEvents(quarters, "signal_clusters")
    table = quarters.dataset.table("events", ["x", "y", "power_dbm"])
    heard = events.connected & (events.cell >= 0) & ~np.asarray(pc.is_null(table["power_dbm"]))
    columns = [np.asarray(table[name]).astype(np.float64)[heard] for name in table.column_names]
    return events.cell[heard], events.time_ms[heard], np.column_stack(columns)
