"""tower_degraded: a site refuses some Hellos and loses some calls, at once or ever more.

In the field: a failing amplifier, water in a feeder, interference. Setup success, of the Hellos it gets, falls to
60-90 % (whoever is refused tries the next cell), 5-30 % of the calls that it carries drop: starting values.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.faults import above, within
from generators.cell_deeds import FaultDeed
from generators.clock import HOUR_MS
from generators.injection import between
from generators.plan import CellFault
from generators.strikes import LEFT_OPEN, Place, Places

if TYPE_CHECKING:
    from generators.callmap import CallMap
    from generators.draft import Draft


SAMPLED, STEPS = 3000, 21


@dataclass
class TowerDegraded(FaultDeed):
    """Makes a site worse for a while; difficulty goes from the worst figures to the mildest, and to fewer hours."""

    most_refused: float = field(default=0.4, metadata=within(0.001, 1))
    least_refused: float = field(default=0.1, metadata=within(0.001, 1))
    """Share of the Hellos that are refused."""
    most_dropped: float = field(default=0.3, metadata=within(0.001, 0.9))
    least_dropped: float = field(default=0.05, metadata=within(0.001, 0.9))
    """Share of the answered calls that are lost, were they to stay."""
    ramps: float = field(default=0.5, metadata=within(0, 1))
    """Share of the calls that meet a fault which grows from nothing over its time; the others meet all of it."""
    shortest_h: float = field(default=6.0, metadata=above(0))

    def offers(self, draft: "Draft", where: "CallMap", rng: np.random.Generator) -> Iterator[tuple[float, Places]]:
        """Offer all sites, for those who are refused or lost there: by faults that grow, and by others."""
        refuses = between(self.most_refused, self.least_refused, self.difficulty)
        drops = between(self.most_dropped, self.least_dropped, self.difficulty)
        talk_h = draft.look(SAMPLED, rng).talk_ms / HOUR_MS
        losses = _rate(drops, talk_h[talk_h > 0])
        for ramp, share in ((False, 1 - self.ramps), (True, self.ramps)):
            effect, places = _effect(refuses, losses, talk_h, ramp), []
            for tower_id, cells in where.sites:
                faults = [CellFault(c, *LEFT_OPEN, "degraded", refuses, losses, ramp) for c in cells.tolist()]
                told = {"tower_id": tower_id, "refused": refuses, "dropped": drops, "ramp": ramp}
                places.append(Place(cells, effect * where.by_cell[cells].sum(axis=0), faults, told))
            yield share, Places.of(places)


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
