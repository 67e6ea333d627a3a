"""Spans of time in the unit of the world: integer milliseconds."""

from typing import Any

import numpy as np

HOURS = 24
HOUR_MS = 3_600_000
DAY_MS = HOURS * HOUR_MS
MONTH_DAYS = 30
"""A month, where rates and ages are given by the month."""
PAUSE_MS = 2000
"""Least time between a call's end and the next call on the same line, where one follows the other at once."""
LEAST_PAUSE_MS = 1000
"""The same for a call that an incident adds; the pause is drawn, since a fixed one would mark such calls."""
MACHINE_S, PERSON_S = 1.0, 60.0
"""Mean of what is drawn, of a machine and of a person [s]."""


def pauses(count: int, mean_s: float, rng: np.random.Generator) -> Any:
    """Return pauses before calls that waited for their line, exponential beyond the least; shape (count,) [ms]."""
    return LEAST_PAUSE_MS + rng.exponential(1000 * mean_s, count).astype(np.int64)
