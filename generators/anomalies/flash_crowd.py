"""flash_crowd: many people near a place call at once: 2 to 10 times the usual callers, fewer with the distance.

In the field: an accident, a match, a demonstration that no calendar announces. Many users make a few calls each, to
their usual contacts, as long as usual, and redialled as usual; only the number of callers at that place and time is
unusual. Bagrow, Wang and Barabasi, "Collective response of human populations to large-scale emergencies", PLoS ONE 6
(2011) e17680: the calls of eight emergencies, and of concerts and matches, rise for hours and near the place. The
figures are starting values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from bench.faults import above, within
from generators.injection.cell_faults import CellAnomaly
from generators.injection.fault_placement import MOMENTS, SLACK
from generators.injection.incident_parts import redialled
from generators.injection.injector import ENOUGH, Incidents, between, new_calls
from generators.injection.planning_errors import NoRoom
from generators.injection.touches import WHEN, WHERE
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.plan import FARTHEST, Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.expected_calls import ExpectedCalls

ANCHORS = 2000
"""Number of normal calls whose places and hours are tried as those of crowds."""
NARROWER = (1.0, 0.7, 0.5, 0.35, 0.25, 0.15, 0.075)
"""Factors on a crowd's radius that are tried in turn, the widest first, until the crowd is small enough."""
WITHIN = 0.1
"""Planned crowds stay away from both ends of the range of callers by this share of it."""
USUAL = 4
"""The fewest usual callers around a place: with fewer, a multiple of them means little."""
AGAIN = (0.25, 0.05)
"""Shares of the callers who call a second time, and a third time."""
NEAR = 0.33
"""Share of a crowd that is within its radius where people live evenly."""
HELD = 0.1
"""A cell belongs to the incident when it is the strongest one for this share of the callers."""
LARGE = 1.5
"""A crowd is large, and used last, if it has more than this multiple of one twelfth of all calls of the type."""


class Crowd(NamedTuple):
    """A planned crowd: the calls that it adds, the cells that it affects, and its place."""

    calls: Intents
    cells: Any
    where: dict[str, Any]


class Scene(NamedTuple):
    """The inputs from which crowds are planned."""

    editable: "EditablePlan"
    expected: "ExpectedCalls"
    rng: np.random.Generator


