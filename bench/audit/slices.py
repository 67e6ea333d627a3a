"""Read tables in order of time, in parts of bounded size, and compute digests of their rows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.arrays import IntArray

Digests = np.ndarray[Any, np.dtype[np.uint64]]


def digests(table: pa.Table, *, without: Sequence[str] = ()) -> Digests:
    """Return a 64-bit digest of each row, equal for equal values in every column but `without`.

    Texts count by their content, not by their position in a dictionary.
    """
    if not table.num_rows:
        return np.empty(0, np.uint64)
    frame = pl.DataFrame(table.drop_columns(list(without)))
    plain = frame.with_columns(pl.col(pl.Categorical).cast(pl.String))
    return np.asarray(plain.hash_rows(seed=1).to_numpy())


def numbered_digests(numbers: Digests) -> Digests:
    """Return digests of (number, count of equal numbers before it), so that all are distinct.

    >>> import numpy as np
    >>> len(set(numbered_digests(np.array([7, 7, 8, 7], np.uint64)).tolist()))
    4
    """
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    begins = np.append(True, ordered[1:] != ordered[:-1])[: ordered.size]
    first = np.maximum.accumulate(np.where(begins, np.arange(ordered.size), 0))
    earlier = np.empty(ordered.size, np.uint64)
    earlier[order] = (np.arange(ordered.size) - first).astype(np.uint64)
    return numbers ^ (earlier * np.uint64(0x9E3779B97F4A7C15))


class TableCursor:
    """Read a table in order, up to a moment or to the last row that belongs to what was read of another table."""

    def __init__(self, file: pq.ParquetFile) -> None:
        self._file = file
        self._groups = iter(range(file.num_row_groups))
        self._rest = file.schema_arrow.empty_table()

    def before(self, column: str, end_ms: int) -> pa.Table:
        """Return the next rows, those with a time below `end_ms`; the rows are in order of that time."""
        while self._more_needed(column, end_ms):
            pass
        times = milliseconds(self._rest[column])
        return self._take(int(np.searchsorted(times, end_ms)))

    def of(self, column: str, keys: pa.ChunkedArray) -> tuple[pa.Table, IntArray]:
        """Return the next rows while their text is one of `keys`, with its position there, in the order of the keys."""
        places = self._places(column, keys)
        while places.size == self._rest.num_rows and self._read_on():
            places = self._places(column, keys)
        return self._take(places.size), places

    def _places(self, column: str, keys: pa.ChunkedArray) -> IntArray:
        found = pc.index_in(self._rest[column].cast(pa.string()), keys)
        places = np.asarray(pc.fill_null(found, -1)).astype(np.int64)
        strangers = np.flatnonzero(places < 0)
        return places[: strangers[0]] if strangers.size else places

    def _more_needed(self, column: str, end_ms: int) -> bool:
        rows = self._rest.num_rows
        return (not rows or int(milliseconds(self._rest[column].slice(rows - 1))[0]) < end_ms) and self._read_on()

    def _read_on(self) -> bool:
        group = next(self._groups, None)
        if group is not None:
            self._rest = pa.concat_tables([self._rest, self._file.read_row_group(group)])
        return group is not None

    def _take(self, rows: int) -> pa.Table:
        part, self._rest = self._rest.slice(0, rows), self._rest.slice(rows)
        return part


def milliseconds(column: pa.ChunkedArray) -> IntArray:
    """Return the times of a column in ms since the Unix epoch."""
    return np.asarray(column.cast(pa.int64())).astype(np.int64)
