"""All calls of a data set up to some call, as compact records, in order of their start."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.dataset import Clock, Dataset
from detectors.features.calls.kernel_arrays import CALL, OFFSET
from detectors.features.sequence.codes import Numbering, is_text
from detectors.features.sequence.simultaneous import Known, order_of

KM_A_DEGREE = 6371.0088 * np.pi / 180
"""Kilometres per degree along a meridian of the mean sphere."""
PARTIES = {"caller": "caller_id", "callee": "callee_id"}
CELLS = {"first": "first_cell_id", "last": "last_cell_id"}
DEVICES = {"device": "caller_imei"}
SIMS = {"sim": "caller_imsi"}
PLAIN = {"start_ms": "call_start_ts", "duration_s": "call_duration", "handovers": "handovers"}
COLUMNS = (*PLAIN.values(), *(name for each in (PARTIES, CELLS, DEVICES, SIMS) for name in each.values()))


@dataclass(frozen=True)
class Packed:
    """Calls with texts coded as numbers, and the tables that the codes refer to."""

    calls: "np.ndarray[Any, Any]"
    """Shape (calls,), of `kernel_arrays.CALL`; calls of the same moment are ordered by their content."""
    parties: int
    """Number of parties: callers and callees are coded as 0 .. parties - 1."""
    cell_ids: pa.Array
    """Shape (cells,): the cells that calls began or ended in."""
    places_km: "np.ndarray[Any, np.dtype[np.float64]]"
    """Shape (cells, 2): position of each cell, east and north of their mean [km]; NaN where unknown."""
    begin_ms: int
    zone: "np.ndarray[Any, Any]"
    """Shape (offsets,), of `kernel_arrays.OFFSET`: offsets of local time from UTC."""
    rows: "np.ndarray[Any, Any] | None" = None
    """Shape (calls,): row of each call in the table; None: in the order of the table."""


def packed(dataset: Dataset, end_ms: int) -> Packed:
    """Read the calls that start before a moment, row group by row group."""
    texts = [(columns, Numbering()) for columns in (PARTIES, CELLS, DEVICES, SIMS)]
    file, row = dataset.open_table("calls"), 0
    calls = np.empty(file.metadata.num_rows, CALL)
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, [*COLUMNS, "outcome", "callee_type"], use_threads=False)
        part = calls[row : row + len(table)]
        _fill(part, table, texts)
        begun = int(np.searchsorted(part["start_ms"], end_ms))
        row += begun
        if begun < len(part):
            break
    calls = calls[:row]
    (_, parties), (_, cells) = texts[:2]
    places = _places_km(dataset, cells.texts)
    rows = _order_of(calls, len(parties.texts), len(cells.texts))
    calls = calls if rows is None else calls[rows]
    return Packed(
        calls=calls,
        parties=len(parties.texts),
        cell_ids=cells.texts,
        places_km=places,
        begin_ms=dataset.clock.start_ms,
        zone=_zone(dataset.clock),
        rows=rows,
    )


def _zone(clock: Clock) -> "np.ndarray[Any, Any]":
    every = [(np.iinfo(np.int64).min, clock.utc_offset_s), *clock.changes]
    return np.array([(moment, 1000 * offset_s) for moment, offset_s in every], OFFSET)


def _order_of(calls: "np.ndarray[Any, Any]", parties: int, cells: int) -> "np.ndarray[Any, Any] | None":
    moved = calls["first"] != calls["last"]
    kind = calls["answered"].astype(np.int64) * 4 + calls["outside"] * 2 + moved
    ends = calls["caller"], calls["callee"], calls["first"]
    return order_of(Known(calls["start_ms"], *ends, calls["duration_s"], kind), parties, cells)


def _fill(calls: "np.ndarray[Any, Any]", table: pa.Table, texts: list[tuple[dict[str, str], Numbering]]) -> None:
    for name, column in PLAIN.items():
        values = table[column]
        calls[name] = pc.cast(values, pa.int64()) if pa.types.is_timestamp(values.type) else values
    for columns, numbering in texts:
        for name, column in columns.items():
            calls[name] = numbering.codes(table[column])
    calls["answered"] = is_text(table, "outcome", "answered")
    calls["outside"] = ~is_text(table, "callee_type", "subscriber")


def _places_km(dataset: Dataset, cell_ids: pa.Array) -> "np.ndarray[Any, np.dtype[np.float64]]":
    """Return the positions of cells on the tangent plane at their mean [km], shape (cells, 2)."""
    if not (dataset.folder / "cells.parquet").exists():
        return np.full((len(cell_ids), 2), np.nan)
    table = dataset.table("cells", ["cell_id", "latitude", "longitude"])
    row = pc.index_in(cell_ids, table["cell_id"].cast(pa.string()).combine_chunks())
    north, east = (_degrees(table[name].take(row)) for name in ("latitude", "longitude"))
    if np.isnan(north).all():
        return np.column_stack([east, north])
    middle = np.nanmean(np.sort(north))  # in whichever order the cells come
    east_km = (east - np.nanmean(np.sort(east))) * KM_A_DEGREE * np.cos(np.radians(middle))
    return np.column_stack([east_km, (north - middle) * KM_A_DEGREE])


def _degrees(column: pa.ChunkedArray) -> "np.ndarray[Any, np.dtype[np.float64]]":
    return np.asarray(pc.fill_null(column, np.nan), np.float64)
