"""Histogram-based outlier score (HBOS): how rare the values of a row are, feature by feature."""

from typing import Self

import numpy as np

from bench.arrays import FloatArray
from bench.faults import Fault, SettingsError


class Hbos:
    """Sum over the features of the logarithm of the density of a row's values (Goldstein & Dengel 2012).

    Scores equal those of PyOD's `HBOS` with the same parameters, but without compiling a function in every process.

    Parameters
    ----------
    n_bins
        Bins of equal width of each feature's histogram, between the least and the greatest fitted value; 2 or more.
    alpha
        Added to each density, so that an empty bin has a logarithm; greater than 0.
    tol
        A value beyond the fitted ones by at most this share of a bin's width counts as in the outermost bin, one
        farther out as in the emptiest bin of the feature; 0 or more.
    contamination
        Share of the fitted rows whose score is at or below `offset_`; greater than 0, at most 0.5.

    Raises
    ------
    SettingsError
        When a number is out of its range.
    """

    def __init__(self, n_bins: int = 10, alpha: float = 0.1, tol: float = 0.5, contamination: float = 0.1) -> None:
        rules = {
            "n_bins": ("be at least 2", n_bins, n_bins >= 2),
            "alpha": ("be greater than 0", alpha, alpha > 0),
            "tol": ("be at least 0", tol, tol >= 0),
            "contamination": ("be in (0, 0.5]", contamination, 0 < contamination <= 0.5),
        }
        faults = [
            Fault(f"detector.model.{name}", rule, value) for name, (rule, value, holds) in rules.items() if not holds
        ]
        if faults:
            raise SettingsError(faults)
        self.n_bins, self.alpha, self.tol, self.contamination = n_bins, alpha, tol, contamination

    def fit(self, rows: FloatArray) -> Self:
        """Count the fitted rows, shape (rows, features), in bins."""
        found = [np.histogram(values, bins=self.n_bins, density=True) for values in rows.T]
        self.edges = [edges for _, edges in found]
        self.logarithms = [np.log2(density + self.alpha) for density, _ in found]
        self.offset_ = float(np.percentile(self.score_samples(rows), 100 * self.contamination))
        return self

    def score_samples(self, rows: FloatArray) -> FloatArray:
        """Score rows; lower means more anomalous, as scikit-learn has it, shape (rows,)."""
        total = np.zeros(len(rows))
        for column, values in enumerate(rows.T):
            total += self._of(column, values)
        return total

    def _of(self, column: int, values: FloatArray) -> FloatArray:
        """Return the log density at some values of a feature, shape (rows,)."""
        edges, logarithms = self.edges[column], self.logarithms[column]
        found = logarithms[np.clip(np.searchsorted(edges, values) - 1, 0, self.n_bins - 1)]
        outside = np.maximum(edges[0] - values, values - edges[-1])
        far = outside > self.tol * np.where(values < edges[0], edges[1] - edges[0], edges[-1] - edges[-2])
        return np.where(far, logarithms.min(), found)
