"""burst_call: somebody makes 10 to 20 calls of 10 to 60 seconds within about an hour.

In the field: telesales from a private line, spam, a phone in the hands of a thief. The figures are those of the
published CDR generator.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from bench.faults import within
from generators.injection.incident_parts import AnomalySettings
from generators.injection.injector import Figures, Incidents, new_calls, of_records, parted
from generators.injection.touches import ALL_OF_A_CALL
from generators.model.clock import DAY_MS, HOUR_MS, PAUSE_MS
from generators.model.outcome import ANSWERED

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan

PUBLISHED = 0.5
"""Difficulty at which bursts are as published."""
FASTER, SLOWER = 4.0, 1.2
"""Factors on the duration of a burst per unit of difficulty, below and above `PUBLISHED`."""
AROUND_MS = 2 * HOUR_MS
"""No other incident may change the actor's calls within this time of a burst: a long call would block the line."""
FULL = 0.8
"""At difficulty 0 the fewest calls move this share of the way up to the most; at 1 the most move down as far."""


@dataclass
class BurstCall(AnomalySettings):
    """Adds bursts of calls, each at a time at which its actor normally calls.

    Difficulty 0: nearly the most calls, within half the span; 0.5: any number of calls, within the span, to strangers;
    1: nearly the fewest calls, within a tenth more, to own contacts.
    """

    fewest_calls: int = field(default=10, metadata=within(2, 1000))
    """The fewest calls of a burst."""
    most_calls: int = field(default=20, metadata=within(2, 1000))
    """The most calls of a burst."""
    shortest_s: int = field(default=10, metadata=within(1, 3600))
    """The shortest talk time of one of its calls."""
    longest_s: int = field(default=60, metadata=within(1, 3600))
    """The longest talk time of one of its calls."""
    span_s: int = field(default=3600, metadata=within(60, 43200))
    """Time within which the calls of a burst start."""

    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    touches: ClassVar[tuple[str, ...]] = ALL_OF_A_CALL
    figures: ClassVar[Figures] = {"calls": (10, 20), "callees": None, "median_s": (10, 60), "within_s": (60, 7200)}

    @property
    def least(self) -> int:
        """Return the fewest calls that an incident can have."""
        return self.fewest_calls

    def _bounds(self) -> tuple[int, int]:
        """Return the fewest and the most calls of a burst at the difficulty."""
        off = FULL * (1 - self.difficulty / PUBLISHED) * (self.most_calls - self.fewest_calls)
        return round(self.fewest_calls + max(off, 0)), round(self.most_calls + min(off, 0))

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Add `calls` calls in bursts; each burst is placed at one of its actor's normal calls."""
        normal = editable.normal
        sizes = parted(calls, self._bounds(), (self.fewest_calls, self.most_calls), rng)
        anchors = editable.draw(len(sizes), rng, lambda c: c.start_ms >= 0)
        editable.between(anchors.user, np.maximum(anchors.start_ms - AROUND_MS, 0), anchors.start_ms + AROUND_MS)
        incident = np.repeat(np.arange(len(sizes)), sizes)
        user = anchors.user[incident]
        talk = rng.integers(self.shortest_s * 1000, self.longest_s * 1000 + 1, calls)
        pace = SLOWER if self.difficulty > PUBLISHED else FASTER
        span_ms = np.int64(self.span_s * 1000 * pace ** (self.difficulty - PUBLISHED))
        ring = normal.usual_rings(np.full(calls, ANSWERED), rng)
        start = _spread(anchors.start_ms, incident, ring + talk, span_ms, rng)
        start = normal.when_free(user, incident, start, ring + talk, rng)
        known = rng.random(calls) < 2 * self.difficulty - 1
        callee = np.where(known, normal.contacts(user, start, rng), normal.strangers(user, rng))
        edits = new_calls(user, start, talk, callee, rng)._replace(ring_ms=ring)
        return of_records(edits, incident, len(sizes))


def _spread(anchor_ms: Any, incident: Any, held_ms: Any, span_ms: np.int64, rng: np.random.Generator) -> Any:
    """Place the calls of each incident within its span, one after the other, on the anchor's day."""
    first = np.searchsorted(incident, np.arange(len(anchor_ms)))
    taken = np.cumsum(held_ms + PAUSE_MS)
    before = taken - (held_ms + PAUSE_MS)
    before -= before[first][incident]
    free = np.maximum(span_ms - np.add.reduceat(held_ms + PAUSE_MS, first), 0)
    gaps = rng.random(len(incident)) * free[incident]
    gaps = gaps[np.lexsort((gaps, incident))].astype(np.int64)
    length = np.maximum(span_ms, np.add.reduceat(held_ms + PAUSE_MS, first))
    midnight = anchor_ms - anchor_ms % DAY_MS
    begin = np.maximum(np.minimum(anchor_ms, midnight + DAY_MS - length), midnight)
    return begin[incident] + before + gaps
