"""irsf: international revenue share fraud: long, overlapping calls to a few foreign numbers.

In the field: a stolen or hacked line calls numbers abroad whose owner shares what they cost, as many at a time as the
network lets it (by conference, or call forwarding). Europol and Trend Micro, "Cyber-Telecom Crime Report 2019". Figures
(starting values): 5 to 60 min, 2 to 10 at a time.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import HOUR_MS
from generators.deeds import Deed, blended, fitted, like_normal, talk_between, times
from generators.injection import Incidents, new_calls, parted
from generators.touches import ALL_OF_A_CALL

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class Irsf(Deed):
    """Adds long calls of a user to a few foreign numbers, several at a time.

    Difficulty lets fewer run at a time, down to one, gives that share of the calls the length and outcome of normal
    ones, to the user's own contacts, and has them keep people's hours.
    """

    fewest_calls: int = field(default=20, metadata=within(6, 10_000))
    most_calls: int = field(default=200, metadata=within(6, 10_000))
    shortest_s: float = field(default=300.0, metadata=within(1, 7200))
    longest_s: float = field(default=3600.0, metadata=within(1, 14400))
    at_a_time: float = field(default=8.0, metadata=within(1, 50))
    """At difficulty 0; at 1 they are spread over `longest_h`."""
    longest_h: float = field(default=240.0, metadata=within(1, 720))
    numbers: int = field(default=3, metadata=within(1, 50))
    """How many foreign numbers one incident calls."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    least: ClassVar[int] = 6

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` calls abroad."""
        sizes = parted(calls, (self.fewest_calls, self.most_calls), self.least, rng)
        victims = None if sizes is None else draft.victims(len(sizes), rng)
        if sizes is None or victims is None:
            return None
        incident = np.repeat(np.arange(len(sizes)), sizes)
        talk = talk_between(self.shortest_s, self.longest_s, calls, rng)
        crude = np.bincount(incident, talk) / self.at_a_time
        span = crude * (np.maximum(self.longest_h * HOUR_MS / crude, 1.0)) ** self.difficulty
        begin, span = fitted(victims.start_ms, span, draft)
        user = victims.user[incident]
        start = times(begin[incident], span[incident], draft, self.difficulty, rng)
        numbers = draft.outsiders("foreign", len(sizes) * self.numbers, rng)
        crude_callee = numbers[incident * self.numbers + rng.integers(0, self.numbers, calls)]
        callee = blended(crude_callee, draft.contacts(user, start, rng), self.difficulty, rng)
        made = like_normal(new_calls(user, start, talk, callee, rng), draft, self.difficulty, rng)
        made = made._replace(leg=np.ones(calls, np.bool_))
        hours = [{"hours": round(s / HOUR_MS, 2)} for s in span.tolist()]
        return Incidents(made, incident, hours)
