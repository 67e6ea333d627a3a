"""tdos: very many calls within minutes keep a number from being reached.

In the field (telephony denial of service): an emergency line, a hospital or somebody's bank is called by many phones at
once, which infected devices or hired dialers are made to do. FBI, public service announcement of 17 February 2021;
Guri, Mirsky and Elovici, "9-1-1 DDoS: threat, analysis and mitigation", arXiv 1609.02353 (2016). Figures (starting
values): 100 to 1,000 calls in 10 min, 0 to 10 s each.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.calls.outcome import BUSY
from generators.clock import DAY_MS, HOUR_MS
from generators.deeds import MINUTE_MS, Deed, blended, fitted, like_normal, talk_between, times
from generators.injection import Incidents, between, new_calls, parted
from generators.touches import ALL_OF_A_CALL

if TYPE_CHECKING:
    from generators.draft import Draft


OF_CONTACTS = 3


@dataclass
class Tdos(Deed):
    """Adds calls of many users to one user.

    Difficulty stretches them, spreads them over more callers, and is the share of them that come around the attack, at
    people's hours, of those with the length and outcome of normal calls, and of the callers whom the victim knows:
    what makes phones call may spread by address books.
    """

    fewest_calls: int = field(default=100, metadata=within(20, 100_000))
    most_calls: int = field(default=1000, metadata=within(20, 100_000))
    within_min: float = field(default=10.0, metadata=within(1, 10_000))
    """How long an attack of full size takes at difficulty 0; at 1 it takes `longest_h`."""
    longest_h: float = field(default=24.0, metadata=within(0.1, 720))
    around_days: float = field(default=7.0, metadata=within(0.01, 365))
    """Over how many days the calls around the attack are spread."""
    calls_per_caller: float = field(default=5.0, metadata=within(1, 1000))
    """At difficulty 0; one at 1."""
    busy: float = field(default=0.5, metadata=within(0, 1))
    """Share of the calls that find the line taken."""
    shortest_s: float = field(default=1.0, metadata=within(1, 600))
    longest_s: float = field(default=10.0, metadata=within(1, 600))

    level: ClassVar[str] = "group"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    least: ClassVar[int] = 20

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` calls to victims."""
        sizes = parted(calls, (self.fewest_calls, self.most_calls), self.least, rng)
        victims = None if sizes is None else draft.victims(len(sizes), rng)
        if sizes is None or victims is None:
            return None
        full = np.minimum(2.0 * sizes / (self.fewest_calls + self.most_calls), 1.0) * self.within_min * MINUTE_MS
        span = full * np.maximum(self.longest_h * HOUR_MS / full, 1.0) ** self.difficulty
        begin, span = fitted(victims.start_ms, span, draft)
        incident = np.repeat(np.arange(len(sizes)), sizes)
        many = np.ceil(sizes / between(self.calls_per_caller, 1.0, self.difficulty)).astype(np.int64)
        callers = self._callers(draft, np.repeat(victims.user, many), rng)
        which = (np.cumsum(many) - many)[incident] + (rng.random(calls) * many[incident]).astype(np.int64)
        start = self._starts(draft, victims.start_ms, (begin, span), incident, rng)
        talk = talk_between(self.shortest_s, self.longest_s, calls, rng)
        made = new_calls(callers[which], start, talk, victims.user[incident], rng)
        found_busy = rng.random(calls) < self.busy
        made = made._replace(talk_ms=np.where(found_busy, 0, talk), outcome=np.where(found_busy, BUSY, made.outcome))
        made = like_normal(made, draft, self.difficulty, rng)
        start = draft.when_free(made.user, incident, made.start_ms, made.talk_ms)
        minutes = [{"minutes": round(s / MINUTE_MS, 1)} for s in span.tolist()]
        return Incidents(made._replace(start_ms=start), incident, minutes)

    def _callers(self, draft: "Draft", called: Any, rng: np.random.Generator) -> Any:
        """Return a caller for each of these victims: a stranger, or the liveliest of some whom it calls itself."""
        last, strangers = np.full(len(called), draft.days * DAY_MS - 1), draft.strangers(called, rng)
        known = np.array([draft.contacts(called, last, rng) for _ in range(OF_CONTACTS)])
        known = np.where(known < draft.num_users, known, strangers)
        liveliest = draft.counts.sum(axis=0)[known].argmax(axis=0)
        return blended(strangers, known[liveliest, np.arange(len(called))], self.difficulty, rng)

    def _starts(
        self, draft: "Draft", moment_ms: Any, attack: tuple[Any, Any], incident: Any, rng: np.random.Generator
    ) -> Any:
        """Return when each call starts: within its attack, or around it [ms]."""
        crude = times(attack[0][incident], attack[1][incident], draft, 0.0, rng)
        begin, span = fitted(moment_ms - int(self.around_days * DAY_MS / 2), self.around_days * DAY_MS, draft)
        return blended(crude, times(begin[incident], span[incident], draft, 1.0, rng), self.difficulty, rng)
