"""The status of each cell in windows of time, as the table `tower_status` has it."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from bench.arrays import Array, IntArray
from bench.watch.activity import Names
from bench.watch.tables import WorldTables, milliseconds, places

STATES = ("GREEN", "ORANGE", "RED", "BLACK", "NO_DATA")
NO_DATA = STATES.index("NO_DATA")
COUNTS = ("sessions", "live_sessions", "hellos", "fails", "timeouts", "drops")
DEFAULT_MS = 900_000


@dataclass(frozen=True)
class Windows:
    """Status of C cells in W windows, in order of their start."""

    start_ms: IntArray
    """Shape (W,): ms since the start of the world."""
    width_ms: int
    slide_ms: int
    state: Array
    """Shape (W, C), uint8: of `STATES`."""
    counts: dict[str, Array]
    """Of each of `COUNTS`, shape (W, C), uint32."""

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def end_ms(self) -> IntArray:
        """Shape (W,): end of each window, when its status is known."""
        return self.start_ms + self.width_ms

    def known(self, low: int, high: int, before: int) -> slice:
        """Return the windows whose status becomes known in [low, high), and so many before them."""
        first, last = np.searchsorted(self.end_ms, [low, high])
        return slice(max(int(first) - before, 0), int(last))


def windows_of(tables: WorldTables, names: Names) -> Windows:
    """Read the status of all cells."""
    starts = _starts(tables)
    shape = len(starts), len(names.cell)
    state = np.full(shape, NO_DATA, np.uint8)
    counts = {name: np.zeros(shape, np.uint32) for name in COUNTS}
    for part in tables.parts("tower_status", ["cell_id", "window_start", "state", *COUNTS]):
        window = np.searchsorted(starts, milliseconds(part["window_start"], tables.clock.start_ms))
        cell, found = places(part["cell_id"], names.cell), places(part["state"], pa.array(STATES))
        known = (cell >= 0) & (found >= 0)
        here = window[known], cell[known]
        state[here] = found[known]
        for name, count in counts.items():
            count[here] = part[name].to_numpy()[known]
    slide = int(np.diff(starts).min()) if len(starts) > 1 else DEFAULT_MS
    return Windows(starts, _width_ms(tables, slide), slide, state, counts)


def _starts(tables: WorldTables) -> IntArray:
    found = [
        np.unique(milliseconds(part["window_start"], tables.clock.start_ms))
        for part in tables.parts("tower_status", ["window_start"])
    ]
    return np.unique(np.concatenate(found))


def _width_ms(tables: WorldTables, slide_ms: int) -> int:
    """Return how long a window is, by the settings of the world; without them, windows do not overlap."""
    settings = tables.manifest.get("recipe", {})
    for name in ("settings", "network", "status"):
        settings = settings.get(name) if isinstance(settings, dict) else None
    width = settings.get("window_s") if isinstance(settings, dict) else None
    return 1000 * width if isinstance(width, int) and 1000 * width >= slide_ms else slide_ms
