"""Detector of cells with more failures than chance explains (binomial test)."""

from typing import Self

import numpy as np
from scipy.stats import binom

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import at_least, require
from detectors.features.cells.cell_quarters import CellEvents, Quarters, trailing_sum

PRIOR_HELLOS = 200
MOST = 300.0


class FailureSurprise:
    """Scores each quarter hour of a cell by how unlikely the number of failed Hellos in the latest hour is.

    The score is -log10 of the probability that a binomial variable reaches that number, at the cell's share of failures
    in the history (with `PRIOR_HELLOS` additional Hellos assumed at the share of all cells). So ten failures out of ten
    score higher than one out of one, unlike in a test of the share alone. A cell that failed most of its Hellos in the
    history is compared with the other cells: failing is not its usual state.

    Parameters
    ----------
    quarters
        Number of quarter hours counted together, the scored one being the last; at least 1.

    Raises
    ------
    SettingsError
        When `quarters` is below 1.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("fails", "timeouts", "failure_share", "fails_against_past", "timeouts_against_past")

    def __init__(self, quarters: int = 4) -> None:
        require("detector", quarters=(quarters, at_least(1)))
        self.quarters = quarters

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the usual values are computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        events = CellEvents(quarters, "failure_surprise")
        failed, connected = events.counts(events.refused), events.counts(events.connected)
        history, sound = quarters.columns_of(dataset.history), ~events.failing[:, None]
        past_failed = failed[:, history].sum(axis=1, keepdims=True) * sound
        past = past_failed + connected[:, history].sum(axis=1, keepdims=True) * sound
        overall = (past_failed.sum() + 1) / (past.sum() + 2)
        usual = (past_failed + PRIOR_HELLOS * overall) / (past + PRIOR_HELLOS)
        recent = trailing_sum(failed, self.quarters)
        hellos = recent + trailing_sum(connected, self.quarters)
        surprise = -binom.logsf(recent - 1, hellos, usual) / np.log(10)
        return Scores(self.level, quarters.scored(np.clip(surprise, 0.0, MOST)))
