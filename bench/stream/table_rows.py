"""The rows of one table as messages, in the order in which they were received, read one row group at a time.

A table is in another order than its messages: events are in the order of their calls, and call records in the order of
their starts. The least time of each row group, which Parquet keeps in its footer, says up to which moment the row
groups that were read have all messages, so only the row groups that overlap in time are in memory.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.arrays import IntArray
from bench.faults import UserError
from bench.schema import DATA_TABLES, UNREADABLE
from bench.stream.messages import Kind

IN_MS = '"timeUnit": "milliseconds"'
"""How the footer of a Parquet file says that a column's values, and so their least one, are in milliseconds."""
FOREVER = np.iinfo(np.int64).max
Prepare = Callable[[pl.DataFrame], pl.DataFrame]
"""Returns a row group with all columns of the messages, but the stream and the number."""


@dataclass
class TableRows:
    """Reads one table; `waiting` has the rows that were read and not taken yet."""

    kind: Kind
    path: Path
    arrival: str
    """Column of the table from which `received_at` follows."""
    later_ms: int
    """How much later a message is received [ms]."""
    prepare: Prepare
    waiting: pl.DataFrame = field(init=False)
    _file: pq.ParquetFile = field(init=False)
    _from_ms: IntArray = field(init=False)
    """Shape (row groups + 1,): no row of this group or of a later one was received before."""
    _next: int = 0

    def __post_init__(self) -> None:
        try:
            self._file = pq.ParquetFile(self.path)
            DATA_TABLES[self.kind.table].check(self._file.schema_arrow.empty_table(), str(self.path))
            least = [self._least_ms(number) for number in range(self._file.num_row_groups)]
        except UNREADABLE as error:
            raise UserError(f"{self.path} cannot be read: {error}") from error
        self._from_ms = np.minimum.accumulate([FOREVER, *least[::-1]])[::-1]
        self.waiting = pl.DataFrame(schema={**self.kind.frame_schema, "row": pl.Int64}).drop("stream", "sequence")

    @property
    def complete_to_ms(self) -> int:
        """All messages that were received before this moment have been read."""
        return int(self._from_ms[self._next])

    def read(self) -> None:
        """Read the next row group.

        Raises
        ------
        UserError
            When it cannot be read.
        """
        try:
            table = self._file.read_row_group(self._next, columns=DATA_TABLES[self.kind.table].arrow.names)
        except UNREADABLE as error:
            raise UserError(f"{self.path} cannot be read: {error}") from error
        rows = pl.DataFrame(table).with_columns(pl.col(pl.Categorical).cast(pl.String))
        rows = rows.with_columns(row=pl.int_range(pl.len(), dtype=pl.Int64) + (self._next << 32))
        received = pl.col(self.arrival) + pl.duration(milliseconds=self.later_ms)
        found = self.prepare(rows.with_columns(received_at=received, type=pl.lit(self.kind.name)))
        self.waiting = pl.concat([self.waiting, found.select(self.waiting.columns)])
        self._next += 1

    def take(self, before_ms: int) -> pl.DataFrame:
        """Return the waiting rows that were received before a moment, by time and place in the table; they leave."""
        due = pl.col("received_at").cast(pl.Int64) < before_ms
        taken = self.waiting.filter(due).sort("received_at", "row")
        self.waiting = self.waiting.filter(~due)
        return taken

    def _least_ms(self, group: int) -> int:
        """Return when the first message of a row group was received."""
        rows = self._file.metadata.row_group(group)
        place = self._file.schema_arrow.names.index(self.arrival)
        statistics = rows.column(place).statistics
        if statistics is not None and statistics.has_min_max and IN_MS in statistics.logical_type.to_json():
            return int(statistics.min_raw) + self.later_ms
        column = self._file.read_row_group(group, columns=[self.arrival])[self.arrival]
        return int(pc.min(column).cast(pa.int64()).as_py()) + self.later_ms
