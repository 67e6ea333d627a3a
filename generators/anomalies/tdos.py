"""tdos: so many calls within minutes that a number cannot be reached (telephony denial of service).

In the field (telephony denial of service): an emergency line, a hospital or a bank is called by many phones at once,
from infected devices or hired dialers. FBI, public service announcement of 17 February 2021; Guri, Mirsky and Elovici,
"9-1-1 DDoS: threat, analysis and mitigation", arXiv 1609.02353 (2016). Figures (starting values): 100 to 1,000 calls in
10 min, 0 to 10 s each.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import (
    MINUTE_MS,
    AnomalySettings,
    blended,
    fitted,
    members,
    talk_between,
    times,
)
from generators.injection.injector import Figures, Incidents, between, bounds_around, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL
from generators.model.clock import DAY_MS
from generators.model.outcome import ANSWERED, BUSY

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


OF_CONTACTS = 3


@dataclass
class Tdos(AnomalySettings):
    """Adds calls to one user from many users' phones that an attacker controls.

    With growing difficulty there are fewer calls, spread over more callers. The difficulty is also the share of the
    callers whom the victim knows, since malware may spread by address books. Calls that the lines of these cannot carry
    in time are made by strangers.
    """

    fewest_calls: int = field(default=115, metadata=within(20, 100_000))
    """The fewest calls of an attack; about as many are made at difficulty 1."""
    most_calls: int = field(default=1000, metadata=within(20, 100_000))
    """The most calls of an attack; about as many are made at difficulty 0."""
    within_min: float = field(default=9.0, metadata=within(1, 10_000))
    """Time within which the calls of an attack start."""
    calls_per_caller: float = field(default=5.0, metadata=within(1, 1000))
    """Calls of each caller at difficulty 0; one at 1."""
    busy: float = field(default=0.5, metadata=within(0, 1))
    """Share of the calls that find the line busy."""
    shortest_s: float = field(default=1.0, metadata=within(1, 600))
    """The shortest talk time of one of its calls."""
    longest_s: float = field(default=10.0, metadata=within(1, 600))
    """The longest talk time of one of its calls."""

    level: ClassVar[str] = "group"
    home: ClassVar[str] = "call"
    """Home level of the type: calls, since a user's day describes a caller, but the attack hits the callee."""
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    people: ClassVar[int] = 400
    figures: ClassVar[Figures] = {
        "calls": (100, 1000),
        "in_10_min": (100, 1000),
        "callers": None,
        "callees": (1, 1),
        "longest_s": (0, 10),
        "answered": None,
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that an attack can have."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls to victims."""
        normal = editable.normal
        bounds = bounds_around(self.most_calls, self.fewest_calls, self.difficulty)
        sizes = parted(calls, bounds, (self.fewest_calls, self.most_calls), rng, normal.num_users)
        victims = editable.victims(len(sizes), rng)
        begin, span = fitted(victims.start_ms, np.full(len(sizes), int(self.within_min * MINUTE_MS)), normal)
        midnight = begin - begin % DAY_MS + DAY_MS  # no call is put off past it, and many are put off
        begin = np.maximum(np.minimum(begin, midnight - 2 * span), normal.earliest_ms)
        incident = np.repeat(np.arange(len(sizes)), sizes)
        many = np.ceil(sizes / between(self.calls_per_caller, 1.0, self.difficulty)).astype(np.int64)
        callers = self._callers(editable, np.repeat(victims.user, many), rng)[members(incident, many)]
        start = times(begin[incident], span[incident], normal, 0.0, rng)
        found_busy = rng.random(calls) < self.busy
        talk = np.where(found_busy, 0, talk_between(self.shortest_s, self.longest_s, calls, rng))
        outcome = np.where(found_busy, BUSY, ANSWERED)
        ring = normal.usual_rings(outcome, rng)
        late = normal.when_free(callers, incident, start, ring + talk, rng) >= (begin + span)[incident]
        callers = np.where(late, normal.strangers(victims.user[incident], rng), callers)
        made = new_calls(callers, start, talk, victims.user[incident], rng)
        made = made._replace(outcome=outcome, ring_ms=ring)
        start = normal.when_free(made.user, incident, made.start_ms, normal.lasting(made), rng)
        return of_records(made._replace(start_ms=start), incident, len(sizes))

    def _callers(self, editable: "EditablePlan", called: Any, rng: np.random.Generator) -> Any:
        """Return a caller for each victim: a stranger, or the most active of some users whom the victim calls."""
        normal = editable.normal
        last, strangers = np.full(len(called), normal.days * DAY_MS - 1), normal.strangers(called, rng)
        known = np.array([normal.contacts(called, last, rng) for _ in range(OF_CONTACTS)])
        known = np.where(known < normal.num_users, known, strangers)
        liveliest = normal.calls_by_user[known].argmax(axis=0)
        return blended(strangers, known[liveliest, np.arange(len(called))], self.difficulty, rng)
