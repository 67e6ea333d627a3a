"""off_hour_call: a call between 02:00 and 05:00 local time by somebody who never calls then.

In the field: a stolen or cloned phone, a hacked exchange. The figures are those of the published CDR generator.
Night workers and people of late habits are normal life, and are not chosen (up to a difficulty of 0.5).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS, HOUR_MS
from generators.injection import Incidents, each_its_own, skewed
from generators.plan import Intents
from generators.schedule import Schedule

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class OffHourCall:
    """Moves calls of normal life into the night of the same day; whom they go to and how long stays as it was."""

    share: float = field(default=1.0, metadata=within(0, 1000))
    difficulty: float = field(default=0.5, metadata=within(0, 1))
    """0: mostly towards the quietest hour; 0.5: evenly; above, ever more by people who do call at night."""
    from_h: int = field(default=2, metadata=within(0, 23))
    to_h: int = field(default=5, metadata=within(1, 24))
    schedule: Schedule = field(default_factory=Schedule)

    level: ClassVar[str] = "call"
    adds: ClassVar[bool] = False
    least: ClassVar[int] = 1
    touches: ClassVar[tuple[str, ...]] = ("call_start_ts", "first_cell_id")

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Move `calls` calls that do not start at night."""
        anybody = max(0.0, 2 * self.difficulty - 1)

        def accept(found: Intents) -> Any:
            time = found.start_ms % DAY_MS
            by_day = (time < self.from_h * HOUR_MS) | (time >= self.to_h * HOUR_MS)
            joined = draft.habits.people.active_from_ms[found.user] <= found.start_ms - time
            never = draft.never_calls(found.user, self.from_h, self.to_h)
            return by_day & joined & (never | (rng.random(len(time)) < anybody))

        found = draft.draw(calls, rng, accept)
        if found is None:
            return None
        hours = skewed(self.from_h, self.to_h, rng.random(calls), 1 - self.difficulty)
        midnight = found.start_ms - found.start_ms % DAY_MS
        return each_its_own(found._replace(start_ms=midnight + (hours * HOUR_MS).astype(np.int64)))
