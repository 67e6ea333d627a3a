"""Detector of calls that differ from the caller's earlier calls."""

from math import fsum
from typing import Self

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.faults import above, require
from detectors.features.calls.call_features import call_features, check_names
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.sums import sum_of_latest
from detectors.features.sequence.timeline import Timeline

NOTHING = 1e-9


class OwnPast:
    """Scores each call by its largest deviation from the caller's earlier calls, over features, in standard deviations.

    Mean and standard deviation are those of all earlier calls of the caller, with `prior_calls` additional calls
    assumed that are distributed like all calls of the history. Deviations count in both directions.

    Parameters
    ----------
    features
        Names out of `detectors.features.calls.call_features.FEATURES`.
    prior_calls
        Number of additional earlier calls assumed for each caller, distributed like all calls; above 0.

    Raises
    ------
    UserError
        When a feature is unknown, or `prior_calls` out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("log_duration", "duration_ratio", "log_gap")

    def __init__(self, features: list[str], prior_calls: float = 10.0) -> None:
        check_names(features)
        require("detector", prior_calls=(prior_calls, above(0)))
        self.features = list(features)
        self.prior_calls = prior_calls

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the past is read again when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        clock = dataset.clock
        values = call_features(dataset, self.features, Window(clock.start_ms, clock.end_ms))
        timeline = Timeline(dataset)
        groups = timeline.by_caller
        history, scored = (slice(*dataset.call_range(part)) for part in (dataset.history, dataset.window))
        off = [self._off(column, groups, history)[scored] for column in values.T]
        return Scores(self.level, np.max(off, axis=0))

    def _off(self, values: FloatArray, groups: Groups, history: slice) -> FloatArray:
        """Return each value's deviation from earlier ones of its group, in standard deviations, shape (calls,)."""
        everybody = values[history] if values[history].size else np.zeros(1)
        mean, square = fsum(everybody) / everybody.size, fsum(everybody**2) / everybody.size
        calls = groups.earlier() + self.prior_calls
        own = (sum_of_latest(groups, values, values.size) - values + self.prior_calls * mean) / calls
        own_square = (sum_of_latest(groups, values**2, values.size) - values**2 + self.prior_calls * square) / calls
        spread = np.sqrt(np.maximum(own_square - own**2, 1e-12))
        away = np.abs(values - own)
        away[away < NOTHING * np.maximum(np.abs(values), 1.0)] = 0.0  # deviations of equal values are rounding errors
        return np.asarray(away / spread, np.float64)
