"""The usual cell and power near a connection, from the connections of the history around it."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import pyarrow.compute as pc
from scipy.spatial import cKDTree

from bench.arrays import BoolArray, FloatArray, IntArray
from detectors.features.cells.cell_quarters import CellEvents, Quarters

AT_ONCE = 50_000
"""Number of connections compared with their neighbours at a time; more take more memory."""


@dataclass(frozen=True)
class Connections:
    """Connections whose cell and power are known; every array has the shape (connections,), in order of time."""

    cell: IntArray
    time_ms: IntArray
    x_m: FloatArray
    y_m: FloatArray
    power_dbm: FloatArray

    def of(self, which: BoolArray | IntArray) -> "Connections":
        """Return the connections of a mask or of an index array."""
        return Connections(*(getattr(self, each.name)[which] for each in fields(self)))

    @property
    def places_m(self) -> FloatArray:
        """Position of the phone of each connection, shape (connections, 2)."""
        return np.column_stack([self.x_m, self.y_m])


@dataclass(frozen=True)
class Nearby:
    """Statistics of the history's nearest connections, for each connection; every array has shape (connections,)."""

    usual: IntArray
    """The cell that served most of them; arbitrary where there are none."""
    share: FloatArray
    """Share of them that this cell served, shrunk by some assumed connections that it did not serve."""
    power_dbm: FloatArray
    """Mean power of those that were served by the same cell as the connection; 0 where there are none."""
    variance: FloatArray
    """Variance of that power [dB^2]."""


def connections(quarters: Quarters, needed_by: str) -> Connections:
    """Return the connections of a data set; raises `UserError` when it has no events."""
    events = CellEvents(quarters, needed_by)
    table = quarters.dataset.table("events", ["x", "y", "power_dbm"])
    heard = events.connected & (events.cell >= 0) & np.asarray(pc.is_valid(table["power_dbm"]))
    places = (np.asarray(pc.fill_null(table[name], 0)).astype(np.float64)[heard] for name in table.column_names)
    found = Connections(events.cell[heard], events.time_ms[heard], *places)
    # Among equally near places the first ones count, so the order must follow from content, not from rows.
    return found.of(np.lexsort((found.power_dbm, found.y_m, found.x_m, found.time_ms)))


def nearby(known: Connections, new: Connections, nearest: int, within_m: float, prior: float) -> Nearby:
    """Return statistics of the connections of the history near new connections.

    Parameters
    ----------
    known, new
        Connections of the history, and those whose neighbourhood is computed.
    nearest, within_m
        Number of connections of the history, and their largest distance.
    prior
        Number of additional connections assumed, not served by the usual cell.
    """
    if not known.cell.size or not new.cell.size:
        nothing = np.zeros(new.cell.size)
        return Nearby(np.zeros(new.cell.size, np.int64), nothing, nothing, nothing)
    parts = list(_parts(known, new, nearest, within_m, prior))
    return Nearby(*(np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(Nearby)))


def _parts(known: Connections, new: Connections, nearest: int, within_m: float, prior: float) -> Iterator[Nearby]:
    tree, places = cKDTree(known.places_m), new.places_m
    for first in range(0, new.cell.size, AT_ONCE):
        some = slice(first, first + AT_ONCE)
        away, which = tree.query(places[some], np.arange(1, nearest + 1), distance_upper_bound=within_m)
        found = np.isfinite(away)
        which = np.where(found, which, 0)
        yield _described(np.where(found, known.cell[which], -1), known.power_dbm[which], new.cell[some], prior)


def _described(cell: IntArray, power: FloatArray, served: IntArray, prior: float) -> Nearby:
    """Compute the statistics from the cells (connections, nearest), -1 for none, and the powers of the nearest ones."""
    found = cell >= 0
    alike = ((cell[:, :, None] == cell[:, None, :]) & found[:, :, None]).sum(axis=2)
    most = alike.argmax(axis=1)[:, None]
    same = found & (cell == served[:, None])
    count = np.maximum(same.sum(axis=1), 1)
    mean = (power * same).sum(axis=1) / count
    variance = ((power - mean[:, None]) ** 2 * same).sum(axis=1) / count
    share = np.take_along_axis(alike, most, 1)[:, 0] / (found.sum(axis=1) + prior)
    return Nearby(np.take_along_axis(cell, most, 1)[:, 0], share, mean, variance)
