"""call_forwarding: a user's line is made to forward calls to a number abroad, several at a time.

In the field: forwarding is set on a stolen or hacked line; calls to it are forwarded at the user's cost, each a
separate leg that leaves the phone free. 3GPP TS 22.082 (the service); "call forwarding fraud" in the GSMA's taxonomy of
fraud, as MISP publishes it (gsma-fraud). The figures are starting values.
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
class CallForwarding(AnomalySettings):
    """Adds legs from a user to one number abroad; the line itself stays free for the user's own calls.

    With growing difficulty fewer legs run at a time, over more hours, more of them at the hours of normal calls, and
    they get shorter.
    """

    fewest_calls: int = field(default=10, metadata=within(4, 10_000))
    """The fewest calls of an incident."""
    most_calls: int = field(default=120, metadata=within(4, 10_000))
    """The most calls of an incident."""
    shortest_s: float = field(default=60.0, metadata=within(1, 7200))
    """The shortest talk time of one of its calls."""
    longest_s: float = field(default=1200.0, metadata=within(1, 14400))
    """The longest talk time of one of its calls."""
    at_a_time: float = field(default=6.0, metadata=within(1, 50))
    """Legs that run at the same time at difficulty 0; two at 1."""
    within_h: float = field(default=6.0, metadata=within(0.1, 720))
    """Duration of an incident at difficulty 0; at 1 it is `longest_h`."""
    longest_h: float = field(default=120.0, metadata=within(0.1, 720))
    """Duration of an incident at difficulty 1."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    people: ClassVar[int] = 20
    figures: ClassVar[Figures] = {
        "calls": (10, 120),
        "callees": (1, 1),
        "at_a_time": (2, 6),
        "median_s": (60, 1200),
        "longest_s": (60, 1200),
        "span_s": None,
    }

    @property
    def least(self) -> int:
        """Return the fewest legs that an incident can have."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` legs."""
        normal = editable.normal
        bounds = self.fewest_calls, self.most_calls
        sizes = parted(calls, bounds, bounds, rng, normal.num_users)
        victims = editable.victims(len(sizes), rng)
        span = between(self.within_h, max(self.within_h, self.longest_h), self.difficulty) * HOUR_MS
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        talk = 1000 * skewed(self.shortest_s, self.longest_s, rng.random(calls), 0.5 - 0.5 * self.difficulty)
        talk = talk.astype(np.int64)
        legs = round(between(self.at_a_time, 2.0, self.difficulty))
        lasts = np.full(len(sizes), int(span))
        rounds = Rounds(victims.start_ms, lasts, legs, usual=self.difficulty)
        ring = normal.usual_rings(np.full(calls, ANSWERED), rng)
        start = in_rounds(rounds, ring + talk, incident, normal, rng)
        callee = normal.outsiders("foreign", len(sizes), rng)[incident]
        made = new_calls(user, start, talk, callee, rng)._replace(leg=np.ones(calls, np.bool_), ring_ms=ring)
        return of_records(made, incident, len(sizes))
