"""Metrics of one level: each anomaly type against the normal records, which are sorted once."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation import metric_names
from bench.evaluation.chance import Chance
from bench.evaluation.cut import Cut, expected_alerts
from bench.evaluation.incidents import Moments, delays, found_chances, weighted_median
from bench.evaluation.intervals.clustered import Class, Clustered
from bench.evaluation.intervals.intervals import at_k_interval, incidents_interval, intervals, median_interval
from bench.evaluation.judged import Judged
from bench.evaluation.metric_names import AT_K
from bench.evaluation.sample import ALL, Sample

Value = int | float | None
Values = dict[str, float | None]


def known_values(sample: Sample, fewest_incidents: int) -> Values:
    """Return the metrics that depend on the truth only, by `metric/type`."""
    return {f"{metric}/{name}": value for metric, name, value in _known(sample, fewest_incidents)}


def _known(sample: Sample, fewest_incidents: int) -> Iterator[tuple[str, str, Value]]:
    normal, by_chance = int(np.count_nonzero(sample.normal)), Chance(sample).average_precision
    for name in sample.classes:
        entity, incident = sample.incident_parts(name)
        positives, incidents = np.unique(entity).size, np.unique(incident).size
        yield "positives", name, positives
        yield "prevalence", name, positives / (positives + normal) if positives + normal else None
        yield "shared_share", name, sample.shared_share(name)
        yield "average_precision_chance", name, by_chance[name]
        yield "incidents", name, incidents
        yield "enough_incidents", name, int(incidents >= fewest_incidents)


@dataclass(frozen=True)
class ClassValues:
    """Metrics of a sample's scores, which are not all equal, with the threshold of their alerts."""

    sample: Sample
    scores: FloatArray
    """Shape (entities,)."""
    cut: Cut
    moments: Moments | None
    """Ends of entities and starts of incidents, if delays are to be reported."""
    chance: Chance
    """Metrics of random scores, aggregated in the same way."""

    def all(self) -> Values:
        """Return all metrics that depend on the scores."""
        values: Values = {"alerts/all": self.alerts}
        known = intervals({name: each.found for name, each in self.classes.items()}, self.others, self.cut)
        for name, each in self.classes.items():
            judged = Judged(each.apart, self.cut, self.alerts)
            row = {metric.name: metric.of(judged) for metric in metric_names.NAMES if metric.of is not None}
            row |= {**self._ranking(name, each, row["average_precision"]), **self._incidents(name)}
            for measure, bounds in known.get(name, {}).items():
                row |= _bounds(measure, bounds)
            if name in known:
                row |= _bounds("lift", known[name]["average_precision"], self._by_chance(name))
            values |= {f"{metric}/{name}": value for metric, value in row.items()}
        return values

    @cached_property
    def alerts(self) -> float:
        """Number of alerts."""
        return expected_alerts(self.scores, self.cut)

    @cached_property
    def others(self) -> Clustered:
        """Scores of the normal entities, by user."""
        return Clustered.of(self.scores[self.sample.normal], self.sample.cluster[self.sample.normal])

    @cached_property
    def classes(self) -> dict[str, Class]:
        """Scores of the positives of each class, by incident, and of the normal records."""
        found = {}
        for name in self.sample.classes:
            entity, incident = self.sample.positives(name)
            found[name] = Class(Clustered.of(self.scores[entity], incident), self.others)
        return found

    def _ranking(self, name: str, each: Class, average_precision: Value) -> Values:
        """Return average precision of random scores, lift, and the intervals of precision and recall at k."""
        positives = each.found.scores.size
        if not positives:
            return {}
        top = at_k_interval(each, AT_K)
        return {
            "average_precision_chance": self._by_chance(name),
            "lift": float(average_precision or 0) / self._by_chance(name),
            **_bounds(f"precision_at_{AT_K}", top, min(AT_K, positives + each.others.scores.size)),
            **_bounds(f"recall_at_{AT_K}", top, positives),
        }

    def _by_chance(self, name: str) -> float:
        return self.chance.average_precision[name] or 1.0

    def _incidents(self, name: str) -> Values:
        entity, incident = self.sample.incident_parts(name)
        if not incident.size:
            return {}
        chances = found_chances(incident, self.scores[entity], self.cut)
        share = float(np.mean(chances))
        values: Values = {
            "incident_recall": share,
            "incident_recall_chance": self.chance.incident_recall(name, self.alerts),
        }
        every = self._parts(ALL) if name != ALL else None
        bounds = incidents_interval(Class(self._parts(name), self.others), chances, self.cut, every)
        return values | _bounds("incident_recall", bounds) | self._delays(incident, entity)

    def _parts(self, name: str) -> Clustered:
        """Group the records of a class by incident; a record of several incidents counts for each of them."""
        entity, incident = self.sample.incident_parts(name)
        found = self.classes[name].found
        return found if found.scores.size == entity.size else Clustered.of(self.scores[entity], incident)

    def _delays(self, incident: IntArray, entity: IntArray) -> Values:
        """Return the median delays of the incidents found."""
        if self.moments is None:
            return {}
        waited = delays(incident, entity, self.scores, self.cut, self.moments)
        values: Values = {}
        for name, each in (("delay_seconds", waited.seconds), ("delay_calls", waited.calls)):
            if each is not None and each.size:
                values |= {name: weighted_median(each, waited.weight)}
                values |= _bounds(name, median_interval(each, waited.weight))
        return values


def _bounds(name: str, interval: tuple[float, float] | None, per: float = 1.0) -> Values:
    """Return the ends of an interval under their names, divided by `per`; nothing without an interval."""
    return {} if interval is None else {f"{name}_low": interval[0] / per, f"{name}_high": interval[1] / per}
