"""Detector of unusually high call rates of a caller, a callee or a tie."""

from typing import Self

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, one_of, require
from bench.spans import DAY_MS, HOUR_MS
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.sums import surprise_of_count
from detectors.features.sequence.timeline import Timeline

KINDS = ("caller", "callee", "tie")
HOURS = 24


class RateSurprise:
    """Scores each call by how unlikely the number of latest calls is for its caller, callee or tie.

    The score is -log10 of the probability that a negative binomial variable reaches the number of the group's calls in
    the span that ends with the call. Its mean is the group's rate from the start of the data to the start of the span,
    with `prior_days` additional days assumed at the rate of an average group, times the volume of the history's calls
    at that hour of the day relative to an average hour.

    Parameters
    ----------
    of
        Group of calls that is counted: those of the `caller`, those to the `callee`, or those of the caller to the
        callee (the `tie`).
    span_h
        Length of the span [h], above 0.
    dispersion
        Variance beyond that of a Poisson variable, divided by the squared mean; above 0, since people call in bursts.
    prior_days
        Number of additional days assumed for each group, at the rate of an average group; above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("calls_last_hour", "callee_received_last_hour", "contact_share", "hour_share")

    def __init__(
        self, of: str = "caller", span_h: float = 1.0, dispersion: float = 1.0, prior_days: float = 3.0
    ) -> None:
        require(
            "detector",
            of=(of, one_of(*KINDS)),
            span_h=(span_h, above(0)),
            dispersion=(dispersion, above(0)),
            prior_days=(prior_days, above(0)),
        )
        self.of = of
        self.span_ms = round(span_h * HOUR_MS)
        self.dispersion, self.prior_days = dispersion, prior_days

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the past is read again when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        groups = self._groups(timeline)
        low, high = dataset.call_range(dataset.history)
        days = (timeline.start_ms - dataset.clock.start_ms) / DAY_MS
        history_days = max(dataset.history.days, 1e-9)
        average = (high - low) / max(np.unique(groups.key[low:high]).size, 1) / history_days
        earlier = groups.earlier() - groups.within(timeline.start_ms, span=self.span_ms)
        watched = np.maximum(days - self.span_ms / DAY_MS, 0.0)
        rate = (earlier + self.prior_days * average) / (watched + self.prior_days)
        mean = rate * self.span_ms / DAY_MS * _rhythm(timeline, low, high)
        count = groups.within(timeline.start_ms, span=self.span_ms) + 1.0
        scored = slice(*dataset.call_range(dataset.window))
        return Scores(self.level, surprise_of_count(count[scored], mean[scored], self.dispersion))

    def _groups(self, timeline: Timeline) -> Groups:
        if self.of == "callee":
            return timeline.grouped(timeline.parties[2])
        return timeline.by_caller if self.of == "caller" else timeline.by_pair


def _rhythm(timeline: Timeline, low: int, high: int) -> FloatArray:
    """Return the history's calls at each call's hour of the day, relative to an average hour, shape (calls,)."""
    hour: IntArray = timeline.hour.astype(np.int64)
    counts = np.bincount(hour[low:high], minlength=HOURS) + 1.0
    return np.asarray(counts[hour] / counts.mean(), np.float64)
