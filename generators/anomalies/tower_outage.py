"""tower_outage: a site answers every Hello with FAIL for some hours.

In the field: a power cut, a broken backhaul. Calls in progress are handed over to another cell; new ones are refused
and try the next site in range, or fail. The hours are starting values. The broken towers of the network demo fail in
the same way, but are not injected: `configured_failure`.
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
class TowerOutage(FaultAnomaly):
    """Breaks all cells of a site for a while; a count of failed Hellos shows even a short outage."""

    longest_h: float = field(default=12.0, metadata=above(0))
    """How long an outage lasts at difficulty 0."""

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the range that each reported figure of an incident keeps."""
        return {"refused": (1.0, 1.0), "hours": (self.shortest_h, self.longest_h)}

    def places(self, editable: "EditablePlan", expected: "ExpectedCalls", rng: np.random.Generator) -> Places:
        """Return all sites; the calls met are those that try one of the site's cells first."""
        places = []
        for tower_id, cells in expected.sites:
            faults = [CellFault(cell, *LEFT_OPEN, "broken") for cell in cells.tolist()]
            places.append(Place(cells, expected.by_cell[cells].sum(axis=0), faults, {"tower_id": tower_id}))
        return Places.of(places)
