"""ping_pong: two cells hand a call to each other, again and again, every 1 to 5 seconds.

In the field: a wrong handover offset between neighbours, so that each takes the other for the better one. It befalls
calls where both are heard nearly equally well; each handover is a chance to lose the call.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import above, within
from generators.injection import Incidents, around, between, on_cells
from generators.plan import PING_PONG, CellFault
from generators.schedule import Schedule

if TYPE_CHECKING:
    from generators.draft import Draft


SAMPLED = 3000
SPREAD = 1.5
"""Of the stay in a cell: the longest relative to the mean, and the mean to the shortest."""


@dataclass
class PingPong:
    """Lets two neighbours swap their calls for a while."""

    share: float = field(default=1.0, metadata=within(0, 1000))
    difficulty: float = field(default=0.5, metadata=within(0, 1))
    """From a stay of about `shortest_stay_s` to one of about `longest_stay_s`: the longer, the fewer handovers."""
    shortest_stay_s: float = field(default=1.0, metadata=within(0.1, 60))
    longest_stay_s: float = field(default=5.0, metadata=within(0.1, 60))
    margin_db: float = field(default=6.0, metadata=within(0.1, 40))
    """How much weaker the other cell may be."""
    shortest_h: float = field(default=12.0, metadata=above(0))
    longest_h: float = field(default=96.0, metadata=above(0))
    schedule: Schedule = field(default_factory=Schedule)

    level: ClassVar[str] = "cell"
    adds: ClassVar[bool] = False
    least: ClassVar[int] = 5

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Let pairs of cells swap calls until about so many have been handed over."""
        if draft.callmap is None:
            return None
        low, high = sorted((self.shortest_stay_s, self.longest_stay_s))
        stay_s = between(self.shortest_stay_s, self.longest_stay_s, self.difficulty)
        dwell = (int(1000 * max(stay_s / SPREAD, low)), int(1000 * min(stay_s * SPREAD, high)))
        lasts = np.mean(draft.look(SAMPLED, rng).talk_ms > sum(dwell) / 2)
        pairs, near = draft.callmap.pairs(self.margin_db)
        met = near * lasts
        hours = around(self.longest_h, self.shortest_h, self.difficulty)
        strikes = draft.callmap.strike(calls, list(pairs), met, (draft.spans, hours), rng)
        if strikes is None:
            return None
        faults = [
            [
                CellFault(a, s.begin_ms, s.end_ms, PING_PONG, partner=b, margin_db=self.margin_db, dwell_ms=dwell)
                for a, b in (pairs[s.place].tolist(), pairs[s.place, ::-1].tolist())
            ]
            for s in strikes
        ]
        return on_cells(faults, [{"stay_s": stay_s} for _ in strikes])
