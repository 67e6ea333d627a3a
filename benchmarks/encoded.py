"""Columns of any table as numbers, joins of rows, and what calls add up to; for `opened.py`."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.audit.marks.record_marks import trailing_number
from bench.dataset import Dataset
from bench.detector import Level
from bench.levels import Grid
from bench.spans import HOUR_MS

Columns = dict[str, FloatArray]
"""By name, shape (rows,) each; NaN where there is nothing."""
TINY = 1e-300


def encoded(table: pa.Table, prefix: str) -> Columns:
    """Return each column of a table as numbers.

    A number stands for itself; a moment for the hours since 1970, its second and its millisecond; a text for its place
    in the alphabet, how often the table has it, the number that it ends with and its length.
    """
    found: Columns = {}
    for name in table.column_names:
        column, stem = table[name], f"{prefix}.{name}"
        if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
            moment = numbers(
                column.cast(pa.timestamp("ms", tz="UTC") if pa.types.is_timestamp(column.type) else "int32")
            )
            found |= {f"{stem}.h": moment / HOUR_MS, f"{stem}.s": moment // 1000 % 60, f"{stem}.ms": moment % 1000}
        elif pa.types.is_dictionary(column.type) or pa.types.is_string(column.type):
            found |= {f"{stem}.{what}": values for what, values in _of_texts(column).items()}
        else:
            found[stem] = numbers(column)
    return found


def _of_texts(column: pa.ChunkedArray) -> Columns:
    coded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    index = np.asarray(pc.fill_null(coded.indices, -1)).astype(np.int64)
    texts = pl.Series(coded.dictionary)
    each = {
        "rank": texts.rank("dense").to_numpy(),
        "count": np.bincount(index[index >= 0], minlength=len(texts)),
        "number": trailing_number(texts),
        "length": texts.str.len_bytes().to_numpy(),
    }
    return {what: np.append(values.astype(np.float64), np.nan)[index] for what, values in each.items()}


def numbers(column: pa.ChunkedArray) -> FloatArray:
    """Return a column of numbers or moments; NaN where it is empty."""
    plain = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
    return np.asarray(plain.cast(pa.float64()).to_numpy(), np.float64)


def taken(columns: Mapping[str, FloatArray], place: IntArray, prefix: str = "") -> Columns:
    """Return the columns at some rows, NaN at -1."""
    return {prefix + name: np.append(values, np.nan)[place] for name, values in columns.items()}


def places(texts: "pa.ChunkedArray | pa.Array", among: "pa.ChunkedArray | pa.Array") -> IntArray:
    """Return the place of each text among others, -1 where it is none."""
    known = among.combine_chunks() if isinstance(among, pa.ChunkedArray) else among
    found = pc.index_in(texts.cast(pa.string()), known.cast(pa.string()))
    return np.asarray(pc.fill_null(found, -1)).astype(np.int64)


def status_rows(dataset: Dataset, level: Level) -> IntArray:
    """Return the row of `user_status` or `tower_status` of each entity of the window, -1 where there is none."""
    grid, name = Grid(level, dataset), "user_status" if level is Level.USER_DAY else "tower_status"
    found = np.full(grid.size + 1, -1)
    status = dataset.table(name, [grid.column, "window_start"])
    if len(status):
        subject = places(status[grid.column], grid.subjects)
        span = grid.span_of(np.asarray(status["window_start"].cast(pa.int64()))) - grid.first
        here = (subject >= 0) & (span >= 0) & (span < grid.spans)
        found[np.where(here, subject * grid.spans + span, grid.size)] = np.arange(len(status))
    return found[:-1]


def held_rows(dataset: Dataset, users: pa.ChunkedArray, moments: pa.ChunkedArray) -> tuple[IntArray, IntArray]:
    """Return the row of `subscriptions` that holds of a user at a moment, -1 without any, and how many came before."""
    held = pl.DataFrame(dataset.table("subscriptions", ["user_id", "valid_from"])).with_columns(
        pl.col("user_id").cast(pl.String)
    )
    held = held.with_row_index("row").sort("valid_from").with_columns(nth=pl.int_range(pl.len()).over("user_id"))
    asked = pl.DataFrame({"user_id": pl.Series(users.cast(pa.string())), "valid_from": pl.Series(moments)})
    joined = (
        asked.with_row_index("at")
        .sort("valid_from")
        .join_asof(held, on="valid_from", by="user_id", check_sortedness=False)
    )
    joined = joined.sort("at").fill_null(-1)
    return joined["row"].cast(pl.Int64).to_numpy(), joined["nth"].cast(pl.Int64).to_numpy()


def summed_up(columns: Mapping[str, FloatArray], group: IntArray, wanted: IntArray) -> Columns:
    """Return mean, highest and lowest of each column over the rows of some groups; NaN where there is none.

    Parameters
    ----------
    columns
        Shape (rows,) each.
    group
        Shape (rows,): the group of each row.
    wanted
        Shape (groups,): the groups, ascending.
    """
    order = np.argsort(group, kind="stable")
    first = np.flatnonzero(np.diff(group[order], prepend=-1))
    place = np.searchsorted(wanted, group[order][first])
    out: Columns = {}
    for name, values in columns.items():
        own = values[order]
        known = np.isfinite(own)
        many = np.add.reduceat(known, first, dtype=np.float64)
        total = np.add.reduceat(np.where(known, own, 0.0), first)
        for what, each in _folds(own, first, total / np.where(many > 0, many, np.nan)):
            out[f"{name}:{what}"] = np.full(wanted.size, np.nan)
            out[f"{name}:{what}"][place] = each
    return out


def _folds(own: FloatArray, first: IntArray, mean: Any) -> Iterable[tuple[str, FloatArray]]:
    yield "mean", mean
    yield "max", np.fmax.reduceat(own, first)
    yield "min", np.fmin.reduceat(own, first)
