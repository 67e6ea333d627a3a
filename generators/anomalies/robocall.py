"""robocall: machines call very many people for some seconds each, and are never called.

In the field: automated calls that sell, survey or deceive. Prasad et al., "Who's calling? Characterizing robocalls
through audio and metadata analysis", USENIX Security 2020. Figures: 5 to 30 s, reciprocity below 0.05; the pace and
the share that is answered are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.calls.outcome import MISSED
from generators.clock import HOUR_MS
from generators.deeds import (
    Deed,
    called_back,
    fitted,
    like_normal,
    members,
    queued,
    recruited,
    some,
    subscribed,
    talk_between,
    times,
)
from generators.injection import Incidents, between, new_calls, parted
from generators.touches import ALL_OF_A_CALL, NEW_USERS

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class Robocall(Deed):
    """Adds short calls of a few new numbers that stand still, to strangers, at any hour.

    Difficulty slows the machines down, is the share of them that are phones which people carry, and of the calls that
    last as normal ones, keep people's hours and go to one circle of people again and again, who make half of them.
    """

    fewest_calls: int = field(default=200, metadata=within(20, 100_000))
    most_calls: int = field(default=3000, metadata=within(20, 100_000))
    calls_per_machine: int = field(default=100, metadata=within(10, 10_000))
    most_machines: int = field(default=8, metadata=within(1, 100))
    calls_per_hour: float = field(default=90.0, metadata=within(1, 120))
    """Of one machine, at difficulty 0."""
    slowest: float = field(default=0.01, metadata=within(0.0001, 1))
    """Part of that pace that is left at difficulty 1."""
    answered: float = field(default=0.5, metadata=within(0, 1))
    shortest_s: float = field(default=5.0, metadata=within(1, 600))
    longest_s: float = field(default=30.0, metadata=within(1, 600))

    level: ClassVar[str] = "group"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS)
    least: ClassVar[int] = 20

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` calls by machines."""
        sizes = parted(calls, (self.fewest_calls, self.most_calls), self.least, rng)
        begin = draft.moments(1 if sizes is None else len(sizes), rng)
        if sizes is None or begin is None:
            return None
        machines = np.clip(sizes // self.calls_per_machine, 1, self.most_machines)
        rows = recruited(draft, some(int(machines.sum()), self.difficulty, rng))
        if rows is None:
            return None
        incident = np.repeat(np.arange(len(sizes)), sizes)
        which = members(incident, machines, rng)
        pace = self.calls_per_hour * between(1.0, self.slowest, self.difficulty) * machines / HOUR_MS
        begin, span = fitted(begin, sizes / pace, draft)
        start = times(begin[incident], span[incident], draft, self.difficulty, rng)
        host = rng.integers(0, draft.num_users, len(rows))[which]
        friends = rng.random(calls) < self.difficulty
        callee = np.where(friends, draft.contacts(host, start, rng), draft.strangers(host, rng))
        heard = rng.random(calls) < self.answered
        talk = np.where(heard, talk_between(self.shortest_s, self.longest_s, calls, rng), 0)
        made = new_calls(rows[which], start, talk, callee, rng)
        made = made._replace(
            outcome=np.where(heard, made.outcome, MISSED),
            move=np.where(draft.habits.people.still[rows[which]], 0.0, made.move),
        )
        made = queued(like_normal(made, draft, self.difficulty, rng), draft)
        made = called_back(made, friends, incident, draft, rng)
        group = np.repeat(np.arange(len(machines)), machines)
        parameters = [{"machines": n} for n in machines.tolist()]
        held = subscribed(rows, begin[group], rows, rng)
        return Incidents(made, incident, parameters, held, group, np.split(rows, np.cumsum(machines)[:-1]))