@dataclass
class FlashCrowd(CellAnomaly):
    """Adds calls of many people near a place, from `most_times` the usual callers down to `least_times`.

    The number of different callers within `radius_m`, from the crowd's first call to its last, is multiplied; farther
    away the factor falls. Busy places and hours are chosen at difficulty 0, quiet ones at 1. A crowd lasts `shortest_h`
    to `longest_h` at every difficulty; a crowd that would be too large gets a smaller radius, not a smaller factor.
    """

    least_times: float = field(default=2.0, metadata=within(1.1, 100))
    """Different callers at difficulty 1, as a multiple of the usual number."""
    most_times: float = field(default=10.0, metadata=within(1.1, 100))
    """Different callers at difficulty 0, as a multiple of the usual number."""
    radius_m: float = field(default=4000.0, metadata=above(0))
    """Distance at which the density of a crowd's calls has fallen to 37 %; a crowd ends at three times that."""
    shortest_h: float = field(default=1.0, metadata=within(0.25, 12))
    """The shortest time that a crowd lasts."""
    longest_h: float = field(default=3.0, metadata=within(0.25, 12))
    """The longest time that a crowd lasts."""

    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = (*WHEN, *WHERE)

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have."""
        return round((self._times() - 1) * USUAL * (1 + sum(AGAIN)) / NEAR)

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the range that each reported figure of an incident keeps."""
        return {"times": (self.least_times, self.most_times)}

    def _times(self) -> float:
        """Return the number of callers at this difficulty, as a multiple of the usual number."""
        inside = WITHIN * (self.most_times - self.least_times)
        return between(self.most_times - inside, self.least_times + inside / 2, self.difficulty)

    def plan_on_cells(
        self, editable: "EditablePlan", expected: "ExpectedCalls", calls: int, rng: np.random.Generator
    ) -> Incidents:
        """Plan crowds where and when somebody calls in normal life, until `calls` calls are added."""
        anchors = editable.look(ANCHORS, rng)
        found, missing = self._gathered(Scene(editable, expected, rng), anchors, calls)
        if missing > max(SLACK * calls, self.least) or not found:
            raise NoRoom
        incident = np.repeat(np.arange(len(found)), [len(crowd.calls.user) for crowd in found])
        cells = [crowd.cells for crowd in found]
        edits = Intents.joined([crowd.calls for crowd in found])
        return Incidents(edits, incident, [crowd.where for crowd in found], actors=cells, cells=cells)

    def _gathered(self, scene: Scene, anchors: Intents, missing: int) -> tuple[list[Crowd], int]:
        """Return crowds, at least a dozen if there is room, and how many calls are still missing."""
        enough = max(missing / ENOUGH, self.least)
        order = scene.rng.permutation(len(anchors.user))
        left = list(order[: len(order) // MOMENTS * MOMENTS].reshape(-1, MOMENTS))
        places = scene.expected.positions(anchors.user, anchors.start_ms)
        found: list[Crowd] = []
        for limit in (LARGE * enough, missing):  # large crowds only if the others do not suffice
            batches, left = left, []
            for some in batches:
                if missing < self.least:
                    return found, missing
                offered = [(places[i], int(anchors.start_ms[i])) for i in some]
                offered.sort(key=lambda each: -self._usual(scene.expected, *each))
                first = int(self.difficulty * (MOMENTS - 1) + scene.rng.random())
                tried = (self._crowd(scene, anchor, int(min(limit, missing))) for anchor in offered[first:])
                crowd = next((each for each in tried if each is not None), None)
                if crowd is None:  # a quieter place or hour would not do either
                    left.append(some)
                    continue
                found.append(crowd)
                missing -= len(crowd.calls.user)
        return found, missing

    def _usual(self, expected: "ExpectedCalls", place: Any, moment: int) -> float:
        """Return how many calls are usual around a place within an hour of a moment."""
        return expected.near(place, self.radius_m, (moment - HOUR_MS, moment + HOUR_MS))

    def _crowd(self, scene: Scene, anchor: tuple[Any, int], most: int) -> Crowd | None:
        """Return a crowd of at most so many calls around a place and a moment; None where none is within range."""
        normal = scene.editable.normal
        place, middle = anchor
        half = int((self.shortest_h + (self.longest_h - self.shortest_h) * scene.rng.random()) * HOUR_MS / 2)
        midnight = middle - middle % DAY_MS
        span = max(middle - half, midnight), min(middle + half, midnight + DAY_MS)
        there, away, cell = scene.expected.crowd(place, middle, self.radius_m)
        usual = normal.on_day(there, midnight // DAY_MS)
        usual = usual.pick((usual.start_ms >= span[0]) & (usual.start_ms < span[1]))
        usual_m = scene.expected.distances(scene.expected.positions(usual.user, usual.start_ms), place)
        free = (cell >= 0) & ~np.isin(there, usual.user) & normal.in_service(there)
        there, away, cell = there[free], away[free], cell[free]
        for radius_m in self.radius_m * np.array(NARROWER):
            inside = len(np.unique(usual.user[usual_m <= radius_m]))
            callers = self._callers(away, radius_m, inside, scene.rng)
            if inside < USUAL or callers is None:
                return None
            if len(callers) * (1 + sum(AGAIN)) * (1 + normal.redials_per_call) <= most:
                break
        else:
            return None
        calls = _as_ever(scene, there[callers], span)
        fits = self._in_range(scene.expected, calls, (usual, usual_m), (place, radius_m))
        held, many = np.unique(cell[callers], return_counts=True)
        where = {"x": round(place[0]), "y": round(place[1]), "radius_m": round(radius_m)}
        return Crowd(calls, held[many >= min(HELD * len(callers), many.max())], where) if fits else None

    def _callers(self, away: Any, radius_m: float, usual: int, rng: np.random.Generator) -> Any:
        """Return which people, at the given distances, call in addition; None where too few are near."""
        nearness = np.where(away < FARTHEST * radius_m, np.exp(-away / radius_m), 0.0)
        some = np.flatnonzero(nearness)
        order = some[np.argsort(rng.exponential(size=len(some)) / nearness[some])]  # the nearer, the more likely
        near = np.cumsum(away[order] <= radius_m)
        wanted = round((self._times() - 1) * usual)
        return None if not len(near) or near[-1] < wanted else order[: int(np.searchsorted(near, wanted)) + 1]

    def _in_range(
        self, expected: "ExpectedCalls", calls: Intents, usual: tuple[Intents, Any], around: tuple[Any, float]
    ) -> bool:
        """Return whether the callers around a place, from a crowd's first call to its last, are within range."""
        (anyway, away), (place, radius_m) = usual, around
        during = (anyway.start_ms >= calls.start_ms.min()) & (anyway.start_ms <= calls.start_ms.max())
        before = np.unique(anyway.user[during & (away <= radius_m)])
        near = expected.distances(expected.positions(calls.user, calls.start_ms), place) <= radius_m
        times = len(np.union1d(before, calls.user[near])) / max(len(before), 1)
        inside = WITHIN / 2 * (self.most_times - self.least_times) / 2
        return len(before) >= USUAL and self.least_times + inside / 2 <= times <= self.most_times - inside


def _as_ever(scene: Scene, callers: Any, span: tuple[int, int]) -> Intents:
    """Return calls within a span, some callers repeating; callees, talk times and redials are as in normal life."""
    rng, normal = scene.rng, scene.editable.normal
    again = rng.random(len(callers))
    user = np.repeat(callers, 1 + (again < AGAIN[0]) + (again < AGAIN[1]))
    start = span[0] + (rng.random((2, len(user))).mean(axis=0) * (span[1] - span[0])).astype(np.int64)
    talk, outcome = normal.usual_talks(len(user), rng)
    ring = normal.usual_rings(outcome, rng)
    start = normal.when_free(user, np.zeros(len(user), np.int64), start, ring + talk, rng)
    made = new_calls(user, start, talk, normal.contacts(user, start, rng), rng)
    return redialled(made._replace(outcome=outcome, ring_ms=ring), normal, rng)[0]
