"""Schedules: when the incidents of a type may begin."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from bench.faults import one_of, within
from generators.model.clock import DAY_MS, HOUR_MS


@dataclass
class Schedule:
    """A schedule: spread over the world, in even parts, clustered in waves, or from a day on (a drift)."""

    kind: str = field(default="spread", metadata=one_of("spread", "even", "clustered", "drift"))
    """spread: at any time; even: the same number of calls in each of some parts of the world; clustered: in a few
    waves; drift: never before a day, and at any time after."""
    parts: int = field(default=2, metadata=within(2, 1000))
    """Of even incidents: equal parts, of whole days; two are what is fitted on and what is scored."""
    waves: int = field(default=3, metadata=within(1, 1000))
    """Of clustered incidents."""
    wave_h: float = field(default=24.0, metadata=within(1, 2400))
    """How long a wave is [h]; an incident begins within it."""
    from_day: int = field(default=14, metadata=within(0, 1000))
    """Of a drift: the first day of the world on which there are such incidents, counted from 0."""

    def spans(self, days: int, rng: np.random.Generator) -> list[Any]:
        """Return the spans of time in which incidents begin: lists of them that get the same number of calls each.

        Parameters
        ----------
        days
            Days of the world.
        rng
            Random generator, for the times of the waves.

        Returns
        -------
        list
            Of arrays of shape (n, 2) [ms since the start], in order, apart; none where incidents would begin too late.
        """
        end = days * DAY_MS
        if self.kind == "drift":
            return [np.array([[self.from_day * DAY_MS, end]])] if self.from_day < days else []
        if self.kind == "clustered":
            return [self._waves(end, rng)]
        edges = np.linspace(0, days, min(self.parts, days) + 1 if self.kind == "even" else 2).round() * DAY_MS
        return [np.array([span]) for span in pairwise(edges.astype(np.int64).tolist())]

    def _waves(self, end: int, rng: np.random.Generator) -> Any:
        length = min(int(self.wave_h * HOUR_MS), end)
        begins = np.sort((rng.random(self.waves) * (end - length + 1)).astype(np.int64))
        begins[1:] = np.maximum(begins[1:], begins[:-1] + length)
        spans = np.stack([begins, begins + length], axis=1)
        return np.minimum(spans[begins < end], end)
