"""Detector of ping-pong handovers between cells."""

from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, at_least, require
from detectors.features.cells.cell_quarters import CellEvents, Quarters, trailing_sum
from detectors.features.cells.handovers import handovers
from detectors.order_and_rounding import rounded

DIGITS = 9
"""Decimals to which sums are rounded."""


class PingPong:
    """Scores each quarter hour of a cell by handovers that return to the previous cell; quick returns weigh more.

    A handover from B counts exp(-stay in B / `stay_s`) if it returns to the cell before B, and a tenth of that if it
    goes to another cell. It counts for both cells. The score is the sum over the latest quarter hours.

    Parameters
    ----------
    stay_s
        Time constant of the weight: typical short stay [s], above 0.
    quarters
        Number of quarter hours counted together, the scored one being the last; at least 1.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("handovers", "handovers_in", "handovers_out", "left")

    def __init__(self, stay_s: float = 5.0, quarters: int = 1) -> None:
        require("detector", stay_s=(stay_s, above(0)), quarters=(quarters, at_least(1)))
        self.stay_s, self.quarters = stay_s, quarters

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        events = CellEvents(quarters, "ping_pong")
        served = events.connected & (events.cell >= 0)
        cell, time_ms, session = events.cell[served], events.time_ms[served], events.session[served]
        order = np.lexsort((time_ms, session))
        left, entered, moment, weight = handovers(cell[order], time_ms[order], session[order], self.stay_s)
        sums = np.zeros(quarters.shape)
        quarter = (moment - quarters.grid.first * quarters.grid.span_ms) // quarters.grid.span_ms
        known = (quarter >= 0) & (quarter < quarters.shape[1])
        for end in (left, entered):
            np.add.at(sums, (end[known], quarter[known]), weight[known])
        return Scores(self.level, quarters.scored(rounded(np.round(trailing_sum(sums, self.quarters), DIGITS))))
