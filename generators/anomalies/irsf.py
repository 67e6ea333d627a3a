"""irsf: international revenue share fraud: long, overlapping calls to a few foreign numbers.

In the field: a stolen or hacked line calls numbers abroad whose owner gets a share of the charges, as many at a time as
the network allows (by conference calls or call forwarding). Europol and Trend Micro, "Cyber-Telecom Crime Report 2019".
Figures (starting values): 5 to 60 min, 2 to 10 at a time.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import AnomalySettings, Rounds, in_rounds
from generators.injection.injector import Figures, Incidents, between, new_calls, of_records, parted, skewed
from generators.injection.touches import ALL_OF_A_CALL
from generators.model.clock import HOUR_MS
from generators.model.outcome import ANSWERED

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class Irsf(AnomalySettings):
    """Adds long calls of a user to a few foreign numbers, several at a time.

    With growing difficulty fewer calls run at a time, they are spread over days and the hours of normal calls, and they
    get shorter.
    """

    fewest_calls: int = field(default=20, metadata=within(6, 10_000))
    """The fewest calls of an incident."""
    most_calls: int = field(default=200, metadata=within(6, 10_000))
    """The most calls of an incident."""
    shortest_s: float = field(default=300.0, metadata=within(1, 7200))
    """The shortest talk time of one of its calls."""
    longest_s: float = field(default=3600.0, metadata=within(1, 14400))
    """The longest talk time of one of its calls."""
    at_a_time: float = field(default=10.0, metadata=within(1, 50))
    """Calls that run at the same time at difficulty 0."""
    fewest_at_a_time: float = field(default=2.5, metadata=within(1, 50))
    """Calls that run at the same time at difficulty 1, where they are spread over `longest_h`."""
    longest_h: float = field(default=240.0, metadata=within(1, 720))
    """Time over which the calls are spread at difficulty 1."""
    numbers: int = field(default=3, metadata=within(1, 50))
    """Number of foreign numbers that one incident calls."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    people: ClassVar[int] = 20
    figures: ClassVar[Figures] = {
        "calls": None,
        "callees": (1, 3),
        "at_a_time": (2, 10),
        "median_s": (300, 3600),
        "longest_s": (300, 3600),
        "span_s": None,
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls abroad."""
        normal = editable.normal
        bounds = self.fewest_calls, self.most_calls
        sizes = parted(calls, bounds, bounds, rng, normal.num_users)
        victims = editable.victims(len(sizes), rng)
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        talk = 1000 * skewed(self.shortest_s, self.longest_s, rng.random(calls), 0.5 - 0.5 * self.difficulty)
        talk = talk.astype(np.int64)
        legs = int(between(self.at_a_time, self.fewest_at_a_time, self.difficulty))
        crude = np.bincount(incident, talk) / legs
        span = (crude * np.maximum(self.longest_h * HOUR_MS / crude, 1.0) ** self.difficulty).astype(np.int64)
        rounds = Rounds(victims.start_ms, span, legs, usual=self.difficulty)
        ring = normal.usual_rings(np.full(calls, ANSWERED), rng)
        start = in_rounds(rounds, ring + talk, incident, normal, rng)
        numbers = normal.outsiders("foreign", len(sizes) * self.numbers, rng)
        callee = numbers[incident * self.numbers + rng.integers(0, self.numbers, calls)]
        made = new_calls(user, start, talk, callee, rng)._replace(leg=np.ones(calls, np.bool_), ring_ms=ring)
        return of_records(made, incident, len(sizes))
