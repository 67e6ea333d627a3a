"""Waiting for what other processes do in their own time."""

import time
from collections.abc import Callable


def within(seconds: float, fact: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    ends_at = time.monotonic() + seconds
    while not fact() and time.monotonic() < ends_at:
        time.sleep(0.05)
    return fact()
