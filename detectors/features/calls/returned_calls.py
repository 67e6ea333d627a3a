"""Whether and how often the called party calls back within a week of each call."""

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.spans import DAY_MS
from detectors.features.sequence.sums import counted_around
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
    there, back = caller * parties + callee, callee * parties + caller
    own = slice(*dataset.call_range(dataset.window))
    often = counted_around(there, timeline.start_ms, back[own], timeline.start_ms[own], WEEK_MS)
    return np.column_stack([often > 0, often]).astype(np.float64)
