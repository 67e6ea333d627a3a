"""flash_crowd: many people around a place call at once: 2 to 10 times the usual calls, fewer the farther away.

In the field: an accident, a match, a demonstration that no calendar announces. Many users make few calls each, to whom
they always call, and for as long; only that so many of them do so there and then is odd. Bagrow, Wang and Barabasi,
"Collective response of human populations to large-scale emergencies", PLoS ONE 6 (2011) e17680: the calls of eight
emergencies, and of concerts and matches, rise for hours and near the place. The figures are starting values.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import above, within
from generators.cell_deeds import CellDeed
from generators.clock import DAY_MS, HOUR_MS
from generators.injection import ENOUGH, Incidents, between, new_calls
from generators.plan import Intents
from generators.strikes import MOMENTS
from generators.touches import WHEN, WHERE

if TYPE_CHECKING:
    from generators.callmap import CallMap
    from generators.draft import Draft

MOST_EACH = 3
"""Calls that one person adds."""
HELD = 0.1
"""A cell that hears this share of the callers best is held by the crowd."""
ANCHORS, SAMPLED = 2000, 3000
NARROWED, NARROWEST_M = 5, 300.0
"""Times that its radius is worked out; no crowd gets narrower."""
LARGE = 1.5
"""Crowds of more than so many times what makes a dozen are taken last."""
FEWEST = 4
"""No crowd is smaller."""

Crowd = tuple[Intents, Any, float]
"""Its calls, the cells that it holds, and its radius [m]."""


@dataclass
class FlashCrowd(CellDeed):
    """Adds calls of many people who are near a place; difficulty: from `most_times` the usual calls to `least_times`.

    Busy places and hours are chosen at 0, quiet ones at 1. The least crowd gets smaller alike, else only the busiest
    places had room for a mild one. A crowd lasts `shortest_h` to `longest_h`, whatever the difficulty.
    """

    least_times: float = field(default=2.0, metadata=within(1.1, 100))
    most_times: float = field(default=10.0, metadata=within(1.1, 100))
    radius_m: float = field(default=4000.0, metadata=above(0))
    """Distance at which a crowd's calls have fallen to 37 %; it ends at three times that."""
    shortest_h: float = field(default=1.0, metadata=within(0.25, 12))
    longest_h: float = field(default=3.0, metadata=within(0.25, 12))
    fewest_calls: int = field(default=15, metadata=within(2, 100_000))
    """Smaller crowds are none, at difficulty 0."""

    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*WHEN, *WHERE)

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can do with."""
        times = between(self.most_times, self.least_times, self.difficulty)
        return max(round(self.fewest_calls * (times - 1) / (self.most_times - 1)), min(self.fewest_calls, FEWEST))

    def befall(self, draft: "Draft", where: "CallMap", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Let crowds gather where and when somebody calls in normal life, until `calls` calls are added."""
        times = between(self.most_times, self.least_times, self.difficulty)
        anchors, ways = draft.look(ANCHORS, rng), draft.look(SAMPLED, rng)
        found, missing = self._gathered(where, anchors, (times, calls), rng)
        if missing > max(0.02 * calls, self.least) or not found:
            return None
        incident = np.repeat(np.arange(len(found)), [len(edits.user) for edits, *_ in found])
        edits = _as_ever(draft, Intents.joined([edits for edits, *_ in found]), incident, ways, rng)
        cells = [held for _, held, _ in found]
        parameters = [{"times": times, "radius_m": round(r), "calls": len(e.user)} for e, _, r in found]
        return Incidents(edits, incident, parameters, actors=cells, cells=cells)

    def _gathered(
        self, where: "CallMap", anchors: Intents, size: tuple[float, int], rng: np.random.Generator
    ) -> tuple[list[Crowd], int]:
        """Return crowds, at least a dozen where there is room for such, and how many calls are still missing."""
        times, missing = size
        enough = max(missing / ENOUGH, self.least)
        left = list(rng.permutation(len(anchors.user))[: len(anchors.user) // MOMENTS * MOMENTS].reshape(-1, MOMENTS))
        places = where.positions(anchors.user, anchors.start_ms)
        found: list[Crowd] = []
        for limit in (LARGE * enough, missing):  # large ones only where the others do not suffice
            batches, left = left, []
            for some in batches:
                if missing < self.least:
                    return found, missing
                offered = [(places[i], int(anchors.start_ms[i])) for i in some]
                offered.sort(key=lambda each: -self._usual(where, *each))
                anchor = offered[int(self.difficulty * (MOMENTS - 1) + rng.random())]
                crowd = self._crowd(where, anchor, (times, missing, enough), rng)
                if crowd is None or len(crowd[0].user) > limit:
                    left.append(some)
                    continue
                found.append(crowd)
                missing -= len(crowd[0].user)
        return found, missing

    def _usual(self, where: "CallMap", place: Any, moment: int) -> float:
        """Return how many calls are usual around a place within an hour of a moment."""
        return where.near(place, self.radius_m, (moment - HOUR_MS, moment + HOUR_MS))

    def _crowd(
        self, where: "CallMap", anchor: tuple[Any, int], size: tuple[float, int, float], rng: np.random.Generator
    ) -> Crowd | None:
        """Return the calls of a crowd at a place and a moment, the cells that it holds, its radius; None if small."""
        (place, middle), (times, most, enough) = anchor, size
        half = int((self.shortest_h + (self.longest_h - self.shortest_h) * rng.random()) * HOUR_MS / 2)
        midnight = middle - middle % DAY_MS
        begin, end = max(middle - half, midnight), min(middle + half, midnight + DAY_MS)
        radius_m, narrowest, count = self.radius_m, min(self.radius_m, NARROWEST_M), 0.0
        for _ in range(NARROWED):  # where the crowd is too large it is narrower, as dense as ever
            radius_m = max(radius_m * np.sqrt(min(1.0, enough / count)), narrowest) if count else radius_m
            count = (times - 1) * where.near(place, radius_m, (begin, end))
        some, near, cell = where.crowd(place, middle, radius_m, rng)
        there = np.flatnonzero((near > 0) & (cell >= 0))
        count = min(round(count), most, MOST_EACH * len(there))
        if count < self.least:
            return None
        each = np.repeat(there, MOST_EACH)
        callers = each[np.argsort(rng.exponential(size=len(each)) / near[each])][:count]  # the nearer, the likelier
        start = begin + (rng.random((2, count)).mean(axis=0) * (end - begin)).astype(np.int64)
        held, many = np.unique(cell[callers], return_counts=True)
        zeros = np.zeros(count, np.int64)
        return new_calls(some[callers], start, zeros, zeros, rng), held[many >= min(HELD * count, many.max())], radius_m


def _as_ever(draft: "Draft", edits: Intents, incident: Any, ways: Intents, rng: np.random.Generator) -> Intents:
    """Let the calls last, end, and go to whom calls of normal life do."""
    like = rng.integers(0, len(ways.user), len(edits.user))
    talk = ways.talk_ms[like]
    start = draft.when_free(edits.user, incident, edits.start_ms, talk)
    callee = draft.contacts(edits.user, start, rng)
    return edits._replace(start_ms=start, talk_ms=talk, callee=callee, outcome=ways.outcome[like])
