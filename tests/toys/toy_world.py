"""A small world without a simulation: enough to run the harness on."""

import json
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.faults import within
from bench.generator import Progress
from bench.schema import CALLS, DATA_TABLES, TRUTH_TABLES, Table
from bench.spans import DAY_MS

START_MS = 1_704_067_200_000


@dataclass
class ToySettings:
    _target_: str = "toy_world.ToyWorld"
    num_users: int = field(default=20, metadata=within(1, 1000))
    days: int = field(default=4, metadata=within(1, 100))
    calls: int = field(default=2000, metadata=within(1, 100_000))
    seed: int = 0
    anomaly_ratio: float = field(default=0.05, metadata=within(0, 0.5))
    pause_s: float = 0.0
    hole: str = ""


def schemas() -> dict[str, type]:
    return {"toy": ToySettings}


class ToyWorld:
    def __init__(self, settings: ToySettings, anomalies: dict[str, Any]) -> None:
        self.settings = settings

    def recipe(self) -> dict[str, Any]:
        return {"generator": asdict(self.settings)}

    def twin(self) -> "ToyWorld":
        return ToyWorld(replace(self.settings, anomaly_ratio=0.0), {})

    def make(self, folder: Path, workers: int, progress: Progress) -> dict[str, Any]:
        settings = self.settings
        (folder / "data").mkdir()
        (folder / "truth").mkdir()
        with Path("made.txt").open("a") as log:
            log.write(f"{folder.name}\n")
        clock = {
            "start_ms": START_MS,
            "end_ms": START_MS + settings.days * DAY_MS,
            "time_zone": "UTC",
            "utc_offset_s": 0,
        }
        (folder / "data" / "clock.json").write_text(json.dumps(clock))
        time.sleep(settings.pause_s)
        if settings.hole:
            raise OSError(int(settings.hole), "as asked")
        rng = np.random.default_rng(settings.seed)
        bad = np.sort(rng.permutation(settings.calls)[: round(settings.anomaly_ratio * settings.calls)])
        tables = {name: table.arrow.empty_table() for name, table in {**DATA_TABLES, **TRUTH_TABLES}.items()}
        tables |= {"calls": _calls(settings, rng, bad), **_truth(bad)}
        for name, table in tables.items():
            room = "truth" if name in TRUTH_TABLES else "data"
            pq.write_table(table, folder / room / f"{name}.parquet")
        progress("making the toy world", 1, 1)
        return {"calls": settings.calls, "anomalous_calls": len(bad)}


def _calls(settings: ToySettings, rng: np.random.Generator, bad: np.ndarray) -> pa.Table:
    number = settings.calls
    starts = START_MS + np.sort(rng.integers(0, settings.days * DAY_MS, number)) // 1000 * 1000
    durations = rng.integers(10, 300, number).astype(np.int32)
    durations[bad] = rng.integers(3600, 7200, number)[bad]
    words = {name: [f"{name}_{i % 7}" for i in range(number)] for name in (c.name for c in CALLS.columns)}
    users = [f"user_{i}" for i in rng.integers(0, settings.num_users, number)]
    values = words | {
        "call_id": [f"call_{i:07d}" for i in range(number)],
        "caller_id": users,
        "callee_type": ["subscriber"] * number,
        "outcome": ["answered"] * number,
        "call_start_ts": starts,
        "call_end_ts": starts + durations * 1000,
        "call_duration": durations,
        "handovers": [0] * number,
    }
    return _table(CALLS, values)


def _truth(bad: np.ndarray) -> dict[str, pa.Table]:
    times = [START_MS] * len(bad)
    names = [f"incident_{i}" for i in range(len(bad))]
    kind = ["long_call"] * len(bad)
    incidents = {
        "incident_id": names,
        "anomaly_type": kind,
        "level": ["call"] * len(bad),
        "start_ts": times,
        "end_ts": times,
        "actors": [["user_0"]] * len(bad),
        "parameters": ["{}"] * len(bad),
    }
    truth = {
        "level": ["call"] * len(bad),
        "entity_id": [f"call_{i:07d}" for i in bad],
        "row": bad,
        "incident_id": names,
        "anomaly_type": kind,
        "change": ["altered"] * len(bad),
        "cause": ["direct"] * len(bad),
    }
    return {name: _table(TRUTH_TABLES[name], value) for name, value in (("incidents", incidents), ("truth", truth))}


def _table(table: Table, values: dict[str, Any]) -> pa.Table:
    rows = len(next(iter(values.values())))
    columns = {c.name: pa.array(values.get(c.name, [None] * rows)).cast(c.type) for c in table.columns}
    return pa.table(columns, schema=table.arrow)


def export(world: Path, out: Path, csv: bool, progress: Progress) -> None:
    (out / "calls.txt").write_text(str(pq.read_metadata(world / "data" / "calls.parquet").num_rows))
