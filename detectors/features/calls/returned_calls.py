"""Whether and how often the called party calls back within a week of each call."""

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.spans import DAY_MS
from detectors.features.sequence.timeline import Timeline

WEEK_MS = 7 * DAY_MS


def returned_calls(dataset: Dataset) -> FloatArray:
    """Return, for each call of the window, whether its callee calls its caller within a week, and how often.

    It counts calls up to a week before or after; so it is not causal.

    Returns
    -------
    FloatArray
        Shape (calls, 2): 0 or 1, and the number of calls back.
    """
    timeline = Timeline(dataset)
    parties, caller, callee = timeline.parties
    since_ms = timeline.start_ms - timeline.start_ms.min(initial=0)
    _, pair = np.unique(np.append(caller * parties + callee, callee * parties + caller), return_inverse=True)
    # Pairs are so far apart on one axis that calls of two pairs are never within a week.
    span = since_ms.max(initial=0) + 2 * WEEK_MS
    there, back = (which * span + since_ms for which in np.split(pair, 2))
    there = np.sort(there)
    wanted = back[slice(*dataset.call_range(dataset.window))]
    first = np.searchsorted(there, wanted - WEEK_MS, side="left")
    last = np.searchsorted(there, wanted + WEEK_MS, side="right")
    return np.column_stack([last > first, last - first]).astype(np.float64)
