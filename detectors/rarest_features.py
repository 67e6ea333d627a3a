"""Reasons of alerts: the features of a detector whose values are farthest from those of the history."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level
from detectors.reasons import described, explaining_features

TOLD = 3
"""Number of features named for a record."""
TO_SIGMA, MEAN_TO_SIGMA = 1.4826, 1.2533
"""Factors from the median and the mean absolute deviation of a normal distribution to its standard deviation."""
MOST = 99.9


def reasons(dataset: Dataset, detector: Mapping[str, Any], level: Level, rows: IntArray) -> list[str]:
    """Return the most unusual features of some records of the window as texts, such as `log_gap 0.7 (z -3.1)`.

    Values are compared with the history by robust z-scores. This describes the record, not how the detector combines
    its features.

    Parameters
    ----------
    dataset
        The scored data set.
    detector
        Its resolved configuration, from which its features follow (`detectors.reasons`).
    level
        Level of its scores.
    rows
        Shape (n,): entities of that level.
    """
    if not rows.size:
        return []
    parts = [
        (its, window[rows], robust_z(history, window[rows]))
        for its, history, window in described(dataset, level, explaining_features(detector, level))
    ]
    order = [name for its, _, _ in parts for name in its]
    values, z = (np.hstack([part[place] for part in parts]) for place in (1, 2))
    first = np.argsort(-np.abs(z), axis=1, kind="stable")[:, :TOLD]
    return [
        "; ".join(f"{order[column]} {values[row, column]:.4g} (z {z[row, column]:.1f})" for column in columns)
        for row, columns in enumerate(first.tolist())
    ]


def robust_z(history: FloatArray, values: FloatArray) -> FloatArray:
    """Return the distance of values from the history's medians, in robust standard deviations, within -99.9 and 99.9.

    The modified z-score of Iglewicz & Hoaglin (1993): by the median absolute deviation, where that is 0 by the mean
    absolute deviation. A value that differs from a constant history gets the largest distance.

    Parameters
    ----------
    history
        Shape (entities, features); without entities, all distances are the largest.
    values
        Shape (n, features).
    """
    if not len(history):
        return np.full(values.shape, MOST)
    middle = np.median(history, axis=0)
    away = np.abs(history - middle)
    spread = TO_SIGMA * np.median(away, axis=0)
    spread = np.where(spread > 0, spread, MEAN_TO_SIGMA * np.mean(away, axis=0))
    smallest = np.finfo(np.float64).tiny
    return np.clip((values - middle) / np.maximum(spread, smallest), -MOST, MOST)
