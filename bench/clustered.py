"""Scores that come in clusters, so that not each of them is news of its own."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.detector import FloatArray
from bench.separated import IntArray, Separated


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

    def below(self, thresholds: FloatArray) -> IntArray:
        """Return how many of the scores are lower than each threshold."""
        return np.searchsorted(self.scores, thresholds, side="left")

    @cached_property
    def sizes(self) -> IntArray:
        """Shape (clusters,): scores of each cluster."""
        return np.bincount(self.cluster, minlength=self.clusters)

    def variance(self, influence: FloatArray) -> float:
        """Return the variance of a measure when clusters are drawn, from the influence of each score, shape (n,).

        Only what a cluster adds beyond its number of scores counts: there are always as many scores. Two clusters are
        needed at least.
        """
        added = np.bincount(self.cluster, weights=influence, minlength=self.clusters)
        beyond = added - self.sizes * (added.sum() / self.scores.size)
        return float(self.clusters / (self.clusters - 1) * np.sum(beyond**2))

    def draw(self, random: np.random.Generator) -> "Drawn":
        """Draw the clusters with replacement."""
        times = np.bincount(random.integers(self.clusters, size=self.clusters), minlength=self.clusters)
        weight = np.zeros(self.scores.size + 1, np.int64)
        # Small numbers stay near the processor, which makes this several times as fast.
        np.cumsum(times.astype(np.uint16)[self.cluster], out=weight[1:])
        return Drawn(weight)


@dataclass(frozen=True)
class Drawn:
    """How much weight scores have when clusters are drawn; that of all n is n, whatever clusters those are."""

    times: IntArray
    """Shape (n + 1,): how often the lowest 0, 1, ... n scores were drawn together."""

    def below(self, rank: IntArray | int) -> FloatArray:
        """Return the weight of the lowest `rank` scores."""
        return np.asarray(self.times[rank] * ((self.times.size - 1) / self.times[-1]))


@dataclass(frozen=True)
class Class:
    """The positives of one class, by incident, beside the negatives that all classes share, by user."""

    found: Clustered
    others: Clustered

    @cached_property
    def apart(self) -> Separated:
        """The scores alone."""
        return Separated(self.found.scores, self.others.scores)
