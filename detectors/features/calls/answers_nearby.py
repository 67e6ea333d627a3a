"""The share of answered calls among those that a caller makes within a quarter of an hour of each call."""

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.spans import QUARTER_MS
from detectors.features.sequence.sums import counted_around
from detectors.features.sequence.timeline import Timeline


def answers_nearby(dataset: Dataset) -> FloatArray:
    """Return the share of answered calls around each call of the window, itself included, shape (calls,).

    It counts calls of the same caller at most 15 minutes before or after; so it is not causal.
    """
    timeline = Timeline(dataset)
    _, caller, _ = timeline.parties
    start_ms, own = timeline.start_ms, slice(*dataset.call_range(dataset.window))
    of_all, of_answered = (
        counted_around(caller[kept], start_ms[kept], caller[own], start_ms[own], QUARTER_MS)
        for kept in (slice(None), timeline.answered)
    )
    return np.asarray(of_answered / of_all, np.float64)
