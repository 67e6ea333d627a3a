"""All features of ten million calls, beside one plain group-by of the same file in Polars.

`python benchmarks/features.py [calls]` makes up the calls of a hundredth as many users in 28 days, and compares CPU
seconds of both, from the Parquet file to the result, the shortest of three times each. Freed memory is kept in the
process, so that fresh memory, which a virtual machine may be slow to give, is paid for in the first time only.
"""

import ctypes
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.dataset import Dataset
from bench.schema import CALLS, CELLS
from detectors.features.calls.call_features import FEATURES, call_matrix

DAYS, NUM_CELLS, CONTACTS = 28, 500, 60
START_MS, DAY_MS = 1_704_067_200_000, 86_400_000
REPEATS = 3
M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
BOUND, MEMORY_GIB = 3.0, 6.0


def made_up(folder: Path, size: int) -> None:
    """Write calls with heavy-tailed users, few contacts each, and cells around a home."""
    random, users = np.random.default_rng(1), max(size // 100, CONTACTS + 1)
    activity = random.lognormal(0, 1.2, users)
    caller = random.choice(users, size, p=activity / activity.sum())
    callee = (caller * 7919 + 104_729 * np.minimum(random.geometric(0.12, size), CONTACTS)) % users
    answered = random.random(size) < 0.75
    duration = np.where(answered, np.exp(random.normal(3.3, 1.7, size)), 0).clip(0, 7200).astype(np.int32)
    first = (caller + np.where(random.random(size) < 0.7, 0, random.integers(1, 8, size))) % NUM_CELLS
    last = (first + (random.random(size) < 0.1)) % NUM_CELLS
    start_ms = START_MS + np.sort(random.integers(0, DAYS * DAY_MS // 1000, size)) * 1000
    columns = {
        "call_id": pa.array(np.arange(size)).cast(pa.string()),
        "call_start_ts": start_ms,
        "call_end_ts": start_ms + duration * 1000,
        "call_duration": duration,
        "handovers": (first != last).astype(np.int32),
        "callee_type": texts(random.random(size) < 0.05, ["subscriber", "foreign"]),
        "outcome": texts(~answered, ["answered", "missed"]),
    }
    names, cells = numbered("user", users), numbered("cell", NUM_CELLS)
    columns |= {"caller_id": texts(caller, names), "callee_id": texts(callee, names)}
    columns |= {"first_cell_id": texts(first, cells), "last_cell_id": texts(last, cells)}
    for name in ("caller_imei", "caller_imsi", "callee_imsi", "callee_number"):
        columns[name] = texts(callee if name.startswith("callee") else caller, numbered(name, users))
    arrays = [columns[field.name] for field in CALLS.arrow]
    typed = [each if isinstance(each, pa.Array) else pa.array(each) for each in arrays]
    table = pa.table([each.cast(field.type) for each, field in zip(typed, CALLS.arrow, strict=True)], CALLS.arrow)
    pq.write_table(table, folder / "calls.parquet", compression="zstd", row_group_size=2**18)
    place = {name: random.uniform(0, 0.5, NUM_CELLS) for name in ("latitude", "longitude")}
    described: dict[str, Any] = {field.name: ["none"] * NUM_CELLS for field in CELLS.arrow}
    pq.write_table(pa.table({**described, "cell_id": cells, **place}), folder / "cells.parquet")
    clock = {"start_ms": START_MS, "end_ms": START_MS + DAYS * DAY_MS, "time_zone": "UTC", "utc_offset_s": 0}
    (folder / "clock.json").write_text(json.dumps(clock))


def numbered(word: str, size: int) -> list[str]:
    return [f"{word}_{number:07}" for number in range(size)]


def texts(codes: "np.ndarray[Any, Any]", words: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(words))


def features(folder: Path) -> tuple[int, ...]:
    dataset = Dataset.open(folder)
    return tuple(call_matrix(dataset, list(FEATURES), dataset.window).shape)


def group_by(folder: Path) -> tuple[int, ...]:
    duration = pl.col("call_duration")
    several = (pl.len(), duration.sum(), duration.mean().alias("mean"), pl.col("callee_id").n_unique())
    found: tuple[int, int] = (
        pl.scan_parquet(folder / "calls.parquet").group_by("caller_id").agg(*several).collect().shape
    )
    return found


def cpu_seconds(task: Callable[[Path], tuple[int, ...]], folder: Path) -> float:
    """Print and return the least CPU time that a task takes [s]."""
    times = []
    for _ in range(REPEATS):
        began = time.process_time()
        shape = task(folder)
        times.append(time.process_time() - began)
    shown = ", ".join(f"{each:.2f}" for each in times)
    print(f"{task.__name__:9} {shape[0]:>11,} x {shape[1]:<3} CPU seconds {shown}", flush=True)
    return min(times)


def keep_freed_memory() -> None:
    """Tell glibc's malloc to give nothing back; elsewhere do nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, -1)


def main() -> None:
    """Measure, print, and fail above the bounds."""
    keep_freed_memory()
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    with TemporaryDirectory() as place:
        folder = Path(place)
        made_up(folder, size)
        ours = cpu_seconds(features, folder)
        memory_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        theirs = cpu_seconds(group_by, folder)
    print(f"ratio {ours / theirs:.2f} (at most {BOUND:g}), peak memory {memory_gib:.1f} GiB (below {MEMORY_GIB:g})")
    sys.exit(ours > BOUND * theirs or memory_gib > MEMORY_GIB)


if __name__ == "__main__":
    main()
