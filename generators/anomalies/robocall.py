"""robocall: machines make very many calls of a few seconds each, and receive almost none.

In the field: automated calls that sell, survey or deceive. Prasad et al., "Who's calling? Characterizing robocalls
through audio and metadata analysis", USENIX Security 2020. Figures: 5 to 30 s, reciprocity below 0.05; the pace and
the share that is answered are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import (
    AnomalySettings,
    around_a_circle,
    blended,
    called_back,
    fitted,
    members,
    queued,
    recruited,
    some,
    subscribed,
    talk_between,
    times,
)
from generators.injection.injector import Figures, Incidents, between, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL, NEW_USERS
from generators.model.clock import HOUR_MS, MACHINE_S
from generators.model.outcome import MISSED

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class Robocall(AnomalySettings):
    """Adds short calls at any hour from a few numbers that do not move to numbers drawn at random.

    With growing difficulty the machines get slower. The difficulty is also the share of them that are phones which
    people carry, the share of the calls at the hours of normal calls, and the share of the callees from one circle of
    people (stolen address books). A few callees call back (collateral).
    """

    fewest_calls: int = field(default=200, metadata=within(20, 100_000))
    """The fewest calls of a campaign."""
    most_calls: int = field(default=3000, metadata=within(20, 100_000))
    """The most calls of a campaign."""
    calls_per_machine: int = field(default=100, metadata=within(10, 10_000))
    """Calls of a campaign per dialling number; a larger campaign has more numbers, up to `most_machines`."""
    most_machines: int = field(default=8, metadata=within(1, 100))
    """The most numbers that dial in one campaign."""
    calls_per_hour: float = field(default=90.0, metadata=within(1, 120))
    """Calls per hour of one machine at difficulty 0."""
    slowest: float = field(default=0.02, metadata=within(0.0001, 1))
    """Factor on `calls_per_hour` at difficulty 1."""
    answered: float = field(default=0.5, metadata=within(0, 1))
    """Share of the calls that are answered."""
    calls_back: float = field(default=0.02, metadata=within(0, 1))
    """Probability that a call is followed by a call back, at difficulty 1; 0 at difficulty 0."""
    shortest_s: float = field(default=5.0, metadata=within(1, 600))
    """The shortest talk time of one of its calls."""
    longest_s: float = field(default=30.0, metadata=within(1, 600))
    """The longest talk time of one of its calls."""

    level: ClassVar[str] = "group"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS)
    people: ClassVar[int] = 100
    figures: ClassVar[Figures] = {
        "calls": None,
        "callers": (1, 8),
        "callees": None,
        "median_s": (5, 30),
        "longest_s": (5, 30),
        "calls_per_hour": None,
        "calls_back": None,
        "reciprocity": (0, 0.05),
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls by machines."""
        normal = editable.normal
        bounds = self.fewest_calls, self.most_calls
        sizes = parted(calls, bounds, bounds, rng)
        begin = normal.moments(len(sizes), rng)
        machines = np.clip(sizes // self.calls_per_machine, 1, self.most_machines)
        rows = recruited(editable, some(int(machines.sum()), self.difficulty, rng))
        incident = np.repeat(np.arange(len(sizes)), sizes)
        which = members(incident, machines)
        pace = self.calls_per_hour * between(1.0, self.slowest, self.difficulty) * machines / HOUR_MS
        begin, span = fitted(begin, sizes / pace, normal)
        start = times(begin[incident], span[incident], normal, self.difficulty, rng)
        circle = around_a_circle(normal.strangers(rows, rng)[which], start, normal, rng)
        callee = blended(normal.different(sizes, rng), circle, self.difficulty, rng)
        heard = rng.random(calls) < self.answered
        talk = np.where(heard, talk_between(self.shortest_s, self.longest_s, calls, rng), 0)
        made = new_calls(rows[which], start, talk, callee, rng)
        made = made._replace(
            outcome=np.where(heard, made.outcome, MISSED),
            move=np.where(editable.life.subscribers.still[rows[which]], 0.0, made.move),
        )
        made, of = called_back(
            queued(made, normal, MACHINE_S, rng), incident, self.calls_back * self.difficulty, normal, rng
        )
        group = np.repeat(np.arange(len(machines)), machines)
        return of_records(
            made,
            of,
            len(sizes),
            holdings=subscribed(rows, begin[group], rows, normal, rng),
            holding_incident=group,
            actors=np.split(rows, np.cumsum(machines)[:-1]),
        )
