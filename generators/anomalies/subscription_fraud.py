"""subscription_fraud: a new subscription under a false name is used far beyond what people use.

In the field: who does not mean to pay opens a subscription and calls as much as it can until it is cut off. Estevez,
Held and Perez, "Subscription fraud prevention in telecommunications using fuzzy rules and neural networks", Expert
Systems with Applications 31 (2006) 337-344. Figures (starting values): five to twenty times the usual use within the
first 1 to 30 days.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS
from generators.deeds import Deed, blended, called_back, fitted, like_normal, queued, times
from generators.injection import Incidents, between, new_calls, parted
from generators.plan import FOR_EVER, Holdings
from generators.touches import ALL_OF_A_CALL, NEW_USERS

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class SubscriptionFraud(Deed):
    """Adds the calls of a new subscription without ties: many, to strangers and abroad, long.

    Difficulty brings its use down to that of a lively user, and is the share of its calls that go to one circle of
    people again and again, who make half of them.
    """

    times_usual: float = field(default=20.0, metadata=within(1, 200))
    """Use at difficulty 0, relative to an average user's."""
    times_at_most_difficult: float = field(default=2.0, metadata=within(0.1, 200))
    longest_days: float = field(default=30.0, metadata=within(1, 365))
    abroad: float = field(default=0.3, metadata=within(0, 1))
    """Share of the calls to strangers that go abroad."""
    times_as_long: float = field(default=3.0, metadata=within(1, 20))
    """Talk time at difficulty 0, relative to normal calls."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS)
    least: ClassVar[int] = 10

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` calls of new subscriptions."""
        pace = draft.calls_per_day * between(self.times_usual, self.times_at_most_difficult, self.difficulty)
        most = max(self.least, int(pace * min(self.longest_days, draft.days / 2)))
        sizes = parted(calls, (min(most, max(self.least, int(pace))), most), self.least, rng, draft.spare())
        rows = None if sizes is None else draft.recruit(len(sizes))
        begin = None if sizes is None else draft.moments(len(sizes), rng)
        if sizes is None or rows is None or begin is None:
            return None
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(rows, sizes)
        begin, span = fitted(begin, sizes / pace * DAY_MS, draft)
        start = times(begin[incident], span[incident], draft, 1.0, rng)
        host = rng.integers(0, draft.num_users, len(rows))[incident]
        stranger = blended(draft.strangers(host, rng), draft.outsiders("foreign", calls, rng), self.abroad, rng)
        friends = rng.random(calls) < self.difficulty
        callee = np.where(friends, draft.contacts(host, start, rng), stranger)
        made = new_calls(user, start, np.zeros(calls, np.int64), callee, rng)
        made = like_normal(made, draft, 1.0, rng)
        longer = between(self.times_as_long, 1.0, self.difficulty)
        made = queued(made._replace(talk_ms=(made.talk_ms * longer).astype(np.int64)), draft)
        made = called_back(made, friends, incident, draft, rng)
        days = [{"days": round(s / DAY_MS, 2)} for s in span.tolist()]
        held = Holdings.of(rows, begin, FOR_EVER, rows, rows)
        return Incidents(made, incident, days, held, np.arange(len(rows)), list(rows[:, None]))
