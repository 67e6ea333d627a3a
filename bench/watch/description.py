"""What a browser has to know of a world before it can show any part: places, names, incidents, alerts."""

from typing import Any

import numpy as np

from bench.watch.activity import CAUSES, OUTCOMES
from bench.watch.replay import Opened, Replay
from bench.watch.tables import milliseconds
from bench.watch.windows import STATES


def description(replay: Replay) -> dict[str, Any]:
    """Return the description of a world, as JSON values."""
    world, clock = replay.world, replay.world.tables.clock
    plane = world.scene.plane
    return {
        "title": replay.title,
        "positions": world.positions,
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
    rows = table.select(["incident_id", "anomaly_type", "level", "actors"]).to_pylist()
    return [
        {
            "name": row["incident_id"],
            "type": row["anomaly_type"],
            "level": row["level"],
            "start": start,
            "end": end,
            "users": [users[name] for name in row["actors"] if name in users],
            "cells": [cells[name] for name in row["actors"] if name in cells],
        }
        for row, (start, end) in zip(rows, spans, strict=True)
    ]


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
