"""Distances to the nearest fitted rows, and densities from them."""

from typing import Self

import numpy as np
from numba import get_num_threads
from scipy.spatial import KDTree

from bench.arrays import FloatArray, IntArray

DUST = 1e-10
"""Small number added to a mean reachability distance, which is 0 among equal rows; the value of scikit-learn."""


class Nearest:
    """Distance to the k-th nearest fitted row (Ramaswamy et al. 2000): PyOD's `KNN`, with its interface and scores.

    It is faster because a k-d tree answers for all rows in one call. In `decision_scores_` no row is its own neighbour;
    in `decision_function` a fitted row is.

    Parameters
    ----------
    n_neighbors
        k, at least 1.
    contamination
        Share of the fitted rows above `threshold_`, in (0, 0.5].
    """

    def __init__(self, n_neighbors: int = 5, contamination: float = 0.1) -> None:
        self.n_neighbors = n_neighbors
        self.contamination = contamination

    def fit(self, rows: FloatArray) -> Self:
        """Build the tree, and score the rows without themselves; shape (rows, features)."""
        self.tree = KDTree(rows)
        self.decision_scores_ = self._distances(rows, min(self.n_neighbors + 1, len(rows)))
        self.threshold_ = np.percentile(self.decision_scores_, 100 * (1 - self.contamination))
        return self

    def decision_function(self, rows: FloatArray) -> FloatArray:
        """Score rows; higher means more anomalous, shape (rows,)."""
        return self._distances(rows, min(self.n_neighbors, self.tree.n))

    def _distances(self, rows: FloatArray, k: int) -> FloatArray:
        return np.asarray(self.tree.query(rows, [k], workers=get_num_threads())[0][:, 0], np.float64)


class Lof:
    """Local outlier factor (Breunig et al. 2000): PyOD's `LOF` and scikit-learn's, with PyOD's interface.

    A row's local density is 1 over its mean reachability distance to its nearest fitted rows; its factor is the mean
    density of these divided by its own. Scores equal those of the two libraries, except that other rows may be chosen
    among equal distances.

    Parameters
    ----------
    n_neighbors
        Number of nearest fitted rows, at least 1.
    contamination
        Share of the fitted rows above `threshold_`, in (0, 0.5].
    """

    def __init__(self, n_neighbors: int = 20, contamination: float = 0.1) -> None:
        self.n_neighbors = n_neighbors
        self.contamination = contamination

    def fit(self, rows: FloatArray) -> Self:
        """Build the tree, and score the rows without themselves; shape (rows, features)."""
        self.tree = KDTree(rows)
        near, apart = self._nearest(rows, min(self.n_neighbors + 1, len(rows)))
        own = near == np.arange(len(rows))[:, None]
        # a row need not be among its own neighbours if there are more equal rows than neighbours
        own[:, -1] |= ~own.any(axis=1)
        near, apart = near[~own].reshape(len(rows), -1), apart[~own].reshape(len(rows), -1)
        self.reach = apart[:, -1]
        self.density = self._density(near, apart)
        self.decision_scores_ = self._factor(near, self.density)
        self.threshold_ = np.percentile(self.decision_scores_, 100 * (1 - self.contamination))
        return self

    def decision_function(self, rows: FloatArray) -> FloatArray:
        """Score rows; higher means more anomalous, shape (rows,)."""
        near, apart = self._nearest(rows, min(self.n_neighbors, self.tree.n - 1))
        return self._factor(near, self._density(near, apart))

    def _nearest(self, rows: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        apart, near = self.tree.query(rows, range(1, k + 1), workers=get_num_threads())
        return near, apart

    def _density(self, near: IntArray, apart: FloatArray) -> FloatArray:
        return np.asarray(1 / (np.maximum(apart, self.reach[near]).mean(axis=1) + DUST))

    def _factor(self, near: IntArray, density: FloatArray) -> FloatArray:
        return np.asarray(self.density[near].mean(axis=1) / density)
