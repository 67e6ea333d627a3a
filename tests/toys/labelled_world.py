"""A world of a few hundred calls, with incidents that make calls, hold users or cells, and remove calls."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from small_tables import write

from bench.dataset import Dataset, Window
from bench.schema import CALLS, CELLS, INCIDENTS, TRUTH, USERS
from bench.spans import DAY_MS
from bench.truth import Truth

USERS_IN_ALL, CELLS_IN_ALL, DAYS, INCIDENTS_IN_ALL = 12, 4, 4, 9
TYPES = ("a", "b", "c")
BEYOND = ("user_id", "cell_id", "start_ts", "end_ts")


def labelled_world(folder: Path, seed: int, utc_offset_s: int, calls: int = 500) -> tuple[Dataset, Truth]:
    """Write four days, of which the last two are scored; incidents begin before that or within it."""
    random = np.random.default_rng(seed)
    origin = 1_704_067_200_000 - 1000 * utc_offset_s
    start = origin + np.sort(random.integers(0, DAYS * DAY_MS // 1000, calls)) * 1000
    columns = {
        "call_id": [f"call_{i}" for i in range(calls)],
        "callee_id": ["=cmd|0"] * calls,
        "call_duration": [60] * calls,
        "caller_id": [f"u{i}" for i in random.integers(0, USERS_IN_ALL + 1, calls)],
        "call_start_ts": start,
        "call_end_ts": start + random.integers(0, 4000, calls) * 1000,
        "first_cell_id": [f"c{i}" for i in random.integers(0, CELLS_IN_ALL - 1, calls)],
    }
    write(folder / "calls.parquet", CALLS, columns)
    write(folder / "users.parquet", USERS, {"user_id": [f"u{i}" for i in range(USERS_IN_ALL)]})
    write(folder / "cells.parquet", CELLS, {"cell_id": [f"c{i}" for i in range(CELLS_IN_ALL)]})
    clock = {"start_ms": origin, "end_ms": origin + DAYS * DAY_MS, "time_zone": "UTC", "utc_offset_s": utc_offset_s}
    (folder / "clock.json").write_text(json.dumps(clock))
    _write_truth(folder, random, origin, calls)
    window = Window(origin + 2 * DAY_MS, origin + DAYS * DAY_MS)
    return replace(Dataset.open(folder), history=Window(origin, window.start_ms), window=window), Truth(folder)


def _write_truth(folder: Path, random: np.random.Generator, origin: int, calls: int) -> None:
    kinds = [TYPES[number % 3] for number in range(INCIDENTS_IN_ALL)]
    rows = random.permutation(calls)[:80]
    truth: list[dict[str, Any]] = []
    for place, row in enumerate(rows.tolist()):
        cause = "direct" if place % 5 else "collateral"
        truth.append({"level": "call", "row": row, "incident": place % INCIDENTS_IN_ALL, "cause": cause})
    for number in range(INCIDENTS_IN_ALL):
        begin = origin + int(random.integers(0, DAYS * DAY_MS))
        user, cell = f"u{random.integers(0, USERS_IN_ALL)}", f"c{random.integers(0, CELLS_IN_ALL)}"
        gone = {"level": "call", "row": -1, "incident": number, "user_id": user, "cell_id": cell}
        truth.append({**gone, "cause": ("direct", "collateral")[number % 2], "start_ts": begin, "end_ts": begin})
        held = {"user_id": user} if number % 3 else {"cell_id": cell}
        span = {"start_ts": begin, "end_ts": begin + int(random.integers(0, 5 * 3_600_000))}
        truth.append(
            {
                "level": "user" if number % 3 else "cell",
                "row": -1,
                "incident": number,
                "cause": "direct",
                **held,
                **span,
            }
        )
    table = {
        "level": [each["level"] for each in truth],
        "entity_id": [str(place) for place in range(len(truth))],
        "row": [each["row"] for each in truth],
        "incident_id": [f"i{each['incident']}" for each in truth],
        "anomaly_type": [kinds[each["incident"]] for each in truth],
        "change": ["altered"] * len(truth),
        "cause": [each["cause"] for each in truth],
        **{name: [each.get(name) for each in truth] for name in BEYOND},
    }
    write(folder / "truth.parquet", TRUTH, table)
    nothing = {"level": "user", "start_ts": 0, "end_ts": 0, "parameters": "{}"}
    incidents = {name: [value] * INCIDENTS_IN_ALL for name, value in nothing.items()}
    incidents |= {"incident_id": [f"i{number}" for number in range(INCIDENTS_IN_ALL)], "anomaly_type": kinds}
    write(folder / "incidents.parquet", INCIDENTS, {**incidents, "actors": [[]] * INCIDENTS_IN_ALL})
