"""cloned_sim: a second phone uses a copy of a user's SIM while the owner goes on using the first.

In the field: one IMSI in two devices, calls that overlap, and places too far apart for the time between (a velocity
check looks for more than 300 km/h). Fawcett and Provost, "Adaptive fraud detection", Data Mining and Knowledge
Discovery 1 (1997) 291-316, on cloned phones, whose use comes on top of the owner's. The figures are starting values.
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
    like_normal,
    queued,
    redialled_instead,
    times,
)
from generators.injection.injector import Figures, Incidents, between, bounds_around, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL, OTHER_DEVICE
from generators.model.clock import DAY_MS, HOUR_MS, PERSON_S
from generators.model.outcome import ANSWERED
from generators.model.plan import OWN, Holdings, Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


LEAST_TALK_MS = 20_000
"""The shortest call of the owner during which the copy may call."""
LATE_MS = 2 * HOUR_MS
"""Time after the planned end of an incident within which the owner's SIM is not changed: calls may be put off."""
KNOWN = 0.5
"""Share of the calls that go to the owner's contacts at difficulty 1."""


@dataclass
class ClonedSim(AnomalySettings):
    """Adds calls under the user's number and SIM from another device, carried by a person who moves independently.

    At least one of its calls runs while the owner talks. With growing difficulty there are fewer calls, over more days.
    The difficulty is also the share of the calls at the hours of normal calls; half of that share goes to the owner's
    contacts.
    """

    fewest_calls: int = field(default=10, metadata=within(4, 1000))
    """The fewest calls of an incident."""
    most_calls: int = field(default=80, metadata=within(4, 1000))
    """The most calls of an incident."""
    within_days: float = field(default=0.5, metadata=within(0.05, 60))
    """Duration of an incident at difficulty 0; at 1 it is `longest_days`."""
    longest_days: float = field(default=7.0, metadata=within(0.05, 60))
    """Duration of an incident at difficulty 1."""
    abroad: float = field(default=0.2, metadata=within(0, 1))
    """Share of the calls to strangers that go abroad."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *OTHER_DEVICE)
    people: ClassVar[int] = 20
    figures: ClassVar[Figures] = {
        "calls": (10, 80),
        "callees": None,
        "within_s": (0, 8 * 86_400),
        "sims": (1, 1),
        "devices": (1, 1),
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that the copy of a SIM can make."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls by second phones."""
        normal = editable.normal
        bounds = bounds_around(self.most_calls, self.fewest_calls, self.difficulty)
        sizes = parted(calls, bounds, (self.fewest_calls, self.most_calls), rng, editable.spare())
        rows = editable.recruit(len(sizes))
        span = between(self.within_days, max(self.within_days, self.longest_days), self.difficulty) * DAY_MS

        def accept(calls: Intents) -> Any:
            begin, lasts = fitted(calls.start_ms, np.full(len(calls.user), span), normal)
            return _talks(calls) & editable.keeps_sim(calls.user, begin, begin + lasts + LATE_MS)

        victims = editable.victims(len(sizes), rng, accept)
        editable.between(
            victims.user, victims.start_ms, victims.start_ms + 1
        )  # so that no other incident claims those calls
        begin, lasts = fitted(victims.start_ms, np.full(len(sizes), span), normal)
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        start = times(begin[incident], lasts[incident], normal, self.difficulty, rng)
        first = np.cumsum(sizes) - sizes
        start[first] = victims.start_ms + (rng.random(len(sizes)) * victims.talk_ms / 2).astype(np.int64)
        stranger = blended(normal.strangers(user, rng), normal.outsiders("foreign", calls, rng), self.abroad, rng)
        callee = blended(stranger, normal.contacts(user, start, rng), KNOWN * self.difficulty, rng)
        made = like_normal(new_calls(user, start, np.zeros(calls, np.int64), callee, rng), normal, 1.0, rng)
        made, chain = redialled_instead(made, incident, normal, rng)
        made = made._replace(phone=rows[incident], device=rows[incident], leg=np.ones(calls, np.bool_))
        begins = np.isin(chain, first)
        start = np.where(begins, made.start_ms, queued(made, normal, PERSON_S, rng, chain).start_ms)
        made = made._replace(start_ms=start, day=start // DAY_MS)
        last = np.zeros(len(sizes), np.int64)
        np.maximum.at(last, incident, made.start_ms + normal.lasting(made))
        last += (rng.random(len(sizes)) * 10 * MINUTE_MS).astype(np.int64)
        held = Holdings.of(victims.user, begin, last, OWN, rows)
        return of_records(made, incident, len(sizes), holdings=held, holding_incident=np.arange(len(rows)))


def _talks(calls: Intents) -> Any:
    """Return which of the owner's calls last long enough for the copy to call meanwhile; shape (n,), bool."""
    return (calls.outcome == ANSWERED) & (calls.talk_ms >= LEAST_TALK_MS)
