"""The status of cells in each quarter hour, as arrays of shape (cells, quarters)."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Dataset, Window
from bench.detector import Level
from bench.faults import UserError
from bench.levels import Grid
from bench.spans import HOUR_MS, QUARTER_MS

HELLO_CAUSES = ("setup", "blocked", "timeout")
"""Causes of a FAIL by which a cell refused a Hello or left it unanswered."""
FAILING, FEWEST_ASKED = 0.5, 20
"""A cell was failing in the history if more than this share of its Hellos failed, out of at least so many."""
WEEK_SLOTS = 48
"""Number of slots in tables by hour of the week: the hours of a working day and of a weekend day."""


@dataclass(frozen=True)
class Quarters:
    """Grid of all quarter hours of all cells, from the first moment of a data set to its last, in UTC."""

    dataset: Dataset

    @cached_property
    def grid(self) -> Grid:
        """The grid of the whole data set."""
        clock = self.dataset.clock
        return Grid(Level.CELL_QUARTER, replace(self.dataset, window=Window(clock.start_ms, clock.end_ms)))

    @property
    def shape(self) -> tuple[int, int]:
        """Number of cells and of quarters."""
        return len(self.grid.subjects), self.grid.spans

    def columns_of(self, part: Window) -> slice:
        """Return which quarters overlap a window of the data."""
        grid = Grid(Level.CELL_QUARTER, replace(self.dataset, window=part))
        first = grid.first - self.grid.first
        return slice(first, first + max(grid.spans, 0))

    def scored(self, values: FloatArray) -> FloatArray:
        """Return the scores of the window, in the order that `Scores` requires, from those of all quarters."""
        return np.ascontiguousarray(values[:, self.columns_of(self.dataset.window)]).ravel()

    def places(self, cell: IntArray, time_ms: IntArray) -> tuple[IntArray, BoolArray]:
        """Return the flat index, in an array (cells, quarters), of rows (cell, time), and which rows have one."""
        quarters = self.shape[1]
        quarter = time_ms // QUARTER_MS - self.grid.first
        known = (cell >= 0) & (quarter >= 0) & (quarter < quarters)
        return np.where(known, cell * quarters + quarter, 0), known

    def counts(self, cell: IntArray, time_ms: IntArray) -> IntArray:
        """Count events by cell (rows,), -1 for none, and time (rows,), shape (cells, quarters)."""
        place, known = self.places(cell, time_ms)
        found = np.bincount(place[known], minlength=int(np.prod(self.shape)))
        return np.asarray(found, np.int64).reshape(self.shape)

    @cached_property
    def slot(self) -> IntArray:
        """Shape (quarters,): local hour of the week in which each begins, 0-23 on working days, 24-47 on weekends."""
        begin_ms = (np.arange(self.shape[1]) + self.grid.first) * QUARTER_MS
        local_h = self.grid.dataset.clock.local_ms(begin_ms) // HOUR_MS
        thursday = 3
        return np.asarray(local_h % 24 + 24 * ((local_h // 24 + thursday) % 7 >= 5), np.int64)

    def cells_of(self, column: pa.ChunkedArray) -> IntArray:
        """Return the row in the table of cells of each value of a dictionary column, -1 where there is none."""
        found = column.unify_dictionaries().combine_chunks()
        place = pc.fill_null(pc.index_in(found.dictionary.cast(pa.string()), self.grid.subjects), -1)
        index = np.asarray(pc.fill_null(found.indices, len(found.dictionary)))
        return np.asarray(np.append(np.asarray(place, np.int64), -1)[index], np.int64)


@dataclass(frozen=True)
class CellEvents:
    """The session events of a data set, row by row; every array has shape (events,).

    Raises
    ------
    UserError
        When there are none, as in a world without a network.
    """

    quarters: Quarters
    needed_by: str

    def __post_init__(self) -> None:
        if not self.table.num_rows:
            raise UserError(f"{self.needed_by} needs session events, which a world without a network does not have")

    @cached_property
    def table(self) -> pa.Table:
        """Columns time, state, cause and cell of the events."""
        return self.quarters.dataset.table("events", ["time_stamp", "state", "cause", "cell_id"])

    @cached_property
    def time_ms(self) -> IntArray:
        """Time of each event, ms since the Unix epoch (UTC)."""
        return np.asarray(pc.cast(self.table["time_stamp"], pa.int64()))

    @cached_property
    def cell(self) -> IntArray:
        """Row of the cell in the table of cells, -1 where no cell was heard."""
        return self.quarters.cells_of(self.table["cell_id"])

    @cached_property
    def session(self) -> IntArray:
        """Number of the session of each event."""
        column = self.quarters.dataset.table("events", ["session_id"])["session_id"]
        return np.asarray(column.combine_chunks().dictionary_encode().indices, np.int64)

    @cached_property
    def connected(self) -> BoolArray:
        """Whether the event connects a session to the cell."""
        return self.is_one_of("state", "CONNECT", "RECONNECT")

    @cached_property
    def refused(self) -> BoolArray:
        """Whether a Hello was refused or not answered."""
        return self.is_one_of("state", "FAIL") & self.is_one_of("cause", *HELLO_CAUSES)

    def counts(self, which: BoolArray) -> IntArray:
        """Count some of the events, shape (cells, quarters)."""
        return self.quarters.counts(self.cell[which], self.time_ms[which])

    @cached_property
    def failing(self) -> BoolArray:
        """Shape (cells,): cells that failed most of their Hellos in the history, so that their past is not usual."""
        history = self.quarters.columns_of(self.quarters.dataset.history)
        failed, connected = (self.counts(which)[:, history].sum(axis=1) for which in (self.refused, self.connected))
        hellos = failed + connected
        return np.asarray((hellos >= FEWEST_ASKED) & (failed > FAILING * hellos))

    @property
    def sound_connections(self) -> IntArray:
        """Connections that cells would have had without failures: the Hellos of a failing cell, else the connections.

        Shape (cells, quarters). A cell that answered nobody in the history is so not taken for one that nobody asks.
        """
        connected = self.counts(self.connected)
        return np.where(self.failing[:, None], connected + self.counts(self.refused), connected)

    def is_one_of(self, column: str, *texts: str) -> BoolArray:
        """Return where a dictionary column has one of these texts."""
        found = self.table[column].unify_dictionaries().combine_chunks()
        wanted = np.asarray(pc.is_in(found.dictionary.cast(pa.string()), pa.array(texts)), np.bool_)
        return np.asarray(wanted[np.asarray(found.indices)], np.bool_)


def trailing_sum(values: "np.ndarray[Any, Any]", quarters: int) -> "np.ndarray[Any, Any]":
    """Return the sum of each quarter and those before it, `quarters` in all, shape (cells, quarters of the data)."""
    total = np.concatenate([np.zeros_like(values[:, :1]), np.cumsum(values, axis=1)], axis=1)
    last = np.arange(1, values.shape[1] + 1)
    return np.asarray(total[:, last] - total[:, np.maximum(last - quarters, 0)])


def usual_by_hour(counts: IntArray, slot: IntArray, history: slice, prior_quarters: float = 8) -> FloatArray:
    """Return the usual count of each quarter for its hour of the week, shape (cells, quarters).

    Parameters
    ----------
    counts
        Shape (cells, quarters).
    slot
        Shape (quarters,): hour of the week of each.
    history
        The quarters to learn from.
    prior_quarters
        Weight, in quarter hours, of the cell's mean times the rhythm of all cells, relative to the counts in that hour
        of the week.
    """
    past, hours = counts[:, history], slot[history]
    if not past.size:
        return np.zeros(counts.shape)
    quarters = np.bincount(hours, minlength=WEEK_SLOTS)
    by_hour = np.stack([past[:, hours == each].sum(axis=1) for each in range(WEEK_SLOTS)], axis=1)
    mean = past.mean(axis=1, keepdims=True)
    rhythm = (by_hour.sum(axis=0) + 1) / (quarters * max(past.sum() / past.shape[1], 1e-9) + 1)
    rate = (by_hour + prior_quarters * mean * rhythm) / (quarters + prior_quarters)
    return np.asarray(rate[:, slot], np.float64)
