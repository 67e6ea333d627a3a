"""tower_degraded: a site refuses some Hellos and loses some calls, at once or ever more.

In the field: a failing amplifier, water in a feeder, interference. Setup success, of the calls that ask it first, falls
to 60-90 %: it takes the phone on and then fails, so nobody else is asked. 5-30 % of the calls that it carries drop:
starting values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.faults import above, within
from generators.injection.cell_faults import FaultAnomaly
from generators.injection.fault_placement import LEFT_OPEN, Place, Places
from generators.injection.injector import between
from generators.model.clock import HOUR_MS
from generators.model.plan import CellFault

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.expected_calls import ExpectedCalls


SAMPLED, STEPS = 3000, 21
ASKED = 300
"""Calls that ask such a site, at least, so that the shares of those refused and lost are what they should be."""
WITHIN = 0.25
"""Part of a range by which shares are planned within its ends: what comes of it is left to chance."""


@dataclass
class TowerDegraded(FaultAnomaly):
    """Makes a site worse for a while; difficulty goes from the worst figures to the mildest, and to fewer hours.

    What grows does so up to the worst figures at most, so it is milder over its time.
    """

    most_refused: float = field(default=0.4, metadata=within(0.001, 1))
    """Share of the calls asking it first that are not set up, at difficulty 0."""
    least_refused: float = field(default=0.1, metadata=within(0.001, 1))
    """Share of the calls asking it first that are not set up."""
    most_dropped: float = field(default=0.3, metadata=within(0.001, 0.9))
    """Share of the answered calls that are lost, at difficulty 0."""
    least_dropped: float = field(default=0.05, metadata=within(0.001, 0.9))
    """Share of the answered calls that are lost, of those that end there."""
    ramps: float = field(default=0.5, metadata=within(0, 1))
    """Share of the faults that grow from nothing over their time; the others are all there at once."""
    shortest_h: float = field(default=6.0, metadata=above(0))
    """How long a fault lasts at difficulty 1."""

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the range of what its incidents come to."""
        return {
            "setup_success": (1 - self.most_refused, 1 - self.least_refused),
            "dropped": (self.least_dropped, self.most_dropped),
            "hours": (self.shortest_h, self.longest_h),
        }

    def places(self, editable: "EditablePlan", expected: "ExpectedCalls", rng: np.random.Generator) -> Places:
        """Return all sites, for those who are refused or lost there: by faults that grow, and by others."""
        talk_h = editable.look(SAMPLED, rng).talk_ms / HOUR_MS
        places, weights = [], []
        for ramp, share in ((False, 1 - self.ramps), (True, self.ramps)):
            refuses = self._worst(self.most_refused, self.least_refused, ramp)
            losses = _rate(self._worst(self.most_dropped, self.least_dropped, ramp), talk_h[talk_h > 0])
            effect = _effect(refuses, losses, talk_h, ramp)
            for tower_id, cells in expected.sites:
                faults = [CellFault(c, *LEFT_OPEN, "degraded", refuses, losses, ramp) for c in cells.tolist()]
                parameters = {"tower_id": tower_id, "ramp": ramp}
                met = effect * expected.by_cell[cells].sum(axis=0)
                places.append(Place(cells, met, faults, parameters, fewest=ASKED * effect))
                weights.append(share * met.sum())
        return Places(np.array(weights), places.__getitem__)

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can do with."""
        refused = self._worst(self.most_refused, self.least_refused)
        dropped = self._worst(self.most_dropped, self.least_dropped)
        return round(ASKED * (refused + (1 - refused) * dropped))

    def _worst(self, most: float, least: float, ramp: bool = False) -> float:
        """Return a share at its worst, such that on average it is what the difficulty asks for."""
        usual = between(most - WITHIN * (most - least), least + WITHIN * (most - least), self.difficulty)
        return min(2 * usual, most) if ramp else usual


def _rate(drops: float, talk_h: Any) -> float:
    """Return the rate of losses at which this share of some calls is lost, by halving [1/h]."""
    low, high = 0.0, 36_000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 - np.exp(-middle * talk_h)) < drops else (low, middle)
    return high


def _effect(refuses: float, losses: float, talk_h: Any, ramp: bool) -> float:
    """Return which share of the calls that ask such a site is refused or lost."""
    each = []
    for severity in np.linspace(0, 1, STEPS) if ramp else [1.0]:
        lost = np.mean(1 - np.exp(-losses * severity * talk_h))
        each.append(refuses * severity + (1 - refuses * severity) * lost)
    return float(np.mean(each))
