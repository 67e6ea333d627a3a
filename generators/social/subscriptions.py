"""Times at which subscriptions begin and change: whole seconds within shop hours."""

from typing import Any

import numpy as np

from generators.model.clock import DAY_MS, HOUR_MS

NEVER = np.int64(2**62)
SECOND_MS = 1000
SHOP_H = (9, 20)
"""Opening hours of shops in local time, in which subscriptions begin and SIMs are changed (starting value)."""


def whole(moments_ms: Any) -> Any:
    """Return moments rounded down to the second; shape (n,) [ms]."""
    return np.where(moments_ms == NEVER, NEVER, moments_ms // SECOND_MS * SECOND_MS)


def shop_hours(moments_ms: Any, draws: Any) -> Any:
    """Return moments within shop hours on the given days, by draws in [0, 1); shape (n,) [ms]."""
    opens, closes = (hour * HOUR_MS for hour in SHOP_H)
    time = opens + (draws * (closes - opens)).astype(np.int64)
    return np.where(moments_ms == NEVER, NEVER, whole(moments_ms // DAY_MS * DAY_MS + time))
