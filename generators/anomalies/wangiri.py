"""wangiri: a number lets very many phones ring once each, so that some people call back.

In the field ("one ring and cut"): an automatic dialler lets numbers ring once, for 1 to 5 s; people who call back pay a
high rate, of which the number's owner gets a share. Europol and Trend Micro, "Cyber-Telecom Crime Report 2019"; Prasad
et al., "Who's calling? Characterizing robocalls through audio and metadata analysis", USENIX Security 2020, measure it.
The figures of this entry (rings an hour, share of those who call back) are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import (
    AnomalySettings,
    after,
    answering,
    fitted,
    stretched,
    subscribed,
    talk_between,
)
from generators.injection.injector import Figures, Incidents, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL, NEW_USERS, RINGING
from generators.model.clock import HOUR_MS
from generators.model.outcome import ANSWERED, BUSY, MISSED
from generators.model.plan import Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.normal_calls import NormalCalls

ANSWERED_SHARE = 0.05
SHORTEST_TALK_S, LONGEST_TALK_S = 0.6, 1.4
SHORTEST_RING_S, LONGEST_RING_S = 1.0, 5.0
"""One ring: tone and pause together last five seconds at most in most countries (ITU-T E.180)."""


class Diallers(NamedTuple):
    """Automatic diallers: number, begin, duration and calls of each; shape (I,) each."""

    user: Any
    begin_ms: Any
    span_ms: Any
    """Time from the first call to the last."""
    calls: Any


@dataclass
class Wangiri(AnomalySettings):
    """Adds calls of a number to strangers, nearly all missed; some of the strangers call back (collateral).

    Difficulty has no effect: a number that lets hundreds of strangers an hour ring for a second cannot look like
    anything else. Each dialler has its own rate.
    """

    fewest_calls: int = field(default=205, metadata=within(20, 100_000))
    """The fewest calls of a dialler."""
    most_calls: int = field(default=2000, metadata=within(20, 100_000))
    """The most calls of a dialler."""
    fewest_per_hour: float = field(default=220.0, metadata=within(1, 3600))
    """Calls per hour of the slowest dialler."""
    most_per_hour: float = field(default=1900.0, metadata=within(1, 3600))
    """Calls per hour of the fastest dialler."""
    call_back: float = field(default=0.03, metadata=within(0, 1))
    """Share of the people called who call back, within `within_h`."""
    within_h: float = field(default=2.0, metadata=within(0.01, 24))
    """The longest time until somebody calls back."""
    shortest_s: float = field(default=60.0, metadata=within(1, 3600))
    """The shortest talk time of a call back."""
    longest_s: float = field(default=600.0, metadata=within(1, 3600))
    """The longest talk time of a call back."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*ALL_OF_A_CALL, *NEW_USERS, *RINGING)
    has_difficulty: ClassVar[bool] = False
    people: ClassVar[int] = 250
    figures: ClassVar[Figures] = {
        "calls": None,
        "callees": (200, 2000),
        "callees_per_hour": (200, 2000),
        "longest_s": (0, 1),
        "calls_back": None,
        "reciprocity": (0.01, 0.05),
    }

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have."""
        return self.fewest_calls

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls of diallers, and the calls back."""
        normal = editable.normal
        bounds = self.fewest_calls, max(self.fewest_calls, min(self.most_calls, len(normal.steady)))
        sizes = parted(calls, bounds, bounds, rng, editable.spare(still=True))
        rows = editable.recruit(len(sizes), still=True)
        begin = normal.moments(len(sizes), rng)
        pace = self.fewest_per_hour * (self.most_per_hour / self.fewest_per_hour) ** rng.random(len(sizes)) / HOUR_MS
        begin, span = fitted(begin, (sizes / pace).astype(np.int64), normal)
        incident = np.repeat(np.arange(len(sizes)), sizes)
        rings = self._rings(Diallers(rows, begin, span, sizes), normal, rng)
        back, of_back = self._backs(normal, rings, incident, rng)
        return of_records(
            Intents.joined([rings, back]),
            np.concatenate([incident, of_back]),
            len(sizes),
            holdings=subscribed(rows, begin, rows, normal, rng),
            holding_incident=np.arange(len(rows)),
            actors=list(rows[:, None]),
        )

    def _rings(self, diallers: Diallers, normal: "NormalCalls", rng: np.random.Generator) -> Intents:
        """Return the calls of some diallers, each to numbers of its own."""
        incident = np.repeat(np.arange(len(diallers.calls)), diallers.calls)
        many, begin, span = len(incident), diallers.begin_ms, diallers.span_ms
        anywhere = begin[incident] + (rng.random(many) * span[incident]).astype(np.int64)
        start = stretched(anywhere, incident, begin, span)
        answered = rng.random(many) < ANSWERED_SHARE
        talk = np.where(answered, talk_between(SHORTEST_TALK_S, LONGEST_TALK_S, many, rng), 0)
        rings = new_calls(diallers.user[incident], start, talk, normal.different(diallers.calls, rng), rng)
        many_channels = np.ones(many, np.bool_)
        outcome = np.where(answered, rings.outcome, MISSED)
        return rings._replace(outcome=outcome, leg=many_channels, ring_ms=_once(many, normal, rng))

    def _backs(
        self, normal: "NormalCalls", rings: Intents, incident: Any, rng: np.random.Generator
    ) -> tuple[Intents, Any]:
        """Return calls back from some of the people called, and the incident of each."""
        order = np.lexsort((rings.callee >= normal.num_users, incident))  # parties outside the network do not call back
        place = np.arange(len(order)) - np.searchsorted(incident, incident)
        rung = order[place < np.round(self.call_back * np.bincount(incident))[incident]]
        wait = (rng.random(len(rung)) * self.within_h * HOUR_MS).astype(np.int64) + 30_000
        start = after(rings.start_ms[rung], wait, normal, rng)
        talk = talk_between(self.shortest_s, self.longest_s, len(rung), rng)
        user, ring = rings.callee[rung], normal.usual_rings(np.full(len(rung), ANSWERED), rng)
        start = normal.when_free(user, incident[rung], start, ring + talk, rng)
        return answering(user, start, talk, rings.user[rung], rng)._replace(ring_ms=ring), incident[rung]


def _once(count: int, normal: "NormalCalls", rng: np.random.Generator) -> Any:
    """Return the time until calls that ring once are answered or given up, if calls ring; shape (count,) [ms]."""
    setup = normal.usual_rings(np.full(count, BUSY), rng)
    return setup + talk_between(SHORTEST_RING_S, LONGEST_RING_S, count, rng) if normal.life.calls_ring else setup
