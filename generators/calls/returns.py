"""Decides which calls belong to a ping-pong incident: those that are handed back and forth repeatedly."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from generators.model.changes import Changes
from generators.model.events import RECONNECT
from generators.model.plan import ANSWERED_MS, RETURNS
from generators.model.records import Records
from generators.sessions.faults import SWAPPING, Faults


def own_calls_only(changes: Changes, calls: Records, events: Any, faults: Faults) -> Changes:
    """Mark a call affected by ping-pong as direct only if it returns `RETURNS` times to a cell that it left.

    Parameters
    ----------
    changes
        Of a day; `row` counts in `calls`.
    calls, events
        The day's calls and their events, in the same order.
    faults
        The faults of cells.
    """
    stays = stays_of(faults)
    some = np.flatnonzero(changes.direct & np.isin(changes.incident, list(stays)))
    ends = np.cumsum(calls.events)
    direct = changes.direct.copy()
    for i in some.tolist():
        row = int(changes.row[i])
        mine = events[ends[row] - calls.events[row] : ends[row]]
        direct[i] = returns(hops_of(mine), stays[int(changes.incident[i])]) >= RETURNS
    return changes._replace(direct=direct)


def stays_of(faults: Faults) -> dict[int, tuple[int, int]]:
    """Return the shortest and the longest stay of a call in a cell [ms], by ping-pong incident."""
    rows = faults.row[faults.row["kind"] == SWAPPING]
    spans = zip(*(rows[name].tolist() for name in ("incident", "least_ms", "spread_ms")), strict=True)
    return {incident: (least, least + spread + ANSWERED_MS) for incident, least, spread in spans}


def hops_of(events: Any) -> list[tuple[int, int, int]]:
    """Return each handover among a call's events: the cell left, the cell entered, and the time in the first [ms]."""
    moves = events[(events["state"] == RECONNECT) & (events["previous"] != events["cell"])]
    return list(zip(*(moves[name].tolist() for name in ("previous", "cell", "held_ms")), strict=True))


def returns(hops: Iterable[tuple[int, int, int]], stay_ms: tuple[int, int]) -> int:
    """Return how often a call returns to the cell that it left after a stay in another (A-B-A, each counted once).

    Parameters
    ----------
    hops
        `hops_of` a call.
    stay_ms
        Shortest and longest time that counts as a stay.
    """
    found, left = 0, -1
    for before, after, held in hops:
        back = after == left and stay_ms[0] <= held <= stay_ms[1]
        found += back
        left = -1 if back else before
    return found
