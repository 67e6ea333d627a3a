"""Places faults of cells: chooses where and when they happen, so that they affect the requested number of calls."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from generators.injection.injector import ENOUGH
from generators.injection.planning_errors import NoRoom
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.plan import CellFault

if TYPE_CHECKING:
    from generators.injection.expected_calls import ExpectedCalls

LEFT_OPEN = (0, 0)
"""Begin and end of a fault whose time is not chosen yet."""
MOST_TRIES = 400
FEWEST = 0.3
"""The least expected number of calls that a fault affects."""
LEAST = 5
"""The fewest calls of a type for which a fault is planned, and of a single fault when its calls are divided."""
SLACK = 0.05
"""Tolerated relative difference between the expected and the requested calls of a type."""
MOMENTS = 6
"""Number of candidate moments, of which one is chosen."""
TINY = 1e-12
PUT_OFF = 6
"""How often a fault is moved to a later time before another place is tried."""
ROUNDED = 1.01
"""Tolerated factor on the most calls of a fault whose end was cut: it is rounded up to a millisecond."""
PARTS = (ENOUGH, ENOUGH / 2, ENOUGH / 4)
"""Numbers of parts into which a type's calls are divided, tried in turn before faults of any size are taken."""
EVERYWHERE = -1
"""A pseudo-cell: faults that all claim it cannot happen at the same time."""


class Place(NamedTuple):
    """A candidate place for an incident."""

    cells: Any
    """Cells that no other incident may claim during the fault; shape (n,)."""
    met: Any
    """Number of intents that a fault would affect, in each hour of a working day and then of a weekend day; shape
    (48,)."""
    faults: Sequence[CellFault]
    """Faults of the place, with the time `LEFT_OPEN`."""
    parameters: Mapping[str, Any]
    """Parameters of the incident, as JSON values."""
    fewest: float = 0.0
    """The least expected number of affected intents for which the effect shows in the incident's figures."""


class FaultTimes(NamedTuple):
    """When faults may begin, and how long they last."""

    spans: Any
    """Shape (n, 2): spans within which faults may begin [ms]."""
    usual_h: tuple[float, float]
    """Shortest and longest duration at this difficulty [h]."""
    entry_h: tuple[float, float]
    """Shortest and longest duration by the type's entry, which no fault leaves, however many calls it affects [h]."""


class Places(NamedTuple):
    """Candidate places for the incidents of a type."""

    weight: Any
    """Relative probability with which each place is chosen; shape (n,)."""
    at: Callable[[int], Place]
    """Returns a place by its number; called only when it is chosen."""
    one_by_one: bool = False
    """Whether incidents are planned so that no two happen at the same time, if the world is long enough."""
    quiet: float = 0.0
    """From 0, where the busier of some candidate moments are chosen, to 1, where the quieter ones are."""

    def apart(self) -> "Places":
        """Return the same places, with the condition that no two faults happen at the same time."""

        def at(number: int) -> Place:
            place = self.at(number)
            return place._replace(cells=np.append(place.cells, EVERYWHERE))

        return self._replace(at=at, one_by_one=False)

    def quieter(self, difficulty: float) -> "Places":
        """Return the same places, weighted by their calls at difficulty 0 and equally at 1, and at quieter hours."""
        weight = np.where(self.weight > 0, np.maximum(self.weight, TINY) ** (1.0 - difficulty), 0.0)
        return self._replace(weight=weight, quiet=difficulty)

    @staticmethod
    def of(places: Sequence[Place]) -> "Places":
        """Return places, weighted by the calls that an incident would affect."""
        return Places(np.array([place.met.sum() for place in places]), places.__getitem__)


def place_faults(
    expected: "ExpectedCalls", calls: float, places: Places, times: FaultTimes, rng: np.random.Generator
) -> list[Place]:
    """Choose places and times of faults that affect about `calls` intents, and claim their cells.

    A fault that would affect more than a twelfth of the calls is shortened, so that there are enough faults, but not
    below its type's range of durations: then there are fewer faults, and the busiest places are left out. What a fault
    leaves is room for another one of the fewest calls, or nothing. If there is no room for so many, faults may have any
    size, and are delayed as long as necessary.

    Parameters
    ----------
    expected
        Where and when calls are expected.
    calls
        Number of intents that the faults should meet.
    places
        The places on offer.
    times
        When faults may begin, and how long they last.
    rng
        Random generator.

    Returns
    -------
    list
        The places, their faults with a time.

    Raises
    ------
    NoRoom
        When the world does not hold so many.
    """
    offers = [places.apart(), places] if places.one_by_one else [places]
    sizes = [max(calls / part, LEAST) for part in PARTS]
    for offered, most in [*((each, size) for size in sizes for each in offers), (places, calls)]:
        attempt = Attempt(expected, calls, most, offered, times, rng)
        if attempt.fills():
            expected.claimed[:] = attempt.claimed
            return attempt.placed
    raise NoRoom


