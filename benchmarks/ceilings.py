"""What the shipped supervised baseline can do when it is told the truth about other worlds, for `by_type.py`."""

from collections.abc import Sequence

import numpy as np
from arena import Arena
from roster import supervised

from bench.detector import BoolArray, FloatArray, Level

NORMAL_ROWS = 50_000
"""Normal entities of a world that it learns from, at even distances."""


class Informed:
    """`detector=supervised`, fitted on the windows of some worlds and their truth."""

    def __init__(self, level: Level, worlds: Sequence[Arena], seed: int) -> None:
        self.level, self.detector = level, supervised(level, seed)
        parts = [self._told(arena) for arena in worlds]
        self.detector.fit_described(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def _told(self, arena: Arena) -> tuple[FloatArray, BoolArray]:
        anomalous, counted = arena.known(self.level)
        every = max(1, int(counted.sum()) // NORMAL_ROWS)
        kept = np.flatnonzero(anomalous | (counted & (np.arange(counted.size) % every == 0)))
        return self.detector.described(arena.dataset)[kept], anomalous[kept]

    def score(self, arena: Arena) -> FloatArray:
        """Return the chance of being anomalous of each entity of the window."""
        return self.detector.score(arena.dataset).values
