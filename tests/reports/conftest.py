"""A world and runs that look like real ones, for looking at and for measuring what the reports say about them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.dataset import Clock, Dataset, Window
from bench.detector import Level, Scores
from bench.metrics import average_precision, counts_at
from bench.result import Alerts, Outcome, Result, Status
from bench.schema import CALLS, INCIDENTS, TRUTH, USERS, Table
from bench.truth import Truth

DAY_MS = 86_400_000
START_MS = 1_704_067_200_000 - 3_600_000  # a Monday, midnight one hour east of Greenwich
TYPES = ("burst_call", "long_call", "off_hour_call", "short_call")
HOURLY = np.array([1, 0.6, 0.5, 0.3, 0.2, 0.4, 1, 3, 5, 7, 8, 8, 7, 7, 7, 8, 9, 10, 9, 7, 5, 4, 3, 2])


def write(table: Table, columns: dict[str, Any], path: Path) -> None:
    """Write a table after the schema; text columns without a value hold one dummy."""
    rows = len(next(iter(columns.values())))
    arrays = []
    for column in table.columns:
        plain = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        values = columns.get(column.name)
        if values is None:
            values = ["x"] * rows if plain == pa.string() else np.zeros(rows, np.int32)
        array = pa.array(values)
        arrays.append(array if array.type == column.type else array.cast(plain).cast(column.type))
    pq.write_table(pa.Table.from_arrays(arrays, schema=table.arrow), path)


def make_world(folder: Path, calls: int, days: int = 28, share: float = 0.05) -> tuple[Dataset, Truth]:
    """Write a world with `calls` calls, a share of them anomalous in four types and a few collateral."""
    rng = np.random.default_rng(7)
    data, hidden = folder / "data", folder / "truth"
    data.mkdir(parents=True)
    hidden.mkdir()
    code = np.where(rng.random(calls) < share, rng.integers(0, 4, calls), -1)
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
    write_truth(hidden, code, rng)
    half = Window(START_MS, START_MS + days // 2 * DAY_MS), Window(START_MS + days // 2 * DAY_MS, clock.end_ms)
    return Dataset(data, clock, *half), Truth(hidden)


def write_truth(folder: Path, code: np.ndarray[Any, Any], rng: np.random.Generator) -> None:
    """Write incidents of one to fifteen calls, and mark some normal calls as collateral."""
    direct = np.flatnonzero(code >= 0)
    size = np.where(np.arange(4) == 0, 15, 1)
    rank = np.zeros(direct.size, np.int64)
    for kind in range(4):
        here = code[direct] == kind
        rank[here] = np.arange(np.count_nonzero(here)) // size[kind]
    names = [f"{TYPES[kind]}_{number}" for kind, number in zip(code[direct], rank, strict=True)]
    first = {name: TYPES[kind] for name, kind in zip(names, code[direct], strict=True)}
    columns = {"incident_id": list(first), "anomaly_type": list(first.values()), "actors": [["user_1"]] * len(first)}
    columns |= {"start_ts": np.zeros(len(first), np.int64), "end_ts": np.zeros(len(first), np.int64)}
    write(INCIDENTS, columns, folder / "incidents.parquet")
    innocent = rng.choice(np.flatnonzero(code < 0), min(60, len(first)), replace=False)
    rows = np.concatenate([direct, innocent])
    touching = names + list(first)[: innocent.size]
    columns = {
        "level": ["call"] * rows.size,
        "row": rows,
        "incident_id": touching,
        "anomaly_type": [first[name] for name in touching],
        "change": ["altered"] * rows.size,
        "cause": ["direct"] * direct.size + ["collateral"] * innocent.size,
    }
    write(TRUTH, columns, folder / "truth.parquet")


def make_asked(**changed: Any) -> dict[str, Any]:
    """Return what a run was asked, with a composed configuration that agrees."""
    asked = {
        "run_id": "2026-11-20-101500-000001", "started_at": "2026-11-20T10:15:00+00:00", "name": "iforest on default",
        "detector": "iforest", "generator": "default", "anomalies": ",".join(TYPES), "protocol": "split",
        "threshold_policy": "budget", "seed": 0, "world_seed": 42, "anomaly_ratio": 0.05, "num_users": 2000,
        "days": 28, "fingerprint": "4f1d2c7a90b3e856", "level": "call",
    } | changed  # fmt: skip
    settings = {
        "generator": {"num_users": asked["num_users"], "days": asked["days"], "seed": asked["world_seed"]},
        "anomaly": {name: {"difficulty": 0.5} for name in TYPES},
        "detector": {
            "_target_": f"detectors.{asked['detector']}",
            "model": {"n_estimators": asked.pop("n_estimators", 100), "random_state": asked["seed"]},
        },
        "protocol": {"name": asked["protocol"]},
        "threshold": {"policy": asked["threshold_policy"], "alerts_per_day": 100.0},
        "seed": asked["seed"],
    }
    return {**asked, "settings": json.dumps(settings)}


def make_outcome(dataset: Dataset, truth: Truth, heavy: bool = False) -> Outcome:
    """Return a run whose detector finds long calls well, bursts fairly and short calls hardly."""
    rng = np.random.default_rng(3)
    labels = truth.call_labels(*dataset.call_range(dataset.window))
    shift = np.array([0.0, 1.2, 2.6, 1.8, 0.3])[labels.type_code + 1]
    values = rng.normal(shift, 1.0)
    scores = Scores(Level.CALL, np.exp(2.5 * values) if heavy else 0.45 + 0.06 * values)
    alerts = Alerts("budget", float(np.sort(scores.values)[-1400]))
    cost = {"world_seconds": 1.31, "fit_seconds": 0.82, "score_seconds": 0.44, "peak_mib": 412.3}
    cost["calls_per_second"] = scores.values.size / 0.44
    draft = Outcome(Result(make_asked(), Status.OK), dataset, truth, labels, scores, alerts)
    values = measured(draft) | {"alerts/all": float(np.count_nonzero(scores.values >= alerts.threshold))}
    result = Result(draft.result.asked, Status.OK, "", values, cost, {"version/numpy": "2.4.0"})
    return Outcome(result, dataset, truth, labels, scores, alerts)


def measured(draft: Outcome) -> dict[str, float | None]:
    """Return the values that the harness would give, with made-up intervals."""
    assert draft.alerts is not None
    values: dict[str, float | None] = {}
    for name in (*draft.labels.types, "all"):
        positive, scores = draft.type_sample(None if name == "all" else name)
        found = counts_at(positive, scores, threshold=draft.alerts.threshold)
        precise = average_precision(positive, scores)
        numbers = {
            "positives": float(positive.sum()), "incidents": float(positive.sum()) // 15, "hits": float(found.hits),
            "false_alarms": float(found.false_alarms), "precision": found.precision, "recall": found.recall,
            "f1": found.f1, "average_precision": precise, "prevalence": float(positive.mean()),
            "lift": None if precise is None else precise / float(positive.mean()),
        }  # fmt: skip
        for metric in ("average_precision", "precision", "recall"):
            numbers[f"{metric}_low"] = None if numbers[metric] is None else max(numbers[metric] - 0.02, 0)
            numbers[f"{metric}_high"] = None if numbers[metric] is None else min(numbers[metric] + 0.025, 1)
        values |= {f"{metric}/{name}": value for metric, value in numbers.items()}
    return values


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Truth]:
    """A world of 20,000 calls."""
    return make_world(tmp_path_factory.mktemp("world"), 20_000)


@pytest.fixture(scope="session")
def outcome(world: tuple[Dataset, Truth]) -> Outcome:
    """A run that ended well."""
    return make_outcome(*world)


@pytest.fixture(scope="session")
def run_row(outcome: Outcome) -> Callable[..., dict[str, Any]]:
    """Return a maker of rows: what was asked may be changed, and every value scaled."""

    def make(scale: float = 1.0, **changed: Any) -> dict[str, Any]:
        values = {key: value if value is None else value * scale for key, value in outcome.result.values.items()}
        kept = {key: value for key, value in outcome.result.values.items() if key.startswith("prevalence/")}
        return {**outcome.result.row(), **values, **kept, **make_asked(**changed)}

    return make
