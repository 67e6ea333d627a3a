"""Where and when faults of cells strike, so that they meet as many calls as they should."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from generators.injection.injector import ENOUGH
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.plan import CellFault

if TYPE_CHECKING:
    from generators.injection.expected_calls import CallMap

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
    """Where an incident may strike."""

    cells: Any
    """Those that no other incident may strike meanwhile; shape (n,)."""
    met: Any
    """How many intents would meet it, in each hour of a working day and then of a weekend day; shape (48,)."""
    faults: Sequence[CellFault]
    """What it would do, at a time that is `LEFT_OPEN`."""
    parameters: Mapping[str, Any]
    """Of the incident, as JSON values."""
    fewest: float = 0.0
    """How many intents must be expected to meet it, for what it does to them to be seen in its figures."""


class Lengths(NamedTuple):
    """How long faults last, least and most [h]."""

    usual: tuple[float, float]
    """At the difficulty."""
    entry: tuple[float, float]
    """By the type's entry: no fault is shorter or longer, however many calls it meets."""


class Places(NamedTuple):
    """Where incidents of a type may strike."""

    weight: Any
    """How likely each place is chosen, relative to the others; shape (n,)."""
    at: Callable[[int], Place]
    """Looked up only when it is chosen."""
    one_by_one: bool = False
    """Whether, where there is time for it, no two incidents of these happen at a time."""
    quiet: float = 0.0
    """From 0, the busier of some moments are chosen, to 1, the quieter ones."""

    def apart(self) -> "Places":
        """Return the same places, of which no two are struck at a time."""

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


def strike(
    where: "CallMap", calls: float, places: Places, span: tuple[Any, Lengths], rng: np.random.Generator
) -> list[Place] | None:
    """Choose places and times whose faults will meet about so many intents, and claim their cells.

    A fault that would meet more than a dozenth of them is over sooner, so that there are enough, but never sooner than
    its type's entry says: there are fewer then, and busier places are left out. Where there is no room for so many,
    they are as large as they come, and put off as long as need be.

    Parameters
    ----------
    where
        Where calls are to be expected.
    calls
        How many intents.
    places
        What is offered.
    span
        When faults may begin, shape (n, 2) [ms]; and how long they last.
    rng
        Where chance comes from.

    Returns
    -------
    list or None
        The places, their faults with a time; None where the world does not hold so many.
    """
    offers = [places.apart(), places] if places.one_by_one else [places]
    sizes = [max(calls / part, LEAST) for part in PARTS]
    for offered, most in [*((each, size) for size in sizes for each in offers), (places, calls)]:
        struck, claimed = list[Place](), list(where.claimed)
        if _filled(where, (calls, most), offered, span, (struck, claimed, rng)):
            where.claimed[:] = claimed
            return struck
    return None


def _filled(
    where: "CallMap",
    size: tuple[float, float],
    places: Places,
    span: tuple[Any, Lengths],
    so_far: tuple[list[Place], list[tuple[int, int, int]], np.random.Generator],
) -> bool:
    """Choose places and times, each fault to meet no more than so many intents; return whether there is room."""
    (calls, most), (struck, claimed, rng) = size, so_far
    missing, tries, slack = calls, 0, max(0.5, SLACK * calls)
    while missing > slack / 2 and tries < MOST_TRIES + 20 * len(struck) and places.weight.sum() > 0:
        tries += 1
        place = places.at(int(rng.choice(len(places.weight), p=places.weight / places.weight.sum())))
        sums = where.sums(place.met)
        begin, end = _moment(where, sums, (span, places.quiet), rng)
        cap = missing if missing < 2 * place.fewest else min(missing, max(most, place.fewest))
        for _ in range(PUT_OFF):
            end = _fitted(where, (sums, place.fewest), (begin, end), span[1].entry, cap)
            before, (begin, end) = begin, _put_off(claimed, place.cells, begin, end)
            if begin == before:
                break
        else:
            continue
        expected = where.within(sums, begin, end)
        late = end > where.days * DAY_MS or (most < calls and not _begins_within(span[0], begin))
        fits = max(min(FEWEST, missing), place.fewest) <= expected <= min(missing + slack / 2, ROUNDED * cap)
        if late or not fits or end - begin > span[1].entry[1] * HOUR_MS:
            continue
        claimed += [(cell, begin, end) for cell in place.cells.tolist()]
        struck.append(place._replace(faults=[f._replace(begin_ms=begin, end_ms=end) for f in place.faults]))
        missing -= expected
    return missing <= slack


def _moment(
    where: "CallMap", sums: Any, span: tuple[tuple[Any, Lengths], float], rng: np.random.Generator
) -> tuple[int, int]:
    """Return when a fault begins and ends: one of some moments, by how many it would meet, for a length of chance."""
    (spans, lengths), quiet = span
    least, most = lengths.usual
    length = (spans[:, 1] - spans[:, 0]).astype(float)
    number = rng.choice(len(spans), MOMENTS, p=length / length.sum())
    begins = (spans[number, 0] + rng.random(MOMENTS) * length[number]).astype(np.int64).tolist()
    lasts = least * (most / least) ** rng.random() * HOUR_MS
    found = [(begin, min(int(begin + lasts), where.days * DAY_MS)) for begin in begins]
    found.sort(key=lambda each: -where.within(sums, *each))
    return found[int(quiet * (MOMENTS - 1) + rng.random())]


def _fitted(
    where: "CallMap", met: tuple[Any, float], span_ms: tuple[int, int], entry: tuple[float, float], most: float
) -> int:
    """Return until when a fault lasts: over sooner where it meets too many, later where too few, within its entry."""
    (sums, fewest), (begin, end) = met, span_ms
    if where.within(sums, begin, end) > most:
        end = where.until(sums, begin, most)
    if where.within(sums, begin, end) < fewest:
        end = where.until(sums, begin, fewest) + 1
    return max(end, begin + math.ceil(entry[0] * HOUR_MS))


def _begins_within(spans: Any, begin_ms: int) -> bool:
    """Return whether a fault that begins then does so when it may."""
    return bool(((spans[:, 0] <= begin_ms) & (begin_ms < spans[:, 1])).any())


def _put_off(claimed: Sequence[tuple[int, int, int]], cells: Any, begin_ms: int, end_ms: int) -> tuple[int, int]:
    """Return when a fault may begin and end, put off until those of the same cells are over."""
    mine, lasts = set(cells.tolist()), end_ms - begin_ms
    for begin, end in sorted((begin, end) for cell, begin, end in claimed if cell in mine):
        if begin < begin_ms + lasts and begin_ms < end:
            begin_ms = end
    return begin_ms, begin_ms + lasts
