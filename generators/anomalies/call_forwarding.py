"""call_forwarding: a user's line is made to pass calls on to a number abroad, several at a time.

In the field: forwarding is set on a stolen or hacked line; calls to it go on at the user's cost, each a leg of its own
that leaves the phone free. 3GPP TS 22.082 (the service); "call forwarding fraud" in the GSMA's taxonomy of fraud, as
MISP publishes it (gsma-fraud). The figures are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import HOUR_MS
from generators.deeds import MINUTE_MS, Deed, blended, fitted, like_normal, talk_between, times
from generators.injection import Incidents, between, new_calls, parted
from generators.touches import ALL_OF_A_CALL

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class CallForwarding(Deed):
    """Adds legs from a user to one number abroad; the line itself stays free for the user's own calls.

    Difficulty lets fewer run at a time, over more hours, and is the share of them that keep people's hours, last as
    normal calls and go to the user's own contacts.
    """

    fewest_calls: int = field(default=10, metadata=within(4, 10_000))
    most_calls: int = field(default=120, metadata=within(4, 10_000))
    shortest_s: float = field(default=60.0, metadata=within(1, 7200))
    longest_s: float = field(default=1200.0, metadata=within(1, 14400))
    at_a_time: float = field(default=6.0, metadata=within(1, 50))
    """Legs that begin within a minute, at difficulty 0; at 1 a single one."""
    within_h: float = field(default=6.0, metadata=within(0.1, 720))
    """How long it takes, at difficulty 0; at 1 it takes `longest_h`."""
    longest_h: float = field(default=120.0, metadata=within(0.1, 720))

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    least: ClassVar[int] = 4

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` legs."""
        sizes = parted(calls, (self.fewest_calls, self.most_calls), self.least, rng)
        victims = None if sizes is None else draft.victims(len(sizes), rng)
        if sizes is None or victims is None:
            return None
        span = between(self.within_h, max(self.within_h, self.longest_h), self.difficulty) * HOUR_MS
        begin, lasts = fitted(victims.start_ms, np.full(len(sizes), span), draft)
        incident, user = np.repeat(np.arange(len(sizes)), sizes), np.repeat(victims.user, sizes)
        start = times(begin[incident], lasts[incident], draft, self.difficulty, rng)
        at_once = max(1, round(between(self.at_a_time, 1.0, self.difficulty)))
        place = np.arange(calls) - (np.cumsum(sizes) - sizes)[incident]
        leader = np.arange(calls) - place % at_once
        start = np.minimum(start[leader] + (rng.random(calls) * MINUTE_MS).astype(np.int64), (begin + lasts)[incident])
        callee = draft.outsiders("foreign", len(sizes), rng)[incident]
        callee = blended(callee, draft.contacts(user, start, rng), self.difficulty, rng)
        talk = talk_between(self.shortest_s, self.longest_s, calls, rng)
        made = like_normal(new_calls(user, start, talk, callee, rng), draft, self.difficulty, rng)
        hours = [{"hours": round(h / HOUR_MS, 2), "at_a_time": at_once} for h in lasts.tolist()]
        return Incidents(made._replace(leg=np.ones(calls, np.bool_)), incident, hours)
