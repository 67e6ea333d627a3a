"""Detector of cells whose failure share rises above its past by more than three standard deviations."""

from typing import Self

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require, up_to
from detectors.features.cells.cell_quarters import CellEvents, Quarters

FEWEST = 5
MOST = 100.0
"""Upper limit of the score, in multiples of the limit: a share that never varied has no standard deviation."""


class FailureShare:
    """Scores each quarter hour of a cell by its share of failed Hellos, compared with earlier quarter hours.

    There are two limits: a number of standard deviations from the mean of at least five earlier shares, in either
    direction; and an absolute share. The score is the share of the nearer limit that is reached, so scores of 1 and
    more are alerts. A quarter hour without a Hello has the score 0. (This is the test of the demo of 2016.)

    Parameters
    ----------
    sigmas
        Limit in standard deviations, above 0.
    share
        Limit of the share of failures, in (0, 1].

    Raises
    ------
    SettingsError
        When a limit is out of its range.
    """

    level = Level.CELL_QUARTER
    causal = True
    reasons = ("hellos", "fails", "timeouts", "failure_share")
    threshold_ = 1.0

    def __init__(self, sigmas: float = 3.0, share: float = 0.6) -> None:
        require("detector", sigmas=(sigmas, above(0)), share=(share, up_to(0, 1)))
        self.sigmas, self.share = sigmas, share

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: each quarter is compared with all before it."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the quarters of `dataset.window`."""
        quarters = Quarters(dataset)
        events = CellEvents(quarters, "failure_share")
        failed, connected = events.counts(events.refused), events.counts(events.connected)
        share = failed / np.maximum(failed + connected, 1)
        off = deviations(share, failed + connected > 0)
        return Scores(self.level, quarters.scored(np.maximum(off / self.sigmas, share / self.share)))


def deviations(share: FloatArray, known: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]") -> FloatArray:
    """Return the deviation of each share from earlier ones of its row, in standard deviations, shape (cells, quarters).

    0 where the share is unknown, or fewer than `FEWEST` shares are known before.
    """
    counted = np.where(known, share, 0.0)
    before = _before(known.astype(np.int64))
    size = np.maximum(before, 1)
    mean = _before(counted) / size
    # The sums of squares of shares are exact enough: shares lie in [0, 1].
    spread = np.sqrt(np.maximum(_before(counted**2) / size - mean**2, 0.0))
    away = np.abs(share - mean)
    away[away < 1e-9] = 0.0
    off = np.minimum(away / np.maximum(spread, 1e-9), MOST)
    return np.where(known & (before >= FEWEST), off, 0.0)


def _before(values: "FloatArray | IntArray") -> FloatArray:
    return np.asarray(np.cumsum(values, axis=1) - values, np.float64)
