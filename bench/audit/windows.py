"""Check that a cell's status equals the clean twin's in windows without changed calls."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import IntArray
from bench.audit.slices import Digests, digests, milliseconds
from bench.dataset import Dataset

SLACK_MS = 1000
"""Tolerance for starts of calls, which are recorded in whole seconds."""


class Windows:
    """Windows of `tower_status` by cell, and which of them changed calls may have affected."""

    def __init__(self, world: Dataset) -> None:
        file = world.open_table("tower_status")
        self.cells = world.table("cells")["cell_id"].cast(pa.string()).combine_chunks()
        ends = sorted({0, file.num_row_groups - 1}) if file.num_row_groups else []
        parts = [milliseconds(file.read_row_group(group, ["window_start"])["window_start"]) for group in ends]
        starts = np.unique(np.concatenate([np.empty(0, np.int64), *parts]))
        self.first = int(starts[0]) if starts.size else 0
        self.slide = int(starts[1] - starts[0]) if starts.size > 1 else 1
        self.width = world.clock.end_ms - int(starts[-1]) if starts.size else 1
        many = (int(starts[-1]) - self.first) // self.slide + 1 if starts.size else 0
        self.touched = np.zeros((len(self.cells), many), np.bool_)

    def touch(self, events: pa.Table, call: IntArray, starts_ms: IntArray) -> None:
        """Mark the windows of all cells of a changed call, from its first to its last event.

        Parameters
        ----------
        events
            Events in the order of their calls.
        call
            Shape (events,): the call of each event, ascending.
        starts_ms
            Shape (calls,): start of each call in the table of calls.
        """
        if not call.size or not self.touched.size:
            return
        late = milliseconds(events["time_stamp"]) - milliseconds(events["call_start"])
        moment = starts_ms[call] + late
        begins = np.flatnonzero(np.diff(call, prepend=-1))
        low, high = (each.reduceat(moment, begins) for each in (np.minimum, np.maximum))
        session = np.cumsum(np.diff(call, prepend=-1) != 0) - 1
        cell = np.asarray(pc.fill_null(pc.index_in(events["cell_id"].cast(pa.string()), self.cells), -1))
        heard = cell >= 0
        session, cell = np.unique(np.stack([session[heard], cell[heard].astype(np.int64)]), axis=1)
        most = self.touched.shape[1] - 1
        low = np.clip((low[session] - SLACK_MS - self.width - self.first) // self.slide + 1, 0, most)
        high = np.clip((high[session] + SLACK_MS - self.first) // self.slide, 0, most)
        many = high - low + 1
        window = np.repeat(low, many) + np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
        self.touched[np.repeat(cell, many), window] = True

    def unequal(self, world: Dataset, twin: Dataset) -> tuple[int, int]:
        """Count the rows that no changed call affected, and those of them that differ from the twin's."""
        (ours, touched), (theirs, _) = self._rows(world), self._rows(twin)
        if ours.size != theirs.size:
            return ours.size, abs(ours.size - theirs.size)
        return int((~touched).sum()), int(((ours != theirs) & ~touched).sum())

    def _rows(self, dataset: Dataset) -> tuple[Digests, Any]:
        """Return a digest of each row, and whether changed calls may have affected it."""
        file, rows, touched = dataset.open_table("tower_status"), [np.empty(0, np.uint64)], [np.empty(0, np.bool_)]
        for group in range(file.num_row_groups):
            table = file.read_row_group(group)
            cell = np.asarray(pc.fill_null(pc.index_in(table["cell_id"].cast(pa.string()), self.cells), -1))
            window = (milliseconds(table["window_start"]) - self.first) // self.slide
            known = (cell >= 0) & (window >= 0) & (window < self.touched.shape[1])
            rows.append(digests(table))
            touched.append(known & self.touched[np.where(known, cell, 0), np.where(known, window, 0)])
        return np.concatenate(rows), np.concatenate(touched)
