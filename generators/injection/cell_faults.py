"""Common base of the anomaly types whose incidents are faults of cells rather than edits of calls."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import above
from generators.injection.fault_placement import LEAST, FaultTimes, Places, place_faults
from generators.injection.incident_parts import AnomalySettings
from generators.injection.injector import Incidents, around, on_cells
from generators.injection.planning_errors import NoRoom
from generators.injection.touches import RINGING, TALK, WHEN, WHERE

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.expected_calls import ExpectedCalls


@dataclass
class CellAnomaly(AnomalySettings, ABC):
    """Settings and planning common to all types at the level of cells."""

    shortest_h: float = field(default=1.0, metadata=above(0))
    """Duration of a fault at difficulty 1, about; no incident is shorter."""
    longest_h: float = field(default=48.0, metadata=above(0))
    """Duration of a fault at difficulty 0, about; no incident is longer."""

    level: ClassVar[str] = "cell"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = (*WHEN, *RINGING, *TALK, *WHERE)

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Plan incidents that affect about `calls` calls; raise `NoRoom` without a network or enough room."""
        if editable.life.expected_calls is None:
            raise NoRoom
        return self.plan_on_cells(editable, editable.life.expected_calls, calls, rng)

    @abstractmethod
    def plan_on_cells(
        self, editable: "EditablePlan", expected: "ExpectedCalls", calls: int, rng: np.random.Generator
    ) -> Incidents:
        """Plan incidents, given where and when calls are expected."""


@dataclass
class FaultAnomaly(CellAnomaly, ABC):
    """Base of faults of cells: difficulty 0: up to `longest_h` long, at busy places; 1: `shortest_h`, at quiet ones."""

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can affect."""
        return LEAST

    @abstractmethod
    def places(self, editable: "EditablePlan", expected: "ExpectedCalls", rng: np.random.Generator) -> Places:
        """Return the places at which faults may be put."""

    def plan_on_cells(
        self, editable: "EditablePlan", expected: "ExpectedCalls", calls: int, rng: np.random.Generator
    ) -> Incidents:
        """Place faults, weighted by the expected number of calls, until about so many calls meet one."""
        usual = around(self.longest_h, self.shortest_h, self.difficulty)
        times = FaultTimes(editable.normal.spans, usual, (self.shortest_h, self.longest_h))
        places = self.places(editable, expected, rng).quieter(self.difficulty)
        found = place_faults(expected, calls, places, times, rng)
        return on_cells([place.faults for place in found], [place.parameters for place in found])
