"""Detector of cells with unusually many callers."""

from typing import Self

import numpy as np
from scipy.stats import nbinom

from bench.arrays import IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, at_least, require
from bench.spans import QUARTER_MS
from detectors.features.cells.cell_quarters import Quarters, trailing_sum, usual_by_hour
from detectors.features.sequence.timeline import Timeline

MOST, DIGITS = 300.0, 9


class Crowd:
    """Scores each quarter of a cell by how unlikely so many different callers are at that hour of the week.

    A crowd is many users, not many calls of each: every caller counts once per quarter hour. The score is -log10 of the
    probability that a negative binomial variable reaches the number of callers in the latest quarters. Its mean is that
    of the cell in the history at these hours of the week. Its dispersion is a setting, since real counts vary more than
    Poisson variables.

    Parameters
    ----------
    quarters
        Number of quarter hours counted together, the scored one being the last; at least 1.
    dispersion
        Variance beyond that of a Poisson variable, divided by the squared mean; above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("calls", "new_callers", "surge", "calls_against_past")

    def __init__(self, quarters: int = 4, dispersion: float = 0.1) -> None:
        require("detector", quarters=(quarters, at_least(1)), dispersion=(dispersion, above(0)))
        self.quarters, self.dispersion = quarters, dispersion

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the usual values are computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        callers = _callers(quarters)
        usual = usual_by_hour(callers, quarters.slot, quarters.columns_of(dataset.history))
        mean = np.maximum(trailing_sum(usual, self.quarters), 1e-9)
        size = 1 / self.dispersion
        chance = nbinom.logsf(trailing_sum(callers, self.quarters) - 1, size, size / (size + mean))
        return Scores(self.level, quarters.scored(np.round(np.clip(-chance / np.log(10), 0.0, MOST), DIGITS)))


def _callers(quarters: Quarters) -> IntArray:
    """Count the distinct callers of each quarter hour of a cell, by the first cell of their calls."""
    timeline = Timeline(quarters.dataset)
    cells = quarters.cells_of(quarters.dataset.table("calls", ["first_cell_id"])["first_cell_id"])
    parties, caller, _ = timeline.parties
    quarter = timeline.start_ms // QUARTER_MS
    key = (cells * (quarter.max(initial=0) + 1) + quarter) * max(parties, 1) + caller
    _, once = np.unique(key[cells >= 0], return_index=True)
    kept = np.flatnonzero(cells >= 0)[once]
    return quarters.counts(cells[kept], timeline.start_ms[kept])
