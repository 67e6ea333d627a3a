"""Arrow columns and Parquet files in the form that the schema requires."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.schema import Table

ROW_GROUP = 2**18
"""Rows of a row group."""


def coded(codes: Any, texts: pa.Array) -> pa.DictionaryArray:
    """Return a dictionary column from codes and the texts that they stand for."""
    return pa.DictionaryArray.from_arrays(pa.array(codes), texts, safe=False)


def moments(ms: Any) -> pa.Array:
    """Return times from ms since the Unix epoch (UTC)."""
    return pa.array(ms.astype(np.int64)).view(pa.timestamp("ms", tz="UTC"))


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return a table with the schema's types; dictionaries are in order of first appearance."""
    columns = []
    for field in schema:
        column = table[field.name].combine_chunks()
        columns.append(column.dictionary_encode() if pa.types.is_dictionary(field.type) else column.cast(field.type))
    return pa.Table.from_arrays(columns, schema=schema)


def rows_of(table: Table, columns: Mapping[str, pa.Array]) -> pa.Table:
    """Return columns as a table of the schema, in its order and with its types.

    Raises
    ------
    KeyError
        When a column is missing, or is none of the schema's.
    """
    names = table.arrow.names
    if unlike := set(names) ^ set(columns):
        raise KeyError(f"{table.name}: {', '.join(sorted(unlike))}")
    return pa.Table.from_arrays([columns[name] for name in names], schema=table.arrow)


class ParquetRows:
    """Writes a stream of tables as one Parquet file whose bytes do not depend on how the stream was divided.

    Dictionaries are written in the order of their texts: their own order would reveal users that an incident added.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", write_statistics=True)
        self._schema = schema
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._orders: dict[str, tuple[pa.Array, pa.Array, pa.Array]] = {}

    def write(self, table: pa.Table) -> None:
        """Add rows."""
        self._waiting.append(table)
        self._rows += table.num_rows
        if self._rows >= ROW_GROUP:
            self._flush(self._rows // ROW_GROUP * ROW_GROUP)

    def close(self) -> None:
        """Write the remaining rows, and the footer."""
        if self._rows:
            self._flush(self._rows)
        self._writer.close()

    def _flush(self, rows: int) -> None:
        table = pa.concat_tables(self._waiting).combine_chunks()
        self._writer.write_table(self._ordered(table.slice(0, rows)), row_group_size=ROW_GROUP)
        rest = table.slice(rows)
        self._waiting, self._rows = ([rest] if rest.num_rows else []), rest.num_rows

    def _ordered(self, table: pa.Table) -> pa.Table:
        """Return the same rows with each dictionary sorted by its texts."""
        columns = [
            self._in_order(field.name, table[field.name].combine_chunks())
            if pa.types.is_dictionary(field.type)
            else table[field.name]
            for field in table.schema
        ]
        return pa.Table.from_arrays(columns, schema=table.schema)

    def _in_order(self, name: str, column: pa.DictionaryArray) -> pa.DictionaryArray:
        """Sort one column's dictionary, if it differs from the previous one."""
        known = self._orders.get(name)
        if known is None or not known[0].equals(column.dictionary):
            order = pc.array_sort_indices(column.dictionary)
            rank = np.empty(len(order), np.int32)
            rank[np.asarray(order)] = np.arange(len(order), dtype=np.int32)
            known = self._orders[name] = column.dictionary, column.dictionary.take(order), pa.array(rank)
        return pa.DictionaryArray.from_arrays(known[2].take(column.indices), known[1])


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a small table."""
    rows = ParquetRows(path, table.schema)
    rows.write(table)
    rows.close()
