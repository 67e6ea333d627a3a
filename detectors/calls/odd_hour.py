"""Detector of calls at an hour that is unusual in general and for the caller."""

from typing import Self

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import require, up_to
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.timeline import Timeline

BINS = 48
"""Number of half hours of a day."""
DIGITS = 9
"""Decimals to which differences of logarithms are rounded."""


class OddHour:
    """Scores each call by how rarely people call at that hour, less if its caller has called around it before.

    Only repeated behaviour is a habit: each call of the history counts for its half hour with the share of its caller's
    other calls that are around that hour. So single calls at night, which incidents of the history leave there too,
    count for almost nothing, and those of night workers count fully. The score is -log10 of the half hour's share of
    all habits, minus half the log10 of one plus the number of the caller's earlier calls around it. The weight of an
    earlier call falls with its distance in time of day.

    Parameters
    ----------
    width_h
        Distance in time of day at which the weight of a call reaches 0 [h]; above 0, at most 12.

    Raises
    ------
    SettingsError
        When `width_h` is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("hour", "hour_share", "night_share")

    def __init__(self, width_h: float = 5.0) -> None:
        require("detector", width_h=(width_h, up_to(0, 12)))
        self.width_h = width_h

    def fit(self, dataset: Dataset) -> Self:
        """Learn the hours of people's calling habits from `dataset.history`."""
        timeline, history = Timeline(dataset), slice(*dataset.call_range(dataset.history))
        self.habits = habits(timeline.parties[1][history], half_hours(timeline)[history], self.weights)
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline, scored = Timeline(dataset), slice(*dataset.call_range(dataset.window))
        bins = half_hours(timeline)
        own = near_before(timeline.by_caller, bins, self.weights)
        found = -np.log10(self.habits[bins]) - np.log10(1 + own) / 2
        return Scores(self.level, np.round(found[scored], DIGITS))

    @property
    def weights(self) -> FloatArray:
        """Shape (48,): weight of a call for the half hours 0 .. 47 after its own."""
        away_h = np.minimum(np.arange(BINS), BINS - np.arange(BINS)) * 24 / BINS
        return np.asarray(np.maximum(1 - away_h / self.width_h, 0.0), np.float64)


def half_hours(timeline: Timeline) -> IntArray:
    """Return the half hour of the local day in which each call starts, 0 .. 47, shape (calls,)."""
    return np.asarray(timeline.hour * BINS / 24, np.int64)


def habits(caller: IntArray, bins: IntArray, weights: FloatArray) -> FloatArray:
    """Return the share of people's calling habits in each half hour, shape (48,), all above 0, with a sum of 1."""
    made = np.bincount(caller)
    near = np.zeros(bins.size)
    for each in range(BINS):
        near += weights[(bins - each) % BINS] * np.bincount(caller[bins == each], minlength=made.size)[caller]
    others = (near - weights[0]) / np.maximum(made[caller] - 1, 1)
    found = np.bincount(bins, others, minlength=BINS) + 1 / BINS
    return np.asarray(found / found.sum(), np.float64)


def near_before(groups: Groups, bins: IntArray, weights: FloatArray) -> FloatArray:
    """Return the weighted number of earlier rows of each row's group near its half hour, shape (rows,)."""
    found = np.zeros(bins.size)
    for each in range(BINS):
        weight = weights[(bins - each) % BINS]
        if weight.any():
            found += weight * groups.earlier_sum((bins == each).astype(np.int64))
    return found
