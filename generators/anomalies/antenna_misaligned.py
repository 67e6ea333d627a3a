"""antenna_misaligned: the antenna of a cell is turned away from its direction by 30 to 120 degrees.

In the field: a storm turns the antenna, or it is mounted wrongly. No tower fails, but the cell serves other users at
other distances, and where it was the only cell, there is no coverage. The received power of that cell is computed again
for the new direction. Calls in progress on phones that stand still keep their cell. The figures are starting values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bench.faults import above, within
from generators.injection.cell_faults import FaultAnomaly
from generators.injection.fault_placement import LEFT_OPEN, Place, Places
from generators.injection.injector import between
from generators.model.plan import CellFault

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.expected_calls import ExpectedCalls


@dataclass
class AntennaMisaligned(FaultAnomaly):
    """Turns the antenna of a cell for a while; with difficulty the angle and the duration shrink."""

    least_deg: float = field(default=30.0, metadata=within(1, 180))
    """Angle by which the antenna is turned at difficulty 1."""
    most_deg: float = field(default=120.0, metadata=within(1, 180))
    """Angle by which the antenna is turned at difficulty 0."""
    shortest_h: float = field(default=6.0, metadata=above(0))
    """How long a fault lasts at difficulty 1."""
    longest_h: float = field(default=96.0, metadata=above(0))
    """How long a fault lasts at difficulty 0."""

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the range that each reported figure of an incident keeps."""
        return {"turned_deg": (-self.most_deg, self.most_deg), "hours": (self.shortest_h, self.longest_h)}

    def places(self, editable: "EditablePlan", expected: "ExpectedCalls", rng: np.random.Generator) -> Places:
        """Return all cells with a direction; the calls met are those that another cell then serves."""
        cells = expected.directed
        sign = np.where(rng.random(len(cells)) < 0.5, -1.0, 1.0)
        turned = sign * between(self.most_deg, self.least_deg, self.difficulty)

        def at(number: int) -> Place:
            cell, by = int(cells[number]), float(turned[number])
            fault = CellFault(cell, *LEFT_OPEN, "turned", turned_deg=by)
            return Place(np.array([cell]), expected.moved(cell, by), [fault], {"turned_deg": by})

        return Places(expected.by_cell[cells].sum(axis=1), at, one_by_one=True)
