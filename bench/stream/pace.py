"""When messages are due: as fast as they were received, so many times as fast, or at once."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.stream.chunk import Chunk

TICK_S = 0.02
"""Messages that are due within so long of each other are delivered together [s]."""


@dataclass
class Pace:
    """Divides messages into those that are due now; waits for the others."""

    factor: float
    """How many times as fast as they were received; infinity: at once."""
    _begun_s: float = -1.0
    _begun_ms: int = 0

    def due(self, chunk: Chunk) -> Iterator[Chunk]:
        """Yield a chunk in parts, each when it is due; time begins with the first message."""
        if self.factor == float("inf") or not chunk.size:
            yield chunk
            return
        if self._begun_s < 0:
            self._begun_s, self._begun_ms = time.monotonic(), int(chunk.received_ms[0])
        due_s = self._begun_s + (chunk.received_ms - self._begun_ms) / (1000 * self.factor)
        low = 0
        while low < chunk.size:
            now = time.monotonic()
            high = int(np.searchsorted(due_s, now + TICK_S / 2, side="right"))
            if high > low:
                yield chunk.part(low, high)
                low = high
            else:
                time.sleep(min(max(due_s[low] - now, 0.001), 1.0))
