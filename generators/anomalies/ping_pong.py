"""ping_pong: two cells hand a call over to each other again and again, every 1 to 5 seconds.

In the field: a wrong handover offset between neighbours, so that each takes the other for the better one. It affects
calls where both are received at nearly equal power; each handover may drop the call. The figures are starting values.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from bench.faults import above, within
from generators.injection.cell_faults import FaultAnomaly
from generators.injection.fault_placement import LEAST, LEFT_OPEN, Place, Places
from generators.injection.injector import between
from generators.model.plan import ANSWERED_MS, PING_PONG, RETURNS, CellFault

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan
    from generators.injection.expected_calls import ExpectedCalls


SAMPLED = 3000
SPREAD = 1.5
"""Longest stay in a cell relative to the mean, and mean relative to the shortest."""


@dataclass
class PingPong(FaultAnomaly):
    """Makes two neighbouring cells hand their calls back and forth for a while.

    With growing difficulty the stay in a cell grows from about `shortest_stay_s` to about `longest_stay_s`, so there
    are fewer handovers, and the fault gets shorter. A call that does not return three times after such a stay is
    collateral.
    """

    shortest_stay_s: float = field(default=1.0, metadata=within(0.1, 60))
    """How long a call stays in one cell at difficulty 0."""
    longest_stay_s: float = field(default=5.0, metadata=within(0.1, 60))
    """How long a call stays in one cell at difficulty 1."""
    margin_db: float = field(default=6.0, metadata=within(0.1, 40))
    """By how much the other cell may be weaker than the serving one for a call to be handed to it."""
    shortest_h: float = field(default=12.0, metadata=above(0))
    """How long a fault lasts at difficulty 1."""
    longest_h: float = field(default=96.0, metadata=above(0))
    """How long a fault lasts at difficulty 0."""

    @property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Return the range that each reported figure keeps; the number of returns is a mean over the calls."""
        return {
            "returns": (RETURNS, math.inf),
            "stay_s": (self.shortest_stay_s, self.longest_stay_s),
            "hours": (self.shortest_h, self.longest_h),
        }

    def places(self, editable: "EditablePlan", expected: "ExpectedCalls", rng: np.random.Generator) -> Places:
        """Return all pairs of cells with nearly equal power in some places; short calls there are not counted."""
        low, high = sorted((self.shortest_stay_s, self.longest_stay_s))
        stay_s = between(self.shortest_stay_s, self.longest_stay_s, self.difficulty)
        dwell = (int(1000 * max(stay_s / SPREAD, low)), int(1000 * min(stay_s * SPREAD, high)) - ANSWERED_MS)
        held_ms = editable.normal.lasting(editable.look(SAMPLED, rng))
        lasts = np.mean(held_ms > 2 * RETURNS * (sum(dwell) / 2 + ANSWERED_MS / 2))
        pairs, calls = expected.pairs(self.margin_db)

        def at(number: int) -> Place:
            faults = [
                CellFault(a, *LEFT_OPEN, PING_PONG, partner=b, margin_db=self.margin_db, dwell_ms=dwell)
                for a, b in (pairs[number].tolist(), pairs[number, ::-1].tolist())
            ]
            return Place(pairs[number], calls[number] * lasts, faults, {}, fewest=LEAST)

        return Places(calls.sum(axis=1), at)
