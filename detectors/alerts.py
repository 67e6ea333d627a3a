"""Write alerts.csv: all scored records, the most suspicious first, with the features that explain each alert."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from bench.arrays import FloatArray
from bench.detector import Level
from bench.evaluation.run_outcome import Outcome
from bench.host.sheets import table_in_sheet
from bench.levels import Grid
from detectors.reasons import described, explaining_features

TOLD = 3
"""How many features are told of an alert."""
TO_SIGMA, MEAN_TO_SIGMA = 1.4826, 1.2533
"""Standard deviations of a normal distribution in its median and its mean absolute deviation."""
MOST = 99.9
COLUMNS = ("call_id", "call_start_ts", "caller_id", "callee_id")


def write(outcome: Outcome, detector: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write `alerts.csv` into a run's folder: everything that was scored, the highest score first.

    Columns: rank (from 1; entities with the same score in order, alerts first), score, is_alert (where the budget cuts
    through equal scores, as many of them as it allows, chosen at random, always the same ones);
    of calls call_id, call_start_ts, caller_id, callee_id, of days of users and quarter hours of cells the user or the
    cell, and when it begins; and rarest_features: of an alert, those of the features that the detector goes by (see
    `detectors.reasons`) whose values are farthest from the history's, with their robust z-scores. They describe what
    is alerted; the detector weighs them in its own way.

    Parameters
    ----------
    outcome
        A run that went well.
    detector
        Its resolved configuration.
    folder
        Where the file goes.
    """
    if outcome.scores is None or outcome.alerts is None:
        return []
    scores = outcome.scores.values
    alerted = outcome.alerts.cut.drawn(scores)
    order = np.lexsort((~alerted, -scores))
    alerts = int(np.count_nonzero(alerted))
    ranked = {
        "rank": np.arange(1, scores.size + 1),
        "score": scores[order],
        "is_alert": np.arange(scores.size) < alerts,
    }
    if outcome.scores.level is Level.CALL:
        calls = outcome.dataset.calls(outcome.dataset.window, COLUMNS).take(pa.array(order))
        ranked |= {name: calls[name] for name in COLUMNS}
    else:
        ranked |= Grid(outcome.scores.level, outcome.dataset).named(order)
    told = rarest(outcome, explaining_features(detector, outcome.scores.level), order[:alerts])
    ranked["rarest_features"] = pa.array([*told, *[""] * (scores.size - alerts)], pa.string())
    aside = folder / ".alerts.csv.partial"
    csv.write_csv(table_in_sheet(pa.table(ranked)), aside)
    return [aside.replace(folder / "alerts.csv")]


def rarest(outcome: Outcome, names: list[str], rows: "np.ndarray[Any, np.dtype[np.int64]]") -> list[str]:
    """Return the most unusual features of some records of the window as texts, such as `log_gap 0.7 (z -3.1)`."""
    if outcome.scores is None or not rows.size:
        return []
    parts = [
        (its, window[rows], robust_z(history, window[rows]))
        for its, history, window in described(outcome.dataset, outcome.scores.level, names)
    ]
    order = [name for its, _, _ in parts for name in its]
    values, z = (np.hstack([part[place] for part in parts]) for place in (1, 2))
    first = np.argsort(-np.abs(z), axis=1, kind="stable")[:, :TOLD]
    return [
        "; ".join(f"{order[column]} {values[row, column]:.4g} (z {z[row, column]:.1f})" for column in columns)
        for row, columns in enumerate(first.tolist())
    ]


def robust_z(history: FloatArray, values: FloatArray) -> FloatArray:
    """Return how far values are from the history's medians, in robust standard deviations, at most 99.9 either way.

    The modified z-score of Iglewicz & Hoaglin (1993): by the median absolute deviation, where that is 0 by the mean
    absolute deviation. What differs from a history of one single value is as far away as can be.

    Parameters
    ----------
    history
        Shape (entities, features); without one, everything is as far away as can be.
    values
        Shape (n, features).
    """
    if not len(history):
        return np.full(values.shape, MOST)
    middle = np.median(history, axis=0)
    away = np.abs(history - middle)
    spread = TO_SIGMA * np.median(away, axis=0)
    spread = np.where(spread > 0, spread, MEAN_TO_SIGMA * np.mean(away, axis=0))
    smallest = np.finfo(np.float64).tiny
    return np.clip((values - middle) / np.maximum(spread, smallest), -MOST, MOST)
