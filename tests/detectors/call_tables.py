"""Small folders of calls, as a generator would write them."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.dataset import Dataset, Window
from bench.schema import CALLS
from bench.spans import DAY_MS

MONDAY_MS = 1_704_067_200_000
"""2024-01-01 00:00 UTC."""


def write_calls(folder: Path, calls: dict[str, list], days: int, utc_offset_s: int = 0) -> Dataset:
    """Write rows (start in seconds from Monday's local midnight) and split them in the middle of the days."""
    size = len(calls["start_s"])
    rows = {name: list(values) for name, values in calls.items()}
    start = np.array(rows.pop("start_s"), np.int64) * 1000 + MONDAY_MS - utc_offset_s * 1000
    duration = np.array(rows.setdefault("call_duration", [60] * size), np.int64)
    rows |= {"call_id": [f"call_{i}" for i in range(size)], "call_start_ts": start}
    rows["call_end_ts"] = start + duration * 1000
    defaults: dict[str, str | int] = {"callee_type": "subscriber", "outcome": "answered", "handovers": 0}
    defaults |= {"first_cell_id": "a", "last_cell_id": "a"}
    for column in CALLS.columns:
        rows.setdefault(column.name, [defaults.get(column.name, "x")] * size)
    table = pa.table({name: rows[name] for name in CALLS.arrow.names}, CALLS.arrow)
    CALLS.check(table, "calls")
    pq.write_table(table, folder / "calls.parquet", row_group_size=max(1000, size // 8))
    begin = MONDAY_MS - utc_offset_s * 1000
    end = begin + days * DAY_MS
    clock = {"start_ms": begin, "end_ms": end, "time_zone": "Test/Zone", "utc_offset_s": utc_offset_s}
    (folder / "clock.json").write_text(json.dumps(clock))
    opened, middle = Dataset.open(folder), begin + days // 2 * DAY_MS
    return Dataset(folder, opened.clock, Window(begin, middle), Window(middle, end))


def ordinary_calls(size: int, users: int, days: int, seed: int = 0) -> dict[str, list]:
    """Draw calls among friends (users of one group of ten), with a few strangers and outsiders."""
    random = np.random.default_rng(seed)
    caller = random.integers(0, users, size)
    friend = caller // 10 * 10 + (caller % 10 + random.integers(1, 10, size)) % 10
    callee = np.where(random.random(size) < 0.9, friend, random.integers(0, users, size))
    outside = random.random(size) < 0.05
    answered = random.random(size) < 0.85
    hour = np.clip(random.normal(15, 4, size), 0, 23.9)
    return {
        "start_s": np.sort(random.integers(0, days, size) * 86_400 + (hour * 3600).astype(int)).tolist(),
        "caller_id": [f"user_{i}" for i in caller],
        "callee_id": [f"shop_{i}" if out else f"user_{i}" for i, out in zip(callee, outside, strict=True)],
        "callee_type": np.where(outside, "foreign", "subscriber").tolist(),
        "call_duration": (answered * (1 + random.lognormal(3.5, 1.3, size))).astype(int).tolist(),
        "outcome": np.where(answered, "answered", "missed").tolist(),
        "first_cell_id": [f"cell_{i}" for i in caller % 30],
        "last_cell_id": [f"cell_{i}" for i in np.where(random.random(size) < 0.9, caller, caller + 1) % 30],
    }
