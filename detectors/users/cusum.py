"""CUSUM: detector of users whose daily activity rises above its past, gradually or at once."""

from dataclasses import replace
from typing import Self

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.faults import above, one_of, require
from bench.levels import Grid

KINDS = ("calls", "talk_time")
FEWEST_DAYS = 3


class Cusum:
    """Scores each user-day by a one-sided cumulative sum of how much the user's days exceed earlier ones.

    z is a day's number of calls (or talk time), as ln(1 + x), minus the mean of the user's earlier days, divided by
    their standard deviation. The sum is S = max(0, S + z - allowance), with each z limited to `largest` (Page 1954).
    Days with fewer than `FEWEST_DAYS` earlier days do not count. The standard deviation is at least half of that of an
    average user.

    Parameters
    ----------
    of
        `calls` or `talk_time` [s] a day.
    allowance
        Excess over the mean that is still usual [standard deviations], above 0.
    largest
        Upper limit of the z of a single day, above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.USER_DAY
    causal = True
    reasons = ("calls", "talk", "calls_against_past", "talk_against_past")

    def __init__(self, of: str = "calls", allowance: float = 0.5, largest: float = 6.0) -> None:
        require("detector", of=(of, one_of(*KINDS)), allowance=(allowance, above(0)), largest=(largest, above(0)))
        self.of, self.allowance, self.largest = of, allowance, largest

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the past is read again when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the user-days of `dataset.window`, summing from the begin of the data on."""
        begin_ms = dataset.clock.start_ms
        whole = Grid(Level.USER_DAY, replace(dataset, window=Window(begin_ms, dataset.window.end_ms)))
        days = self._days(whole)
        learnt = max((dataset.history.end_ms - begin_ms) // whole.span_ms, 1)
        typical = float(np.median(days[:, :learnt].std(axis=1))) if days.size else 0.0
        z = np.minimum(excess_over_earlier(days, typical / 2), self.largest)
        scored = Grid(Level.USER_DAY, dataset).spans
        return Scores(self.level, sums_of(z, self.allowance)[:, whole.spans - scored :].ravel())

    def _days(self, grid: Grid) -> FloatArray:
        """Return ln(1 + count) of each user-day, shape (users, days)."""
        calls = grid.dataset.calls(grid.dataset.window, ["call_duration"])
        weights = np.asarray(calls["call_duration"]).astype(np.float64) if self.of == "talk_time" else None
        known = grid.of_calls >= 0
        weights = weights if weights is None else weights[known]
        found = np.bincount(grid.of_calls[known], weights, minlength=grid.size)
        return np.log1p(found).reshape(len(grid.subjects), grid.spans)


def excess_over_earlier(days: FloatArray, least_spread: float) -> FloatArray:
    """Return how many standard deviations each day is above the mean of the row's earlier days.

    Parameters
    ----------
    days
        Shape (users, days).
    least_spread
        Lower limit of a standard deviation.

    Returns
    -------
    FloatArray
        Shape of `days`; 0 where fewer than `FEWEST_DAYS` came before.
    """
    before = np.arange(days.shape[1])
    size = np.maximum(before, 1)
    mean = (np.cumsum(days, axis=1) - days) / size
    square = (np.cumsum(days**2, axis=1) - days**2) / size
    spread = np.maximum(np.sqrt(np.maximum(square - mean**2, 0.0)), max(least_spread, 1e-9))
    return np.where(before >= FEWEST_DAYS, (days - mean) / spread, 0.0)


def sums_of(z: FloatArray, allowance: float) -> FloatArray:
    """Return the one-sided cumulative sum of each row, S = max(0, S + z - allowance), shape of z."""
    sums = np.zeros_like(z)
    for day in range(z.shape[1]):
        earlier = sums[:, day - 1] if day else 0.0
        sums[:, day] = np.maximum(0.0, earlier + z[:, day] - allowance)
    return sums
