"""What the types of the catalogue at the level of cells have in common."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import above
from generators.injection.fault_placement import LEAST, Lengths, Places, strike
from generators.injection.incident_parts import Deed
from generators.injection.injector import Incidents, around, on_cells
from generators.injection.touches import TALK, WHEN, WHERE

if TYPE_CHECKING:
    from generators.injection.editable_plan import Draft
    from generators.injection.expected_calls import CallMap


@dataclass
class CellDeed(Deed, ABC):
    """What types at the level of cells can be told."""

    shortest_h: float = field(default=1.0, metadata=above(0))
    """How long a fault lasts at difficulty 1."""
    longest_h: float = field(default=48.0, metadata=above(0))
    """How long an incident lasts."""

    level: ClassVar[str] = "cell"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = (*WHEN, *TALK, *WHERE)

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Plan incidents that about so many calls meet; None without a network, or room for them."""
        return None if draft.callmap is None else self.befall(draft, draft.callmap, calls, rng)

    @abstractmethod
    def befall(self, draft: "Draft", where: "CallMap", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Do so, knowing where calls are to be expected."""


@dataclass
class FaultDeed(CellDeed, ABC):
    """Faults of cells: at difficulty 0 about `longest_h` long, busy places and hours; at 1 `shortest_h`, quiet."""

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can do with."""
        return LEAST

    @abstractmethod
    def offers(self, draft: "Draft", where: "CallMap", rng: np.random.Generator) -> Iterable[tuple[float, Places]]:
        """Yield shares of the calls, and the places at which these are to meet a fault."""

    def befall(self, draft: "Draft", where: "CallMap", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Strike places until about so many calls meet a fault."""
        entry = (self.shortest_h, self.longest_h)
        span = (draft.spans, Lengths(around(self.longest_h, self.shortest_h, self.difficulty), entry))
        found = []
        for share, places in self.offers(draft, where, rng):
            struck = strike(where, share * calls, places.quieter(self.difficulty), span, rng)
            if struck is None:
                return None
            found += struck
        return on_cells([place.faults for place in found], [place.parameters for place in found])
