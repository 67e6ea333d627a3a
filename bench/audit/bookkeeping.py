"""What a record says by its bookkeeping alone: numbers, order, rounding, empty values; nothing that a call is about.

A value that what the call is about decides is replaced by chance, so that without a leak every feature here is
independent of it: the place within a second is drawn evenly within the call's share of that second (a randomised
probability integral transform), and the last digits of a talk time count for those long enough to have smooth ones.
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.audit.slices import IntArray
from bench.dataset import Dataset
from bench.detector import FloatArray

LONG_S, VERY_LONG_S = 100, 600
"""Talk times from which the last digit, and the seconds beyond whole minutes, are taken to be even."""
OWN_TEXTS = ("call_id", "caller_id", "caller_imei", "caller_imsi")
PLACES = (10, 16)
"""A number is looked at by what is left when divided by these."""
FOLLOWING = ("call_end_ts", "last_cell_id", "handovers")


def call_marks(dataset: Dataset, rows: IntArray, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return the bookkeeping of some calls by name, shape (rows,) each; NaN where there is none.

    Parameters
    ----------
    dataset
        The calls.
    rows
        Shape (rows,): their positions, ascending.
    rng
        What replaces values that the call itself decides.
    """
    starts = np.asarray(dataset.table("calls", ["call_start_ts"])["call_start_ts"].cast(pa.int64()))
    table = _rows_of(dataset, rows)
    start, end = (np.asarray(table[name].cast(pa.int64())) for name in ("call_start_ts", "call_end_ts"))
    duration = np.asarray(table["call_duration"]).astype(np.int64)
    number = trailing_number(table["call_id"])
    digit = np.where(duration >= LONG_S, duration % 10, rng.integers(0, 10, rows.size))
    marks = {
        "number_minus_row": number - rows,
        **{f"number_mod_{place}": number % place for place in PLACES},
        "out_of_order": (starts[np.maximum(rows - 1, 0)] > start) * 1.0,
        "place_in_second": _place_in_second(starts, rows, rng),
        "start_millisecond": start % 1000,
        "start_second": start // 1000 % 60,
        "end_millisecond": end % 1000,
        "end_gap": (end - start) / 1000 - duration,
        "duration_second": np.where(duration >= VERY_LONG_S, duration % 60, 10 * rng.integers(0, 6, rows.size) + digit),
        "empty_values": _empty_values(table),
        **{f"length_of_{name}": _lengths(table[name]) for name in OWN_TEXTS},
    }
    return {name: np.asarray(values, np.float64) for name, values in marks.items()}


def user_marks(dataset: Dataset) -> dict[str, FloatArray]:
    """Return the bookkeeping of every user by name, in the order of the table of users; shape (users,) each.

    The place of a user in the dictionaries of the calls counts too: whoever reads the file can see it.
    """
    users = dataset.table("users")
    marks: dict[str, FloatArray] = {"row": np.arange(users.num_rows, dtype=np.float64)}
    for name in ("user_id", "phone_number", "imei", "imsi"):
        number = trailing_number(users[name])
        marks |= {f"{name}_number": number, f"{name}_length": _lengths(users[name])}
        marks |= {f"{name}_mod_{place}": number % place for place in PLACES}
    marks["type_code"] = trailing_number(pc.utf8_slice_codeunits(users["imei"], 0, 8))
    marks["empty_values"] = _empty_values(users)
    first = dataset.open_table("calls").read_row_group(0, ["caller_id", "caller_imei", "caller_imsi"])
    for name, key in (("caller_id", "user_id"), ("caller_imei", "imei"), ("caller_imsi", "imsi")):
        found = pc.index_in(users[key], first[name].chunk(0).dictionary.cast(pa.string()))
        marks[f"place_among_{name}"] = np.asarray(pc.fill_null(found.cast(pa.float64()), np.nan))
    marks["row_in_user_status"] = _first_row(dataset, users["user_id"])
    return marks


