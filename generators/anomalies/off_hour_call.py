"""off_hour_call: a call between 02:00 and 05:00 local time by somebody who never calls then.

In the field: a stolen or cloned phone, a hacked exchange. The figures are those of the published CDR generator.
Night workers and people of late habits are normal life, and are not chosen (at difficulty 0).
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.clock import DAY_MS, HOUR_MS
from generators.deeds import Deed
from generators.injection import Incidents, each_its_own
from generators.plan import Intents
from generators.touches import WHEN, WHERE

if TYPE_CHECKING:
    from generators.draft import Draft


@dataclass
class OffHourCall(Deed):
    """Moves calls of normal life into the night of the same day; whom they go to and how long stays as it was.

    Difficulty lets the span of hours reach into the early morning, when others begin to call, and is the share of the
    calls that anybody may make, not only who never calls at night. The published figures are those of difficulty 0,
    the default.
    """

    difficulty: float = field(default=0.0, metadata=within(0, 1))

    from_h: int = field(default=2, metadata=within(0, 23))
    to_h: int = field(default=5, metadata=within(1, 24))
    morning_h: float = field(default=3.0, metadata=within(0, 12))
    """By how much later the last may start at difficulty 1."""

    level: ClassVar[str] = "call"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = (*WHEN, *WHERE)
    least: ClassVar[int] = 1

    def plan(self, draft: "Draft", calls: int, rng: np.random.Generator) -> Incidents | None:
        """Move `calls` calls that do not start at night."""
        until_h = min(self.to_h + self.morning_h * self.difficulty, 24.0)

        def accept(found: Intents) -> Any:
            time = found.start_ms % DAY_MS
            by_day = (time < self.from_h * HOUR_MS) | (time >= until_h * HOUR_MS)
            served = draft.habits.people.active_from_ms[found.user] <= found.start_ms - time
            served &= draft.in_service(found.callee)
            never = draft.never_calls(found.user, self.from_h, self.to_h)
            return by_day & served & (never | (rng.random(len(time)) < self.difficulty))

        found = draft.draw(calls, rng, accept)
        if found is None:
            return None
        hours = self.from_h + (until_h - self.from_h) * rng.random(calls)
        midnight = found.start_ms - found.start_ms % DAY_MS
        return each_its_own(found._replace(start_ms=midnight + (hours * HOUR_MS).astype(np.int64)))
