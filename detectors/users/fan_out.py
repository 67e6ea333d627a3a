"""Detector of callers who call many different parties within a short time."""

from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from bench.spans import HOUR_MS
from detectors.features.sequence.sums import sum_within
from detectors.features.sequence.timeline import Timeline


class FanOut:
    """Scores each call by the number of parties that its caller called for the first time within the latest hour.

    The score is ln(1 + new parties in the span that ends with the call) plus ln(1 + new parties in a span 24 times as
    long) / 10, which orders calls that are otherwise equal.

    Parameters
    ----------
    span_h
        Length of the span [h], above 0.

    Raises
    ------
    SettingsError
        When the span is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("contacts_last_hour", "calls_last_hour", "new_contact")

    def __init__(self, span_h: float = 1.0) -> None:
        require("detector", span_h=(span_h, above(0)))
        self.span_ms = round(span_h * HOUR_MS)

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        new = timeline.by_pair.earlier() == 0
        hour, day = (
            sum_within(timeline.by_caller, new, timeline.start_ms, span) for span in (self.span_ms, 24 * self.span_ms)
        )
        scored = slice(*dataset.call_range(dataset.window))
        return Scores(self.level, (np.log1p(hour) + np.log1p(day) / 10)[scored])
