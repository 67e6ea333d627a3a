"""antenna_misaligned: an antenna looks elsewhere, by 30 to 120 degrees.

In the field: a storm turns it, or somebody mounts it wrongly. No tower fails: who the cell serves, and from how far,
shifts; where it alone was heard, nobody is. What phones hear is worked out anew for that cell. Calls in progress on
phones that stand still keep their cell.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import above, within
from generators.injection import Incidents, around, between, on_cells
from generators.plan import CellFault
from generators.schedule import Schedule

if TYPE_CHECKING:
    from generators.draft import Draft


EVERYWHERE = -1
"""Only one antenna is turned at a time."""


@dataclass
class AntennaMisaligned:
    """Turns the antenna of a cell for a while."""

    share: float = field(default=1.0, metadata=within(0, 1000))
    difficulty: float = field(default=0.5, metadata=within(0, 1))
    """From `most_deg` to `least_deg`."""
    least_deg: float = field(default=30.0, metadata=within(1, 180))
    most_deg: float = field(default=120.0, metadata=within(1, 180))
    shortest_h: float = field(default=12.0, metadata=above(0))
    longest_h: float = field(default=96.0, metadata=above(0))
    schedule: Schedule = field(default_factory=Schedule)

    level: ClassVar[str] = "cell"
    adds: ClassVar[bool] = False
    least: ClassVar[int] = 5

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Turn antennas, one at a time, until about so many calls have been served otherwise."""
        if draft.callmap is None:
            return None
        where = draft.callmap
        cells = where.directed
        sign = np.where(rng.random(len(cells)) < 0.5, -1.0, 1.0)
        turned = sign * between(self.most_deg, self.least_deg, self.difficulty)

        @cache
        def met(place: int) -> Any:
            return where.moved(int(cells[place]), float(turned[place]))

        hours = around(self.longest_h, self.shortest_h, self.difficulty)
        places = [np.array([cell, EVERYWHERE]) for cell in cells]
        strikes = where.strike(calls, places, met, (draft.spans, hours), rng)
        if strikes is None:
            return None
        faults = [
            [CellFault(int(cells[s.place]), s.begin_ms, s.end_ms, "turned", turned_deg=float(turned[s.place]))]
            for s in strikes
        ]
        return on_cells(faults, [{"turned_deg": float(turned[s.place])} for s in strikes])
