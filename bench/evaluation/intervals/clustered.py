"""Scores in clusters (incidents, users), which are not independent of each other."""

from dataclasses import dataclass
from functools import cached_property
from math import fsum

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation.cut import Cut
from bench.evaluation.ranking import Separated

ROUNDING = 1e-12
"""Differences of sums up to this part of them are rounding."""


def total_of(expected: FloatArray) -> float:
    """Return a sum of expected counts, the same in any order of its terms, so that it can be compared with limits.

    A tie that is cut puts fractions into them, whose sum may miss a whole or a half by the last digit.
    """
    return round(fsum(expected), 9)


@dataclass(frozen=True)
class Clustered:
    """Scores and the cluster that each belongs to: its incident for a positive, its user for a negative."""

    scores: FloatArray
    """Shape (n,), ascending."""
    cluster: IntArray
    """Shape (n,): 0 .. clusters - 1, each of which occurs."""
    clusters: int

    @classmethod
    def of(cls, scores: FloatArray, cluster: IntArray) -> "Clustered":
        """Put scores in order and number their clusters, whole numbers from 0 on, without gaps."""
        order = np.argsort(scores)
        occurs = np.bincount(cluster) > 0
        ordered = cluster[order]
        if not occurs.all():
            ordered = (np.cumsum(occurs) - 1)[ordered]
        return cls(scores[order], ordered, int(np.count_nonzero(occurs)))

    @cached_property
    def sizes(self) -> IntArray:
        """Shape (clusters,): scores of each cluster."""
        return np.bincount(self.cluster, minlength=self.clusters)

    def reaching(self, score: float) -> int:
        """Return how many of the scores are not lower than a score."""
        return self.scores.size - int(np.searchsorted(self.scores, score, side="left"))

    def highest(self, number: int) -> Cut:
        """Return the cut that selects a number of the highest scores, at least 1 and at most all, ties in part."""
        score = float(self.scores[-number])
        first, last = (int(np.searchsorted(self.scores, score, side=side)) for side in ("left", "right"))
        return Cut(score, number - (self.scores.size - last), last - first)

    def alerts(self, cut: Cut) -> FloatArray:
        """Return the expected number of alerts in each cluster, shape (clusters,)."""
        first, last = (int(np.searchsorted(self.scores, cut.score, side=side)) for side in ("left", "right"))
        above = np.bincount(self.cluster[last:], minlength=self.clusters)
        return np.asarray(above + cut.of_tied(1) * np.bincount(self.cluster[first:last], minlength=self.clusters))

    def summed(self, values: FloatArray) -> FloatArray:
        """Return the sums over each cluster of a value for each score, shape (clusters,)."""
        return np.asarray(np.bincount(self.cluster, weights=values, minlength=self.clusters), np.float64)

    def deviations(self, summed: FloatArray) -> FloatArray:
        """Return how far a total moves when a cluster is left out and the others are scaled up in its place.

        The total of a value is (sum over clusters) / (sum of their sizes) times n. Without a cluster of m scores and
        the sum s it moves by -(s - m * total / n) / (1 - m / n): with what the cluster adds beyond its size, and the
        more, the larger a part of all it is.

        Parameters
        ----------
        summed
            Shape (clusters,): sums of the value.
        """
        share = self.sizes / self.scores.size
        expected = share * summed.sum()
        moved = summed - expected
        moved[np.abs(moved) <= ROUNDING * (np.abs(summed) + np.abs(expected))] = 0.0  # else dust would have a kurtosis
        return np.asarray(moved / (1 - share))


@dataclass(frozen=True)
class Class:
    """The positives of one class, by incident, and the negatives that all classes share, by user."""

    found: Clustered
    others: Clustered

    @cached_property
    def apart(self) -> Separated:
        """The scores alone."""
        return Separated(self.found.scores, self.others.scores)
