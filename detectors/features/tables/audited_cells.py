"""The frozen list of features of cells' quarter hours by which difficulty is measured, one at a time."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from detectors.features.cells.cell_quarters import CellEvents, Quarters, trailing_sum, usual_by_hour
from detectors.features.cells.handovers import handovers
from detectors.features.cells.neighbourhoods import neighbourhoods
from detectors.features.tables.frozen import require_version

HOUR = 4
"""Number of trailing quarters over which a feature is computed."""
NEAREST, SOON_S = 6, 5.0
VERSION = 1
FEATURES = {
    "failed_hellos": "Hellos refused or not answered",
    "failed_share": "their share of the cell's Hellos",
    "timeouts": "Hellos not answered",
    "dropped_share": "calls lost, of the connections",
    "connections": "sessions that the cell took on",
    "load": "ln of the connections over those that are usual at that hour of the week",
    "part": "ln of the cell's part of its neighbourhood's connections over its part in the history",
    "idle_h": "hours without a connection till then",
    "handovers_share": "connections that are handovers, of all",
    "returns": "handovers back to the cell before, the sooner the more",
    "power_off_db": "how far the mean power of the connections is from that of the history",
}
"""Name and meaning of each feature, in order; over the last hour unless said otherwise."""


class AuditedCells:
    """A versioned list of features; any change of the list gets a new version.

    Usual values come from the history; the features are those of the quarter hours of the window, cell by cell.

    Raises
    ------
    SettingsError
        When there is no such version.
    """

    def __init__(self, version: int = VERSION) -> None:
        self.version = require_version("cell_features", version, VERSION)

    @property
    def names(self) -> dict[str, bool]:
        """Names in their order, and whether each needs the call graph: none does."""
        return dict.fromkeys(FEATURES, False)

    def columns(self, dataset: Dataset) -> Iterator[tuple[str, FloatArray]]:
        """Yield each feature with its values for the quarters of the window, shape (cells * quarters,), finite."""
        noted = _Noted(Quarters(dataset))
        for name in FEATURES:
            yield name, noted.quarters.scored(np.asarray(getattr(noted, f"_{name}")(), np.float64))


class _Noted:
    """The status of each cell and quarter; every array has shape (cells, quarters)."""

    def __init__(self, quarters: Quarters) -> None:
        self.quarters = quarters
        self.events = CellEvents(quarters, "cell_features")
        self.history = quarters.columns_of(quarters.dataset.history)
        self.taken = self.events.counts(self.events.connected)
        self.failed = trailing_sum(self.events.counts(self.events.refused), HOUR)
        self.recent = trailing_sum(self.taken, HOUR)

    def _failed_hellos(self) -> IntArray:
        return self.failed

    def _failed_share(self) -> FloatArray:
        return np.asarray(self.failed / np.maximum(self.failed + self.recent, 1))

    def _timeouts(self) -> IntArray:
        return trailing_sum(self.events.counts(self.events.is_one_of("cause", "timeout")), HOUR)

    def _dropped_share(self) -> FloatArray:
        dropped = trailing_sum(self.events.counts(self.events.is_one_of("cause", "drop")), HOUR)
        return np.asarray(dropped / np.maximum(self.recent, 1))

    def _connections(self) -> IntArray:
        return self.recent

    def _load(self) -> FloatArray:
        usual = trailing_sum(usual_by_hour(self.taken, self.quarters.slot, self.history), HOUR)
        return np.asarray(np.log((self.recent + 1) / (usual + 1)))

    def _part(self) -> FloatArray:
        around, past = neighbourhoods(self.quarters.dataset, NEAREST), self.taken[:, self.history].sum(axis=1)
        usual = (past + 1) / (past[around].sum(axis=1) + around.shape[1])
        return np.asarray(np.log((self.recent + 1) / (self.recent[around].sum(axis=1) * usual[:, None] + 1)))

    def _idle_h(self) -> FloatArray:
        number = np.arange(self.taken.shape[1])
        return np.asarray((number - np.maximum.accumulate(np.where(self.taken > 0, number, 0), axis=1)) / HOUR)

    def _handovers_share(self) -> FloatArray:
        moved = trailing_sum(self.events.counts(self.events.is_one_of("state", "RECONNECT")), HOUR)
        return np.asarray(moved / np.maximum(self.recent, 1))

    def _returns(self) -> FloatArray:
        cell, time_ms, session = self._served
        left, entered, moment, weight = handovers(cell, time_ms, session, SOON_S)
        sums, quarter = np.zeros(self.quarters.shape), self._quarter(moment)
        for end in (left, entered):
            np.add.at(sums, (end, quarter), weight)
        return trailing_sum(sums, HOUR)

    def _power_off_db(self) -> FloatArray:
        power = np.asarray(pc.fill_null(self.quarters.dataset.table("events", ["power_dbm"])["power_dbm"], 0.0))
        heard = self.events.connected & (self.events.cell >= 0)
        sums = np.zeros(self.quarters.shape)
        np.add.at(sums, (self.events.cell[heard], self._quarter(self.events.time_ms[heard])), power[heard])
        usual = sums[:, self.history].sum(axis=1) / np.maximum(self.taken[:, self.history].sum(axis=1), 1)
        mean = trailing_sum(sums, HOUR) / np.maximum(self.recent, 1)
        return np.where(self.recent > 0, np.abs(mean - usual[:, None]), 0.0)

    @cached_property
    def _served(self) -> tuple[IntArray, IntArray, IntArray]:
        """Cell, time and session of each connection, session by session in order of time; shape (connections,)."""
        heard = self.events.connected & (self.events.cell >= 0)
        cell, time_ms, session = self.events.cell[heard], self.events.time_ms[heard], self.events.session[heard]
        order = np.lexsort((time_ms, session))
        return cell[order], time_ms[order], session[order]

    def _quarter(self, time_ms: IntArray) -> IntArray:
        grid = self.quarters.grid
        return np.asarray(np.clip(time_ms // grid.span_ms - grid.first, 0, self.quarters.shape[1] - 1), np.int64)
