"""Schedules: when the incidents of a type may begin."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from bench.faults import one_of, within
from generators.model.clock import DAY_MS, HOUR_MS


@dataclass
class Schedule:
    """When the incidents of a type begin: at any time, in even parts, in waves, or from a day on (drift)."""

    kind: str = field(default="spread", metadata=one_of("spread", "even", "clustered", "drift"))
    """spread: at any time; even: the same number of calls in each of some equal parts of the world; clustered: in a few
    waves; drift: at any time from a given day on, never before."""
    parts: int = field(default=2, metadata=within(2, 1000))
    """For kind=even: number of equal parts, in whole days; with two, the history and the window."""
    waves: int = field(default=3, metadata=within(1, 1000))
    """For kind=clustered: number of waves."""
    wave_h: float = field(default=24.0, metadata=within(1, 2400))
    """For kind=clustered: length of a wave [h], within which its incidents begin."""
    from_day: int = field(default=14, metadata=within(0, 1000))
    """For kind=drift: first day of the world, counted from 0, on which incidents begin."""

    def spans(self, days: int, rng: np.random.Generator) -> list[Any]:
        """Return the spans of time in which incidents begin, in lists that get the same number of calls each.

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
