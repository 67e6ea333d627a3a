"""Antennas that look elsewhere for a while: what phones then hear, in the pixels where that differs.

What is heard in a pixel meanwhile is a row of its own behind the rows of the radio map. Between two moments at which an
antenna turns, one row holds in each pixel.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.compiled import kernel
from generators.sessions.faults import meets

NONE = -1
NEVER = 2**62


class Turned(NamedTuple):
    """Which rows hold when and where; E moments at which an antenna turns, away or back."""

    edge_ms: Any
    """Shape (E,), int64: those moments, ascending."""
    pixel: Any
    """Shape (E,), int64: from each on, the first pixel in which anything is heard otherwise."""
    place: Any
    """Shape (E + 1,), int64: where in `row` what holds from each moment on begins, pixel by pixel."""
    row: Any
    """int32: row of the radio map, counted from the first that is not a pixel's own; `NONE` for the pixel's own."""
    incident: Any
    """int32: whose doing it is that each of these holds."""
    pixels: int
    """How many pixels there are."""


def nothing_turned() -> Turned:
    """Return that every antenna stays as it is."""
    times, rows = np.empty((2, 0), np.int64), np.empty((2, 0), np.int32)
    return Turned(times[0], times[1], np.zeros(1, np.int64), rows[0], rows[1], 0)


@kernel
def _since(moment: int, turned: Turned) -> int:
    """Return the number of edges up to a moment."""
    low, high = np.int64(0), np.int64(turned.edge_ms.shape[0])
    while low < high:
        middle = (low + high) // 2
        if turned.edge_ms[middle] <= moment:
            low = middle + 1
        else:
            high = middle
    return int(low)


@kernel
def heard_at(pixel: int, moment: int, turned: Turned, view: Any) -> int:
    """Return the row of the radio map that holds in a pixel at a moment, in a view of the world."""
    edge = _since(moment, turned) - 1
    if edge < 0:
        return pixel
    place = turned.place[edge] + pixel - turned.pixel[edge]
    if place < turned.place[edge] or place >= turned.place[edge + 1]:
        return pixel
    row: Any = np.int64(turned.row[place])
    if row == NONE or not meets(turned.incident[place], view):
        return pixel
    return int(turned.pixels + row)


@kernel
def holds_until(moment: int, turned: Turned) -> int:
    """Return when, after a moment, another row may hold in a pixel."""
    edge = _since(moment, turned)
    return int(turned.edge_ms[edge] if edge < turned.edge_ms.shape[0] else NEVER)
