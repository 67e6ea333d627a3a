"""The input of a detector: a folder of Parquet tables without labels, and two time windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.faults import UserError
from bench.host.read_json import UnreadableError, member, object_in
from bench.schema import DATA_TABLES, UNREADABLE
from bench.spans import DAY_MS


@dataclass(frozen=True)
class Window:
    """A half-open span of time, [start_ms, end_ms), in milliseconds since the Unix epoch (UTC)."""

    start_ms: int
    end_ms: int

    @property
    def days(self) -> float:
        """Its length in days of 24 hours."""
        return (self.end_ms - self.start_ms) / DAY_MS


@dataclass(frozen=True)
class Clock:
    """Time base of the tables: first and last moment, and the local time that "night" refers to."""

    start_ms: int
    """First moment of the data, a local midnight, in ms since the Unix epoch (UTC)."""
    end_ms: int
    """End of the data (exclusive)."""
    time_zone: str
    utc_offset_s: int
    """Offset of local time from UTC at the beginning of the data [s]."""
    changes: tuple[tuple[int, int], ...] = ()
    """Changes of the offset within the data: the moment (ms, UTC) and the new offset [s]."""

    def local_ms(self, utc_ms: Any) -> Any:
        """Convert UTC to local time, in ms since the local midnight of 1970-01-01, a Thursday."""
        if not self.changes:
            return utc_ms + 1000 * self.utc_offset_s
        return utc_ms + self._offsets_ms[np.searchsorted(self._moments, utc_ms, side="right")]

    def utc_ms(self, local_ms: Any) -> Any:
        """Convert local time to UTC; skipped times as if the clock had not changed, repeated ones as the first.

        >>> berlin = Clock(0, 9_000_000, "Europe/Berlin", 3600, ((3_600_000, 7200),))
        >>> int(berlin.local_ms(3_600_000)), int(berlin.utc_ms(10_800_000)), int(berlin.utc_ms(7_199_999))
        (10800000, 3600000, 3599999)
        """
        if not self.changes:
            return local_ms - 1000 * self.utc_offset_s
        borders = self._moments + np.maximum(self._offsets_ms[:-1], self._offsets_ms[1:])
        return local_ms - self._offsets_ms[np.searchsorted(borders, local_ms, side="right")]

    @property
    def _moments(self) -> "np.ndarray[Any, np.dtype[np.int64]]":
        return np.array([moment for moment, _ in self.changes], np.int64)

    @property
    def _offsets_ms(self) -> "np.ndarray[Any, np.dtype[np.int64]]":
        return 1000 * np.array([self.utc_offset_s, *(offset for _, offset in self.changes)], np.int64)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the `clock.json` of a folder of tables.

        Raises
        ------
        UserError
            When the file is missing or invalid.
        """
        try:
            content = object_in(folder / "clock.json")
            start, end, offset = (member(content, name, int) for name in ("start_ms", "end_ms", "utc_offset_s"))
            if start >= end:
                raise ValueError("it ends before it begins")
            changes = tuple((int(moment), int(ahead)) for moment, ahead in content.get("changes", ()))
            return cls(start, end, member(content, "time_zone", str), offset, changes)
        except (UnreadableError, ValueError, TypeError) as error:
            raise UserError(f"{folder} is not a data set: clock.json cannot be read ({error})") from error


@dataclass(frozen=True)
class Dataset:
    """A lazy handle on the tables of one world, or of your own records.

    `history` is what a detector may be fitted on, `window` is what it has to score. Features of a call in the window
    may use the history, so that they do not start without a past at the split.
    """

    folder: Path
    clock: Clock
    history: Window
    window: Window

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a folder written by a generator; history and window both cover all of it."""
        clock = Clock.read(folder)
        whole = Window(clock.start_ms, clock.end_ms)
        return cls(folder, clock, whole, whole)

    def table(self, name: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read one whole table, or some of its columns.

        Raises
        ------
        UserError
            When there is no such table, or it does not follow the schema.
        """
        if name not in DATA_TABLES:
            raise UserError(f"no table {name!r}; the tables are {', '.join(DATA_TABLES)}")
        path = self.folder / f"{name}.parquet"
        try:
            with pq.ParquetFile(path) as file:
                names = file.schema_arrow.names if columns is None else list(columns)
                if set(names) <= set(file.schema_arrow.names):
                    return file.read(names).select(names)
            return pq.read_table(path, columns=names)  # names what is missing; it imports pandas, so only then
        except UNREADABLE as error:
            raise UserError(f"{path} cannot be read: {error}") from error

    def open_table(self, name: str) -> pq.ParquetFile:
        """Open a table for reading in parts, for tables that may be too large for the memory.

        Raises
        ------
        UserError
            When there is no such table.
        """
        path = self.folder / f"{name}.parquet"
        try:
            return pq.ParquetFile(path)
        except UNREADABLE as error:
            raise UserError(f"{path} cannot be read: {error}") from error

    def calls(self, part: Window, columns: Sequence[str] | None = None) -> pa.Table:
        """Read the calls that start within `part`, in order."""
        low, high = self.call_range(part)
        return self.table("calls", columns).slice(low, high - low)

    def call_range(self, part: Window) -> tuple[int, int]:
        """Return the first position, and one past the last, of the calls that start within `part`."""
        low, high = np.searchsorted(self._call_starts, [part.start_ms, part.end_ms])
        return int(low), int(high)

    @cached_property
    def _call_starts(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        starts = self.table("calls", ["call_start_ts"])["call_start_ts"]
        return np.asarray(pc.cast(starts, pa.int64()).to_numpy())
