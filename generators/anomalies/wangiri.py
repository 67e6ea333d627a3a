"""wangiri: a number rings very many people once, so that some call back.

In the field ("one ring and cut"): an automatic dialler lets numbers ring for a second; who calls back pays for minutes
at a rate that the number's owner shares. Europol and Trend Micro, "Cyber-Telecom Crime Report 2019"; Prasad et al.,
"Who's calling? Characterizing robocalls through audio and metadata analysis", USENIX Security 2020, measure it. The
figures of this entry (rings an hour, share of those who call back) are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import above, within
from generators.calls.outcome import MISSED
from generators.clock import HOUR_MS
from generators.deeds import Deed, fitted, like_normal, queued, subscribed, talk_between
from generators.injection import Incidents, between, new_calls, parted
from generators.plan import Intents
from generators.touches import ALL_OF_A_CALL, NEW_USERS

if TYPE_CHECKING:
    from generators.draft import Draft

RING_MS, ANSWERED_SHARE = 1000, 0.05


@dataclass
class Wangiri(Deed):
    """Adds calls of a new number to strangers, nearly all missed, and the victims' calls back.

    Difficulty slows the dialler down to `slowest` of its pace and gives that share of the calls the length and outcome
    of normal ones.
    """

    fewest_calls: int = field(default=200, metadata=within(20, 100_000))
    most_calls: int = field(default=2000, metadata=within(20, 100_000))
    calls_per_hour: float = field(default=2000.0, metadata=within(1, 3600))
    """At difficulty 0."""
    slowest: float = field(default=0.01, metadata=above(0))
    call_back: float = field(default=0.03, metadata=within(0, 1))
    """Share of those rung who call back, within `within_h`."""
    within_h: float = field(default=2.0, metadata=within(0.01, 24))
    shortest_s: float = field(default=60.0, metadata=within(1, 3600))
    longest_s: float = field(default=600.0, metadata=within(1, 3600))
    """Of a call back."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS)
    least: ClassVar[int] = 20

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Add `calls` rings and calls back."""
        sizes = parted(calls, (self.fewest_calls, self.most_calls), self.least, rng, draft.spare(still=True))
        rows = None if sizes is None else draft.recruit(len(sizes), still=True)
        begin = None if sizes is None else draft.moments(len(sizes), rng)
        if rows is None or begin is None:
            return None
        backs = np.round(sizes * self.call_back / (1 + self.call_back)).astype(np.int64)
        pace = between(1.0, self.slowest, self.difficulty) * self.calls_per_hour / HOUR_MS
        span = (sizes / pace).astype(np.int64)
        begin, span = fitted(begin, span, draft)
        rings = self._rings(draft, (rows, begin, span), sizes - backs, rng)
        incident = np.repeat(np.arange(len(sizes)), sizes - backs)
        back, of_back = self._backs(draft, rings, (incident, backs), rng)
        parameters = [{"rings": int(n - b), "calls_back": int(b)} for n, b in zip(sizes, backs, strict=True)]
        return Incidents(
            Intents.joined([rings, back]),
            np.concatenate([incident, of_back]),
            parameters,
            subscribed(rows, begin, rows, rng),
            np.arange(len(rows)),
            list(rows[:, None]),
        )

    def _rings(self, draft: "Draft", who: tuple[Any, Any, Any], sizes: Any, rng: np.random.Generator) -> Intents:
        user, begin, span = (np.repeat(column, sizes) for column in who)
        start = begin + (rng.random(len(user)) * span).astype(np.int64)
        answered = rng.random(len(user)) < ANSWERED_SHARE
        talk = np.where(answered, RING_MS, 0)
        rings = new_calls(user, start, talk, draft.strangers(user, rng), rng)
        rings = rings._replace(outcome=np.where(answered, rings.outcome, MISSED))
        return queued(like_normal(rings, draft, self.difficulty, rng), draft)

    def _backs(
        self, draft: "Draft", rings: Intents, of: tuple[Any, Any], rng: np.random.Generator
    ) -> tuple[Intents, Any]:
        """Return calls back of some who were rung, and of which incident each is."""
        incident, backs = of
        order = np.lexsort((rng.random(len(incident)), incident))
        first = np.searchsorted(incident, np.arange(len(backs)))
        rung = order[np.repeat(first, backs) + np.arange(backs.sum()) - np.repeat(np.cumsum(backs) - backs, backs)]
        wait = (rng.random(len(rung)) * self.within_h * HOUR_MS).astype(np.int64) + 30_000
        start = np.minimum(rings.start_ms[rung] + wait, draft.days * 24 * HOUR_MS - 1)
        talk = talk_between(self.shortest_s, self.longest_s, len(rung), rng)
        user = rings.callee[rung]
        start = draft.when_free(user, incident[rung], start, talk)
        return new_calls(user, start, talk, rings.user[rung], rng), incident[rung]
