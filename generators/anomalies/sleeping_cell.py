"""sleeping_cell: a cell answers nobody, and raises no alarm.

In the field: its radio hangs while its supervision says that all is well. It carries nothing, phones that ask it wait
in vain and go elsewhere; what its neighbours then carry follows from the simulation.
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
class SleepingCell:
    """Lets a cell sleep for a while."""

    share: float = field(default=1.0, metadata=within(0, 1000))
    difficulty: float = field(default=0.5, metadata=within(0, 1))
    """From `longest_h` to `shortest_h`: the shorter, the more like a quiet time."""
    shortest_h: float = field(default=1.0, metadata=above(0))
    longest_h: float = field(default=48.0, metadata=above(0))
    schedule: Schedule = field(default_factory=Schedule)

    level: ClassVar[str] = "cell"
    adds: ClassVar[bool] = False
    least: ClassVar[int] = 5

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Let cells sleep until about so many calls have asked one in vain."""
        if draft.callmap is None:
            return None
        where = draft.callmap
        cells = list(np.arange(len(where.by_cell))[:, None])
        hours = around(self.longest_h, self.shortest_h, self.difficulty)
        strikes = where.strike(calls, cells, where.by_cell, (draft.spans, hours), rng)
        if strikes is None:
            return None
        faults = [[CellFault(s.place, s.begin_ms, s.end_ms, "sleeping")] for s in strikes]
        return on_cells(faults, [{} for _ in strikes])
