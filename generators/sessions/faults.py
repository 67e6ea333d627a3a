"""Faults of cells over time: those of the network's settings and those of incidents.

The same arrays serve both worlds: in normal life the faults of incidents have no effect, but a session that one would
have changed records this, and only then is its line rendered a second time.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bench.faults import Fault, SettingsError
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.compiled import kernel
from generators.model.plan import PING_PONG, CellFault
from generators.radio.cells import Cells
from generators.settings.network import KINDS, TowerFault

BROKEN, DEGRADED, SLEEPING = range(len(KINDS))
SWAPPING = len(KINDS)
"""Kind of fault by which two cells hand their calls over to each other."""
NO_INCIDENT = -1
DONE, MET, SHOWN, OTHER = range(4)
"""Entries of a *view*, which says in which of the two worlds a session runs, and what it met there.

- `DONE`: 1 in the world with incidents, 0 in normal life;
- `MET`: number of the first incident that made a difference to the session, plus 1; 0 for none;
- `SHOWN`: number of the incident that may have changed the present candidates, plus 1;
- `OTHER`: row of the radio map with the candidates of the other world, to compare with.
"""

FAULT = np.dtype(
    [
        ("begin_ms", np.int64),
        ("end_ms", np.int64),
        ("refuses", np.float64),
        ("losses", np.float64),
        ("margin", np.float64),
        ("least_ms", np.int64),
        ("spread_ms", np.int64),
        ("partner", np.int32),
        ("incident", np.int32),
        ("kind", np.int8),
        ("ramp", np.bool_),
    ]
)
"""One fault of one cell; losses in 1/ms. For ping-pong: the other cell, the margin [dB] by which it may be weaker,
and the shortest stay of a call with its spread."""


class Faults(NamedTuple):
    """All faults of the cells of a network; F of them."""

    first: Any
    """Shape (C + 1,), int32: number of the first fault of each cell; the last entry is F."""
    row: Any
    """Shape (F,) of `FAULT`, by cell; those of a cell in order of their begin."""
    ahead: Any
    """Shape (C, days), int32: number of each cell's first fault that is not over when a day begins."""


def no_faults(cells: int) -> Faults:
    """Return the faults of a network without any."""
    return Faults(np.zeros(cells + 1, np.int32), np.empty(0, FAULT), np.zeros((cells, 1), np.int32))


def make_faults(broken: Sequence[TowerFault], cells: Cells, incidents: Sequence[CellFault] = ()) -> Faults:
    """Return the faults of towers from the settings, and those of incidents, in order of cell.

    Raises
    ------
    SettingsError
        When a fault names a tower that does not exist.
    """
    sites = len(cells.first) - 1
    wrong = [
        Fault(f"generator.network.towers.broken[{i}].tower", f"be in [0, {sites - 1}]", fault.tower)
        for i, fault in enumerate(broken)
        if fault.tower >= sites
    ]
    if wrong:
        raise SettingsError(wrong)
    each = [(cell, _set(f)) for f in broken for cell in range(cells.first[f.tower], cells.first[f.tower + 1])]
    each += [(fault.cell, _planned(fault)) for fault in incidents if not fault.turned_deg]
    if not each:
        return no_faults(len(cells.site))
    each.sort(key=lambda pair: (pair[0], pair[1][0]))
    of = np.array([cell for cell, _ in each])
    rows = np.array([row for _, row in each], FAULT)
    first = np.searchsorted(of, np.arange(len(cells.site) + 1))
    begun = midnights(int(rows["begin_ms"].max()))
    ahead = [low + _over_before(rows["end_ms"][low:high], begun) for low, high in pairwise(first.tolist())]
    return Faults(first.astype(np.int32), rows, np.array(ahead, np.int32))


def midnights(last_ms: int) -> Any:
    """Return the begin of each day, up to the first one after a moment; shape (days,)."""
    return np.arange(last_ms // DAY_MS + 2) * DAY_MS


def _over_before(end_ms: Any, moments: Any) -> Any:
    """Return the number of leading faults that are all over at each moment; shape (moments,)."""
    return np.searchsorted(np.maximum.accumulate(end_ms), moments, side="right")


def _set(f: TowerFault) -> tuple[Any, ...]:
    span = (round(f.from_s * 1000), round(f.to_s * 1000))
    return (*span, f.refuses, f.losses_per_hour / HOUR_MS, 0.0, 0, 0, -1, NO_INCIDENT, KINDS.index(f.kind), f.ramp)


def _planned(f: CellFault) -> tuple[Any, ...]:
    kind = SWAPPING if f.kind == PING_PONG else KINDS.index(f.kind)
    span, dwell = (f.begin_ms, f.end_ms), (f.dwell_ms[0], f.dwell_ms[1] - f.dwell_ms[0])
    return (*span, f.refuses, f.losses_per_hour / HOUR_MS, f.margin_db, *dwell, f.partner, f.incident, kind, f.ramp)


@kernel
def faults_between(cell: int, moment: int, end: int, faults: Faults) -> tuple[int, int]:
    """Return the range of a cell's faults that may have an effect between two moments: the first, one past the last."""
    low, high = faults.first[cell], faults.first[cell + 1]
    if low == high:
        return int(low), int(low)
    low = faults.ahead[cell, min(moment // DAY_MS, faults.ahead.shape[1] - 1)]
    last = low
    while last < high and faults.row[last].begin_ms < end:
        last += 1
    return int(low), int(last)


@kernel
def acts(fault: int, moment: int, faults: Faults, view: Any) -> bool:
    """Return whether a fault has an effect at a moment in the world of `view`; record there that the session met it."""
    return lasts(fault, moment, faults) and meets(faults.row[fault].incident, view)


@kernel
def lasts(fault: int, moment: int, faults: Faults) -> bool:
    """Return whether a fault is present at a moment."""
    row = faults.row[fault]
    return bool(row.begin_ms <= moment < row.end_ms)


@kernel
def meets(incident: int, view: Any) -> bool:
    """Record in `view` that an incident would change this session; return whether it does so in this world."""
    if incident == NO_INCIDENT:
        return True
    if not view[MET]:
        view[MET] = incident + 1
    return bool(view[DONE])
