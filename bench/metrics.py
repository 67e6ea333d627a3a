"""Metrics: plain functions of which entities are positive and of their scores; higher scores mean more anomalous.

`positive` is a boolean array of shape (n,), `scores` a finite float array of shape (n,). Ties count as one threshold,
as in scikit-learn. What is undefined is None and never 0: without a positive there is nothing to find.

Sorts are stable, which takes linear time where the scores are in order already: whoever wants many metrics of the
same scores puts them in order once.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.detector import FloatArray

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Counts:
    """What the alerts at one threshold came to."""

    hits: int
    """Positives with an alert."""
    false_alarms: int
    """Negatives with an alert."""
    misses: int
    """Positives without one."""

    @property
    def precision(self) -> float | None:
        """Share of the alerts that are right; None without a positive or without an alert."""
        alerts = self.hits + self.false_alarms
        return self.hits / alerts if alerts and self.hits + self.misses else None

    @property
    def recall(self) -> float | None:
        """Share of the positives that were found; None without a positive."""
        positives = self.hits + self.misses
        return self.hits / positives if positives else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall (van Rijsbergen 1979), 0 without a hit; None without a positive."""
        if self.hits + self.misses == 0:
            return None
        return 2 * self.hits / (2 * self.hits + self.false_alarms + self.misses)


def counts_at(positive: BoolArray, scores: FloatArray, *, threshold: float) -> Counts:
    """Count hits, false alarms and misses when a score at or above `threshold` is an alert."""
    alerts = scores >= threshold
    hits = int(np.count_nonzero(alerts & positive))
    return Counts(hits, int(np.count_nonzero(alerts)) - hits, int(np.count_nonzero(positive)) - hits)


def prevalence(positive: BoolArray) -> float | None:
    """Return the share of positives, which is what a constant score gets as average precision; None of nothing."""
    return float(np.count_nonzero(positive) / positive.size) if positive.size else None


def average_precision(positive: BoolArray, scores: FloatArray) -> float | None:
    """Return the precision averaged over the steps of recall, without interpolation.

    The sum over the distinct scores, from the highest, of precision times what the recall gains there: the definition
    of scikit-learn's `average_precision_score`. None without a positive.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a score is not finite.
    """
    found, others = separate(positive, scores)
    if not found.size:
        return None
    thresholds, gained = np.unique(found, return_counts=True)
    hits = np.cumsum(gained[::-1])[::-1]
    alarms = others.size - np.searchsorted(others, thresholds, side="left")
    return float(np.sum(gained * (hits / (hits + alarms))) / found.size)


def roc_auc(positive: BoolArray, scores: FloatArray) -> float | None:
    """Return the chance that a positive scores higher than a negative, a tie counting one half.

    The area under the receiver operating characteristic (Hanley & McNeil 1982). None without a positive or a negative.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a score is not finite.
    """
    found, others = separate(positive, scores)
    if not found.size or not others.size:
        return None
    below = np.searchsorted(others, found, side="left")
    not_above = np.searchsorted(others, found, side="right")
    return float(np.sum(below + not_above) / (2 * found.size * others.size))


def hits_at_k(positive: BoolArray, scores: FloatArray, *, k: int) -> float:
    """Return how many positives the `k` highest scores hold; where the cut divides ties, the expected number.

    All entities are taken where there are fewer than `k`.

    Raises
    ------
    ValueError
        When the arrays differ in shape, a score is not finite, or `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    found, others = separate(positive, scores)
    if k >= scores.size:
        return float(found.size)
    top = np.sort(np.concatenate([found[-k:], others[-k:]]))
    cut = top[-k]
    (found_above, found_tied), (others_above, others_tied) = (_above_and_at(each, cut) for each in (found, others))
    left = k - found_above - others_above
    return found_above + left * found_tied / (found_tied + others_tied)


def precision_at_k(positive: BoolArray, scores: FloatArray, *, k: int) -> float | None:
    """Return the share of positives among the `k` highest scores, ties at their expected value."""
    return hits_at_k(positive, scores, k=k) / min(k, scores.size) if positive.any() else None


def recall_at_k(positive: BoolArray, scores: FloatArray, *, k: int) -> float | None:
    """Return the share of the positives that the `k` highest scores hold, ties at their expected value."""
    return hits_at_k(positive, scores, k=k) / int(np.count_nonzero(positive)) if positive.any() else None


def precision_recall_curve(positive: BoolArray, scores: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return precision, recall and thresholds for drawing, as scikit-learn does.

    Returns
    -------
    precision, recall
        Shape (distinct scores + 1,): at each threshold, and last the point (1, 0). Recall is NaN without a positive.
    thresholds
        Shape (distinct scores,), ascending; a score at or above one is an alert.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a score is not finite.
    """
    found, others = separate(positive, scores)
    thresholds = np.unique(scores)
    hits = found.size - np.searchsorted(found, thresholds, side="left")
    alarms = others.size - np.searchsorted(others, thresholds, side="left")
    recall = hits / found.size if found.size else np.full(hits.size, np.nan)
    return np.append(hits / (hits + alarms), 1.0), np.append(recall, 0.0), thresholds


def separate(positive: BoolArray, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the scores of the positives and those of the negatives, each ascending.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a score is not finite.
    """
    if positive.shape != scores.shape or positive.ndim != 1:
        raise ValueError(f"positive and scores must have one shape (n,), got {positive.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("every score must be finite")
    return np.sort(scores[positive], kind="stable"), np.sort(scores[~positive], kind="stable")


def _above_and_at(ascending: FloatArray, cut: float) -> tuple[int, int]:
    low, high = np.searchsorted(ascending, cut, side="left"), np.searchsorted(ascending, cut, side="right")
    return int(ascending.size - high), int(high - low)
