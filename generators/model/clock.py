"""Spans of time in the unit of the world: integer milliseconds."""

from typing import Any

import numpy as np

HOURS = 24
HOUR_MS = 3_600_000
DAY_MS = HOURS * HOUR_MS
MONTH_DAYS = 30
"""Days of a month, for rates and ages given by the month."""
PAUSE_MS = 2000
"""Least time between the end of a call and the next call on the same line."""
LEAST_PAUSE_MS = 1000
"""The same for a call that an incident adds; a random pause is added, since a fixed one would mark such calls."""
MACHINE_S, PERSON_S = 1.0, 60.0
"""Mean of that random pause, for a machine and for a person [s]."""


def pauses(count: int, mean_s: float, rng: np.random.Generator) -> Any:
    """Return random pauses before calls that waited for their line, exponential plus the least; shape (count,) [ms]."""
    return LEAST_PAUSE_MS + rng.exponential(1000 * mean_s, count).astype(np.int64)
