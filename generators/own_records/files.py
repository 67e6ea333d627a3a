"""Input files: finds them, reads their headers, and their rows in batches."""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from io import RawIOBase
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from bench.faults import UserError
from bench.host.digests import file_digest
from bench.host.sheets import column_from_sheet
from bench.schema import UNREADABLE

CSV_ENDINGS, PARQUET_ENDINGS = (".csv", ".csv.gz"), (".parquet",)
BLOCK_BYTES, BATCH_ROWS = 2**24, 2**18
SHOWN = 60
"""How much of a wrong value is shown."""


@dataclass(frozen=True)
class Piece:
    """Some rows of one column, with where they stand."""

    file: str
    column: str
    first_row: int
    """Row of the first value, counted from 1 without the header."""
    values: pa.Array

    def refuse(self, wrong: Any, rule: str) -> None:
        """Raise `UserError` about the first row where the mask `wrong`, shape (rows,), is true; if any is."""
        rows = np.flatnonzero(np.asarray(wrong))
        if rows.size:
            row = int(rows[0])
            value = self.values[row].as_py()
            shown = repr(value) if value is None or isinstance(value, str) else str(value)
            where = f"{self.file}, row {self.first_row + row}, column {self.column}"
            raise UserError(f"{where}: must {rule}, got {shown[:SHOWN]}")


def input_files(path: str) -> list[Path]:
    """Return the files that a path, a folder or a pattern stands for, by name.

    Raises
    ------
    UserError
        When there is none, or one is neither CSV nor Parquet.
    """
    place = Path(path)
    if place.is_dir():
        found = sorted(each for each in place.iterdir() if _is_readable(each) and not each.name.startswith("."))
    else:
        found = [place] if place.exists() else sorted(Path(place.anchor).glob(str(place.relative_to(place.anchor))))
    if not found:
        raise UserError(f"there is no file {path}" if not place.is_dir() else f"no CSV or Parquet file in {path}")
    for each in found:
        if not _is_readable(each):
            endings = ", ".join((*CSV_ENDINGS, *PARQUET_ENDINGS))
            raise UserError(f"{each} must be a plain file whose name ends with {endings}")
    return found


def column_names(path: Path, delimiter: str) -> list[str]:
    """Return the names in a file's header.

    Raises
    ------
    UserError
        When the file cannot be read, has no header or one with a name twice.
    """
    try:
        if _is_parquet(path):
            names = pq.read_schema(path).names
        else:
            rest = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=lambda _: "skip")
            with _Utf8(path) as source, csv.open_csv(source, parse_options=rest) as reader:
                names = reader.schema.names
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read: {_why(path, error)}") from error
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"{path} has the column {twice[0]} twice")
    return list(names)


def digest(path: Path) -> str:
    """Return a digest of a file's bytes."""
    try:
        return file_digest(path)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error}") from error


def pieces(path: Path, columns: dict[str, str], delimiter: str) -> Iterator[dict[str, Piece]]:
    """Yield the rows of a file in batches: of each of our columns, a piece of the file's.

    A CSV file's fields are texts; those of a Parquet file are of its types, dictionaries resolved.

    Raises
    ------
    UserError
        When the file cannot be read to its end, naming the row where that is known.
    """
    is_parquet = _is_parquet(path)
    plain = _plain if is_parquet else column_from_sheet
    row, source = 1, _parquet(path, columns) if is_parquet else _csv(path, columns, delimiter)
    try:
        for batch in source:
            yield {name: Piece(str(path), column, row, plain(batch[column])) for name, column in columns.items()}
            row += batch.num_rows
    except UNREADABLE as error:
        raise UserError(f"{path}, from row {row} on: {_why(path, error)}") from error


class _Utf8(RawIOBase):
    """The bytes of a file, decompressed, which have to be UTF-8: Arrow skips rows in silence that it cannot decode."""

    def __init__(self, path: Path) -> None:
        self._source = pa.input_stream(path)
        self._decoder = getincrementaldecoder("utf-8")()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block: bytes = self._source.read(None if size < 0 else size)
        self._decoder.decode(block, final=not block)
        return block

    def close(self) -> None:
        self._source.close()
        super().close()


def _csv(path: Path, columns: dict[str, str], delimiter: str) -> Iterator[pa.RecordBatch]:
    broken: list[Any] = []

    def note(row: Any) -> str:
        broken.append(row)
        return "error"

    wanted = list(dict.fromkeys(columns.values()))
    try:
        with _Utf8(path) as source:
            yield from csv.open_csv(
                source,
                read_options=csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
                parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note),
                convert_options=csv.ConvertOptions(
                    include_columns=wanted, column_types=dict.fromkeys(wanted, pa.string()), strings_can_be_null=False
                ),
            )
    except pa.ArrowInvalid as error:
        if not broken:
            raise
        row = broken[0]
        rule = f"must have {row.expected_columns} fields, got {row.actual_columns}: {row.text[:SHOWN]}"
        raise UserError(f"{path}, row {row.number - 1}: {rule}") from error


def _parquet(path: Path, columns: dict[str, str]) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(path) as file:
        yield from file.iter_batches(BATCH_ROWS, columns=list(dict.fromkeys(columns.values())))


def _why(path: Path, error: BaseException) -> str:
    """Return why a file cannot be read; of a text in another encoding, what to do."""
    if isinstance(error, UnicodeError) or "UTF8" in str(error):
        return f"CSV files must be UTF-8 (for example: iconv -f UTF-16 -t UTF-8 {path.name} > utf8.csv)"
    return " ".join(str(error).split())


def _plain(values: pa.Array) -> pa.Array:
    return pc.cast(values, values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _is_parquet(path: Path) -> bool:
    return path.name.endswith(PARQUET_ENDINGS)


def _is_readable(path: Path) -> bool:
    return path.is_file() and path.name.endswith((*CSV_ENDINGS, *PARQUET_ENDINGS))
