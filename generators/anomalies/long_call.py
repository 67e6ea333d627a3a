"""long_call: an answered call of 1 to 2 hours to somebody the caller knows.

In the field: lines left open, resold minutes, traffic generated for its revenue. The figures are those of the published
CDR generator.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import AnomalySettings, talk_between
from generators.injection.injector import Figures, Incidents, each_its_own
from generators.injection.touches import TALK, WHOM
from generators.model.outcome import ANSWERED

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class LongCall(AnomalySettings):
    """Lengthens calls between users; the caller's other calls during that time do not happen (collateral).

    Difficulty has no effect: a talk time of an hour cannot be hidden.
    """

    shortest_s: int = field(default=3600, metadata=within(60, 43200))
    """The shortest talk time of one of its calls."""
    longest_s: int = field(default=7200, metadata=within(60, 43200))
    """The longest talk time of one of its calls."""

    level: ClassVar[str] = "call"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = (*TALK, *WHOM)
    least: ClassVar[int] = 1
    has_difficulty: ClassVar[bool] = False
    figures: ClassVar[Figures] = {"longest_s": (3600, 7200)}

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Lengthen `calls` answered calls, drawn from all shorter ones between users of the network."""
        shortest_ms, users = self.shortest_s * 1000, editable.normal.num_users
        found = editable.draw(
            calls, rng, lambda c: (c.outcome == ANSWERED) & (c.talk_ms < shortest_ms) & (c.callee < users)
        )
        return each_its_own(found._replace(talk_ms=talk_between(self.shortest_s, self.longest_s, calls, rng)))