def call_contents(dataset: Dataset, rows: IntArray) -> dict[str, FloatArray]:
    """Return what some calls are about, by the column that says it; for types that leave a column alone.

    Each is put as a number that does not tell who the caller is: how readily its caller calls this party, how often
    it is served by this cell.
    """
    table = _rows_of(dataset, rows)
    local_s = np.asarray(table["call_start_ts"].cast(pa.int64())) // 1000 + dataset.clock.utc_offset_s
    whole = dataset.table("calls", ["caller_id", "callee_id", "first_cell_id"])
    return {
        "call_start_ts": local_s % 86_400 / 3600.0,
        "call_duration": np.asarray(table["call_duration"]).astype(np.float64),
        "callee_id": _share_of_caller(whole, "callee_id", rows),
        "first_cell_id": _share_of_caller(whole, "first_cell_id", rows),
        "callee_type": _codes(table["callee_type"]).astype(np.float64),
    }


def _first_row(dataset: Dataset, users: pa.ChunkedArray) -> FloatArray:
    """Return the row in which the status first tells of each user; NaN where it never does."""
    file = dataset.open_table("user_status")
    if not file.num_row_groups:
        return np.full(len(users), np.nan)
    first = file.read_row_group(0, ["user_id"])["user_id"].cast(pa.string())
    return np.asarray(pc.fill_null(pc.index_in(users, first).cast(pa.float64()), np.nan))


def trailing_number(texts: pa.ChunkedArray) -> FloatArray:
    """Return the number that each text ends with, at most its last nine digits; NaN where it ends with none."""
    return np.asarray(_by_text(texts, _number), np.float64)


def _number(text: str) -> float:
    found = re.search(r"\d{1,9}$", text)
    return float(found.group()) if found else np.nan


def _by_text(texts: pa.ChunkedArray, function: Callable[[str], float]) -> FloatArray:
    """Apply a function to every text, once to each different one."""
    coded = texts.cast(pa.string()).combine_chunks().dictionary_encode()
    values = np.array([np.nan if text is None else function(text) for text in coded.dictionary.to_pylist()] or [np.nan])
    indices = np.asarray(pc.fill_null(coded.indices, -1)).astype(np.int64)
    return np.where(indices < 0, np.nan, values[indices])


def _lengths(texts: pa.ChunkedArray) -> FloatArray:
    return np.asarray(pc.fill_null(pc.utf8_length(texts.cast(pa.string())), 0)).astype(np.float64)


def _empty_values(table: pa.Table) -> FloatArray:
    """Count the nulls and empty texts of each row."""
    total = np.zeros(table.num_rows)
    for column in table.columns:
        total += np.asarray(pc.is_null(column))
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if pa.types.is_string(kind):
            total += np.asarray(pc.fill_null(pc.equal(column.cast(pa.string()), ""), False))
    return total


def _place_in_second(starts: IntArray, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    second = starts // 1000
    low, high = (np.searchsorted(second, second[rows], side=side) for side in ("left", "right"))
    return np.asarray((rows - low + rng.random(rows.size)) / np.maximum(high - low, 1))


def _share_of_caller(table: pa.Table, column: str, rows: IntArray) -> FloatArray:
    """Return which share of the caller's calls have the same value in a column, for some rows."""
    caller, value = (_codes(table[name]) for name in ("caller_id", column))
    _, pair, pairs = np.unique(caller * (value.max(initial=0) + 1) + value, return_inverse=True, return_counts=True)
    return np.asarray(pairs[pair[rows]] / np.bincount(caller)[caller[rows]])


def _codes(texts: pa.ChunkedArray) -> IntArray:
    unified = texts.unify_dictionaries().combine_chunks()
    return np.asarray(unified.indices).astype(np.int64)


def _rows_of(dataset: Dataset, rows: IntArray) -> Any:
    """Read some rows of the calls, a part of the table at a time."""
    file, low, parts = dataset.open_table("calls"), 0, []
    for group in range(file.num_row_groups):
        high = low + file.metadata.row_group(group).num_rows
        here = rows[np.searchsorted(rows, low) : np.searchsorted(rows, high)]
        if here.size:
            parts.append(file.read_row_group(group).take(pa.array(here - low)))
        low = high
    return pa.concat_tables(parts) if parts else file.schema_arrow.empty_table()
