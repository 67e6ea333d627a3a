"""sleeping_cell: a cell answers no phone and raises no alarm.

In the field: its radio hangs while its monitoring reports no fault. It carries no calls; phones that ask it get no
answer, time out and try another cell. The additional load of its neighbours follows from the simulation. Fortes, Barco
and Aguilar-Garcia, "Location-based distributed sleeping cell detection and root cause analysis for 5G ultra-dense
networks", EURASIP Journal on Wireless Communications and Networking 2016:149, on what it is. The hours are starting
values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bench.faults import above
from generators.injection.cell_faults import FaultAnomaly
from generators.injection.fault_placement import LEFT_OPEN, Place, Places
from generators.model.plan import CellFault

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.expected_calls import ExpectedCalls


@dataclass
class SleepingCell(FaultAnomaly):
    """Makes a cell silent for a while; with difficulty more briefly and at quieter places and hours.

    Not shorter than two hours: a shorter fault that affects any calls at all would have to be at a busy place, where it
    shows more.
    """

    shortest_h: float = field(default=2.0, metadata=above(0))
    """How long a cell is silent at difficulty 1."""

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the range that each reported figure of an incident keeps."""
        return {"unanswered": (1.0, 1.0), "hours": (self.shortest_h, self.longest_h)}

    def places(self, editable: "EditablePlan", expected: "ExpectedCalls", rng: np.random.Generator) -> Places:
        """Return all cells; the calls met are those that try the cell first."""
        asleep = [[CellFault(cell, *LEFT_OPEN, "sleeping")] for cell in range(len(expected.by_cell))]
        return Places.of([Place(np.array([c]), expected.by_cell[c], f, {}) for c, f in enumerate(asleep)])
