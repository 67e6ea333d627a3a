"""Evaluate scores against the truth: overall, and each anomaly type against normal records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.evaluation.chance import Chance
from bench.evaluation.class_values import ClassValues, Values, known_values
from bench.evaluation.incident_beginnings import beginnings
from bench.evaluation.incidents import Moments, Parts
from bench.evaluation.metric_names import metric_names
from bench.evaluation.run_outcome import Alerts, LevelOutcome
from bench.evaluation.sample import Sample, callers_of, sample_of_calls, sample_of_grid
from bench.evaluation.thresholds import alerts_of
from bench.levels import Grid, grids
from bench.result import Status
from bench.threshold_policies import ThresholdPolicy
from bench.truth import CallLabels, Truth

FEWEST_INCIDENTS = 10
ROUNDING = 1e-9
"""Relative range within which scores count as equal: sums in another order differ by as much."""


@dataclass(frozen=True)
class Evaluation:
    """Metrics of some scores, and the data they were computed from."""

    values: Values
    """Metrics by `metric/type` at the level of calls and `level/metric/type` above; the type `all` is every anomaly.
    None where undefined. The names are those of `bench.evaluation.metric_names`."""
    labels: CallLabels
    alerts: Alerts | None
    """Threshold and alerts; None unless the status is OK."""
    status: Status
    """OK, or DEGENERATE for scores that are wrong in number, not finite, or constant."""
    reason: str
    sample: Sample | None = None
    """The truth at the detector's own level; None where the data set has no such level."""
    levels: Mapping[Level, LevelOutcome] = field(default_factory=dict)
    """Each level that the scores reach, the detector's own first; none unless the status is OK."""
    incidents: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    """Row numbers of the incidents that have a record in the scored part, at any level."""


