"""The file that a run on records without labels ends in: the calls from the most suspicious one down."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from bench.detector import FloatArray, Level
from bench.levels import Grid
from bench.result import Outcome
from detectors.features.calls import FEATURES as CALL_FEATURES
from detectors.features.calls import call_features

FEATURES = ("log_duration", "night", "hour_share", "log_gap", "calls_last_hour", "new_contact")
"""What is told of the alerts of a detector without features of calls of its own."""
TOLD = 3
"""How many features are told of an alert."""
TO_SIGMA, MEAN_TO_SIGMA = 1.4826, 1.2533
"""Standard deviations of a normal distribution in its median and its mean absolute deviation."""
MOST = 99.9
COLUMNS = ("call_id", "call_start_ts", "caller_id", "callee_id")


def write(outcome: Outcome, detector: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write `alerts.csv` into a run's folder: everything that was scored, the highest score first.

    Columns: rank (from 1; calls with the same score in order of time), score, is_alert (the score reaches the
    threshold), call_id, call_start_ts, caller_id, callee_id, and rarest_features: of an alert, the features whose
    values are farthest from the history's, with their robust z-scores. They describe the call; a detector may have
    had other reasons. Of days of users and quarter hours of cells: rank, score, is_alert, the user or cell, and when
    the day or quarter hour begins.

    Parameters
    ----------
    outcome
        A run that went well.
    detector
        Its resolved configuration; its `features`, as far as they are features of calls, are those that are told.
    folder
        Where the file goes.
    """
    if outcome.scores is None or outcome.alerts is None:
        return []
    scores = outcome.scores.values
    order = np.argsort(-scores, kind="stable")
    alerts = int(np.count_nonzero(scores >= outcome.alerts.threshold))
    ranked = {
        "rank": np.arange(1, scores.size + 1),
        "score": scores[order],
        "is_alert": np.arange(scores.size) < alerts,
    }
    if outcome.scores.level is Level.CALL:
        names = [name for name in detector.get("features") or () if name in CALL_FEATURES] or list(FEATURES)
        told = [*rarest(outcome, names, order[:alerts]), *[""] * (scores.size - alerts)]
        calls = outcome.dataset.calls(outcome.dataset.window, COLUMNS).take(pa.array(order))
        ranked |= {name: _plain(calls[name]) for name in COLUMNS}
        ranked["rarest_features"] = pa.array(told, pa.string())
    else:
        ranked |= Grid(outcome.scores.level, outcome.dataset).named(order)
    aside = folder / ".alerts.csv.partial"
    csv.write_csv(pa.table(ranked), aside)
    return [aside.replace(folder / "alerts.csv")]


def rarest(outcome: Outcome, names: list[str], rows: "np.ndarray[Any, np.dtype[np.int64]]") -> list[str]:
    """Return for some calls of the window which of their features are rarest, such as `log_gap 0.7 (z -3.1)`."""
    dataset = outcome.dataset
    history = call_features(dataset, names, dataset.history)
    values = call_features(dataset, names, dataset.window)[rows]
    z = robust_z(history, values)
    first = np.argsort(-np.abs(z), axis=1, kind="stable")[:, :TOLD]
    return [
        "; ".join(f"{names[column]} {values[row, column]:.4g} (z {z[row, column]:.1f})" for column in columns)
        for row, columns in enumerate(first.tolist())
    ]


def robust_z(history: FloatArray, values: FloatArray) -> FloatArray:
    """Return how far values are from the history's medians, in robust standard deviations, at most 99.9 either way.

    The modified z-score of Iglewicz & Hoaglin (1993): by the median absolute deviation, where that is 0 by the mean
    absolute deviation. What differs from a history of one single value is as far away as can be.

    Parameters
    ----------
    history
        Shape (calls, features), at least one call.
    values
        Shape (n, features).
    """
    middle = np.median(history, axis=0)
    away = np.abs(history - middle)
    spread = TO_SIGMA * np.median(away, axis=0)
    spread = np.where(spread > 0, spread, MEAN_TO_SIGMA * np.mean(away, axis=0))
    smallest = np.finfo(np.float64).tiny
    return np.clip((values - middle) / np.maximum(spread, smallest), -MOST, MOST)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.string()) if pa.types.is_dictionary(column.type) else column
