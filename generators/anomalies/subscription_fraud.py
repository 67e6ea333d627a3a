"""subscription_fraud: a new subscription under a false name is used far more than a normal one.

In the field: somebody who does not mean to pay opens a subscription and calls as much as possible until it is cut off.
Estevez, Held and Perez, "Subscription fraud prevention in telecommunications using fuzzy rules and neural networks",
Expert Systems with Applications 31 (2006) 337-344. Figures (starting values): five to twenty times the usual use within
the first 1 to 30 days.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import (
    AnomalySettings,
    blended,
    called_back,
    fitted,
    like_normal,
    opened,
    queued,
    redialled_instead,
    stretched,
    times,
)
from generators.injection.injector import Figures, Incidents, between, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL, NEW_USERS
from generators.model.clock import DAY_MS, PERSON_S
from generators.model.plan import FOR_EVER, Holdings

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class SubscriptionFraud(AnomalySettings):
    """Adds the many long calls of a new subscription without ties, to strangers and abroad.

    With growing difficulty its use falls from twenty times an average user's to five times. The difficulty is also the
    share of its calls to one circle of people, called repeatedly, who often call back (collateral).
    """

    times_usual: float = field(default=18.0, metadata=within(1, 200))
    """Calls per day at difficulty 0, relative to an average user's."""
    times_at_most_difficult: float = field(default=5.7, metadata=within(0.1, 200))
    """Calls per day at difficulty 1, relative to an average user's."""
    longest_days: float = field(default=29.0, metadata=within(1, 365))
    """The longest time for which such a subscription is used."""
    abroad: float = field(default=0.3, metadata=within(0, 1))
    """Share of the calls to strangers that go abroad."""
    times_as_long: float = field(default=3.0, metadata=within(1, 20))
    """Talk time at difficulty 0, relative to normal calls."""
    calls_back: float = field(default=0.5, metadata=within(0, 1))
    """Probability that a call to a member of its circle is followed by a call back."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS)
    people: ClassVar[int] = 20
    figures: ClassVar[Figures] = {
        "calls": None,
        "callees": None,
        "times_usual": (5, 20),
        "within_s": (0, 30 * 86_400),
        "calls_back": None,
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have: about a day's where people call three times a day."""
        return int(3 * between(self.times_usual, self.times_at_most_difficult, self.difficulty))

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls of new subscriptions."""
        normal = editable.normal
        pace = normal.calls_per_day * between(self.times_usual, self.times_at_most_difficult, self.difficulty)
        bounds = self.least, max(self.least, int(pace * min(self.longest_days, normal.days / 2)))
        sizes = parted(calls, bounds, bounds, rng, editable.spare())
        rows = editable.recruit(len(sizes))
        begin = normal.moments(len(sizes), rng)
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(rows, sizes)
        begin, span = fitted(begin, (sizes - 1) / pace * DAY_MS, normal)
        start = stretched(times(begin[incident], span[incident], normal, 1.0, rng), incident, begin, span)
        host = normal.strangers(rows, rng)[incident]
        stranger = blended(normal.different(sizes, rng), normal.outsiders("foreign", calls, rng), self.abroad, rng)
        friends = rng.random(calls) < self.difficulty
        callee = np.where(friends, normal.contacts(host, start, rng), stranger)
        made = new_calls(user, start, np.zeros(calls, np.int64), callee, rng)
        made, chain = redialled_instead(like_normal(made, normal, 1.0, rng), incident, normal, rng)
        longer = between(self.times_as_long, 1.0, self.difficulty)
        made = made._replace(talk_ms=(made.talk_ms * longer).astype(np.int64))
        made = queued(made, normal, PERSON_S, rng, chain)
        made, of = called_back(made, incident, self.calls_back * friends[chain], normal, rng)
        age = rng.random(len(rows)) * np.maximum((self.longest_days - 1) * DAY_MS - span, 0)
        held = Holdings.of(rows, opened((begin - age).astype(np.int64), begin, rng), FOR_EVER, rows, rows)
        more = {"holdings": held, "holding_incident": np.arange(len(rows)), "actors": list(rows[:, None])}
        return of_records(made, of, len(sizes), **more)
