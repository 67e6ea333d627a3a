"""Detector of callers with unusually many foreign and premium calls."""

from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from bench.spans import DAY_MS
from detectors.features.sequence.codes import is_text
from detectors.features.sequence.sums import sum_within, surprise_of_share
from detectors.features.sequence.timeline import Timeline

TYPES = ("foreign", "premium")


class CostlyCalls:
    """Scores each call by how unlikely the number of foreign and premium calls among the caller's latest calls is.

    The score is -log10 of the probability that a binomial variable reaches the number of such calls in the span of time
    that ends with the call. The share is estimated from the caller's calls before the span and `prior_calls` assumed
    calls with the share of all callers in the history.

    Parameters
    ----------
    days
        Length of the span, above 0.
    prior_calls
        Number of additional earlier calls assumed for each caller, with the share of all callers; above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("outside", "calls_last_day", "night")

    def __init__(self, days: float = 1.0, prior_calls: float = 20.0) -> None:
        require("detector", days=(days, above(0)), prior_calls=(prior_calls, above(0)))
        self.span_ms = round(days * DAY_MS)
        self.prior_calls = prior_calls

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the past is read again when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        table = dataset.table("calls", ["callee_type"])
        costly = np.any([is_text(table, "callee_type", each) for each in TYPES], axis=0).astype(np.int64)
        history, scored = (slice(*dataset.call_range(part)) for part in (dataset.history, dataset.window))
        overall = (costly[history].sum() + 1) / (costly[history].size + 2)
        groups, start_ms = timeline.by_caller, timeline.start_ms
        count = sum_within(groups, costly, start_ms, self.span_ms)
        calls = groups.within(start_ms, span=self.span_ms) + 1.0
        before = groups.earlier() + 1 - calls
        costly_before = groups.earlier_sum(costly) + costly - count
        share = (costly_before + self.prior_calls * overall) / (before + self.prior_calls)
        return Scores(self.level, surprise_of_share(count[scored], calls[scored], share[scored]))
