"""What an injector is: it edits the plan of a world, and the network renders the rest; nobody paints on records.

A type of anomaly is one module in `generators.anomalies`: a dataclass with its settings and a method that plans
incidents. This module holds what those modules share. It is light, since settings are read before anything happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from generators.clock import DAY_MS
from generators.plan import ADDED, Intents

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass(frozen=True)
class Incidents:
    """What an injector plans: incidents, and the edits that carry them out."""

    edits: Intents
    incident: Any
    """Shape (edits,): int64: number of the incident of each edit, from 0; not falling."""
    parameters: Sequence[Mapping[str, Any]]
    """What was drawn for each incident, as JSON values."""


class Injector(Protocol):
    """A type of anomaly: its settings, and how it edits the plan."""

    share: float
    """Part of the anomalous calls, relative to the other types."""
    difficulty: float
    """From 0 (crude, a rule finds it) to 1 (mimics its actor's own habits)."""
    level: str
    """call | user | cell | group."""
    adds: bool
    """Whether it adds calls; else it alters calls of normal life."""
    least: int
    """The fewest calls that an incident can do with."""

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Plan incidents that change exactly so many calls; None when normal life has no room for them."""


def skewed(low: float, high: float, draws: Any, towards_high: float) -> Any:
    """Return values in [low, high]: uniform at 0.5, nearer to `low` at 0 and to `high` at 1."""
    return low + (high - low) * draws ** (3.0 ** (1.0 - 2.0 * towards_high))


def new_calls(user: Any, start_ms: Any, talk_ms: Any, callee: Any, rng: np.random.Generator) -> Intents:
    """Return answered calls to be added; whether the caller moves is left to chance, as in normal life."""
    calls = Intents.room(user, start_ms // DAY_MS, np.full(len(user), ADDED, np.int64))
    key = rng.integers(0, 2**64, len(user), dtype=np.uint64)
    return calls._replace(
        start_ms=start_ms,
        talk_ms=talk_ms,
        callee=callee,
        outcome=np.zeros(len(user), np.int64),
        move=rng.random(len(user)),
        goal=rng.random(len(user)),
        key=key,
    )


def each_its_own(edits: Intents) -> Incidents:
    """Return an incident for each of these edits."""
    count = len(edits.user)
    return Incidents(edits, np.arange(count), [{}] * count)
