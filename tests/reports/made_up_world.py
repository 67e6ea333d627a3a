"""A world that looks like a real one, for looking at and for counting in."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.dataset import Clock, Dataset, Window
from bench.schema import CALLS, INCIDENTS, TRUTH, USERS, Table
from bench.spans import DAY_MS
from bench.truth import Truth

START_MS = 1_704_067_200_000 - 3_600_000  # a Monday, midnight one hour east of Greenwich
TYPES = ("burst_call", "long_call", "off_hour_call", "short_call")
HOURLY = np.array([1, 0.6, 0.5, 0.3, 0.2, 0.4, 1, 3, 5, 7, 8, 8, 7, 7, 7, 8, 9, 10, 9, 7, 5, 4, 3, 2])


def write(table: Table, columns: dict[str, Any], path: Path) -> None:
    """Write a table after the schema; where a column is not given it is null, or where it must not be, x or 0."""
    rows = len(next(iter(columns.values())))
    arrays = []
    for column in table.columns:
        plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        values = columns.get(column.name)
        if values is None:
            something = ["x"] * rows if plain == pa.string() else np.zeros(rows, np.int32)
            values = [None] * rows if column.nullable else something
        array = pa.array(values)
        arrays.append(array if array.type == column.type else array.cast(plain).cast(column.type))
    pq.write_table(pa.Table.from_arrays(arrays, schema=table.arrow), path)


def make_world(
    folder: Path, calls: int, days: int = 28, share: float = 0.05, types: tuple[str, ...] = TYPES
) -> tuple[Dataset, Truth]:
    """Write a world with `calls` calls, a share of them anomalous and a few collateral; the first four types differ."""
    rng = np.random.default_rng(7)
    data, hidden = folder / "data", folder / "truth"
    data.mkdir(parents=True)
    hidden.mkdir()
    code = np.where(rng.random(calls) < share, rng.integers(0, len(types), calls), -1)
    hour = rng.choice(24, calls, p=HOURLY / HOURLY.sum()) + rng.random(calls)
    hour[code == 2] = 2 + 3 * rng.random(np.count_nonzero(code == 2))
    volume = np.where(np.arange(days) % 7 >= 5, 0.6, 1.0)
    start = START_MS + (rng.choice(days, calls, p=volume / volume.sum()) * 24 + hour) * 3_600_000
    order = np.argsort(start)
    start, code = (start[order] // 1000 * 1000).astype(np.int64), code[order]
    duration = np.clip(rng.lognormal(3.7, 1.3, calls), 1, 9000).astype(np.int64)
    duration[code == 3] = rng.integers(1, 6, np.count_nonzero(code == 3))
    duration[code == 1] = rng.integers(3600, 7200, np.count_nonzero(code == 1))
    duration[code == 0] = rng.integers(10, 60, np.count_nonzero(code == 0))
    outcome = rng.choice(["answered", "missed", "busy", "failed"], calls, p=[0.84, 0.1, 0.04, 0.02])
    outcome[(code == 1) | (code == 3)] = "answered"
    duration[outcome != "answered"] = 0
    columns = {"call_start_ts": start, "call_end_ts": start + 1000 * duration, "call_duration": duration}
    write(CALLS, {**columns, "outcome": outcome}, data / "calls.parquet")
    write(USERS, {"user_id": [f"user_{number}" for number in range(calls // 95)]}, data / "users.parquet")
    clock = Clock(START_MS, START_MS + days * DAY_MS, "Etc/GMT-1", 3600)
    (data / "clock.json").write_text(json.dumps(vars(clock)))
    write_truth(hidden, code, rng, types)
    half = Window(START_MS, START_MS + days // 2 * DAY_MS), Window(START_MS + days // 2 * DAY_MS, clock.end_ms)
    return Dataset(data, clock, *half), Truth(hidden)


def write_truth(folder: Path, code: np.ndarray[Any, Any], rng: np.random.Generator, types: tuple[str, ...]) -> None:
    """Write incidents of one to fifteen calls, and mark some normal calls as collateral."""
    direct = np.flatnonzero(code >= 0)
    size = np.where(np.arange(len(types)) == 0, 15, 1)
    rank = np.zeros(direct.size, np.int64)
    for kind in range(len(types)):
        here = code[direct] == kind
        rank[here] = np.arange(np.count_nonzero(here)) // size[kind]
    names = [f"{types[kind]}_{number}" for kind, number in zip(code[direct], rank, strict=True)]
    first = {name: types[kind] for name, kind in zip(names, code[direct], strict=True)}
    columns = {"incident_id": list(first), "anomaly_type": list(first.values()), "actors": [["user_1"]] * len(first)}
    columns |= {"start_ts": np.zeros(len(first), np.int64), "end_ts": np.zeros(len(first), np.int64)}
    write(INCIDENTS, columns, folder / "incidents.parquet")
    collateral = rng.choice(np.flatnonzero(code < 0), min(60, len(first)), replace=False)
    rows = np.concatenate([direct, collateral])
    touching = names + list(first)[: collateral.size]
    columns = {
        "level": ["call"] * rows.size,
        "row": rows,
        "incident_id": touching,
        "anomaly_type": [first[name] for name in touching],
        "change": ["altered"] * rows.size,
        "cause": ["direct"] * direct.size + ["collateral"] * collateral.size,
    }
    write(TRUTH, columns, folder / "truth.parquet")
