"""stolen_phone: a thief calls from the owner's phone until it is blocked.

In the field: SIM and device stay the same, the people called and the places change. Fawcett and Provost, "Adaptive
fraud detection", Data Mining and Knowledge Discovery 1 (1997) 291-316, on detecting fraudulent use by the habits of the
account's owner; there fraudulent calls are made in addition to the owner's, here instead of them. Figures (starting
values): 10 to 60 calls in 2 to 6 h.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import (
    LINE_FREE_MS,
    AnomalySettings,
    blended,
    fitted,
    like_normal,
    line_free,
    queued,
    redialled_instead,
    stretched,
    times,
)
from generators.injection.injector import (
    STAYS,
    Figures,
    Incidents,
    between,
    bounds_around,
    new_calls,
    of_records,
    parted,
)
from generators.injection.touches import ALL_OF_A_CALL
from generators.model.clock import HOUR_MS, PERSON_S
from generators.model.plan import Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


KNOWN = 0.5
"""Share of the calls that go to the owner's contacts at difficulty 1."""


@dataclass
class StolenPhone(AnomalySettings):
    """Replaces the owner's calls by a thief's, who moves like another person and calls other people.

    With growing difficulty there are fewer calls, over more hours, and a growing share (up to half) goes to the owner's
    contacts.
    """

    fewest_calls: int = field(default=10, metadata=within(4, 1000))
    """The fewest calls of a thief; about as many are made at difficulty 1."""
    most_calls: int = field(default=60, metadata=within(4, 1000))
    """The most calls of a thief; about as many are made at difficulty 0."""
    within_h: float = field(default=2.1, metadata=within(0.1, 240))
    """Time over which the calls are spread at difficulty 0; at 1 it is `longest_h`."""
    longest_h: float = field(default=5.0, metadata=within(0.1, 240))
    """Time over which the calls are spread at difficulty 1."""
    silent_h: float = field(default=12.0, metadata=within(0, 240))
    """Time without calls afterwards: the SIM is blocked."""
    abroad: float = field(default=0.3, metadata=within(0, 1))
    """Share of the calls to strangers that go abroad."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    people: ClassVar[int] = 20
    figures: ClassVar[Figures] = {"calls": (10, 60), "callees": None, "within_s": (7200, 21_600), "devices": (1, 1)}

    @property
    def least(self) -> int:
        """Return the fewest calls that a thief can make."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls by thieves."""
        normal = editable.normal
        bounds = bounds_around(self.most_calls, self.fewest_calls, self.difficulty)
        sizes = parted(calls, bounds, (self.fewest_calls, self.most_calls), rng, editable.spare())
        rows = editable.recruit(len(sizes))
        victims = editable.victims(len(sizes), rng, lambda c: editable.without_claimed_neighbours(c, LINE_FREE_MS))
        span = int(between(self.within_h, max(self.within_h, self.longest_h), self.difficulty) * HOUR_MS)
        begin, lasts = fitted(line_free(victims, normal, rng), np.full(len(sizes), span), normal)
        lost, of_lost = editable.between(victims.user, begin, begin + lasts + int(self.silent_h * HOUR_MS))
        lost = lost._replace(gone=np.ones(len(lost.user), np.bool_))
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        start = stretched(times(begin[incident], lasts[incident], normal, 0.0, rng), incident, begin, lasts)
        stranger = blended(normal.strangers(user, rng), normal.outsiders("foreign", calls, rng), self.abroad, rng)
        callee = blended(stranger, normal.contacts(user, start, rng), KNOWN * self.difficulty, rng)
        made = like_normal(new_calls(user, start, np.zeros(calls, np.int64), callee, rng), normal, 1.0, rng)
        made, chain = redialled_instead(made, incident, normal, rng)
        made = made._replace(phone=rows[incident], device=np.full(calls, STAYS))
        made = queued(made, normal, PERSON_S, rng, chain)
        return of_records(Intents.joined([made, lost]), np.concatenate([incident, of_lost]), len(sizes))
