"""The expected number of calls by place and hour, and of those that a fault of a cell would affect."""

import math
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from generators.calls.model_arrays import ModelArrays
from generators.mobility.itinerary import positions
from generators.model.clock import HOUR_MS, HOURS
from generators.model.compiled import kernel
from generators.model.plan import FARTHEST
from generators.radio.cells import OMNI
from generators.radio.coverage import NO_CELL, pixel_middles, pixels_at
from generators.radio.plane import Plane
from generators.radio.plant import Plant
from generators.sessions.load import DAYS_OF_WEEK, Talk, follow

MANY = 10_000
"""Number of users up to which every user is followed on every day; of twice as many every second one, and so on."""
TILES = 4
"""Number of tiles per radius; calls in the same tile are counted together."""


@dataclass
class ExpectedCalls:
    """Expected number of normal calls by pixel and hour, from people's activity and movements."""

    model: ModelArrays
    plant: Plant
    counts: Any
    """Shape (days, N): intents of each user and day."""
    tower_ids: Any
    """Id of each site, a string array; shape (S,)."""
    claimed: list[tuple[int, int, int]] = field(default_factory=list)
    """Cell, begin and end of each planned fault."""
    _known: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    """Computed tiles, by the number of pixels along their edge."""

    @property
    def busy(self) -> Any:
        """Pixels in which calls are expected, ascending; shape (n,)."""
        return self._found[0]

    @property
    def calls(self) -> Any:
        """Intents per hour in each busy pixel, by hour of a working day and then of a weekend day; shape (n, 48)."""
        return self._found[1]

    @cached_property
    def _found(self) -> tuple[Any, Any]:
        model, people, radio = self.model, self.model.people, self.plant.radio
        daily = np.diff(model.hours, axis=2)[model.day_kind] * model.day_factor.T[:, :, None]
        shares = [daily[model.weekend == free].mean(axis=0) for free in (False, True) if (model.weekend == free).any()]
        talk = Talk(
            self.counts.sum(axis=0) / model.day_factor.sum(axis=1)[people.pattern],
            people.pattern,
            np.column_stack([shares[0], shares[-1]]),
            np.rint(people.clock_shift_ms / HOUR_MS).astype(np.int64),
        )
        pixels = radio.columns * radio.rows
        places = (np.arange(pixels), pixels)
        followed = min(self.days, DAYS_OF_WEEK), min(self._part, DAYS_OF_WEEK)
        calls = follow(followed, talk, model.network.folk, radio, places)
        busy = np.flatnonzero(calls.any(axis=1))
        return busy, calls[busy]

    @property
    def _part(self) -> int:
        """Divisor of the users: only one in this many is followed."""
        return int(self.model.num_users) // MANY + 1

    @cached_property
    def by_cell(self) -> Any:
        """Expected intents for which each cell is the strongest one, in each hour; shape (C, 48)."""
        best = self.plant.radio.cell[self.busy, 0]
        heard = best != NO_CELL
        return self._summed(np.flatnonzero(heard), best[heard], len(self.plant.cells.site))

    def _summed(self, place: Any, group: Any, groups: int) -> Any:
        """Return the intents of the busy pixels of each group, in each hour; shape (groups, 48)."""
        out = np.zeros((groups, 2 * HOURS))
        _add_up(self.calls, place, group, out)
        return out

    @property
    def days(self) -> int:
        """Return the number of days."""
        return int(self.counts.shape[0])

    @property
    def sites(self) -> list[tuple[str, Any]]:
        """Return the id and the cells of each site."""
        cells = [np.arange(low, high) for low, high in pairwise(self.plant.cells.first)]
        return list(zip(self.tower_ids.to_pylist(), cells, strict=True))

    def moved(self, cell: int, turned_deg: float) -> Any:
        """Return the expected intents served by another cell while an antenna is turned, in each hour; shape (48,)."""
        pixels, names, _ = self.plant.turned(cell, turned_deg)
        otherwise = pixels[names[:, 0] != self.plant.radio.cell[pixels, 0]]
        return self.calls[np.isin(self.busy, otherwise)].sum(axis=0)

    def pairs(self, margin_db: float) -> tuple[Any, Any]:
        """Return pairs of cells with nearly the same power in some places, and the expected intents there.

        Returns
        -------
        tuple
            Shape (n, 2): the cells; shape (n, 48): intents in each hour, where one is the best and the other weaker by
            no more than the margin.
        """
        radio, many = self.plant.radio, len(self.plant.cells.site)
        cell, power = radio.cell[self.busy], radio.power[self.busy]
        near = (cell[:, 1:] != NO_CELL) & (power[:, 1:] >= power[:, :1] - np.float32(margin_db))
        pixel, place = np.nonzero(near)
        both = np.sort(np.column_stack([cell[pixel, 0], cell[pixel, place + 1]]), axis=1).astype(np.int64)
        code, which = np.unique(both[:, 0] * many + both[:, 1], return_inverse=True)
        return np.column_stack(np.divmod(code, many)), self._summed(pixel, which, len(code))

    def positions(self, users: Any, moments_ms: Any) -> Any:
        """Return the positions of users at moments; shape (n, 2) [m]."""
        return positions(users, moments_ms, self.model.network.folk)

    def near(self, middle: Any, radius_m: float, span_ms: tuple[int, int]) -> float:
        """Return the number of intents near a place [m] in a span, weighted by their distance."""
        middles, calls = self._tiles(radius_m)
        nearness = self._nearness(middles, middle, radius_m)
        some = np.flatnonzero(nearness)
        return self.within(self.sums(nearness[some] @ calls[some]), *span_ms)

    def _tiles(self, radius_m: float) -> tuple[Any, Any]:
        """Return the centres of the busy tiles, a quarter of a radius wide, and their intents in each hour."""
        radio = self.plant.radio
        step = max(1, int(radius_m / TILES / (radio.width / radio.columns)))
        if step not in self._known:
            row, column = np.divmod(self.busy, radio.columns)
            tile, of = np.unique(row // step * radio.columns + column // step, return_inverse=True)
            middle = pixel_middles(radio)[self.busy]
            middles = np.column_stack([np.bincount(of, middle[:, axis]) / np.bincount(of) for axis in (0, 1)])
            self._known[step] = middles, self._summed(np.arange(len(of)), of, len(tile))
        return self._known[step]

    def crowd(self, middle: Any, moment_ms: int, radius_m: float) -> tuple[Any, Any, Any]:
        """Return the users within three radii of a place at a moment, their distance [m] and their strongest cell.

        Returns
        -------
        tuple
            The users, their distance, and the cell, -1 where none is heard; shape (n,) each.
        """
        users = np.arange(self.model.num_users)
        where = self.positions(users, np.full(len(users), moment_ms))
        away = self.distances(where, middle)
        some = np.flatnonzero(away < FARTHEST * radius_m)
        return some, away[some], self.plant.radio.cell[pixels_at(where[some], self.plant.radio), 0]

    def distances(self, points: Any, middle: Any) -> Any:
        """Return the distance of points from a centre, the shortest way; shape (n,) [m]."""
        return distances(points, middle, self.plant.air.plane)

    def _nearness(self, points: Any, middle: Any, radius_m: float) -> Any:
        """Return a weight in [0, 1] that falls with the distance of points from a centre; shape (n,)."""
        away = distances(points, middle, self.plant.air.plane)
        return np.where(away < FARTHEST * radius_m, np.exp(-away / radius_m), 0.0)

    @property
    def directed(self) -> Any:
        """Return the cells whose antenna has a direction; shape (n,)."""
        return np.flatnonzero(self.plant.cells.kind != OMNI)

    def sums(self, hourly: Any) -> Any:
        """Return the cumulative sum over the world's hours of a quantity by hour of the week, shape (48,)."""
        return np.concatenate([[0.0], np.cumsum(hourly[self._hours])])

    def within(self, sums: Any, begin_ms: int, end_ms: int) -> float:
        """Return the sum of such a quantity over a span of time."""
        begin, end = np.interp((begin_ms / HOUR_MS, end_ms / HOUR_MS), self._edges, sums)
        return float(end - begin)

    def until(self, sums: Any, begin_ms: int, much: float) -> int:
        """Return when the sum of such a quantity from a moment on reaches an amount [ms]."""
        met = float(np.interp(begin_ms / HOUR_MS, self._edges, sums)) + much
        return math.ceil(float(np.interp(met, sums, self._edges)) * HOUR_MS)

    @cached_property
    def _edges(self) -> Any:
        return np.arange(self.days * HOURS + 1)

    @cached_property
    def _hours(self) -> Any:
        """Shape (hours of the world,): hour of a working day or of a weekend day."""
        day, hour = np.divmod(np.arange(self.days * HOURS), HOURS)
        return hour + np.where(self.model.weekend[day], HOURS, 0)


@kernel
def _add_up(calls: Any, place: Any, group: Any, out: Any) -> None:
    for i in range(place.shape[0]):
        for hour in range(out.shape[1]):
            out[group[i], hour] += calls[place[i], hour]


def distances(points: Any, middle: Any, plane: Plane) -> Any:
    """Return the distance of points of a plane from a centre, the shortest way; shape (n,) [m]."""
    apart = points - middle
    if plane.wrap:
        size = np.array([plane.width, plane.height])
        apart = apart - size * np.floor(apart / size + 0.5)
    return np.hypot(apart[:, 0], apart[:, 1])
