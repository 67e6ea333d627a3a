"""The share of answered calls among those that a caller makes within a quarter of an hour of each call."""

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.spans import QUARTER_MS
from detectors.features.sequence.timeline import Timeline


def answers_nearby(dataset: Dataset) -> FloatArray:
    """Return the share of answered calls around each call of the window, itself included, shape (calls,).

    It counts calls of the same caller at most 15 minutes before or after; so it is not causal.
    """
    timeline = Timeline(dataset)
    _, caller, _ = timeline.parties
    since_ms = timeline.start_ms - timeline.start_ms.min(initial=0)
    # Callers are so far apart on one axis that calls of two callers are never within a quarter of an hour.
    place = caller * (since_ms.max(initial=0) + 2 * QUARTER_MS) + since_ms
    order = np.argsort(place, kind="stable")
    answered = np.append(0, np.cumsum(timeline.answered[order]))
    wanted = place[slice(*dataset.call_range(dataset.window))]
    first = np.searchsorted(place[order], wanted - QUARTER_MS, side="left")
    last = np.searchsorted(place[order], wanted + QUARTER_MS, side="right")
    return np.asarray((answered[last] - answered[first]) / np.maximum(last - first, 1), np.float64)