@dataclass(frozen=True)
class Evaluator:
    """The truth in the form needed for the evaluation, prepared while the detector is fitted and scored."""

    dataset: Dataset
    labels: CallLabels
    above: Sequence[Grid]
    """Grids of the levels above calls."""
    samples: Mapping[Level, Sample]
    """Truth of each level."""
    known: Mapping[Level, Values]
    """Values that do not depend on scores, such as `positives/all`."""
    begun_ms: IntArray
    """Start of each incident, in the scored part or before it (`bench.evaluation.incident_beginnings`)."""
    parts: Parts
    """Calls of all incidents, in the scored part and before it."""
    chances: Mapping[tuple[Level, bool], Chance]
    """Metrics of random scores by level: scores of its entities (False), or of calls, aggregated to it (True)."""

    @classmethod
    def of(cls, dataset: Dataset, truth: Truth, fewest_incidents: int = FEWEST_INCIDENTS) -> "Evaluator":
        """Prepare the truth of a data set's window.

        Parameters
        ----------
        dataset, truth
            The world.
        fewest_incidents
            A type with fewer incidents than this in the window is not judged.
        """
        labels = truth.call_labels(*dataset.call_range(dataset.window))
        above = grids(dataset)
        samples = {Level.CALL: sample_of_calls(labels, callers_of(dataset))}
        samples |= {grid.level: sample_of_grid(grid, labels, truth) for grid in above}
        known = {level: known_values(sample, fewest_incidents) for level, sample in samples.items()}
        chances = {(level, False): Chance(sample) for level, sample in samples.items()}
        chances |= {(grid.level, True): Chance(samples[grid.level], grid.calls) for grid in above}
        return cls(dataset, labels, above, samples, known, *beginnings(dataset, truth), chances)

    def evaluation(self, scores: Scores, threshold: ThresholdPolicy, *, constant: bool = False) -> Evaluation:
        """Evaluate scores of the window at their own level and, for calls, aggregated to the other levels.

        The metrics of a type compare it with normal records: records of other types, and collateral records, are
        neither hits nor false alarms. But they use up alerts, like every record of the window. The threshold policy is
        applied at each level separately. Nothing is repaired: scores that are wrong in number, not finite or constant
        are DEGENERATE. Metrics that depend on the truth alone (`positives`, `prevalence`, `incidents`, ...) have a
        value even then, and at levels that the scores do not reach.

        Parameters
        ----------
        scores
            One score for each entity of the window at their level.
        threshold
            Which scores become alerts.
        constant
            Whether all scores may be the same: for the reference `constant`, which every detector should beat.

        Raises
        ------
        UserError
            When the policy is the detector's own threshold and the detector has none.
        """
        entities = self.samples[scores.level].normal.size if scores.level in self.samples else 0
        reason = _fault_of(scores, entities, constant)
        aggregated = {} if reason else _reached(scores, self.above)
        values: Values = {}
        levels = {level: self._level(its, scores, threshold) for level, its in aggregated.items()}
        for level in self.samples:
            prefix = "" if level is Level.CALL else f"{level}/"
            found = dict(self.known[level])
            if level in levels:
                here = levels[level]
                moments = here.moments if scores.causal else None
                chance = self.chances[level, level is not scores.level]
                found |= ClassValues(here.sample, here.scores, here.cut, moments, chance).all()
            values |= {name: found.get(name.removeprefix(prefix)) for name in metric_names(self.labels.types, prefix)}
        status = Status.DEGENERATE if reason else Status.OK
        return Evaluation(
            values=values,
            labels=self.labels,
            alerts=None if reason else Alerts(threshold.policy, levels[scores.level].cut),
            status=status,
            reason=reason,
            sample=self.samples.get(scores.level),
            levels=levels,
            incidents=np.unique(np.concatenate([sample.incident for sample in self.samples.values()])),
        )

    def _level(self, scores: Scores, own: Scores, threshold: ThresholdPolicy) -> LevelOutcome:
        """Determine the alerts at one level."""
        sample = self.samples[scores.level]
        return LevelOutcome(
            sample=sample,
            scores=scores.values,
            cut=_alerts(self.dataset, sample, scores, threshold).cut,
            moments=self._moments(scores.level),
            grid=next((grid for grid in self.above if grid.level is scores.level), None),
            aggregated=scores.level is not own.level and scores.level not in own.above,
        )

    def _moments(self, level: Level) -> Moments:
        for grid in self.above:
            if grid.level is level:
                return Moments(grid.start_ms + grid.span_ms, self.begun_ms, self.parts, of_calls=False)
        ends = self.dataset.calls(self.dataset.window, ["call_end_ts"])["call_end_ts"]
        return Moments(np.asarray(pc.cast(ends, pa.int64())), self.begun_ms, self.parts)


def evaluate(dataset: Dataset, truth: Truth, scores: Scores, threshold: ThresholdPolicy) -> Evaluation:
    """Evaluate scores once; an `Evaluator` can evaluate several."""
    return Evaluator.of(dataset, truth).evaluation(scores, threshold)


def _reached(scores: Scores, above: Sequence[Grid]) -> dict[Level, Scores]:
    """Return the scores at each level that they can be aggregated to."""
    found = {scores.level: scores}
    if scores.level is Level.CALL:
        for grid in above:
            values = scores.above[grid.level] if grid.level in scores.above else grid.aggregated(scores.values)
            found[grid.level] = replace(scores, level=grid.level, values=values)
    return found


def _alerts(dataset: Dataset, sample: Sample, scores: Scores, threshold: ThresholdPolicy) -> Alerts:
    span_ms = dataset.window.end_ms - dataset.window.start_ms
    return alerts_of(scores, threshold, span_ms=span_ms, anomalies=sample.anomalies)


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
    if not constant and values.max() - values.min() <= ROUNDING * np.abs(values).max():
        exactly = (
            "" if values.max() == values.min() else f" but for rounding: between {values.min()} and {values.max()}"
        )
        return f"all of the {entities} scores are the same{exactly}"
    return ""
