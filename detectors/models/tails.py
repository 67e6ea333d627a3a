"""ECOD and COPOD: how far in the tails of the fitted rows a row lies, feature by feature.

In PyOD's implementations the score of a row depends on the rows that are scored with it. Here the empirical
distributions are those of the fitted rows alone: with c of n fitted values at or below it, a value has the lower tail
(c + 1) / (n + 1), as if it were one of them. Skewness is also that of the fitted rows.
"""

from typing import Self

import numpy as np
from scipy.stats import skew

from bench.arrays import FloatArray


class Ecod:
    """Empirical cumulative distributions (Li et al. 2022): the largest of the lower, the upper and the skewed tail."""

    def fit(self, rows: FloatArray) -> Self:
        """Sort the fitted rows, shape (rows, features)."""
        self.sorted = np.sort(rows.T, axis=1)
        spread = rows.std(axis=0) > 0
        self.skewness = np.where(spread, skew(np.where(spread, rows, np.arange(len(rows))[:, None]), axis=0), 0.0)
        return self

    def score_samples(self, rows: FloatArray) -> FloatArray:
        """Score rows; lower means more anomalous, as scikit-learn has it, shape (rows,)."""
        total = np.zeros(len(rows))
        for column, values in enumerate(rows.T):
            lower, upper = self._tails(column, values)
            total -= self._of(np.sign(self.skewness[column]), lower, upper)
        return total

    def _tails(self, column: int, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return minus the logarithm of the lower and of the upper tail at some values, each shape (rows,)."""
        known = self.sorted[column]
        below = np.searchsorted(known, values, side="right")
        above = known.size - np.searchsorted(known, values, side="left")
        return -np.log((below + 1) / (known.size + 1)), -np.log((above + 1) / (known.size + 1))

    def _of(self, skewness: float, lower: FloatArray, upper: FloatArray) -> FloatArray:
        return np.maximum(np.maximum(lower, upper), _skewed(skewness, lower, upper))


class Copod(Ecod):
    """Empirical copula (Li et al. 2020): the larger of the skewed tail and the mean of both tails."""

    def _of(self, skewness: float, lower: FloatArray, upper: FloatArray) -> FloatArray:
        return np.maximum(_skewed(skewness, lower, upper), (lower + upper) / 2)


def _skewed(skewness: float, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Return the tail in the direction of a distribution's skewness; both tails where it has none."""
    return np.asarray(-lower * np.sign(skewness - 1) + upper * np.sign(skewness + 1))
