"""Marks of a call's record that do not describe its content: order, digits, agreement with the inventory."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from bench.arrays import FloatArray, IntArray
from bench.audit.marks.forms import Normal, column_forms, plain, shown, stand_ins
from bench.audit.slices import milliseconds
from bench.dataset import Dataset

LONG_S, VERY_LONG_S = 100, 600
"""Talk times from which the last digit, and the seconds beyond whole minutes, are taken to be uniformly distributed."""
SMOOTH_S = 6
"""Talk times from which even and odd values are equally frequent, and milliseconds uniformly distributed."""
PLACES = (10, 16)
"""Divisors whose remainders are tested as marks of a number."""
OF_THINGS = ("caller_imei", "caller_imsi", "callee_imsi")
"""Columns of calls that name a device or a SIM."""


def record_marks(
    dataset: Dataset, rows: IntArray, frame: pl.DataFrame, normal: Normal, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return forms and agreements of the records of some calls, by name, shape (rows,) each.

    A value that follows from the content of the call is replaced at random: the place within a second is drawn evenly
    within the call's share of that second (a randomised probability integral transform), and the last digits of a talk
    time count only for talk times long enough for them to be uniformly distributed.

    Parameters
    ----------
    dataset
        The calls.
    rows
        Shape (rows,): positions of the calls, ascending and distinct.
    frame
        Those rows of `calls`.
    normal
        Normal rows and texts.
    rng
        Generator of the values that replace those which follow from the call itself.
    """
    starts = milliseconds(dataset.table("calls", ["call_start_ts"])["call_start_ts"])
    start, end = (frame[name].to_physical().to_numpy() for name in ("call_start_ts", "call_end_ts"))
    duration = frame["call_duration"].to_numpy().astype(np.int64)
    number = trailing_number(frame["call_id"])
    parity = np.where(duration >= SMOOTH_S, duration % 2, rng.integers(0, 2, rows.size))
    digit = np.where(duration >= LONG_S, duration % 10, 2 * rng.integers(0, 5, rows.size) + parity)
    late = np.where(duration >= VERY_LONG_S, duration % 60, 10 * rng.integers(0, 6, rows.size) + digit)
    same_cell = (frame["first_cell_id"] == frame["last_cell_id"]).to_numpy()
    handovers = frame["handovers"].to_numpy()
    # without a network there are no handovers
    networked = dataset.open_table("events").metadata.num_rows > 0
    marks: dict[str, Any] = {
        "number_minus_row": number - rows,
        **{f"number_mod_{place}": number % place for place in PLACES},
        "out_of_order": starts[np.maximum(rows - 1, 0)] > start,
        "place_in_second": _place_in_second(starts, rows, rng),
        "start_second": start // 1000 % 60,
        "duration_second": late,
        "duration_parity": parity,
        "end=start+duration": _beyond(dataset, (end - start) / 1000 - duration),
        "talk_only_if_answered": (duration > 0) & (frame["outcome"] != "answered").to_numpy(),
        "cells_and_handovers": (handovers == 0) & ~same_cell if networked else handovers != 0,
        "cells_known": _unknown_cells(dataset, frame),
        **_usual(dataset, frame, normal),
        **_inventory(dataset, frame),
        **identifier_numbers(frame, {name: stand_ins(frame[name], frame[name], rng) for name in OF_THINGS}),
    }
    found = {name: np.asarray(values, np.float64) for name, values in marks.items()}
    return column_forms("calls", frame, normal, frame["caller_id"], rng) | found


def _beyond(dataset: Dataset, seconds: FloatArray) -> FloatArray:
    """Return by how much calls last longer than their talk time; with a network, beyond their set-up time.

    The events contain the set-up time, and the end of the call is checked against them (`end_and_last_event`).
    """
    return np.minimum(seconds, 0) if dataset.open_table("events").metadata.num_rows else seconds


def contents(dataset: Dataset, rows: IntArray, frame: pl.DataFrame) -> dict[str, FloatArray]:
    """Return marks of the content of some calls, tested for types that do not change it.

    No mark identifies the caller: `usual_...` is the share of its calls with the same called party, cell, device or
    SIM.
    """
    local_s = dataset.clock.local_ms(frame["call_start_ts"].to_physical().to_numpy()) // 1000
    names = ["caller_id", "callee_id", "first_cell_id", "last_cell_id", "caller_imei", "caller_imsi"]
    whole = dataset.table("calls", names)
    marks: dict[str, Any] = {
        "time_of_day": local_s % 86_400 / 3600.0,
        "talk_time": frame["call_duration"].to_numpy(),
        "callee_kind": frame["callee_type"].rank("dense").to_numpy(),
        "last_cell": frame["last_cell_id"].rank("dense").to_numpy(),
        "handovers": frame["handovers"].to_numpy(),
    }
    if not dataset.open_table("events").metadata.num_rows:  # otherwise the events say since when it was connected
        start, end = (frame[name].to_physical().to_numpy() for name in ("call_start_ts", "call_end_ts"))
        marks["ring_time"] = (end - start) / 1000 - frame["call_duration"].to_numpy()
    asked = {"callee": "callee_id", "first_cell": "first_cell_id", "last_cell": "last_cell_id"}
    for name, column in {**asked, "device": "caller_imei", "sim": "caller_imsi"}.items():
        marks[f"usual_{name}"] = _share_of_caller(whole, column, rows)
    return {name: np.asarray(values, np.float64) for name, values in marks.items()}


def rows_of(dataset: Dataset, rows: IntArray) -> pl.DataFrame:
    """Read some rows of the calls, one part of the table at a time."""
    file, low, parts = dataset.open_table("calls"), 0, []
    for group in range(file.num_row_groups):
        high = low + file.metadata.row_group(group).num_rows
        here = rows[np.searchsorted(rows, low) : np.searchsorted(rows, high)]
        if here.size:
            parts.append(plain(file.read_row_group(group).take(pa.array(here - low))))
        low = high
    return pl.concat(parts) if parts else plain(file.schema_arrow.empty_table())


