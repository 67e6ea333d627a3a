"""Interface of normal life, simulated or read from files, for planning incidents.

There are two implementations: `generators.injection.simulated_life.SimulatedLife` computes intents when they are asked
for, and `generators.own_records.recorded_life.RecordedLife` looks them up in a file of records.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from generators.model.plan import Holdings, Intents

if TYPE_CHECKING:
    from generators.calls.model_arrays import ModelArrays
    from generators.injection.expected_calls import ExpectedCalls


class Subscribers(NamedTuple):
    """Subscription times and mobility of each user and of the reserve; shape (N,) each."""

    active_from_ms: Any
    """int64: begin of the subscription since the start of the world; `NEVER` for the reserve."""
    active_until_ms: Any
    """int64: end of the subscription (exclusive)."""
    passing: Any
    """bool: whether the subscription begins or ends within the world, or has not begun."""
    still: Any
    """bool: whether the subscriber stays at one place."""


class NormalLife(Protocol):
    """The normal calls of a world, and its people. Parties are numbered: users, the reserve, external parties."""

    @property
    def num_users(self) -> int:
        """Number of users, without the reserve."""

    @property
    def counts(self) -> Any:
        """Intents of each user and day, shape (days, N), int32; the reserve has none."""

    @property
    def parties(self) -> int:
        """Number of users, of the reserve and of external parties together."""

    @property
    def calls_ring(self) -> bool:
        """Whether calls ring before they are answered; if not, `rings` is 0."""

    @property
    def subscribers(self) -> Subscribers:
        """Subscriptions of the users and the reserve."""

    @property
    def weekend(self) -> Any:
        """Weekends and holidays, shape (days,), bool."""

    @property
    def expected_calls(self) -> "ExpectedCalls | None":
        """Expected calls by place and hour; None without a network."""

    @property
    def redialled_within_ms(self) -> int:
        """Longest time after which a call that was not answered is dialled again; 0 if nobody does [ms]."""

    @property
    def can_grow(self) -> bool:
        """Whether the settings can be changed to have more users."""

    @property
    def without_network(self) -> str:
        """The rule broken by types that need a network, where there is none."""

    @property
    def model(self) -> "ModelArrays":
        """The arrays of the simulation; raises `NotInRecords` where nothing is simulated."""

    def fill(self, intents: Intents) -> None:
        """Fill in the intents of these slots of users' days."""

    def redrawn(self, intents: Intents, rng: np.random.Generator) -> Intents:
        """Return new draws of intents of the same users and days; recorded calls have no others."""

    def connects(self, intents: Intents) -> Any:
        """Return which intents the network would connect; shape (n,), bool."""

    def contacts(self, users: Any, start_ms: Any, rng: np.random.Generator) -> Any:
        """Return the party that each user would call at a moment; shape (n,)."""

    def rings(self, key: Any, outcome: Any) -> Any:
        """Return the time from the connection of calls until they are answered or given up; shape (n,) [ms]."""

    def never_calls(self, users: Any, from_h: int, to_h: int) -> Any:
        """Return which users make no call between two local hours on any day; shape (n,), bool."""

    def when_free(self, users: Any, incident: Any, start_ms: Any, talk_ms: Any, rng: np.random.Generator) -> Any:
        """Delay new calls until the line is free of the user's own calls and of the incident's; shape (n,) [ms].

        No call is put off past midnight; one that would have to be stays where it is.
        """

    def suppressed_share(self) -> float:
        """Return the approximate share of intents that are suppressed because their line is busy."""

    def external(self, kind: str) -> tuple[int, int]:
        """Return the number of the first external party of a type, and one past the last."""

    def of_kind(self, name: str) -> Any:
        """Return which users are of a type; all if there is no such type; shape (N,), bool."""

    def reserve(self, still: bool) -> Any:
        """Return the subscribers of the reserve who stay at one place, or those who move; shape (n,)."""

    def enrol(self, new: Holdings) -> None:
        """Give subscribers of the reserve their subscriptions, and one home to those of the same SIM box."""


@dataclass(frozen=True)
class IntentNumbers:
    """Consecutive numbers for the intents of a world, by day, user and slot."""

    counts: Any
    """Shape (days, N), int32: number of intents of each user and day."""

    @cached_property
    def ends(self) -> Any:
        """Shape (days * N,): number of intents up to and including each user's day."""
        return np.cumsum(self.counts.ravel(), dtype=np.int64)

    @property
    def total(self) -> int:
        """Number of all intents."""
        return int(self.ends[-1])

    def before(self, day: int) -> int:
        """Return the number of intents before a day."""
        return int(self.ends[day * self.counts.shape[1] - 1]) if day else 0

    def of(self, intents: Intents) -> Any:
        """Return the number of each intent; shape (n,), int64."""
        cell = intents.day * self.counts.shape[1] + intents.user
        return self.ends[cell] - self.counts.ravel()[cell] + intents.slot

    def slots(self, numbers: Any) -> Intents:
        """Return room for the intents of these numbers, which must not decrease."""
        cell = np.searchsorted(self.ends, numbers, side="right")
        day, user = np.divmod(cell, self.counts.shape[1])
        return Intents.room(user, day, numbers - (self.ends[cell] - self.counts.ravel()[cell]))


def steady_users(life: NormalLife) -> Any:
    """Return the users whose subscription lasts throughout the world; all users if there is hardly one; shape (n,)."""
    steady = np.flatnonzero(~life.subscribers.passing[: life.num_users])
    return steady if len(steady) > 1 else np.arange(life.num_users)


def strangers(steady: Any, users: Any, rng: np.random.Generator) -> Any:
    """Return a random steady user for each user, never the user itself; shape (n,)."""
    others = steady[rng.integers(0, max(1, len(steady) - 1), len(users))]
    return np.where(others == users, steady[-1], others)
