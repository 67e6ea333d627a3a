"""Runs whose numbers look like real ones."""

import json
from typing import Any

import numpy as np
from made_up_world import TYPES

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.evaluation.cut import Cut, expected_alerts
from bench.evaluation.run_outcome import Alerts, Outcome
from bench.evaluation.sample import callers_of, sample_of_calls
from bench.evaluation.score_metrics import average_precision, counts_at
from bench.result import Result, Status
from bench.truth import Truth


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
    merits = np.array([1.2, 2.6, 1.8, 0.3, 0.9, 2.1])
    shift = np.append(0.0, np.resize(merits, len(labels.types)))[labels.type_code + 1]
    values = rng.normal(shift, 1.0)
    scores = Scores(Level.CALL, np.exp(2.5 * values) if heavy else 0.45 + 0.06 * values)
    alerts = Alerts("budget", Cut(float(np.sort(scores.values)[-1400])))
    cost = {"world_seconds": 1.31, "fit_seconds": 0.82, "score_seconds": 0.44, "peak_mib": 412.3}
    cost["calls_per_second"] = scores.values.size / 0.44
    sample = sample_of_calls(labels, callers_of(dataset))
    draft = Outcome(Result(make_asked(), Status.OK), dataset, truth, labels, scores, alerts, sample)
    values = measured(draft) | {"alerts/all": expected_alerts(scores.values, alerts.cut)}
    result = Result(draft.result.asked, Status.OK, "", values, cost, {"version/numpy": "2.4.0"})
    return Outcome(result, dataset, truth, labels, scores, alerts, sample)


def measured(draft: Outcome) -> dict[str, float | None]:
    """Return the values that the harness would give, with made-up intervals."""
    assert draft.alerts is not None
    values: dict[str, float | None] = {}
    for name in (*draft.labels.types, "all"):
        positive, scores = draft.type_sample(None if name == "all" else name)
        found = counts_at(positive, scores, cut=draft.alerts.cut)
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
