"""What a browser has to know of a world before it can show any part: places, names, incidents, alerts."""

from typing import Any

import contourpy
import numpy as np
from scipy.ndimage import gaussian_filter

from bench.arrays import Array
from bench.scene import Heard, Plane
from bench.watch.activity import CAUSES, OUTCOMES
from bench.watch.binary import packed
from bench.watch.replay import Opened, Replay
from bench.watch.tables import milliseconds
from bench.watch.windows import STATES

SMOOTHED = 1.0
"""Standard deviation by which footprints are smoothed before their outline is drawn [pixels]."""
LEAST_POINTS = 12
"""An outline with fewer points is an island of a few pixels, and left out."""
MOST_PARAMETERS = 500
"""Longest text of an incident's parameters."""


def description(replay: Replay) -> dict[str, Any]:
    """Return the description of a world, as JSON values."""
    world, clock = replay.world, replay.world.tables.clock
    plane = world.scene.plane
    return {
        "title": replay.title,
        "exact": world.exact,
        "clock": {
            "start": clock.start_ms,
            "length": replay.length_ms,
            "zone": clock.time_zone,
            "offset": clock.utc_offset_s,
            "changes": [list(change) for change in clock.changes],
        },
        "parts": {"length": replay.part_ms, "number": replay.parts},
        "windows": {
            "width": world.windows.width_ms,
            "slide": world.windows.slide_ms,
            "number": len(world.windows.state),
        },
        "words": {"states": STATES, "outcomes": OUTCOMES, "causes": CAUSES},
        "plane": {"width": plane.width_m, "height": plane.height_m, "wrap": plane.wrap},
        "footprints": None if world.scene.heard is None else "exact" if world.scene.heard.complete else "best",
        "cells": _cells(world),
        "users": world.names.user.to_pylist(),
        "incidents": _incidents(world),
        "faults": [fault._asdict() for fault in world.scene.faults],
        "detector": replay.alerts.detector,
        "level": replay.alerts.level,
        "alerts": replay.alerts.entries(),
    }


def _cells(world: Opened) -> list[dict[str, Any]]:
    site_m = world.scene.site_m
    return [
        {"name": name, "tower": tower, "x": _finite(x), "y": _finite(y)}
        for name, tower, (x, y) in zip(world.names.cell.to_pylist(), world.names.tower, site_m.tolist(), strict=True)
    ]


def _finite(value: float) -> float | None:
    return round(value, 1) if np.isfinite(value) else None


def _incidents(world: Opened) -> list[dict[str, Any]]:
    """Return the incidents of the truth; actors are numbers of users or cells."""
    table, epoch_ms = world.tables.truth.table("incidents"), world.tables.clock.start_ms
    users, cells = (
        {name: number for number, name in enumerate(names.to_pylist())}
        for names in (world.names.user, world.names.cell)
    )
    spans = zip(*(milliseconds(table[name], epoch_ms).tolist() for name in ("start_ts", "end_ts")), strict=True)
    rows = table.select(["incident_id", "anomaly_type", "level", "actors", "parameters"]).to_pylist()
    return [
        {
            "name": row["incident_id"],
            "type": row["anomaly_type"],
            "level": row["level"],
            "start": start,
            "end": end,
            "users": [users[name] for name in row["actors"] if name in users],
            "cells": [cells[name] for name in row["actors"] if name in cells],
            "parameters": row["parameters"][:MOST_PARAMETERS],
        }
        for row, (start, end) in zip(rows, spans, strict=True)
    ]


def coverage(world: Opened) -> bytes:
    """Return the best cell of each pixel, and the outline of each cell's footprint at the receive threshold.

    Outlines are closed rings of points in metres; `ring_cell` names the cell of each ring.
    """
    heard = world.scene.heard
    if heard is None:
        return packed({}, {"columns": 0, "rows": 0})
    rings = [
        (cell, ring) for cell in range(len(world.names.cell)) for ring in footprint(heard, cell, world.scene.plane)
    ]
    first = np.cumsum([0, *(len(ring) for _, ring in rings)])
    arrays: dict[str, Array] = {
        "best": heard.cell[:, 0].astype(np.int16),
        "ring_cell": np.array([cell for cell, _ in rings], np.int32),
        "ring_first": first.astype(np.uint32),
        "ring_point": np.concatenate([np.empty((0, 2)), *(ring for _, ring in rings)]).astype(np.float32).ravel(),
    }
    return packed(arrays, {"columns": heard.columns, "rows": heard.rows})


def footprint(heard: Heard, cell: int, plane: Plane) -> list[Array]:
    """Return the outline of where a cell is heard: closed rings of points [m], slightly smoothed."""
    here = (heard.cell == cell).any(axis=1).reshape(heard.rows, heard.columns)
    if not here.any():
        return []
    smooth = gaussian_filter(here.astype(np.float64), SMOOTHED, mode="wrap" if plane.wrap else "nearest")
    edge = np.pad(smooth, 1)
    x = (np.arange(-1, heard.columns + 1) + 0.5) * plane.width_m / heard.columns
    y = (np.arange(-1, heard.rows + 1) + 0.5) * plane.height_m / heard.rows
    rings = contourpy.contour_generator(x, y, edge).lines(0.5)
    return [np.asarray(ring) for ring in rings if len(ring) >= LEAST_POINTS]


def best_servers(world: Opened, x: float, y: float) -> list[dict[str, Any]]:
    """Return the cells that are heard at a point of the plane, strongest first, with their power [dBm]."""
    heard, plane = world.scene.heard, world.scene.plane
    if heard is None:
        return []
    column = min(int(x / plane.width_m * heard.columns), heard.columns - 1)
    row = min(int(y / plane.height_m * heard.rows), heard.rows - 1)
    pixel = row * heard.columns + column
    found = zip(heard.cell[pixel].tolist(), heard.power_dbm[pixel].tolist(), strict=True)
    return [{"cell": cell, "power": round(power, 1)} for cell, power in found if cell >= 0]
