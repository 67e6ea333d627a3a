"""Read the tables of a world, or of an exported one, as the arrays that are measured."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Clock
from bench.faults import UserError
from bench.host.read_json import member, object_in
from bench.realism.record_arrays import CELLS, EVENTS, OUTCOMES, PLANE, POSITIONS, Plane, Records
from bench.schema import UNREADABLE
from bench.truth import Truth
from bench.worlds.places import Place

COLUMNS = ["caller_id", "callee_id", "call_start_ts", "call_duration", "first_cell_id", "outcome"]
EARTH_KM = 6371.0
REASONS = {
    OUTCOMES: "the records do not say how a call ended",
    CELLS: "the records have no cells",
    POSITIONS: "the cells have no coordinates",
    EVENTS: "there are no events of a network",
    PLANE: "there are no events of a network with known sites",
}


def records_at(place: Place) -> tuple[Records, dict[str, Any]]:
    """Read the calls that no incident made, altered or affected, and the manifest of their world.

    Raises
    ------
    UserError
        When a file cannot be read.
    """
    try:
        clock, manifest = Clock.read(place.data), object_in(place.manifest)
        calls = pq.read_table(place.table("calls"), columns=COLUMNS)
        users, cells = (pq.read_table(place.table(name)) for name in ("users", "cells"))
        events = place.table("events")
        eventful = events.exists() and pq.read_metadata(events).num_rows > 0
        filled = member({"filled": {}, **member(manifest, "counts", dict)}, "filled", dict)
        member(manifest, "fingerprint", str)
    except (ValueError, UserError, *UNREADABLE) as error:
        raise UserError(f"data must be a world that can be read, got {place.data} ({error})") from error
    labels = Truth(place.truth).call_labels(0, len(calls))
    absent = {name for name, count in filled.items() if count == len(calls)}
    records = _records(Tables(calls, users, cells), clock, absent)
    if eventful:
        records = replace(records, events=events, plane=plane_of(manifest, cells))
    lacks = {EVENTS: records.events is None, PLANE: records.plane is None}
    records.lacking.update({name: REASONS[name] for name, lacked in lacks.items() if lacked})
    return records.chosen(~(labels.anomalous | labels.collateral)), manifest


@dataclass(frozen=True)
class Tables:
    """The tables that are read."""

    calls: pa.Table
    users: pa.Table
    cells: pa.Table


def plane_of(manifest: dict[str, Any], cells: pa.Table) -> Plane | None:
    """Return where sites are on the plane of the events; None if a world's manifest does not say where the plane is."""
    try:
        settings = member(member(manifest, "recipe", dict), "settings", dict)
        boxes = list(member(member(settings, "region", dict), "districts", dict).values())
        wrap = member(member(settings, "network", dict), "wrap", bool)
        south, north, west, east = (
            end(float(member(box, name, int, float)) for box in boxes)
            for end, name in ((min, "lat_min"), (max, "lat_max"), (min, "lon_min"), (max, "lon_max"))
        )
    except (ValueError, UserError):
        return None
    metres = np.radians(1) * EARTH_KM * 1000
    scale = metres * np.cos(np.radians((south + north) / 2))
    known = cells.filter(pc.is_valid(pc.add(cells["latitude"], cells["longitude"])))
    east_m, north_m = (known["longitude"].to_numpy() - west) * scale, (known["latitude"].to_numpy() - south) * metres
    sites = dict(zip(known["cell_id"].to_pylist(), zip(east_m.tolist(), north_m.tolist(), strict=True), strict=True))
    return Plane(sites, ((east - west) * scale, (north - south) * metres) if wrap else None) if sites else None


def _records(tables: Tables, clock: Clock, absent: set[str]) -> Records:
    """Convert tables to arrays; `absent` are the columns that the user's files did not have."""
    calls = tables.calls
    parties, caller, callee = _numbered(calls)
    cells = tables.cells["cell_id"].combine_chunks()
    row = np.asarray(pc.fill_null(pc.index_in(parties, tables.users["user_id"].combine_chunks()), -1))
    home = np.append(_among(tables.users["home_cell_id"], cells), -1)
    cell, cell_km = _among(calls["first_cell_id"], cells), positions(tables.cells)
    lacks = {
        OUTCOMES: "outcome" in absent,
        CELLS: not (cell >= 0).any(),
        POSITIONS: not np.isfinite(cell_km).all(axis=1).any(),
    }
    return Records(
        caller=caller,
        callee=callee,
        local_ms=clock.local_ms(np.asarray(pc.cast(calls["call_start_ts"], pa.int64()))),
        seconds=np.asarray(calls["call_duration"]).astype(np.int64),
        answered=_is(calls["outcome"], "answered"),
        missed=_is(calls["outcome"], "missed"),
        failed=_is(calls["outcome"], "failed"),
        cell=cell,
        participant=row >= 0,
        home=home[row],
        cell_km=cell_km,
        events=None,
        plane=None,
        lacking={name: REASONS[name] for name, lacked in lacks.items() if lacked},
    )


def positions(cells: pa.Table) -> FloatArray:
    """Return positions of cells, shape (cells, 2) [km], by an equirectangular projection about their centre."""
    degrees = np.column_stack([cells[name].to_numpy().astype(np.float64) for name in ("longitude", "latitude")])
    known = degrees[np.isfinite(degrees).all(axis=1)]
    middle = known.mean(axis=0) if known.size else np.zeros(2)
    narrowed = np.array([np.cos(np.radians(middle[1])), 1.0])
    return np.asarray(np.radians(degrees - middle) * EARTH_KM * narrowed)


def _numbered(calls: pa.Table) -> tuple[pa.Array, IntArray, IntArray]:
    """Return the identifiers of callers and callees, and the positions of each call's parties among them."""
    found = [calls[name].unify_dictionaries().combine_chunks() for name in ("caller_id", "callee_id")]
    texts = pc.unique(pa.concat_arrays([each.dictionary for each in found]))
    own = [np.asarray(pc.index_in(each.dictionary, texts), np.int64)[np.asarray(each.indices)] for each in found]
    return texts, own[0], own[1]


def _among(column: pa.ChunkedArray, ids: pa.Array) -> IntArray:
    """Return the position of each text of a dictionary column among ids, -1 if it is none of them."""
    each = column.unify_dictionaries().combine_chunks()
    place = np.asarray(pc.fill_null(pc.index_in(each.dictionary, ids), -1), np.int64)
    return np.asarray(place[np.asarray(each.indices)])


def _is(column: pa.ChunkedArray, text: str) -> BoolArray:
    each = column.unify_dictionaries().combine_chunks()
    return np.asarray(np.asarray(pc.equal(each.dictionary, text), np.bool_)[np.asarray(each.indices)])
