"""short_call: an answered call that ends after 1 to 5 seconds.

In the field: calls that drop at once, bait for calling back, tests of stolen SIMs. The figures are those of the
published CDR generator. There are short normal calls too (27 % of the answered ones in the default world), so no
detector can tell all of them.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import AnomalySettings
from generators.injection.injector import Figures, Incidents, each_its_own, skewed
from generators.injection.touches import TALK
from generators.model.outcome import ANSWERED

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class ShortCall(AnomalySettings):
    """Shortens normal calls; caller, callee, start and place stay the same.

    Difficulty 0: mostly 1 s; 0.5: evenly 1 to 5 s; 1: mostly 5 s.
    """

    shortest_s: int = field(default=1, metadata=within(1, 60))
    """The shortest talk time of one of its calls."""
    longest_s: int = field(default=5, metadata=within(1, 60))
    """The longest talk time of one of its calls."""

    level: ClassVar[str] = "call"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = TALK
    least: ClassVar[int] = 1
    figures: ClassVar[Figures] = {"longest_s": (1, 5)}

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Shorten `calls` answered calls, drawn from all that last longer."""
        longest_ms = (self.longest_s + 1) * 1000
        found = editable.draw(calls, rng, lambda c: (c.outcome == ANSWERED) & (c.talk_ms > longest_ms))
        seconds = skewed(self.shortest_s, self.longest_s + 1, rng.random(calls), self.difficulty)
        return each_its_own(found._replace(talk_ms=(seconds * 1000).astype(np.int64)))
