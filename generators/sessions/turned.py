"""Antennas that look elsewhere for a while: what phones then hear, in the pixels where that differs.

What is heard in a pixel meanwhile is a row of its own behind the rows of the radio map; of those of a pixel, one holds
at a time.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.compiled import kernel
from generators.sessions.faults import meets

NONE = -1
NEVER = 2**62

TURN = np.dtype(
    [
        ("begin_ms", np.int64),
        ("end_ms", np.int64),
        ("next", np.int32),
        ("incident", np.int32),
    ]
)
"""What is heard in a pixel for a while; `next` is another time there, or `NONE`."""


class Turned(NamedTuple):
    """Times at which other cells are heard in some pixels."""

    first: Any
    """Shape (P,), int32: of each pixel, or `NONE`; empty where no antenna ever turns."""
    row: Any
    """Shape (T,) of `TURN`: what is heard is row P + t of the radio map."""


def nothing_turned() -> Turned:
    """Return that every antenna stays as it is."""
    return Turned(np.empty(0, np.int32), np.empty(0, TURN))


@kernel
def heard_at(pixel: int, moment: int, turned: Turned, view: Any) -> int:
    """Return the row of the radio map that holds in a pixel at a moment, in a view of the world."""
    if turned.first.shape[0] == 0:
        return pixel
    turn, row = turned.first[pixel], pixel
    while turn != NONE:
        here = turned.row[turn]
        if here.begin_ms <= moment < here.end_ms and meets(here.incident, view):
            row = turned.first.shape[0] + turn
        turn = here.next
    return row


@kernel
def holds_until(pixel: int, moment: int, turned: Turned) -> int:
    """Return when, after a moment, another row may hold in a pixel."""
    soonest: Any = np.int64(NEVER)
    if turned.first.shape[0] == 0:
        return int(soonest)
    turn = turned.first[pixel]
    while turn != NONE:
        here = turned.row[turn]
        if here.begin_ms > moment:
            soonest = min(soonest, here.begin_ms)
        elif here.end_ms > moment:
            soonest = min(soonest, here.end_ms)
        turn = here.next
    return int(soonest)
