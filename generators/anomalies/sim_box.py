"""sim_box: many SIMs in few devices at one place pass the calls of others on.

In the field (bypass fraud, a GSM gateway): calls from abroad enter by the internet and leave as local ones, from SIMs
that only call, very many different people, from one place. Murynets, Zabarankin, Jover and Panagia, "Analysis and
detection of SIMbox fraud in mobility networks", INFOCOM 2014: they stand still, and call far more than they are called.
How many SIMs share a device is a starting value.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS
from generators.deeds import Deed, called_back, fitted, like_normal, members, queued, recruited, some, subscribed, times
from generators.injection import Incidents, between, new_calls, parted
from generators.touches import ALL_OF_A_CALL, NEW_USERS

if TYPE_CHECKING:
    from generators.draft import Draft

LEAST_SPAN_MS = 7_200_000


@dataclass
class SimBox(Deed):
    """Adds calls of normal length from new SIMs in few devices that stand still, to strangers, around the clock.

    Difficulty slows the SIMs down, gives each its own device, and is the share of the SIMs that are carried about, and
    of the calls that keep people's hours and go to one circle of people again and again, who make half of them.
    """

    fewest_sims: int = field(default=5, metadata=within(2, 1000))
    most_sims: int = field(default=60, metadata=within(2, 1000))
    calls_per_sim: int = field(default=60, metadata=within(1, 10_000))
    """Of a box of full size: how many calls a SIM makes before it is found out; more where there are too few SIMs."""
    calls_per_day: float = field(default=150.0, metadata=within(1, 1000))
    """Of one SIM, at difficulty 0."""
    slowest: float = field(default=0.04, metadata=within(0.001, 1))
    """Part of that pace that is left at difficulty 1."""
    sims_per_device: float = field(default=8.0, metadata=within(1, 64))
    """At difficulty 0; one at 1."""

    level: ClassVar[str] = "group"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS, "unique_identifiers")
    least: ClassVar[int] = 30

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` calls by boxes of SIMs."""
        per_sim = max(self.calls_per_sim, calls // max(draft.spare(still=True), 1) + 1)
        bounds = (self.fewest_sims * per_sim, self.most_sims * per_sim)
        sizes = parted(calls, bounds, self.least, rng)
        begin = draft.moments(1 if sizes is None else len(sizes), rng)
        if sizes is None or begin is None:
            return None
        sims = np.clip(sizes // per_sim, self.fewest_sims, self.most_sims)
        box, first = np.repeat(np.arange(len(sims)), sims), np.cumsum(sims) - sims
        roam = some(len(box), self.difficulty, rng)
        roam[first] = False
        rows = recruited(draft, roam)
        if rows is None:
            return None
        incident = np.repeat(np.arange(len(sizes)), sizes)
        which = members(incident, sims, rng)
        pace = self.calls_per_day * between(1.0, self.slowest, self.difficulty) * sims / DAY_MS
        begin, span = fitted(begin, np.maximum(sizes / pace, LEAST_SPAN_MS), draft)
        slot = np.arange(len(rows)) - first[box]
        device = rows[first[box] + (slot / between(self.sims_per_device, 1.0, self.difficulty)).astype(np.int64)]
        start = times(begin[incident], span[incident], draft, self.difficulty, rng)
        host = rng.integers(0, draft.num_users, len(rows))[which]
        friends = rng.random(calls) < self.difficulty
        callee = np.where(friends, draft.contacts(host, start, rng), draft.strangers(host, rng))
        made = new_calls(rows[which], start, np.zeros(calls, np.int64), callee, rng)
        made = queued(like_normal(made, draft, 1.0, rng), draft)
        moves = ~draft.habits.people.still[rows[which]]
        place = np.where(moves, rows[which], rows[first[incident]])
        made = made._replace(phone=place, device=device[which], move=np.where(moves, made.move, 0.0))
        made = called_back(made, friends, incident, draft, rng)
        return Incidents(
            made,
            incident,
            [{"sims": int(s), "devices": len(set(device[box == i].tolist()))} for i, s in enumerate(sims)],
            subscribed(rows, begin[box], device, rng),
            box,
            np.split(rows, first[1:]),
        )
