"""From scores and truth to numbers: overall and for each anomaly type, that type against normal entities."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.class_values import ClassValues, Values, known_values
from bench.dataset import Dataset
from bench.detector import FloatArray, Level, Scores
from bench.levels import Grid, grids
from bench.metric_names import metric_names
from bench.result import Alerts, Status
from bench.sample import Sample, callers_of, sample_of_calls, sample_of_grid
from bench.separated import IntArray
from bench.thresholds import alerts_of
from bench.truth import CallLabels, Truth

if TYPE_CHECKING:
    from bench.settings import ThresholdSettings

FEWEST_INCIDENTS = 10


@dataclass(frozen=True)
class Evaluation:
    """What scores are worth, and what that was computed from."""

    values: Values
    """Metrics by `metric/type` at the level of calls and `level/metric/type` above; the type `all` is every anomaly.
    None where undefined. The names are those of `bench.metric_names`."""
    labels: CallLabels
    alerts: Alerts | None
    """None unless the status is OK."""
    status: Status
    """OK, or DEGENERATE where the scores say nothing: wrong in number, not finite, or constant."""
    reason: str
    sample: Sample | None = None
    """The truth at the detector's own level; None where the data set has no such level."""


def evaluate(
    dataset: Dataset,
    truth: Truth,
    scores: Scores,
    threshold: "ThresholdSettings",
    *,
    fewest_incidents: int = FEWEST_INCIDENTS,
    constant: bool = False,
) -> Evaluation:
    """Evaluate the scores of the entities of `dataset.window`, at their own level and lifted to those above calls.

    The numbers of a type are that type against normal: entities of the other types, and innocents' records that an
    incident changed, are neither hits nor false alarms. They do use up the alerts, like every entity of the window.
    The threshold policy is applied at each level anew. Nothing is repaired: scores that are wrong in number, not
    finite or constant are DEGENERATE. What truth alone tells (`positives`, `prevalence`, `incidents`, ...) has a value
    all the same, and so it has at a level that the scores do not reach.

    Parameters
    ----------
    dataset, truth
        The world.
    scores
        One score for each entity of the window at their level.
    threshold
        Which scores become alerts.
    fewest_incidents
        A type with fewer of them in the window is one that the run cannot speak of.
    constant
        Whether all scores may be the same: for the row that every detector should beat.

    Raises
    ------
    UserError
        When the threshold is to be the detector's own and it has none.
    """
    low, high = dataset.call_range(dataset.window)
    labels = truth.call_labels(low, high)
    above = grids(dataset)
    samples = {Level.CALL: sample_of_calls(labels, callers_of(dataset))}
    samples |= {grid.level: sample_of_grid(grid, labels, truth) for grid in above}
    entities = samples[scores.level].normal.size if scores.level in samples else 0
    reason = _fault_of(scores, entities, constant)
    lifted = {} if reason else _reached(scores, above)
    values: Values = {}
    alerts = None
    for level, sample in samples.items():
        prefix = "" if level is Level.CALL else f"{level}/"
        found = {f"{name}/{kind}": value for name, kind, value in known_values(sample, fewest_incidents)}
        if level in lifted:
            chosen = _alerts(dataset, sample, lifted[level], threshold)
            alerts = chosen if level is scores.level else alerts
            start_ms = _starts(dataset) if level is Level.CALL and scores.causal else None
            found |= ClassValues(sample, lifted[level].values, chosen.threshold, start_ms).all()
        values |= {name: found.get(name.removeprefix(prefix)) for name in metric_names(labels.types, prefix)}
    status = Status.DEGENERATE if reason else Status.OK
    return Evaluation(values, labels, alerts, status, reason, samples.get(scores.level))


def _reached(scores: Scores, above: list[Grid]) -> dict[Level, Scores]:
    """Return the scores at each level that they reach."""
    found = {scores.level: scores}
    if scores.level is Level.CALL:
        found |= {grid.level: replace(scores, level=grid.level, values=grid.lifted(scores.values)) for grid in above}
    return found


def _alerts(dataset: Dataset, sample: Sample, scores: Scores, threshold: "ThresholdSettings") -> Alerts:
    span_ms = dataset.window.end_ms - dataset.window.start_ms
    return alerts_of(scores, threshold, span_ms=span_ms, anomalies=sample.anomalies)


def _starts(dataset: Dataset) -> IntArray:
    starts = dataset.calls(dataset.window, ["call_start_ts"])["call_start_ts"]
    return np.asarray(pc.cast(starts, pa.int64()))


def _fault_of(scores: Scores, entities: int, constant: bool) -> str:
    values: FloatArray = scores.values
    noun = {Level.CALL: "calls", Level.USER_DAY: "user-days", Level.CELL_QUARTER: "cell-quarters"}[scores.level]
    if values.shape != (entities,):
        return f"the window has {entities} {noun}, but the scores have the shape {values.shape}"
    wrong = values.size - int(np.count_nonzero(np.isfinite(values)))
    if wrong:
        return f"{wrong} of {entities} scores are not finite"
    if entities == 0:
        return f"the window has no {noun}"
    if not constant and values.min() == values.max():
        return f"all of the {entities} scores are the same"
    return ""
