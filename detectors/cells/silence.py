"""Detector of cells without a connection for an unusually long time."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import inside, require
from bench.spans import QUARTER_MS
from detectors.features.cells.cell_quarters import CellEvents, Quarters, usual_by_hour
from detectors.order_and_rounding import rounded

FEWEST_GAPS = 100


class Silence:
    """Scores each quarter hour of a cell by the time since its last connection, relative to a high quantile of it.

    The time since the last connection is taken at the end of the quarter, or before a connection that ends a longer
    silence within it. The quantile is that of the cell's own times between connections in the history, or of all cells'
    times if the cell has fewer than `FEWEST_GAPS`. Scores of 1 and more are alerts. (The demo of 2016 proposes this
    with the 99th percentile.) Of a cell that failed most of its Hellos in the history, the Hellos count as usual
    connections: it is silent, not unused.

    Parameters
    ----------
    quantile
        In (0, 1).
    rhythm
        Whether time is measured by the usual number of connections at that hour of the week (so that nights are short)
        rather than in seconds.

    Raises
    ------
    SettingsError
        When the quantile is out of its range.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("calls", "hellos", "traffic", "hellos_against_past", "traffic_against_past")
    threshold_ = 1.0

    def __init__(self, quantile: float = 0.99, rhythm: bool = True) -> None:
        require("detector", quantile=(quantile, inside(0, 1)))
        self.quantile, self.rhythm = quantile, rhythm

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the usual values are computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        events = CellEvents(quarters, "silence")
        clock = CellClock(quarters, self._pace(quarters, events.sound_connections))
        known = events.connected & (events.cell >= 0)
        cell, time_ms = events.cell[known], events.time_ms[known]
        order = np.lexsort((time_ms, cell))
        cell, time_ms = cell[order], time_ms[order]
        read = clock.read(cell, time_ms)
        same = np.append(False, cell[1:] == cell[:-1])
        gaps = np.where(same, read - np.roll(read, 1), read)
        longest = clock.longest(cell, time_ms, read, gaps)
        past = same & (time_ms < dataset.history.end_ms) & (time_ms >= dataset.history.start_ms)
        usual = quantiles(gaps[past], cell[past], self.quantile, quarters.shape[0])
        return Scores(self.level, quarters.scored(rounded(longest / usual[:, None])))

    def _pace(self, quarters: Quarters, counts: IntArray) -> FloatArray:
        """Return by how much the clock advances in each quarter: its length [s], or the usual count at its hour."""
        if not self.rhythm:
            return np.full(quarters.shape, QUARTER_MS / 1000)
        return usual_by_hour(counts, quarters.slot, quarters.columns_of(quarters.dataset.history))


@dataclass(frozen=True)
class CellClock:
    """A clock for each cell that advances in each quarter by its own amount."""

    quarters: Quarters
    pace: FloatArray
    """Shape (cells, quarters): by how much the clock advances in each quarter."""

    def read(self, cell: IntArray, time_ms: IntArray) -> FloatArray:
        """Return the clocks of cells at times, shape (events,)."""
        since = time_ms - self.quarters.grid.first * QUARTER_MS
        quarter = np.clip(since // QUARTER_MS, 0, self.quarters.shape[1] - 1)
        pace = self.pace[cell, quarter]
        return np.asarray(self._begins[cell, quarter] + pace * (since / QUARTER_MS - quarter), np.float64)

    def longest(self, cell: IntArray, time_ms: IntArray, read: FloatArray, gaps: FloatArray) -> FloatArray:
        """Return the longest silence that ends in each quarter or lasts at its end, shape (cells, quarters)."""
        quarter = time_ms // QUARTER_MS - self.quarters.grid.first
        known = (quarter >= 0) & (quarter < self.quarters.shape[1])
        place = cell[known], quarter[known]
        latest, ended = np.zeros(self.quarters.shape), np.zeros(self.quarters.shape)
        np.maximum.at(latest, place, read[known])
        np.maximum.at(ended, place, gaps[known])
        lasting = self._begins + self.pace - np.maximum.accumulate(latest, axis=1)
        return np.maximum(lasting, ended)

    @property
    def _begins(self) -> FloatArray:
        return np.asarray(np.cumsum(self.pace, axis=1) - self.pace, np.float64)


def quantiles(values: FloatArray, group: IntArray, quantile: float, groups: int) -> FloatArray:
    """Return a quantile of each group's values, that of all below `FEWEST_GAPS`, 1 without any; shape (groups,)."""
    overall = float(np.quantile(values, quantile)) if values.size else 1.0
    order = np.argsort(group, kind="stable")
    parts = np.split(values[order], np.searchsorted(group[order], np.arange(1, groups)))
    found = [np.quantile(part, quantile) if part.size >= FEWEST_GAPS else overall for part in parts[:groups]]
    return np.maximum(np.array(found, np.float64), np.finfo(np.float64).tiny)
