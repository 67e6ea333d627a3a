"""sim_swap: a fraudster has a user's number moved to a SIM of their own.

In the field: the fraudster persuades the operator; for some minutes the number is not reachable, then it is on another
SIM in another phone, elsewhere, until the owner notices. Lee, Kaiser, Mayer and Narayanan, "An empirical study of
wireless carrier authentication for SIM swaps", SOUPS 2020. Figures (starting values): a gap of 5 to 60 min, new cell,
new contacts.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import (
    LINE_FREE_MS,
    MINUTE_MS,
    AnomalySettings,
    blended,
    fitted,
    like_normal,
    line_free,
    queued,
    redialled_instead,
    talk_between,
    times,
)
from generators.injection.injector import Figures, Incidents, between, bounds_around, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL, OTHER_SIM
from generators.model.clock import DAY_MS, HOUR_MS, PERSON_S
from generators.model.plan import Holdings, Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.normal_calls import NormalCalls

NOTICED_MS = 10 * MINUTE_MS
"""A number whose calls outlast the planned time stays on the other SIM until at most this long after the last call."""


KNOWN = 0.5
"""Share of the calls that go to the owner's contacts at difficulty 1."""


@dataclass
class SimSwap(AnomalySettings):
    """Moves a user's number to another SIM and device elsewhere, adds calls from it and removes the owner's meanwhile.

    With growing difficulty there are fewer calls, over more hours, and a growing share (up to half) goes to the owner's
    contacts; SIM and device change at every difficulty.
    """

    fewest_calls: int = field(default=6, metadata=within(3, 1000))
    """The fewest calls of an incident."""
    most_calls: int = field(default=40, metadata=within(3, 1000))
    """The most calls of an incident."""
    shortest_gap_min: float = field(default=5.0, metadata=within(0, 1440))
    """The shortest time between the owner's last call and the swap."""
    longest_gap_min: float = field(default=60.0, metadata=within(0, 1440))
    """The longest time between the owner's last call and the swap."""
    held_h: float = field(default=2.0, metadata=within(0.1, 720))
    """Time for which the number is on the other SIM at difficulty 0; at 1 it is `longest_h`."""
    longest_h: float = field(default=20.0, metadata=within(0.1, 720))
    """Time for which the number is on the other SIM at difficulty 1."""
    abroad: float = field(default=0.3, metadata=within(0, 1))
    """Share of the calls to strangers that go abroad."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *OTHER_SIM)
    people: ClassVar[int] = 20
    figures: ClassVar[Figures] = {
        "calls": (6, 40),
        "callees": None,
        "within_s": (0, 86_400),
        "sims": (1, 1),
        "devices": (1, 1),
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls made from other SIMs."""
        normal = editable.normal
        bounds = bounds_around(self.most_calls, self.fewest_calls, self.difficulty)
        sizes = parted(calls, bounds, (self.fewest_calls, self.most_calls), rng, editable.spare())
        rows = editable.recruit(len(sizes))
        victims = editable.victims(len(sizes), rng, lambda c: editable.without_claimed_neighbours(c, LINE_FREE_MS))
        gap = talk_between(60 * self.shortest_gap_min, 60 * self.longest_gap_min, len(sizes), rng)
        held = int(between(self.held_h, max(self.held_h, self.longest_h), self.difficulty) * HOUR_MS)
        cut_off, span = fitted(line_free(victims, normal, rng), gap + held, normal)
        begin = cut_off + np.minimum(gap, span - span // 4)
        end = cut_off + span
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        start = times(begin[incident], (end - begin)[incident], normal, 0.0, rng)
        made, chain = redialled_instead(self._calls(normal, user, start, rng), incident, normal, rng)
        made = made._replace(phone=rows[incident], sim=rows[incident], device=rows[incident])
        made = queued(made, normal, PERSON_S, rng, chain)
        last = np.zeros(len(sizes), np.int64)
        np.maximum.at(last, incident, made.start_ms + normal.lasting(made))
        noticed = last + (rng.random(len(sizes)) * NOTICED_MS).astype(np.int64)
        end = np.minimum(np.maximum(end, noticed), normal.days * DAY_MS)
        lost, of_lost = editable.between(victims.user, cut_off, end)
        lost = lost._replace(gone=np.ones(len(lost.user), np.bool_))
        return of_records(
            Intents.joined([made, lost]),
            np.concatenate([incident, of_lost]),
            len(sizes),
            holdings=Holdings.of(victims.user, begin, end, rows, rows),
            holding_incident=np.arange(len(rows)),
        )

    def _calls(self, normal: "NormalCalls", user: Any, start: Any, rng: np.random.Generator) -> Intents:
        """Return calls to strangers, some of them abroad, and to the owner's contacts."""
        stranger = blended(normal.strangers(user, rng), normal.outsiders("foreign", len(user), rng), self.abroad, rng)
        callee = blended(stranger, normal.contacts(user, start, rng), KNOWN * self.difficulty, rng)
        return like_normal(new_calls(user, start, np.zeros(len(user), np.int64), callee, rng), normal, 1.0, rng)
