"""Read Parquet tables that somebody else may have written: bounded in memory, with values that can be displayed."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.faults import UserError
from bench.schema import UNREADABLE, Table

MOST_ROWS, MOST_BYTES = 2_000_000, 256 * 2**20
"""Limits of a table that is read whole, uncompressed."""
_EPOCH = datetime.datetime(1970, 1, 1)  # without a time zone, as the bounds below
FIRST_MS, LAST_MS = (
    int((bound - _EPOCH).total_seconds()) * 1000 for bound in (datetime.datetime.min, datetime.datetime.max)
)
"""Times that can be shown as dates: the years 1 to 9999 [ms, UTC]."""


def bounded_table(path: Path, table: Table, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the expected columns of a table, or some of them; at most `MOST_ROWS` rows and `MOST_BYTES` bytes.

    The file must have all expected columns; only the values of those that are returned are read and checked.

    Raises
    ------
    UserError
        When the table cannot be read, is larger, has other columns, or is of an earlier version; the message is one
        line.
    """
    schema = pa.schema([table.arrow.field(name) for name in columns or table.arrow.names])
    # As dictionaries, since one long text may occur in every row.
    texts = [field.name for field in schema if field.type == pa.string()]
    facts = _facts(path)
    try:
        _require_columns(facts.schema.to_arrow_schema(), table, path)
        _require_size(facts, path, MOST_ROWS, MOST_BYTES)
        with pq.ParquetFile(path, metadata=facts, read_dictionary=texts) as file:
            content = file.read(schema.names, use_threads=False)
        if (size := decoded_bytes(content)) > MOST_BYTES:
            raise UserError(f"{path} cannot be read: it has {size:,} bytes, more than {MOST_BYTES:,}")
        content = content.select(schema.names).cast(schema)
    except (*UNREADABLE, ValueError) as error:  # ValueError: nulls where the schema allows none
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    require_values(content, path)
    return content


def require_bounded(path: Path, most_rows: int, most_bytes: int) -> None:
    """Raise `UserError` if a Parquet file is no regular file, or has too many rows or bytes, uncompressed."""
    _require_size(_facts(path), path, most_rows, most_bytes)


def _facts(path: Path) -> pq.FileMetaData:
    """Return what a Parquet file says of itself."""
    if not path.is_file():
        raise UserError(f"{path} cannot be read: it is no file")
    try:
        return pq.read_metadata(path)
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error


def _require_size(facts: pq.FileMetaData, path: Path, most_rows: int, most_bytes: int) -> None:
    try:
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        parts = [group.column(place) for group in groups for place in range(group.num_columns)]
    except UNREADABLE as error:
        raise UserError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    size = sum(part.total_uncompressed_size for part in parts)
    for found, most, unit in ((facts.num_rows, most_rows, "rows"), (size, most_bytes, "bytes")):
        if not 0 <= found <= most:
            raise UserError(f"{path} cannot be read: it has {found:,} {unit}, more than {most:,}")


def require_values(content: pa.Table, path: Path) -> None:
    """Raise `UserError` for invalid Unicode, numbers that are not finite, and times that are no dates."""
    for name, column in zip(content.column_names, content.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowException as error:
            raise UserError(f"{path}: column {name} has values that are none ({error})") from error
        if pa.types.is_floating(column.type):
            sound, rule = pc.is_finite(column), "be finite"
        elif pa.types.is_timestamp(column.type):
            moments = column.cast(pa.timestamp("ms"), safe=False).cast(pa.int64())
            sound = pc.and_(pc.greater_equal(moments, FIRST_MS), pc.less_equal(moments, LAST_MS))
            rule = "be of the years 1 to 9999"
        else:
            continue
        if pc.any(pc.invert(sound)).as_py():
            raise UserError(f"{path}: column {name} must {rule}")


def _require_columns(schema: pa.Schema, table: Table, path: Path) -> None:
    missing = [column.name for column in table.columns if column.name not in schema.names]
    if missing and len(missing) < len(table.columns):
        raise UserError(f"{path} is of an earlier version: it has no columns {', '.join(missing)}")
    try:
        table.check(schema.empty_table(), str(path))
    except (UserError, KeyError) as error:  # KeyError: a column occurs twice
        raise UserError("; ".join(str(error).strip("'\"").splitlines())) from error


def decoded_bytes(content: pa.Table) -> int:
    """Return how many bytes the texts of dictionary columns take as plain texts."""
    chunks = (chunk for column in content.columns for chunk in column.chunks)
    sizes = (
        pc.sum(pc.binary_length(chunk.dictionary).cast(pa.int64()).take(chunk.indices)).as_py()
        for chunk in chunks
        if pa.types.is_dictionary(chunk.type)
    )
    return sum(size or 0 for size in sizes)
