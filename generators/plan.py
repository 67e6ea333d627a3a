"""The plan of a world: what people want to do, as injectors see and edit it."""

from typing import Any, NamedTuple

import numpy as np

ADDED = -1


class Intents(NamedTuple):
    """Intents looked up in the plan, or new ones; shape (n,) each."""

    user: Any
    """int64: who calls."""
    day: Any
    """int64: day of the world."""
    slot: Any
    """int64: slot of the user's day, or `ADDED`."""
    start_ms: Any
    """int64: since the start of the world."""
    talk_ms: Any
    """int64."""
    callee: Any
    """int64."""
    outcome: Any
    """int64."""
    move: Any
    """float64: decides whether the caller moves during the call."""
    goal: Any
    """float64: decides to where."""
    key: Any
    """uint64: stable key."""

    @staticmethod
    def room(user: Any, day: Any, slot: Any) -> "Intents":
        """Make room for what is known of these slots."""
        n = len(user)
        start, talk, callee, outcome = (np.empty(n, np.int64) for _ in range(4))
        return Intents(user, day, slot, start, talk, callee, outcome, np.empty(n), np.empty(n), np.empty(n, np.uint64))

    def pick(self, chosen: Any) -> "Intents":
        """Return some of them."""
        return Intents(*(column[chosen] for column in self))
