"""off_hour_call: a call between 02:00 and 05:00 local time by somebody who never calls at that time.

In the field: a stolen or cloned phone, a hacked exchange. The figures are those of the published CDR generator. Night
workers, and people who normally call late, are not chosen.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import AnomalySettings
from generators.injection.injector import Figures, Incidents, of_records
from generators.injection.touches import WHEN, WHERE
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.plan import Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan


@dataclass
class OffHourCall(AnomalySettings):
    """Moves normal calls into the night of the same day; their callees and talk times stay the same.

    A call is moved with its redials, which keep their distance from it; they are one incident.

    Difficulty has no effect: at other hours, or by people who normally call late, the calls would not be anomalous.
    """

    from_h: int = field(default=2, metadata=within(0, 23))
    """Local hour from which on calls are placed."""
    to_h: int = field(default=5, metadata=within(1, 24))
    """Local hour before which calls are placed."""

    level: ClassVar[str] = "call"
    adds: ClassVar[bool] = False
    touches: ClassVar[tuple[str, ...]] = (*WHEN, *WHERE)
    least: ClassVar[int] = 1
    has_difficulty: ClassVar[bool] = False
    figures: ClassVar[Figures] = {"earliest_h": (2, 5)}

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Move `calls` calls that do not start at night."""

        def accept(found: Intents) -> Any:
            time = found.start_ms % DAY_MS
            by_day = (time < self.from_h * HOUR_MS) | (time >= self.to_h * HOUR_MS)
            served = editable.life.subscribers.active_from_ms[found.user] <= found.start_ms - time
            served &= editable.normal.in_service(found.callee)
            return by_day & served & editable.life.never_calls(found.user, self.from_h, self.to_h)

        found, chain = editable.draw_chains(calls, rng, accept)
        first = np.flatnonzero(np.diff(chain, prepend=-1))
        begin = found.start_ms[first]
        longest_h = (np.maximum.reduceat(found.start_ms, first) - begin) / HOUR_MS
        hours = self.from_h + np.maximum(self.to_h - self.from_h - longest_h, 0) * rng.random(len(first))
        later = begin - begin % DAY_MS + (hours * HOUR_MS).astype(np.int64) - begin
        return of_records(found._replace(start_ms=found.start_ms + later[chain]), chain, len(first))
