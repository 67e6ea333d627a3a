"""From scores and truth to numbers: overall and for each anomaly type, that type against normal records."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import metrics
from bench.dataset import Dataset
from bench.detector import FloatArray, Level, Scores
from bench.faults import UserError
from bench.incidents import chance_recall, incident_sizes
from bench.intervals import MEASURES, Clustered, intervals
from bench.result import Alerts, Status
from bench.thresholds import alerts_of
from bench.truth import CallLabels, Truth

if TYPE_CHECKING:
    from bench.settings import ThresholdSettings

CodeArray = np.ndarray[Any, np.dtype[np.int16]]
Values = dict[str, float | None]
ALL = "all"
AT_K = 100


@dataclass(frozen=True)
class Evaluation:
    """What scores are worth, and what that was computed from."""

    values: Values
    """Metrics by `metric/type`; the type `all` is every anomaly. None where undefined."""
    labels: CallLabels
    alerts: Alerts | None
    """None unless the status is OK."""
    status: Status
    """OK, or DEGENERATE where the scores say nothing: wrong in number, not finite, or constant."""
    reason: str


def evaluate(dataset: Dataset, truth: Truth, scores: Scores, threshold: "ThresholdSettings") -> Evaluation:
    """Evaluate the scores of the calls of `dataset.window`.

    The numbers of a type are that type against normal: records of the other types, and innocents' records that an
    incident changed, are neither hits nor false alarms. They do use up the alerts, like every record of the window.
    Nothing is repaired: scores that are wrong in number, not finite or constant are DEGENERATE, and then only what
    truth alone tells (`positives`, `prevalence`, `incidents`) has a value.

    Raises
    ------
    UserError
        When the scores are not about calls.
    """
    if scores.level is not Level.CALL:
        raise UserError(f"a detector's level must be {Level.CALL} to be evaluated so far, got {scores.level}")
    low, high = dataset.call_range(dataset.window)
    labels = truth.call_labels(low, high)
    reason = _fault_of(scores.values, high - low)
    if reason:
        return Evaluation(_unknown(labels), labels, None, Status.DEGENERATE, reason)
    span_ms = dataset.window.end_ms - dataset.window.start_ms
    anomalies = int(np.count_nonzero(labels.anomalous))
    alerts = alerts_of(scores.values, threshold, span_ms=span_ms, anomalies=anomalies)
    alerted = scores.values >= alerts.threshold
    values: Values = {"alerts/all": int(np.count_nonzero(alerted))}
    values |= _metrics(labels, scores.values, alerts.threshold)
    values |= _incident_values(labels, alerted)
    values |= _interval_values(dataset, labels, scores.values, alerts.threshold)
    return Evaluation(values, labels, alerts, Status.OK, "")


def _fault_of(values: FloatArray, calls: int) -> str:
    if values.shape != (calls,):
        return f"the window has {calls} calls, but the scores have the shape {values.shape}"
    wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
    if wrong:
        return f"{wrong} of {calls} scores are not finite"
    if calls == 0 or values.min() == values.max():
        return f"all of the {calls} scores are the same" if calls else "the window has no calls"
    return ""


def _metrics(labels: CallLabels, scores: FloatArray, threshold: float) -> Values:
    order = np.argsort(scores)
    scores, code = scores[order], labels.type_code[order]
    normal = (code < 0) & ~labels.collateral[order]
    values: Values = {}
    for name, wanted in _classes(labels, code):
        kept = wanted | normal
        row = _row(wanted[kept], scores[kept], threshold)
        values |= {f"{metric}/{name}": value for metric, value in row.items()}
    return values


def _row(positive: metrics.BoolArray, scores: FloatArray, threshold: float) -> Values:
    counts = metrics.counts_at(positive, scores, threshold=threshold)
    average, prevalence = metrics.average_precision(positive, scores), metrics.prevalence(positive)
    return {
        "positives": counts.hits + counts.misses,
        "prevalence": prevalence,
        "hits": counts.hits,
        "false_alarms": counts.false_alarms,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "average_precision": average,
        "lift": average / prevalence if average is not None and prevalence else None,
        "roc_auc": metrics.roc_auc(positive, scores),
        f"precision_at_{AT_K}": metrics.precision_at_k(positive, scores, k=AT_K),
        f"recall_at_{AT_K}": metrics.recall_at_k(positive, scores, k=AT_K),
    }


def _unknown(labels: CallLabels) -> Values:
    """Return what truth alone tells, and None for all that takes scores."""
    indices = np.arange(labels.type_code.size, dtype=np.float64)
    values: Values = {"alerts/all": None, **_metrics(labels, indices, np.inf)}
    values |= _incident_values(labels, np.zeros(indices.size, np.bool_))
    known = ("positives/", "prevalence/", "incidents/")
    return {name: value if name.startswith(known) else None for name, value in values.items()}


def _classes(
    labels: CallLabels, code: "np.ndarray[Any, np.dtype[np.int16]]"
) -> Iterator[tuple[str, metrics.BoolArray]]:
    yield ALL, code >= 0
    for index, name in enumerate(labels.types):
        yield name, code == index


def _incident_values(labels: CallLabels, alerted: metrics.BoolArray) -> Values:
    alerts = int(np.count_nonzero(alerted))
    values: Values = {}
    for name, wanted in _classes(labels, labels.type_code):
        sizes, found = incident_sizes(labels.incident_code[wanted], alerted[wanted])
        values[f"incidents/{name}"] = sizes.size
        values[f"incident_recall/{name}"] = float(np.mean(found)) if sizes.size else None
        values[f"incident_recall_chance/{name}"] = chance_recall(sizes, records=alerted.size, alerts=alerts)
    return values


def _interval_values(dataset: Dataset, labels: CallLabels, scores: FloatArray, threshold: float) -> Values:
    callers = dataset.calls(dataset.window, ["caller_id"]).unify_dictionaries()["caller_id"].combine_chunks()
    normal = ~(labels.anomalous | labels.collateral)
    users = Clustered.of(scores[normal], callers.indices.to_numpy()[normal])
    incidents = {
        name: Clustered.of(scores[wanted], labels.incident_code[wanted])
        for name, wanted in _classes(labels, labels.type_code)
    }
    known = intervals(incidents, users, threshold)
    values: Values = {}
    for name, measure in product(incidents, MEASURES):
        low, high = known.get(name, {}).get(measure, (None, None))
        values |= {f"{measure}_low/{name}": low, f"{measure}_high/{name}": high}
    return values
