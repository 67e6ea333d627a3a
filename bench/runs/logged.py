"""Metrics and parameters of a run that are logged to a tracking store.

Everything else (intervals, other levels, counts) is in `result.json` and in the evaluation table, which are logged as
files.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.detector import Level
from bench.evaluation.home import home_of_all, homes_in
from bench.evaluation.sample import ALL
from bench.host.plain_files import overrides_in
from bench.host.read_json import UnreadableError
from bench.result import Result, Scalar

METRICS = ("average_precision", "recall", "precision", "incident_recall", "delay_seconds")
"""Metrics logged for each type, at its home level; docs/howto/mlflow.md lists them."""
COSTS = ("fit_seconds", "score_seconds", "peak_mib", "calls_per_second")
DETECTOR_SECONDS = "detector_seconds"
"""Time for fitting and scoring together."""
FACTS = (
    *("detector", "generator", "anomalies", "protocol", "threshold_policy", "seed", "world_seed", "anomaly_ratio"),
    *("num_users", "days"),
)
"""Members of the result row that are logged as parameters of every run."""
ELSEWHERE = ("store", "tracking", "report", "workers", "hydra", "name", "trusted_packages")
"""Settings that do not affect the numbers."""
TABLE = "evaluation.json"
"""File of the evaluation table: every metric by type and level, in the format of MLflow's tables."""


def shown_level(asked: Mapping[str, Scalar], values: Mapping[str, Any], name: str) -> str:
    """Return the level at which a type is compared: its home level or, if the scores do not reach it, their own."""
    homes = homes_in(str(asked.get("home_levels") or ""))
    home = str(home_of_all(map(Level, homes.values()))) if name == ALL else homes.get(name, str(Level.CALL))
    own = str(asked.get("level") or Level.CALL)
    return next((each for each in (home, own) if values.get(_key("average_precision", each, name)) is not None), home)


def _key(metric: str, level: str, name: str) -> str:
    return f"{metric}/{name}" if level == Level.CALL else f"{level}/{metric}/{name}"


def types_of(values: Mapping[str, Any]) -> list[str]:
    """Return the types for which a result has values, `all` first."""
    found = {name.split("/", 1)[1] for name in values if name.startswith("prevalence/")}
    return [*[ALL] * (ALL in found), *sorted(found - {ALL})]


def metrics(result: Result) -> dict[str, float]:
    """Return the metrics that are logged, such as `recall/ring`, each type at its home level, and the cost."""
    found: dict[str, float | None] = {}
    for name in types_of(result.values):
        level = shown_level(result.asked, result.values, name)
        found |= {f"{metric}/{name}": result.values.get(_key(metric, level, name)) for metric in METRICS}
    found |= {cost: result.cost.get(cost) for cost in COSTS}
    if "fit_seconds" in result.cost:
        found[DETECTOR_SECONDS] = result.cost["fit_seconds"] + result.cost.get("score_seconds", 0.0)
    return {name: float(value) for name, value in found.items() if value is not None}


def parameters(result: Result, folder: Path) -> dict[str, Scalar]:
    """Return what was chosen: detector, world, protocol, threshold and seeds, and each setting that was given."""
    facts = {name: result.asked[name] for name in FACTS if result.asked.get(name) not in (None, "")}
    return {**facts, **{key: value for key, value in given(folder) if key not in facts}}


def given(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the settings that a run was given, by key; none if its notes cannot be read."""
    try:
        lines = overrides_in(folder)
    except UnreadableError:
        return
    for line in lines:
        key, equals, value = line.lstrip("+~").partition("=")
        if equals and key.split(".")[0] not in ELSEWHERE:
            yield key, value


def evaluation_table(result: Result) -> str:
    """Return every metric by type and level as a JSON table; an empty text without metrics."""
    rows: dict[tuple[str, str], dict[str, float | None]] = {}
    for key, value in result.values.items():
        *level, metric, name = key.split("/")
        rows.setdefault((name, level[0] if level else str(Level.CALL)), {})[metric] = value
    columns = list(dict.fromkeys(metric for row in rows.values() for metric in row))
    ordered = sorted(rows, key=lambda each: (each[0] != ALL, *each))
    data: Sequence[Sequence[Scalar]] = [[*each, *(rows[each].get(name) for name in columns)] for each in ordered]
    table = {"columns": ["anomaly_type", "level", *columns], "data": data}
    return json.dumps(table, allow_nan=False) + "\n" if rows else ""
