"""tower_outage: a site answers every Hello with FAIL for some hours.

In the field: a power cut, a broken backhaul. Calls in progress look for another cell, new ones are refused and go to
the next site that is heard, or fail. The network demo's towers that are broken, or break at a time, are of this kind.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import above, within
from generators.injection import Incidents, around, on_cells
from generators.plan import CellFault
from generators.schedule import Schedule

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class TowerOutage:
    """Breaks all cells of a site for a while."""

    share: float = field(default=1.0, metadata=within(0, 1000))
    difficulty: float = field(default=0.5, metadata=within(0, 1))
    """From `longest_h` to `shortest_h`; however short, whoever counts failed Hellos sees it."""
    shortest_h: float = field(default=1.0, metadata=above(0))
    longest_h: float = field(default=12.0, metadata=above(0))
    schedule: Schedule = field(default_factory=Schedule)

    level: ClassVar[str] = "cell"
    adds: ClassVar[bool] = False
    least: ClassVar[int] = 5

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Break sites until about so many calls have met it."""
        if draft.callmap is None:
            return None
        where, sites = draft.callmap, draft.callmap.sites
        met = np.array([where.by_cell[cells].sum(axis=0) for cells in sites])
        hours = around(self.longest_h, self.shortest_h, self.difficulty)
        strikes = where.strike(calls, sites, met, (draft.spans, hours), rng)
        if strikes is None:
            return None
        faults = [[CellFault(int(cell), s.begin_ms, s.end_ms, "broken") for cell in sites[s.place]] for s in strikes]
        return on_cells(faults, [{"site": s.place} for s in strikes])
