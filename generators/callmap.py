"""Where and when calls are to be expected, and where faults of cells will therefore meet how many of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from generators.calls.habits import Habits
from generators.clock import DAY_MS, HOUR_MS, HOURS
from generators.mobility.itinerary import positions
from generators.radio.cells import OMNI
from generators.radio.coverage import NO_CELL, pixel_middles, pixels_at, turned_rows
from generators.sessions.load import DAYS_OF_WEEK, Talk, follow
from generators.sessions.network import Plant

SHORTEST_MS = 300_000
"""No fault is shorter."""
MOST_TRIES = 400
FARTHEST = 3
"""Radii from the middle of a crowd."""


@dataclass(frozen=True)
class Strike:
    """A place that is struck for a while."""

    place: int
    """Which of those that were offered."""
    begin_ms: int
    end_ms: int
    calls: float
    """About how many intents meet it."""


@dataclass
class CallMap:
    """The calls of normal life, as people's habits and ways let expect them."""

    habits: Habits
    plant: Plant
    counts: Any
    """Shape (days, N): intents of each user and day."""
    _claimed: list[tuple[int, int, int]] = field(default_factory=list)
    """Cell, begin and end of the faults that are planned."""

    @cached_property
    def calls(self) -> Any:
        """Intents an hour of each pixel, by hour of a working day and then of a weekend day; shape (P, 48)."""
        habits, people, radio = self.habits, self.habits.people, self.plant.radio
        daily = np.diff(habits.hours, axis=2)[habits.day_kind] * habits.day_factor.T[:, :, None]
        shares = [
            daily[habits.weekend == free].mean(axis=0) for free in (False, True) if (habits.weekend == free).any()
        ]
        talk = Talk(
            self.counts.sum(axis=0) / habits.day_factor.sum(axis=1)[people.pattern],
            people.pattern,
            np.column_stack([shares[0], shares[-1]]),
            np.rint(people.clock_shift_ms / HOUR_MS).astype(np.int64),
        )
        pixels = radio.columns * radio.rows
        return follow(min(self.days, DAYS_OF_WEEK), talk, habits.network.folk, radio, (np.arange(pixels), pixels))

    @cached_property
    def by_cell(self) -> Any:
        """The same for the cell that is heard best; shape (C, 48)."""
        best = self.plant.radio.cell[:, 0]
        out = np.zeros((len(self.plant.cells.site), 2 * HOURS))
        np.add.at(out, best[best != NO_CELL], self.calls[best != NO_CELL])
        return out

    @property
    def days(self) -> int:
        """Return how many days there are."""
        return int(self.counts.shape[0])

    @property
    def sites(self) -> list[Any]:
        """Return the cells of each site."""
        return [np.arange(low, high) for low, high in pairwise(self.plant.cells.first)]

    def moved(self, cell: int, turned_deg: float) -> Any:
        """Return how many intents are served otherwise while an antenna is turned, in each hour; shape (48,)."""
        cells, radio = self.plant.cells, self.plant.radio
        azimuth = cells.azimuth.copy()
        azimuth[cell] += turned_deg
        pixels, names, _ = turned_rows(cell, cells._replace(azimuth=azimuth), self.plant.air, radio)
        return self.calls[pixels[names[:, 0] != radio.cell[pixels, 0]]].sum(axis=0)

    def pairs(self, margin_db: float) -> tuple[Any, Any]:
        """Return pairs of cells of which both are heard nearly as well somewhere, and how many intents are there.

        Returns
        -------
        tuple
            Shape (n, 2): the cells; shape (n, 48): intents in each hour, where one is the best and the other weaker by
            no more than the margin.
        """
        radio, many = self.plant.radio, len(self.plant.cells.site)
        near = (radio.cell[:, 1:] != NO_CELL) & (radio.power[:, 1:] >= radio.power[:, :1] - np.float32(margin_db))
        near &= self.calls.any(axis=1)[:, None]
        pixel, place = np.nonzero(near)
        both = np.sort(np.column_stack([radio.cell[pixel, 0], radio.cell[pixel, place + 1]]), axis=1).astype(np.int64)
        code, which = np.unique(both[:, 0] * many + both[:, 1], return_inverse=True)
        calls = np.zeros((len(code), 2 * HOURS))
        np.add.at(calls, which, self.calls[pixel])
        return np.column_stack(np.divmod(code, many)), calls

    def around(self, user: int, moment_ms: int, radius_m: float) -> Any:
        """Return intents in each hour near where a user is at a moment, each weighed by its distance; shape (48,)."""
        radio = self.plant.radio
        middle = positions(np.array([user]), np.array([moment_ms]), self.habits.network.folk)
        return self._nearness(pixel_middles(radio) - middle, radius_m) @ self.calls

    def crowd(self, user: int, moment_ms: int, radius_m: float) -> tuple[Any, Any]:
        """Return how near everybody is to a user at a moment, in [0, 1], and the cell that each hears best.

        Returns
        -------
        tuple
            Shape (users,) each; nearness is exp(-distance / radius), 0 from three radii on; the cell -1 where none is
            heard.
        """
        everybody = np.arange(self.habits.num_users)
        where = positions(everybody, np.full(len(everybody), moment_ms), self.habits.network.folk)
        cell = self.plant.radio.cell[pixels_at(where, self.plant.radio), 0]
        return self._nearness(where - where[user], radius_m), cell

    def _nearness(self, apart: Any, radius_m: float) -> Any:
        plane = self.plant.air.plane
        if plane.wrap:
            size = np.array([plane.width, plane.height])
            apart = apart - size * np.floor(apart / size + 0.5)
        distance = np.hypot(apart[:, 0], apart[:, 1])
        return np.where(distance < FARTHEST * radius_m, np.exp(-distance / radius_m), 0.0)

    @property
    def directed(self) -> Any:
        """Return the cells whose antenna has a direction; shape (n,)."""
        return np.flatnonzero(self.plant.cells.kind != OMNI)

    def within(self, hourly: Any, begin_ms: int, end_ms: int) -> float:
        """Return what a figure of each hour of a working and a weekend day, shape (48,), adds up to in a span."""
        total = np.concatenate([[0.0], np.cumsum(hourly[self._hours])])
        edges = np.arange(len(total)) * HOUR_MS
        return float(np.interp(end_ms, edges, total) - np.interp(begin_ms, edges, total))

    @cached_property
    def _hours(self) -> Any:
        """Shape (hours of the world,): hour of a working day or of a weekend day."""
        day, hour = np.divmod(np.arange(self.days * HOURS), HOURS)
        return hour + np.where(self.habits.weekend[day], HOURS, 0)

    def strike(
        self,
        calls: float,
        places: Sequence[Any],
        met: Any,
        span: tuple[Any, tuple[float, float]],
        rng: np.random.Generator,
    ) -> list[Strike] | None:
        """Choose places and times whose faults will meet about so many intents.

        Parameters
        ----------
        calls
            How many intents.
        places
            The cells of each place, arrays: no cell is struck by two faults at a time. A negative number stands for
            something else that places share.
        met
            How many intents would meet a fault of each place, in each hour, shape (places, 48); or a function that
            says so of a place. Places are drawn by it; with a function, by their calls.
        span
            When faults may begin, shape (n, 2) [ms]; and how long they last, least and most [h].
        rng
            Where chance comes from.

        Returns
        -------
        list or None
            None where the world does not hold so many.
        """
        if callable(met):
            weight, hourly = np.array([self.by_cell[cells[cells >= 0]].sum() for cells in places]), met
        else:
            weight, hourly = met.sum(axis=1), met.__getitem__
        strikes: list[Strike] = []
        missing, tries = calls, 0
        while missing > 0.5 and tries < MOST_TRIES + 20 * len(strikes) and weight.sum() > 0:
            tries += 1
            place = int(rng.choice(len(places), p=weight / weight.sum()))
            begin, end = self._put_off(places[place], *self._moments(span, rng))
            expected = self.within(hourly(place), begin, end)
            if expected > missing:
                end, expected = self._shortened(hourly(place), begin, end, missing), missing
            if expected < min(1.0, missing) or end - begin < SHORTEST_MS:
                continue
            self._claimed += [(int(cell), begin, end) for cell in places[place]]
            strikes.append(Strike(place, begin, end, expected))
            missing -= expected
        return strikes if missing <= max(0.5, 0.02 * calls) else None

    def _moments(self, span: tuple[Any, tuple[float, float]], rng: np.random.Generator) -> tuple[int, int]:
        """Return when a fault begins and ends: at any time, for any length on a logarithmic scale."""
        spans, (least, most) = span
        length = (spans[:, 1] - spans[:, 0]).astype(float)
        number = int(rng.choice(len(spans), p=length / length.sum()))
        begin = int(spans[number, 0] + rng.random() * length[number])
        lasts = least * (most / least) ** rng.random() * HOUR_MS
        return begin, min(int(begin + lasts), self.days * DAY_MS)

    def _shortened(self, hourly: Any, begin_ms: int, end_ms: int, calls: float) -> int:
        """Return until when a fault meets so many intents, by halving the span."""
        low, high = begin_ms, end_ms
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.within(hourly, begin_ms, middle) < calls else (low, middle)
        return high

    def _put_off(self, cells: Any, begin_ms: int, end_ms: int) -> tuple[int, int]:
        """Return when a fault may begin and end, put off until those of the same cells are over."""
        mine, lasts = set(np.asarray(cells).tolist()), end_ms - begin_ms
        for begin, end in sorted((begin, end) for cell, begin, end in self._claimed if cell in mine):
            if begin < begin_ms + lasts and begin_ms < end:
                begin_ms = end
        return begin_ms, min(begin_ms + lasts, self.days * DAY_MS)
