"""Tables that hold no more columns than a test needs."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.schema import Table


def write(path: Path, table: Table, columns: dict[str, Any]) -> None:
    """Write some columns of a table; those that may be empty are, unless given."""
    rows = len(next(iter(columns.values())))
    empty = {column.name: [None] * rows for column in table.columns if column.nullable}
    values = {**empty, **columns}
    pq.write_table(pa.table(values, pa.schema([field for field in table.arrow if field.name in values])), path)
