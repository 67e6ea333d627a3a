"""Antennas that look elsewhere for a while: what phones then hear, in the pixels where that differs.

What is heard in a pixel meanwhile is a row of its own behind the rows of the radio map.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from generators.compiled import kernel
from generators.plan import CellFault
from generators.radio.cells import Air, Cells
from generators.radio.coverage import RadioMap, turned_rows
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


def turn_antennas(faults: Sequence[CellFault], radio: RadioMap, cells: Cells, air: Air) -> tuple[RadioMap, Turned]:
    """Work out what is heard while antennas look elsewhere; one that is turned, its cell alone.

    Parameters
    ----------
    faults
        Of which those with `turned_deg` count; no two of them at the same time.
    radio, cells, air
        The normal network.

    Returns
    -------
    tuple
        The map with its further rows, and which of them holds where and when.
    """
    turns = [fault for fault in faults if fault.turned_deg]
    if not turns:
        return radio, nothing_turned()
    pixels = radio.columns * radio.rows
    first = np.full(pixels, NONE, np.int32)
    names, powers, rows, count = [radio.cell], [radio.power], [], 0
    for fault in turns:
        azimuth = cells.azimuth.copy()
        azimuth[fault.cell] += fault.turned_deg
        changed, cell, power = turned_rows(fault.cell, cells._replace(azimuth=azimuth), air, radio)
        row = np.empty(len(changed), TURN)
        row["begin_ms"], row["end_ms"], row["incident"] = fault.begin_ms, fault.end_ms, fault.incident
        row["next"] = first[changed]
        first[changed] = np.arange(count, count + len(changed))
        names.append(cell)
        powers.append(power)
        rows.append(row)
        count += len(changed)
    further = radio._replace(cell=np.concatenate(names), power=np.concatenate(powers))
    return further, Turned(first, np.concatenate(rows))


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
