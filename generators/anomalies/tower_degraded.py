"""tower_degraded: a site refuses some Hellos and drops some calls, from the start or increasingly.

In the field: a failing amplifier, water in a feeder, interference. Setup success of the calls that try the site first
falls to 60-90 %: it accepts the phone and then fails, so no other cell is tried. 5-30 % of the calls that it carries
are dropped. The figures are starting values.
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
"""The fewest calls that try the site, so that the shares of refused and dropped calls come close to those planned."""
WITHIN = 0.25
"""Planned shares stay away from both ends of their range by this part of it, since chance moves the realised ones."""


@dataclass
class TowerDegraded(FaultAnomaly):
    """Degrades a site for a while; with difficulty the refusals, the drops and the duration shrink.

    Faults that grow reach the worst figures only at their end, so they are milder on average.
    """

    most_refused: float = field(default=0.4, metadata=within(0.001, 1))
    """Share of the calls trying the site first that are not set up, at difficulty 0."""
    least_refused: float = field(default=0.1, metadata=within(0.001, 1))
    """Share of the calls trying the site first that are not set up, at difficulty 1."""
    most_dropped: float = field(default=0.3, metadata=within(0.001, 0.9))
    """Share of the answered calls ending at the site that are dropped, at difficulty 0."""
    least_dropped: float = field(default=0.05, metadata=within(0.001, 0.9))
    """Share of the answered calls ending at the site that are dropped, at difficulty 1."""
    ramps: float = field(default=0.5, metadata=within(0, 1))
    """Share of the faults that grow gradually from zero; the others have their full effect at once."""
    shortest_h: float = field(default=6.0, metadata=above(0))
    """How long a fault lasts at difficulty 1."""

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the range that each reported figure of an incident keeps."""
        return {
            "setup_success": (1 - self.most_refused, 1 - self.least_refused),
            "dropped": (self.least_dropped, self.most_dropped),
            "hours": (self.shortest_h, self.longest_h),
        }

    def places(self, editable: "EditablePlan", expected: "ExpectedCalls", rng: np.random.Generator) -> Places:
        """Return all sites, once for gradual and once for sudden faults, by the calls refused or dropped."""
        sampled = editable.look(SAMPLED, rng)
        talk_h, held_h = sampled.talk_ms / HOUR_MS, editable.normal.lasting(sampled) / HOUR_MS
        places, weights = [], []
        for ramp, share in ((False, 1 - self.ramps), (True, self.ramps)):
            refuses = self._worst(self.most_refused, self.least_refused, ramp)
            losses = _rate(self._worst(self.most_dropped, self.least_dropped, ramp), talk_h[talk_h > 0])
            effect = _effect(refuses, losses, held_h, ramp)
            for tower_id, cells in expected.sites:
                faults = [CellFault(c, *LEFT_OPEN, "degraded", refuses, losses, ramp) for c in cells.tolist()]
                parameters = {"tower_id": tower_id, "ramp": ramp}
                met = effect * expected.by_cell[cells].sum(axis=0)
                places.append(Place(cells, met, faults, parameters, fewest=ASKED * effect))
                weights.append(share * met.sum())
        return Places(np.array(weights), places.__getitem__)

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have."""
        refused = self._worst(self.most_refused, self.least_refused)
        dropped = self._worst(self.most_dropped, self.least_dropped)
        return round(ASKED * (refused + (1 - refused) * dropped))

    def _worst(self, most: float, least: float, ramp: bool = False) -> float:
        """Return a share at its maximum, such that its mean is what the difficulty asks for."""
        usual = between(most - WITHIN * (most - least), least + WITHIN * (most - least), self.difficulty)
        return min(2 * usual, most) if ramp else usual


def _rate(drops: float, talk_h: Any) -> float:
    """Return the drop rate [1/h] at which this share of some calls is dropped, by bisection."""
    low, high = 0.0, 36_000.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(1 - np.exp(-middle * talk_h)) < drops else (low, middle)
    return high


def _effect(refuses: float, losses: float, held_h: Any, ramp: bool) -> float:
    """Return the share of the calls trying such a site that is refused or dropped."""
    each = []
    for severity in np.linspace(0, 1, STEPS) if ramp else [1.0]:
        lost = np.mean(1 - np.exp(-losses * severity * held_h))
        each.append(refuses * severity + (1 - refuses * severity) * lost)
    return float(np.mean(each))
