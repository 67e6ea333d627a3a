"""pbx_hack: a hacked private branch exchange calls premium numbers outside office hours.

In the field: an attacker gets into a company's telephone exchange (by its voice mail, or a weak password) and makes it
call premium numbers at night and at weekends. NIST SP 800-24, "PBX vulnerability analysis"; CFCA, "2013 Global Fraud
Loss Survey", lists it among the costliest methods. Figures (starting values): 30 to 300 calls a night, 18:00 to 07:00
and weekends.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import AnomalySettings, like_normal, talk_between, times
from generators.injection.injector import Figures, Incidents, bounds_around, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL
from generators.model.clock import DAY_MS, HOUR_MS

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class PbxHack(AnomalySettings):
    """Adds calls of a business user to premium numbers, out of office hours, several at a time; an incident is a night.

    With growing difficulty there are fewer calls. The difficulty is also the share of the calls at hours of the night
    at which people call, and with normal talk times.
    """

    fewest_calls: int = field(default=30, metadata=within(8, 10_000))
    """The fewest calls of a night; about as many are made at difficulty 1."""
    most_calls: int = field(default=300, metadata=within(8, 10_000))
    """The most calls of a night; about as many are made at difficulty 0."""
    shortest_s: float = field(default=60.0, metadata=within(1, 7200))
    """The shortest talk time of one of its calls."""
    longest_s: float = field(default=1800.0, metadata=within(1, 14400))
    """The longest talk time of one of its calls."""
    closes_h: int = field(default=18, metadata=within(12, 23))
    """Local hour at which the office closes; calls start after it."""
    opens_h: int = field(default=7, metadata=within(1, 12))
    """Local hour at which the office opens; calls start before it."""
    numbers: int = field(default=4, metadata=within(1, 50))
    """Number of premium numbers that one incident calls."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    people: ClassVar[int] = 40
    figures: ClassVar[Figures] = {
        "calls": (30, 300),
        "callees": (1, 4),
        "within_s": (0, 86_400),
        "median_s": None,
        "at_a_time": None,
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that a night can have."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls to premium numbers."""
        normal = editable.normal
        bounds = bounds_around(self.most_calls, self.fewest_calls, self.difficulty)
        offices = editable.life.of_kind("business")
        sizes = parted(calls, bounds, (self.fewest_calls, self.most_calls), rng, int(offices.sum()))
        victims = editable.victims(len(sizes), rng, lambda c: offices[c.user])
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        begin, span = self._nights(editable, victims.start_ms)
        start = times(begin[incident], span[incident], normal, self.difficulty, rng)
        numbers = normal.outsiders("premium", len(sizes) * self.numbers, rng)
        callee = numbers[incident * self.numbers + rng.integers(0, self.numbers, calls)]
        talk = talk_between(self.shortest_s, self.longest_s, calls, rng)
        made = like_normal(new_calls(user, start, talk, callee, rng), normal, self.difficulty, rng)
        return of_records(made._replace(leg=np.ones(calls, np.bool_)), incident, len(sizes))

    def _nights(self, editable: "EditablePlan", moment_ms: Any) -> tuple[Any, Any]:
        """Return begin and length [ms] of the night after each moment, or of the day where it is a day off."""
        day = moment_ms // DAY_MS
        free = editable.life.weekend[day]
        begin = np.where(free, day * DAY_MS, day * DAY_MS + self.closes_h * HOUR_MS)
        length = np.where(free, DAY_MS, (24 - self.closes_h + self.opens_h) * HOUR_MS)
        return begin, np.minimum(length, editable.normal.days * DAY_MS - begin)
