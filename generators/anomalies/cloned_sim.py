"""cloned_sim: a second phone uses a copy of a user's SIM beside the owner.

In the field: one IMSI in two devices, calls that overlap, and places too far apart for the time between (a velocity
check looks for more than 300 km/h). Fawcett and Provost, "Adaptive fraud detection", Data Mining and Knowledge
Discovery 1 (1997) 291-316, on cloned phones, whose use comes on top of the owner's. The figures are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS
from generators.deeds import Deed, blended, fitted, like_normal, queued, times
from generators.injection import Incidents, between, new_calls, parted
from generators.touches import ALL_OF_A_CALL, OTHER_DEVICE

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class ClonedSim(Deed):
    """Adds the calls of another person, who moves on its own, under the user's number and SIM from another device.

    Difficulty spreads the calls over more days, lets that share keep people's hours and go to the owner's contacts.
    """

    fewest_calls: int = field(default=10, metadata=within(4, 1000))
    most_calls: int = field(default=80, metadata=within(4, 1000))
    within_days: float = field(default=0.5, metadata=within(0.05, 60))
    """How long the calls take, at difficulty 0; at 1 they take `longest_days`."""
    longest_days: float = field(default=7.0, metadata=within(0.05, 60))
    abroad: float = field(default=0.2, metadata=within(0, 1))
    """Share of the calls to strangers that go abroad."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *OTHER_DEVICE)
    least: ClassVar[int] = 4

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` calls by second phones."""
        sizes = parted(calls, (self.fewest_calls, self.most_calls), self.least, rng, draft.spare())
        rows = None if sizes is None else draft.recruit(len(sizes))
        victims = None if sizes is None or rows is None else draft.victims(len(sizes), rng)
        if sizes is None or rows is None or victims is None:
            return None
        span = between(self.within_days, max(self.within_days, self.longest_days), self.difficulty) * DAY_MS
        begin, lasts = fitted(victims.start_ms, np.full(len(sizes), span), draft)
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        start = times(begin[incident], lasts[incident], draft, self.difficulty, rng)
        stranger = blended(draft.strangers(user, rng), draft.outsiders("foreign", calls, rng), self.abroad, rng)
        callee = blended(stranger, draft.contacts(user, start, rng), self.difficulty, rng)
        made = like_normal(new_calls(user, start, np.zeros(calls, np.int64), callee, rng), draft, 1.0, rng)
        made = made._replace(phone=rows[incident], device=rows[incident], leg=np.ones(calls, np.bool_))
        days = [{"days": round(s / DAY_MS, 2)} for s in lasts.tolist()]
        return Incidents(queued(made, draft), incident, days)
