"""Scores in clusters (incidents, users), which are not independent of each other."""

from dataclasses import dataclass
from functools import cached_property
from math import fsum

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation.cut import Cut
from bench.evaluation.ranking import SortedScores

ROUNDING = 1e-12
"""Relative differences of sums up to this are rounding errors."""


def total_of(expected: FloatArray) -> float:
    """Return a sum of expected counts that does not depend on their order, so that it can be compared with limits.

    Ties at the threshold make counts fractions, whose sum may differ from a whole number in the last digit.
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
        """Sort scores and number their clusters from 0, without gaps."""
        order = np.argsort(scores)
        occurs = np.bincount(cluster) > 0
        ordered = cluster[order]
        if not occurs.all():
            ordered = (np.cumsum(occurs) - 1)[ordered]
        return cls(scores[order], ordered, int(np.count_nonzero(occurs)))

    @cached_property
    def sizes(self) -> IntArray:
        """Shape (clusters,): number of scores of each cluster."""
        return np.bincount(self.cluster, minlength=self.clusters)

    def reaching(self, score: float) -> int:
        """Return how many of the scores are at least as high as a score."""
        return self.scores.size - int(np.searchsorted(self.scores, score, side="left"))

    def highest(self, number: int) -> Cut:
        """Return the cut for a number of the highest scores, from 1 to all; ties count in part."""
        score = float(self.scores[-number])
        first, last = (int(np.searchsorted(self.scores, score, side=side)) for side in ("left", "right"))
        return Cut(score, number - (self.scores.size - last), last - first)

    def alerts(self, cut: Cut) -> FloatArray:
        """Return the expected number of alerts in each cluster, shape (clusters,)."""
        first, last = (int(np.searchsorted(self.scores, cut.score, side=side)) for side in ("left", "right"))
        above = np.bincount(self.cluster[last:], minlength=self.clusters)
        return np.asarray(above + cut.of_tied(1) * np.bincount(self.cluster[first:last], minlength=self.clusters))

    def summed(self, values: FloatArray) -> FloatArray:
        """Return the sum of a value of each score over each cluster, shape (clusters,)."""
        return np.asarray(np.bincount(self.cluster, weights=values, minlength=self.clusters), np.float64)

    def deviations(self, summed: FloatArray) -> FloatArray:
        """Return the change of a total when a cluster is left out and the others are scaled up to replace it.

        The total of a value is (sum over clusters) / (sum of their sizes) times n. Without a cluster of m scores with
        the sum s it changes by -(s - m * total / n) / (1 - m / n): by what the cluster contributes beyond its size,
        increased for large clusters.

        Parameters
        ----------
        summed
            Shape (clusters,): sums of the value.
        """
        share = self.sizes / self.scores.size
        expected = share * summed.sum()
        moved = summed - expected
        # otherwise rounding errors would have a kurtosis
        moved[np.abs(moved) <= ROUNDING * (np.abs(summed) + np.abs(expected))] = 0.0
        return np.asarray(moved / (1 - share))


@dataclass(frozen=True)
class Class:
    """The positives of one class by incident, and the negatives that all classes share by user."""

    found: Clustered
    others: Clustered

    @cached_property
    def apart(self) -> SortedScores:
        """Scores without their clusters."""
        return SortedScores(self.found.scores, self.others.scores)
