"""All calls of a data set as arrays, in order of their start, each column read when first needed."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Dataset
from bench.spans import DAY_MS, HOUR_MS
from detectors.features.sequence.codes import is_text, shared_codes
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.simultaneous import Known, order_of


@dataclass(frozen=True)
class Timeline:
    """The calls of history and window; every array has shape (calls,)."""

    dataset: Dataset

    @cached_property
    def start_ms(self) -> IntArray:
        """Start, ms since the Unix epoch (UTC)."""
        return np.asarray(pc.cast(self._read("call_start_ts")["call_start_ts"], pa.int64()))

    @cached_property
    def local_ms(self) -> IntArray:
        """Start on the local clock, ms since the local midnight of 1970-01-01, a Thursday."""
        local_ms: IntArray = self.dataset.clock.local_ms(self.start_ms)
        return local_ms

    @cached_property
    def hour(self) -> FloatArray:
        """Local time of day [h], 0 to 24."""
        return (self.local_ms % DAY_MS) / HOUR_MS

    @cached_property
    def duration_s(self) -> IntArray:
        """Talk time [s]."""
        return np.asarray(self._read("call_duration")["call_duration"]).astype(np.int64)

    @cached_property
    def answered(self) -> BoolArray:
        """Whether the call was answered."""
        return is_text(self._read("outcome"), "outcome", "answered")

    @cached_property
    def outside(self) -> BoolArray:
        """Whether the callee is outside the network."""
        return ~is_text(self._read("callee_type"), "callee_type", "subscriber")

    @cached_property
    def moved(self) -> BoolArray:
        """Whether the call ended in another cell than it started in."""
        _, (first, last) = shared_codes(self._read("first_cell_id", "last_cell_id"), "first_cell_id", "last_cell_id")
        return np.not_equal(first, last)

    @cached_property
    def parties(self) -> tuple[int, IntArray, IntArray]:
        """The number of parties, and the numbers of the caller and the callee of each call."""
        count, (caller, callee) = shared_codes(self._read("caller_id", "callee_id"), "caller_id", "callee_id")
        return count, caller, callee

    @cached_property
    def order(self) -> IntArray | None:
        """The calls in order of time, simultaneous ones by their content; None: as they are."""
        table = self._read("first_cell_id")
        cells, (cell,) = shared_codes(table, "first_cell_id")
        kind = self.answered.astype(np.int64) * 4 + self.outside * 2 + self.moved
        count, caller, callee = self.parties
        return order_of(
            Known(
                start_ms=self.start_ms, caller=caller, callee=callee, cell=cell, duration_s=self.duration_s, kind=kind
            ),
            count,
            cells,
        )

    def grouped(self, key: IntArray) -> Groups:
        """Return the calls as `Groups`, given the number of each call's group, shape (calls,)."""
        return Groups(key, self.order)

    @cached_property
    def by_caller(self) -> Groups:
        """The calls grouped by caller."""
        return self.grouped(self.parties[1])

    @cached_property
    def by_pair(self) -> Groups:
        """The calls grouped by caller and callee."""
        count, caller, callee = self.parties
        return self.grouped(caller * count + callee)

    def _read(self, *columns: str) -> pa.Table:
        return self.dataset.table("calls", columns)


def middle_of(start_ms: IntArray, low: int, high: int) -> int:
    """Return the position of the first call that starts at the same time as the middle call of low .. high - 1."""
    return int(np.searchsorted(start_ms, start_ms[(low + high) // 2])) if low < high else low
