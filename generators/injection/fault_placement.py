"""Placing faults of cells: where and when they happen, so that they meet as many calls as they should."""

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
"""When a fault begins and ends that is only offered."""
MOST_TRIES = 400
FEWEST = 0.3
"""Calls that a fault is expected to meet, at least."""
LEAST = 5
"""Calls that a type must meet for a fault to be planned, and the least that a dozenth of them is taken to be."""
SLACK = 0.05
"""Part of a type's calls by which its faults may be expected to meet more or fewer: they cannot be made to fit."""
MOMENTS = 6
"""Of which one is chosen."""
TINY = 1e-12
PUT_OFF = 6
"""How often a fault is put off, which may make it longer or shorter, before another place is looked for."""
ROUNDED = 1.01
"""What is cut to meet so many may be expected to meet so many times as many: its end is a whole millisecond."""
PARTS = (ENOUGH, ENOUGH / 2, ENOUGH / 4)
"""Into so many parts a type's calls are tried to be cut, before they are taken as they come."""
EVERYWHERE = -1
"""Claimed as a cell is, it keeps the others away that claim it."""


class Place(NamedTuple):
    """A place for an incident."""

    cells: Any
    """Cells that no other incident may claim meanwhile; shape (n,)."""
    met: Any
    """How many intents would meet it, in each hour of a working day and then of a weekend day; shape (48,)."""
    faults: Sequence[CellFault]
    """Its faults, at a time that is `LEFT_OPEN`."""
    parameters: Mapping[str, Any]
    """Of the incident, as JSON values."""
    fewest: float = 0.0
    """Expected number of intents that must meet it, for its effect to show in its figures."""


class FaultTimes(NamedTuple):
    """When faults may begin, and how long they last."""

    spans: Any
    """Shape (n, 2): when they may begin [ms]."""
    usual_h: tuple[float, float]
    """Shortest and longest at the difficulty [h]."""
    entry_h: tuple[float, float]
    """By the type's entry: no fault is shorter or longer, however many calls it meets [h]."""


class Places(NamedTuple):
    """The places for incidents of a type."""

    weight: Any
    """How likely each place is chosen, relative to the others; shape (n,)."""
    at: Callable[[int], Place]
    """Looked up only when it is chosen."""
    one_by_one: bool = False
    """Whether, where there is time for it, no two incidents of these happen at a time."""
    quiet: float = 0.0
    """From 0, the busier of some moments are chosen, to 1, the quieter ones."""

    def apart(self) -> "Places":
        """Return the same places, of which no two have a fault at a time."""

        def at(number: int) -> Place:
            place = self.at(number)
            return place._replace(cells=np.append(place.cells, EVERYWHERE))

        return self._replace(at=at, one_by_one=False)

    def quieter(self, difficulty: float) -> "Places":
        """Return the same places, chosen by their calls at difficulty 0, evenly at 1, and in ever quieter hours."""
        weight = np.where(self.weight > 0, np.maximum(self.weight, TINY) ** (1.0 - difficulty), 0.0)
        return self._replace(weight=weight, quiet=difficulty)

    @staticmethod
    def of(places: Sequence[Place]) -> "Places":
        """Return places that are chosen by the calls which would meet the incident."""
        return Places(np.array([place.met.sum() for place in places]), places.__getitem__)


def place_faults(
    expected: "ExpectedCalls", calls: float, places: Places, times: FaultTimes, rng: np.random.Generator
) -> list[Place]:
    """Choose places and times whose faults will meet about so many intents, and claim their cells.

    A fault that would meet more than a dozenth of them is over sooner, so that there are enough, but never sooner than
    its type's entry says: there are fewer then, and busier places are left out. Where there is no room for so many,
    they are as large as they come, and put off as long as need be.

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
    """An attempt to place faults that meet so many intents, none more than `most`."""

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
            cap = missing if missing < 2 * place.fewest else min(missing, max(self.most, place.fewest))
            for _ in range(PUT_OFF):
                end = self._fitted(sums, place.fewest, cap, (begin, end))
                before, (begin, end) = begin, _put_off(self.claimed, place.cells, begin, end)
                if begin == before:
                    break
            else:
                continue
            met = self.expected.within(sums, begin, end)
            fits = max(min(FEWEST, missing), place.fewest) <= met <= min(missing + slack / 2, ROUNDED * cap)
            if not fits or not self._is_in_time(begin, end):
                continue
            self.claimed += [(cell, begin, end) for cell in place.cells.tolist()]
            timed = [fault._replace(begin_ms=begin, end_ms=end) for fault in place.faults]
            self.placed.append(place._replace(faults=timed))
            missing -= met
        return missing <= slack

    def _moment(self, sums: Any) -> tuple[int, int]:
        """Return begin and end of a fault [ms]: one of some moments, chosen by the calls met; its length is random."""
        spans, (least, most) = self.times.spans, self.times.usual_h
        length = (spans[:, 1] - spans[:, 0]).astype(float)
        number = self.rng.choice(len(spans), MOMENTS, p=length / length.sum())
        begins = (spans[number, 0] + self.rng.random(MOMENTS) * length[number]).astype(np.int64).tolist()
        lasts = least * (most / least) ** self.rng.random() * HOUR_MS
        found = [(begin, min(int(begin + lasts), self.expected.days * DAY_MS)) for begin in begins]
        found.sort(key=lambda each: -self.expected.within(sums, *each))
        return found[int(self.places.quiet * (MOMENTS - 1) + self.rng.random())]

    def _fitted(self, sums: Any, fewest: float, most: float, span_ms: tuple[int, int]) -> int:
        """Return the end of a fault [ms]: sooner if it meets too many calls, later if too few, within its entry."""
        begin, end = span_ms
        if self.expected.within(sums, begin, end) > most:
            end = self.expected.until(sums, begin, most)
        if self.expected.within(sums, begin, end) < fewest:
            end = self.expected.until(sums, begin, fewest) + 1
        return max(end, begin + math.ceil(self.times.entry_h[0] * HOUR_MS))

    def _is_in_time(self, begin_ms: int, end_ms: int) -> bool:
        """Return whether a fault ends within the world, is not too long, and begins when it may.

        Where faults are as large as they come (`most` is all calls), they may be put off beyond that.
        """
        spans = self.times.spans
        may_begin = self.most >= self.calls or bool(((spans[:, 0] <= begin_ms) & (begin_ms < spans[:, 1])).any())
        too_long = end_ms - begin_ms > self.times.entry_h[1] * HOUR_MS
        return may_begin and not too_long and end_ms <= self.expected.days * DAY_MS


def _put_off(claimed: Sequence[tuple[int, int, int]], cells: Any, begin_ms: int, end_ms: int) -> tuple[int, int]:
    """Return when a fault may begin and end, put off until those of the same cells are over."""
    mine, lasts = set(cells.tolist()), end_ms - begin_ms
    for begin, end in sorted((begin, end) for cell, begin, end in claimed if cell in mine):
        if begin < begin_ms + lasts and begin_ms < end:
            begin_ms = end
    return begin_ms, begin_ms + lasts
