"""Detector of lines with several simultaneous calls."""

from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from bench.spans import SECOND_MS
from detectors.features.sequence.sums import counted_before, sum_of_latest
from detectors.features.sequence.timeline import Timeline


class AtOnce:
    """Scores each call by the number of simultaneous calls of its caller, now and over its latest calls.

    The score is the number of calls in progress when the call begins, plus `weight` times the mean of that number over
    the caller's latest `calls` calls. A line carries one call at a time, unless it is an exchange, forwards calls, or
    its number is used on several devices.

    Parameters
    ----------
    calls
        Number of the caller's latest calls, the scored one included; at least 1.
    weight
        Weight of their mean relative to the call itself; above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("overlap", "calls_last_hour", "outside")

    def __init__(self, calls: int = 10, weight: float = 1.0) -> None:
        require("detector", calls=(calls, above(0)), weight=(weight, above(0)))
        self.calls, self.weight = int(calls), weight

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        caller = timeline.parties[1]
        end_ms = timeline.start_ms + timeline.duration_s * SECOND_MS
        # A call of length 0 ends when it begins, but must not count as ended before calls of the same second began.
        ended = counted_before(caller, end_ms, caller, timeline.start_ms)
        begun = counted_before(caller, timeline.start_ms, caller, timeline.start_ms)
        going = np.maximum(begun - ended - (timeline.duration_s > 0), 0)
        lately = sum_of_latest(timeline.by_caller, going, self.calls - 1) / self.calls
        return Scores(self.level, (going + self.weight * lately)[slice(*dataset.call_range(dataset.window))])
