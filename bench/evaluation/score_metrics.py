"""Metrics of single scores as plain functions: average precision, ROC-AUC, counts at a threshold.

The list of all metrics with names and meaning is in `metric_names`, those of incidents (found, delay) in `incidents`,
those of random scores in `chance`, intervals in `intervals`. Higher scores mean more anomalous.
`positive` is a boolean array of shape (n,), `scores` a finite float array of shape (n,). Ties count as one threshold,
as in scikit-learn. What is undefined is None and never 0: without a positive there is nothing to find.

To compute several metrics of the same scores, `separate` them once and use the result (`ranking.SortedScores`).
"""

import numpy as np

from bench.arrays import BoolArray, FloatArray
from bench.evaluation.cut import Cut, expected_alerts
from bench.evaluation.ranking import Counts, SortedScores

EULER = 0.5772156649015329
MANY = 1_000


def counts_at(positive: BoolArray, scores: FloatArray, *, cut: Cut) -> Counts:
    """Count hits, false alarms and misses; where the cut divides equal scores, the expected numbers."""
    hits, alarms = expected_alerts(scores[positive], cut), expected_alerts(scores[~positive], cut)
    return Counts(hits, alarms, int(np.count_nonzero(positive)) - hits)


def prevalence(positive: BoolArray) -> float | None:
    """Return the share of positives, the average precision of a constant score; None without records."""
    return float(np.count_nonzero(positive) / positive.size) if positive.size else None


def average_precision(positive: BoolArray, scores: FloatArray) -> float | None:
    """Return the precision averaged over the steps of recall, without interpolation.

    The sum over the distinct scores, from the highest, of precision times the increase of recall: the definition of
    scikit-learn's `average_precision_score`. None without a positive.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a score is not finite.
    """
    return separate(positive, scores).average_precision


def average_precision_by_chance(positives: int, entities: int) -> float | None:
    """Return the mean average precision of a random order without ties; None without a positive.

    Position k holds a positive with probability P/n; given that, each of the k - 1 positions before it holds one with
    probability (P - 1)/(n - 1). Summed over the positions, with H_n = 1 + 1/2 + ... + 1/n, that is

        (H_n + (P - 1)/(n - 1) * (n - H_n)) / n,

    which is above the prevalence P/n, most of all where there are few positives (Bestgen 2015).

    >>> average_precision_by_chance(1, 2), average_precision_by_chance(5, 5)
    (0.75, 1.0)

    Parameters
    ----------
    positives
        P, from 0 to n.
    entities
        n, positives and negatives.
    """
    if not positives:
        return None
    if entities == 1:
        return 1.0
    harmonic = _harmonic(entities)
    return float((harmonic + (positives - 1) / (entities - 1) * (entities - harmonic)) / entities)


def roc_auc(positive: BoolArray, scores: FloatArray) -> float | None:
    """Return the probability that a positive scores higher than a negative, ties counting one half.

    The area under the receiver operating characteristic (Hanley & McNeil 1982). None without a positive or a negative.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a score is not finite.
    """
    return separate(positive, scores).roc_auc


def separate(positive: BoolArray, scores: FloatArray) -> SortedScores:
    """Split scores into those of the positives and those of the negatives, both sorted.

    Raises
    ------
    ValueError
        When the arrays differ in shape, or a score is not finite.
    """
    if positive.shape != scores.shape or positive.ndim != 1:
        raise ValueError(f"positive and scores must have one shape (n,), got {positive.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("every score must be finite")
    return SortedScores(np.sort(scores[positive]), np.sort(scores[~positive]))


def _harmonic(n: int) -> float:
    """Return 1 + 1/2 + ... + 1/n; beyond `MANY` by Euler and Maclaurin, exact to the last digits of a float."""
    if n <= MANY:
        return float(np.sum(1 / np.arange(1, n + 1)))
    return float(np.log(n) + EULER + 1 / (2 * n) - 1 / (12 * n**2) + 1 / (120 * n**4))
