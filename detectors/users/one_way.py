"""Detector of callers who make calls but receive none."""

import numpy as np

from bench.dataset import Dataset
from bench.detector import Scores
from detectors.features.sequence.sums import counted_before, sum_within
from detectors.features.sequence.timeline import Timeline
from detectors.trailing_days import TrailingDays

DIGITS = 9
"""Decimals to which differences of logarithms are rounded."""


class OneWay(TrailingDays):
    """Scores each call by the number of new parties that its caller called lately, per call that it received.

    The score is ln(1 + new parties) - ln(1 + calls received), both of the latest days up to the call. A SIM box calls
    hundreds of parties and is hardly ever called; people who call many parties are also called by many.

    Parameters
    ----------
    days
        Length of the span, above 0.

    Raises
    ------
    SettingsError
        When the span is out of its range.
    """

    reasons = ("contacts_last_day", "received_last_day", "reciprocity")

    def __init__(self, days: float = 2.0) -> None:
        super().__init__(days)

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        _, caller, callee = timeline.parties
        start_ms = timeline.start_ms
        new = sum_within(timeline.by_caller, timeline.by_pair.earlier() == 0, start_ms, self.span_ms)
        received = counted_before(callee, start_ms, caller, start_ms) - counted_before(
            callee, start_ms, caller, start_ms - self.span_ms - 1
        )
        scored = slice(*dataset.call_range(dataset.window))
        return Scores(self.level, np.round((np.log1p(new) - np.log1p(received))[scored], DIGITS))