@dataclass
class Attempt:
    """An attempt to place faults that affect a requested number of intents, none more than `most`."""

    expected: "ExpectedCalls"
    calls: float
    most: float
    places: Places
    times: FaultTimes
    rng: np.random.Generator
    placed: list[Place] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.claimed = list(self.expected.claimed)
        """Cell, begin and end of all faults, those of this attempt included."""

    def fills(self) -> bool:
        """Choose places and times; return whether there is room."""
        places, weight = self.places, self.places.weight
        missing, tries, slack = self.calls, 0, max(0.5, SLACK * self.calls)
        while missing > slack / 2 and tries < MOST_TRIES + 20 * len(self.placed) and weight.sum() > 0:
            tries += 1
            place = places.at(int(self.rng.choice(len(weight), p=weight / weight.sum())))
            sums = self.expected.sums(place.met)
            begin, end = self._moment(sums)
            last = missing < 2 * place.fewest
            least = max(place.fewest, missing - slack) if last else place.fewest
            cap = missing if last else min(missing, max(self.most, place.fewest))
            for _ in range(PUT_OFF):
                end = self._fitted(sums, least, cap, (begin, end))
                before, (begin, end) = begin, _put_off(self.claimed, place.cells, begin, end)
                if begin == before:
                    break
            else:
                continue
            met = self.expected.within(sums, begin, end)
            fits = max(min(FEWEST, missing), least) <= met <= min(missing + slack / 2, ROUNDED * cap)
            whole = missing - met <= slack or missing - met >= place.fewest
            if not (fits and whole and self._is_in_time(begin, end)):
                continue
            self.claimed += [(cell, begin, end) for cell in place.cells.tolist()]
            timed = [fault._replace(begin_ms=begin, end_ms=end) for fault in place.faults]
            self.placed.append(place._replace(faults=timed))
            missing -= met
        return missing <= slack

    def _moment(self, sums: Any) -> tuple[int, int]:
        """Return begin and end of a fault [ms]: one of some moments, chosen by the calls affected; random length."""
        spans, (least, most) = self.times.spans, self.times.usual_h
        length = (spans[:, 1] - spans[:, 0]).astype(float)
        number = self.rng.choice(len(spans), MOMENTS, p=length / length.sum())
        begins = (spans[number, 0] + self.rng.random(MOMENTS) * length[number]).astype(np.int64).tolist()
        lasts = least * (most / least) ** self.rng.random() * HOUR_MS
        found = [(begin, min(int(begin + lasts), self.expected.days * DAY_MS)) for begin in begins]
        found.sort(key=lambda each: -self.expected.within(sums, *each))
        return found[int(self.places.quiet * (MOMENTS - 1) + self.rng.random())]

    def _fitted(self, sums: Any, fewest: float, most: float, span_ms: tuple[int, int]) -> int:
        """Return the end of a fault [ms], earlier if it affects too many calls, later if too few, within its entry."""
        begin, end = span_ms
        if self.expected.within(sums, begin, end) > most:
            end = self.expected.until(sums, begin, most)
        if self.expected.within(sums, begin, end) < fewest:
            end = self.expected.until(sums, begin, fewest) + 1
        return max(end, begin + math.ceil(self.times.entry_h[0] * HOUR_MS))

    def _is_in_time(self, begin_ms: int, end_ms: int) -> bool:
        """Return whether a fault ends within the world, is not too long, and begins in an allowed span.

        If faults may have any size (`most` is all calls), they may begin later than that.
        """
        spans = self.times.spans
        may_begin = self.most >= self.calls or bool(((spans[:, 0] <= begin_ms) & (begin_ms < spans[:, 1])).any())
        too_long = end_ms - begin_ms > self.times.entry_h[1] * HOUR_MS
        return may_begin and not too_long and end_ms <= self.expected.days * DAY_MS


def _put_off(claimed: Sequence[tuple[int, int, int]], cells: Any, begin_ms: int, end_ms: int) -> tuple[int, int]:
    """Return begin and end of a fault, delayed until claimed faults of the same cells are over."""
    mine, lasts = set(cells.tolist()), end_ms - begin_ms
    for begin, end in sorted((begin, end) for cell, begin, end in claimed if cell in mine):
        if begin < begin_ms + lasts and begin_ms < end:
            begin_ms = end
    return begin_ms, begin_ms + lasts
