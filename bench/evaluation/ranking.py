"""Sorted scores of positives and negatives: all metrics of one class from one sort."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation.cut import Cut


@dataclass(frozen=True)
class Counts:
    """Counts at one threshold: whole numbers unless the cut divides equal scores."""

    hits: float
    """Positives with an alert."""
    false_alarms: float
    """Negatives with an alert."""
    misses: float
    """Positives without an alert."""

    @property
    def precision(self) -> float | None:
        """Share of the alerts that are correct; None without a positive or without an alert."""
        alerts = self.hits + self.false_alarms
        return self.hits / alerts if alerts and self.hits + self.misses else None

    @property
    def recall(self) -> float | None:
        """Share of the positives that are found; None without a positive."""
        positives = self.hits + self.misses
        return self.hits / positives if positives else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall (van Rijsbergen 1979), 0 without a hit; None without a positive."""
        if self.hits + self.misses == 0:
            return None
        return 2 * self.hits / (2 * self.hits + self.false_alarms + self.misses)


@dataclass(frozen=True)
class Steps:
    """The distinct scores of the positives, ascending, with counts at each; every array has shape (distinct,)."""

    thresholds: FloatArray
    gained: IntArray
    """Positives with exactly this score."""
    hits: IntArray
    """Positives with this score or a higher one."""
    below: IntArray
    """Negatives with a lower score."""
    not_above: IntArray
    """Negatives with this score or a lower one."""


@dataclass(frozen=True)
class SortedScores:
    """Scores of the positives and of the negatives; higher scores mean more anomalous."""

    found: FloatArray
    """Shape (positives,), finite, ascending."""
    others: FloatArray
    """Shape (negatives,), finite, ascending."""

    @cached_property
    def steps(self) -> Steps:
        """Counts at every threshold at which a positive is gained."""
        first = np.flatnonzero(np.diff(self.found, prepend=-np.inf))
        thresholds = self.found[first]
        below = np.searchsorted(self.others, thresholds, side="left")
        not_above = np.searchsorted(self.others, thresholds, side="right")
        gained = np.diff(first, append=self.found.size)
        return Steps(thresholds, gained, self.found.size - first, below, not_above)

    @cached_property
    def precisions(self) -> FloatArray:
        """Precision at each of the steps."""
        steps = self.steps
        return np.asarray(steps.hits / (steps.hits + self.others.size - steps.below))

    @property
    def average_precision(self) -> float | None:
        """Precision averaged over the steps of recall; None without a positive."""
        return float(np.sum(self.steps.gained * self.precisions) / self.found.size) if self.found.size else None

    @property
    def roc_auc(self) -> float | None:
        """Probability that a positive scores higher than a negative, ties counting half; None without either."""
        if not self.found.size or not self.others.size:
            return None
        wins = np.sum(self.steps.gained * (self.steps.below + self.steps.not_above))
        return float(wins / (2 * self.found.size * self.others.size))

    def counts_at(self, cut: Cut) -> Counts:
        """Count hits, false alarms and misses; where the cut divides equal scores, the expected numbers."""
        hits, alarms = (
            above + cut.of_tied(tied)
            for above, tied in (_above_and_at(each, cut.score) for each in (self.found, self.others))
        )
        return Counts(hits, alarms, self.found.size - hits)

    def hits_at_k(self, k: int) -> float:
        """Return the number of positives among the `k` highest scores; expected if the cut divides ties.

        All entities are taken where there are fewer than `k`.

        Raises
        ------
        ValueError
            When `k` is below 1.
        """
        if k < 1:
            raise ValueError(f"k must be at least 1, got {k}")
        if k >= self.found.size + self.others.size:
            return float(self.found.size)
        cut = np.sort(np.concatenate([self.found[-k:], self.others[-k:]]))[-k]
        (found_above, found_tied), (others_above, others_tied) = (
            _above_and_at(each, cut) for each in (self.found, self.others)
        )
        left = k - found_above - others_above
        return found_above + left * found_tied / (found_tied + others_tied)

    def precision_at_k(self, k: int) -> float | None:
        """Return the share of positives among the `k` highest scores; None without a positive."""
        return self.hits_at_k(k) / min(k, self.found.size + self.others.size) if self.found.size else None

    def recall_at_k(self, k: int) -> float | None:
        """Return the share of the positives that the `k` highest scores hold; None without a positive."""
        return self.hits_at_k(k) / self.found.size if self.found.size else None


def _above_and_at(ascending: FloatArray, cut: float) -> tuple[int, int]:
    low, high = np.searchsorted(ascending, cut, side="left"), np.searchsorted(ascending, cut, side="right")
    return int(ascending.size - high), int(high - low)
