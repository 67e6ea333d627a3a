"""The radio network of a world: its cells, the propagation, and the radio map that follows from both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from generators.radio.cells import Air, Cells
from generators.radio.coverage import RadioMap, Reach, make_reach
from generators.radio.turned_rows import Audible, RunnersUp, audible, turned_rows


@dataclass(frozen=True)
class Plant:
    """Cells, propagation and radio map of a world."""

    cells: Cells
    air: Air
    radio: RadioMap
    _known: dict[tuple[int, float], tuple[Any, Any, Any]] = field(default_factory=dict, repr=False, compare=False)
    _audible: dict[int, Audible] = field(default_factory=dict, repr=False, compare=False)

    def turned(self, cell: int, turned_deg: float) -> tuple[Any, Any, Any]:
        """Return the rows of the map that change while one antenna is turned, as `turned_rows`; computed once."""
        if (cell, turned_deg) not in self._known:
            self._known[cell, turned_deg] = self._heard(cell, {cell: turned_deg}, self.radio, self._next_best)
        return self._known[cell, turned_deg]

    def heard(self, cell: int, turned_deg: Mapping[int, float], before: RadioMap) -> tuple[Any, Any, Any]:
        """Return the rows of a map that change when one antenna turns, given the angles of all turned antennas."""
        return self._heard(cell, turned_deg, before, RunnersUp.unknown(len(before.cell)))

    def _heard(
        self, cell: int, turned_deg: Mapping[int, float], before: RadioMap, next_best: RunnersUp
    ) -> tuple[Any, Any, Any]:
        site = int(self.cells.site[cell])
        if site not in self._audible:
            self._audible[site] = audible(site, (self.cells, self.air, self._reach, self.radio))
        network = self.aimed(turned_deg), self.air, self._reach, before
        return turned_rows(cell, self._audible[site], network, next_best)

    @cached_property
    def _next_best(self) -> RunnersUp:
        return RunnersUp.unknown(len(self.radio.cell))

    @cached_property
    def _reach(self) -> Reach:
        return make_reach(self.cells, self.air)

    def aimed(self, turned_deg: Mapping[int, float]) -> Cells:
        """Return the cells with some antennas turned by the given angles [deg]."""
        azimuth = self.cells.azimuth.copy()
        for cell, by in turned_deg.items():
            azimuth[cell] += by
        return self.cells._replace(azimuth=azimuth)
