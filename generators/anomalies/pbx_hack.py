"""pbx_hack: a hacked exchange calls premium numbers when the office is empty.

In the field: who gets into a company's telephone exchange (by its voice mail, or a weak password) has it call premium
numbers at night and at weekends. NIST SP 800-24, "PBX vulnerability analysis"; CFCA, "2013 Global Fraud Loss Survey",
has it among the costliest methods. Figures (starting values): 30 to 300 calls a night, 18:00 to 07:00 and weekends.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS, HOUR_MS
from generators.deeds import Deed, blended, fitted, like_normal, talk_between, times
from generators.injection import Incidents, between, new_calls, parted
from generators.touches import ALL_OF_A_CALL

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class PbxHack(Deed):
    """Adds calls of a business user to premium numbers, out of office hours, several at a time.

    Difficulty spreads them over more nights, and is the share of the calls that keep people's hours, go to the user's
    own contacts and last as normal ones.
    """

    fewest_calls: int = field(default=30, metadata=within(8, 10_000))
    most_calls: int = field(default=300, metadata=within(8, 10_000))
    """In a night, at difficulty 0."""
    most_nights: float = field(default=10.0, metadata=within(1, 365))
    """Over how many nights they are spread at difficulty 1."""
    shortest_s: float = field(default=60.0, metadata=within(1, 7200))
    longest_s: float = field(default=1800.0, metadata=within(1, 14400))
    closes_h: int = field(default=18, metadata=within(12, 23))
    opens_h: int = field(default=7, metadata=within(1, 12))
    numbers: int = field(default=4, metadata=within(1, 50))
    """How many premium numbers one incident calls."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    least: ClassVar[int] = 8

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` calls to premium numbers."""
        sizes = parted(calls, (self.fewest_calls, self.most_calls), self.least, rng)
        victims = None if sizes is None else draft.victims(len(sizes), rng, draft.of_kind("business"))
        if sizes is None or victims is None:
            return None
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        many = max(1, round(between(1.0, self.most_nights, self.difficulty)))
        first, lasts = fitted(victims.start_ms, np.full(len(sizes), (many - 1) * DAY_MS), draft)
        night = (rng.random(calls) * (lasts[incident] // DAY_MS + 1)).astype(np.int64)
        begin, span = self._nights(draft, first[incident] + night * DAY_MS)
        start = times(begin, span, draft, 0.0, rng)
        usual = draft.rhythm(begin - begin % DAY_MS, np.full(calls, DAY_MS), rng)
        start = blended(start, usual, self.difficulty, rng)
        numbers = draft.outsiders("premium", len(sizes) * self.numbers, rng)
        callee = numbers[incident * self.numbers + rng.integers(0, self.numbers, calls)]
        callee = blended(callee, draft.contacts(user, start, rng), self.difficulty, rng)
        talk = talk_between(self.shortest_s, self.longest_s, calls, rng)
        made = like_normal(new_calls(user, start, talk, callee, rng), draft, self.difficulty, rng)
        return Incidents(made._replace(leg=np.ones(calls, np.bool_)), incident, [{}] * len(sizes))

    def _nights(self, draft: "Draft", moment_ms: Any) -> tuple[Any, Any]:
        """Return the night after each moment, or the day where it is a weekend's; begin and length [ms]."""
        day = moment_ms // DAY_MS
        free = draft.habits.weekend[day]
        begin = np.where(free, day * DAY_MS, day * DAY_MS + self.closes_h * HOUR_MS)
        length = np.where(free, DAY_MS, (24 - self.closes_h + self.opens_h) * HOUR_MS)
        return fitted(begin, length, draft)
