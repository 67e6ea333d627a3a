"""Rows of input files, column by column: CSV as texts, Parquet with its types."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.faults import UserError
from bench.host.sheets import column_from_sheet
from bench.schema import UNREADABLE
from generators.own_records.byte_streams import is_parquet
from generators.own_records.csv_file import SHOWN, CsvFile, Rows
from generators.own_records.dialect import Dialect

BATCH_ROWS = 2**18


@dataclass(frozen=True)
class Piece:
    """Some rows of one column, with their file and row numbers."""

    file: str
    column: str
    rows: Sequence[int]
    """Row number of each value, counted from 1 without the header."""
    values: pa.Array

    def refuse(self, wrong: Any, rule: str) -> None:
        """Raise `UserError` about the first row, if any, where the mask `wrong`, shape (rows,), is true."""
        rows = np.flatnonzero(np.asarray(wrong))
        if rows.size:
            row = int(rows[0])
            shown = _shown(self.values[row])
            raise UserError(f"{self.place(row)}, column {self.column}: must {rule}, got {shown[:SHOWN]}")

    def place(self, row: int) -> str:
        """Return the file and the row of a value, by its position in this piece."""
        return f"{self.file}, row {self.rows[row]}"

    def only(self, kept: Any) -> "Piece":
        """Return the rows where the mask `kept`, shape (rows,), is true."""
        rows: Any = np.asarray(self.rows)[kept]
        return Piece(self.file, self.column, rows, self.values.filter(pa.array(kept)))


@dataclass
class RecordFile:
    """One input file, CSV or Parquet by its content."""

    path: Path
    dialect: Dialect
    skipped: int = field(default=0, init=False)
    """Number of rows left out by `skip_lines` so far."""
    inner_lines: int = field(default=0, init=False)
    """Number of lines read as part of a field with line breaks."""

    @cached_property
    def is_parquet(self) -> bool:
        """Whether it is Parquet."""
        try:
            return is_parquet(self.path)
        except OSError as error:
            self._unreadable(error)

    @cached_property
    def is_blank(self) -> bool:
        """Whether the file is empty."""
        try:
            return not self.is_parquet and self._csv.is_blank
        except UNREADABLE as error:
            self._unreadable(error)

    @cached_property
    def names(self) -> list[str]:
        """The names of its columns.

        Raises
        ------
        UserError
            When the file cannot be read, or has a name twice.
        """
        try:
            names = pq.read_schema(self.path).names if self.is_parquet else self._csv.names
        except UNREADABLE as error:
            self._unreadable(error)
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            rule = "generator.header must be false, with generator.names, where the first line is no header"
            raise UserError(f"{self.path} has the column {twice[0]!r} twice ({rule})")
        return list(names)

    @property
    def first_row(self) -> list[str]:
        """The fields of the first line that is not skipped, of a CSV file."""
        return [] if self.is_parquet else self._csv.first_row

    def pieces(self, columns: dict[str, str]) -> Iterator[dict[str, Piece]]:
        """Yield the rows in batches: a piece of the file for each of our columns.

        Raises
        ------
        UserError
            When the file cannot be read to its end, naming the row where that is known.
        """
        plain = _plain if self.is_parquet else column_from_sheet
        wanted = list(dict.fromkeys(columns.values()))
        row, source = 1, self._parquet(wanted) if self.is_parquet else self._csv.rows(wanted)
        try:
            for rows, batch in source:
                read = {column: Piece(str(self.path), column, rows, plain(batch[column])) for column in wanted}
                yield {name: read[column] for name, column in columns.items()}
                row += len(rows)
        except UNREADABLE as error:
            self._unreadable(error, f", from row {row} on")
        if not self.is_parquet:
            self.skipped, self.inner_lines = self._csv.left_out, self._csv.inner_lines

    @cached_property
    def _csv(self) -> CsvFile:
        return CsvFile(self.path, self.dialect)

    def _parquet(self, wanted: list[str]) -> Iterator[Rows]:
        row = 1
        with pq.ParquetFile(self.path) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
                yield range(row, row + batch.num_rows), batch
                row += batch.num_rows

    def _unreadable(self, error: BaseException, where: str = " cannot be read") -> NoReturn:
        """Raise the reason why the file cannot be read; for a wrong encoding, with advice."""
        reason = " ".join(str(error).split())
        if isinstance(error, UnicodeError) or "UTF8" in str(error):
            reason = (
                f"generator.encoding must be its encoding (such as utf-16 or latin-1), got {self.dialect.encoding!r}"
            )
        raise UserError(f"{self.path}{where}: {reason}") from error


def _plain(values: pa.Array) -> pa.Array:
    return pc.cast(values, values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _shown(field: pa.Scalar) -> str:
    """Return a field for a message; times and lengths beyond Python's range as a number of units."""
    try:
        value = field.as_py()
    except (OverflowError, ValueError):
        return f"{field.cast(pa.int64()).as_py()} ({field.type})"
    return repr(value) if value is None or isinstance(value, str) else str(value)
