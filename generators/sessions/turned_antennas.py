"""Turned antennas: the rows of the radio map in force while antennas are turned, in the pixels where they differ.

The cells received in a pixel during that time are additional rows behind those of the radio map. Between two moments at
which an antenna turns, one row is valid in each pixel.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.sessions.faults import NO_INCIDENT, midnights

NONE = -1
NEVER = 2**62


class Turned(NamedTuple):
    """Rows of the radio map in force, by time and pixel; E edges (moments at which an antenna turns away or back)."""

    edge_ms: Any
    """Shape (E,), int64: the edges, ascending."""
    ahead: Any
    """Shape (days,), int32: number of the first edge that is not past when a day begins."""
    pixel: Any
    """Shape (E,), int64: first pixel that differs from the normal map, from each edge on."""
    place: Any
    """Shape (E + 1,), int64: where in `row` the pixels of each edge begin."""
    row: Any
    """int32: row of the radio map, counted from the first additional one; `NONE` for the pixel's own row."""
    incident: Any
    """int32: incident that puts each of these rows in force."""
    pixels: int
    """Number of pixels of the map."""


def nothing_turned() -> Turned:
    """Return the state in which no antenna is ever turned."""
    times, rows = np.empty((2, 0), np.int64), np.empty((2, 0), np.int32)
    return Turned(
        edge_ms=times[0],
        ahead=first_ahead(times[0]),
        pixel=times[1],
        place=np.zeros(1, np.int64),
        row=rows[0],
        incident=rows[1],
        pixels=0,
    )


def first_ahead(edge_ms: Any) -> Any:
    """Return the number of the first of some ascending moments that is not past when each day begins; shape (days,)."""
    return np.searchsorted(edge_ms, midnights(int(edge_ms.max(initial=0)))).astype(np.int32)


@kernel
def _since(moment: int, turned: Turned) -> int:
    """Return the number of edges up to and including a moment."""
    edge: Any = np.int64(turned.ahead[min(max(moment // DAY_MS, 0), turned.ahead.shape[0] - 1)])
    while edge < turned.edge_ms.shape[0] and turned.edge_ms[edge] <= moment:
        edge += 1
    return int(edge)


@kernel
def otherwise(pixel: int, moment: int, turned: Turned) -> tuple[int, int]:
    """Return the row of the radio map in force in a pixel at a moment with incidents, and the incident.

    The pixel's own, and `NO_INCIDENT`, where no antenna makes a difference.
    """
    edge = _since(moment, turned) - 1
    if edge < 0:
        return pixel, NO_INCIDENT
    place = turned.place[edge] + pixel - turned.pixel[edge]
    if place < turned.place[edge] or place >= turned.place[edge + 1] or turned.row[place] == NONE:
        return pixel, NO_INCIDENT
    return int(turned.pixels + turned.row[place]), int(turned.incident[place])


@kernel
def holds_since(moment: int, turned: Turned) -> int:
    """Return the time of the last edge up to a moment."""
    edge = _since(moment, turned)
    return int(turned.edge_ms[edge - 1] if edge > 0 else -NEVER)


@kernel
def holds_until(moment: int, turned: Turned) -> int:
    """Return the time of the first edge after a moment."""
    edge = _since(moment, turned)
    return int(turned.edge_ms[edge] if edge < turned.edge_ms.shape[0] else NEVER)