def trailing_number(texts: pl.Series) -> FloatArray:
    """Return the number at the end of each text (at most nine digits); NaN if there is none."""
    found = texts.str.extract(r"(\d{1,9})$").cast(pl.Float64).fill_null(np.nan)
    return np.asarray(found.to_numpy(), np.float64)


def identifier_numbers(frame: pl.DataFrame, sources: Mapping[str, IntArray]) -> dict[str, FloatArray]:
    """Return the numbers that identifiers end with, and the type codes of devices (IMEI), for some rows.

    Parameters
    ----------
    frame
        The rows; texts are plain.
    sources
        By column with an identifier, the row that each row shows instead (`stand_ins`), so that each thing counts once.
    """
    found = {}
    for name, source in sources.items():
        found[f"{name}_number"] = shown(trailing_number(frame[name]), source)
        if name.endswith("imei"):
            found[f"{name}_type_code"] = shown(trailing_number(frame[name].str.head(8)), source)
    return found


def _place_in_second(starts: IntArray, rows: IntArray, rng: np.random.Generator) -> FloatArray:
    second = starts // 1000
    low, high = (np.searchsorted(second, second[rows], side=side) for side in ("left", "right"))
    return np.asarray((rows - low + rng.random(rows.size)) / np.maximum(high - low, 1))


def _unknown_cells(dataset: Dataset, frame: pl.DataFrame) -> FloatArray:
    """Count the cells of a call that are missing in the inventory (0 to 2); a failed call may have none."""
    cells = pl.Series(dataset.table("cells", ["cell_id"])["cell_id"].cast(pa.string()))
    total = np.zeros(frame.height)
    for name in ("first_cell_id", "last_cell_id"):
        total += (~frame[name].is_in(cells.implode()) & (frame[name] != "")).fill_null(False).to_numpy()
    return total


def _usual(dataset: Dataset, frame: pl.DataFrame, normal: Normal) -> dict[str, FloatArray]:
    """Return whether the callee's number, SIM or kind differs from that in most of its calls."""
    names = ["callee_id", "callee_number", "callee_imsi", "callee_type"]
    table = pl.DataFrame(dataset.table("calls", names))
    found = {}
    for what, column in (("number", "callee_number"), ("imsi", "callee_imsi"), ("type", "callee_type")):
        pairs = table.group_by("callee_id", column).len().sort("len", column, descending=True)
        usual = pairs.unique("callee_id", keep="first").with_columns(pl.col(pl.Categorical).cast(pl.String))
        joined = frame.select("callee_id", column).join(
            usual.select("callee_id", pl.col(column).alias("usual")), on="callee_id", how="left", maintain_order="left"
        )
        found[f"callee_usual_{what}"] = np.asarray((joined[column] != joined["usual"]).fill_null(True).to_numpy())
    return found


def _inventory(dataset: Dataset, frame: pl.DataFrame) -> dict[str, FloatArray]:
    """Return whether a call's SIM, device and numbers differ from those of both users in the inventory at that time."""
    held = plain(dataset.table("subscriptions")).with_columns(
        pl.col("valid_to").fill_null(pl.lit(2**62).cast(pl.Datetime("ms", "UTC")))
    )
    calls = frame.with_row_index("at")
    known = set(held["user_id"].unique())
    pairs = {
        "caller_imsi_and_inventory": ("caller_id", {"caller_imsi": "imsi"}),
        "caller_imei_and_inventory": ("caller_id", {"caller_imei": "imei"}),
        "callee_imsi_and_inventory": ("callee_id", {"callee_imsi": "imsi"}),
        "callee_number_and_inventory": ("callee_id", {"callee_number": "phone_number"}),
    }
    found = {}
    for name, (user, equal) in pairs.items():
        found[name] = _not_held(calls, held, known, {user: "user_id", **equal})
    both = {"caller_imsi": "imsi", "caller_imei": "imei"}
    found["imsi_with_imei_in_inventory"] = _not_held(calls, held, None, both)
    return found


def _not_held(calls: pl.DataFrame, held: pl.DataFrame, known: set[str] | None, equal: dict[str, str]) -> FloatArray:
    """Return 1 for calls of known users whose values are in no row of the inventory that was valid at their start."""
    joined = calls.select("at", "call_start_ts", *equal).join(
        held.select("valid_from", "valid_to", *equal.values()), left_on=list(equal), right_on=list(equal.values())
    )
    started = pl.col("call_start_ts") + pl.duration(milliseconds=999)
    right = joined.filter((pl.col("valid_from") <= started) & (pl.col("call_start_ts") < pl.col("valid_to")))
    wrong = np.ones(calls.height)
    wrong[right["at"].to_numpy()] = 0.0
    if known is not None:
        wrong[~calls[next(iter(equal))].is_in(list(known)).to_numpy()] = 0.0
    return wrong


def _share_of_caller(table: pa.Table, column: str, rows: IntArray) -> FloatArray:
    """Return, for some calls, the share of the caller's calls with the same value in a column."""
    caller, value = (codes(table[name]) for name in ("caller_id", column))
    _, pair, pairs = np.unique(caller * (value.max(initial=0) + 1) + value, return_inverse=True, return_counts=True)
    return np.asarray(pairs[pair[rows]] / np.bincount(caller)[caller[rows]])


def codes(texts: pa.ChunkedArray) -> IntArray:
    """Return an integer code for each text."""
    return np.asarray(texts.unify_dictionaries().combine_chunks().indices).astype(np.int64)
