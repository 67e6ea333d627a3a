"""Exact mean metrics of random scores, at their own level and aggregated from calls.

Random scores of calls, aggregated by the maximum, favour busy entities: the maximum of n calls grows with n. Sorted by
their highest call, entities are in the order of a draw without replacement with probabilities proportional to their
numbers of calls (Plackett and Luce). This is the order in which they would arrive if the arrival time of entity i were
exponential with rate n_i. Entities without a call come last, all together.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation.incidents import chance_recall, escape
from bench.evaluation.sample import Sample
from bench.evaluation.score_metrics import average_precision_by_chance

STEP = 0.4
"""Steps of the trapezoidal rules, in log time and in the log odds of the auxiliary variable."""
EARLIEST, LATEST, ODDS = 1e-10, 40.0, 28.0
"""Limits of the integrals; the parts beyond are below 1e-9."""
HALVINGS = 60


@dataclass(frozen=True)
class Chance:
    """Metrics of random scores against the truth of one level."""

    sample: Sample
    calls: IntArray | None = None
    """Shape (entities,): number of calls of each entity, if scores are aggregated from calls; else None."""

    @cached_property
    def average_precision(self) -> dict[str, float | None]:
        """Mean average precision of each class."""
        normal = int(np.count_nonzero(self.sample.normal))
        found = {name: self.sample.positives(name)[0] for name in self.sample.classes}
        if self.calls is None:
            return {name: average_precision_by_chance(its.size, its.size + normal) for name, its in found.items()}
        sizes, code = np.unique(self.calls, return_inverse=True)
        others = np.bincount(code[self.sample.normal], minlength=sizes.size)
        each = np.array([np.bincount(code[its], minlength=sizes.size) for its in found.values()])
        means = aggregated_average_precision(sizes, each, others)
        return {name: mean if found[name].size else None for name, mean in zip(found, means.tolist(), strict=True)}

    def incident_recall(self, name: str, alerts: float) -> float | None:
        """Return the expected share of a class's incidents that a given number of random alerts finds.

        Where scores are aggregated, alerts go to the entities of the highest calls. The number of calls is the mean
        number that is needed to reach so many entities.
        """
        entity, incident = self.sample.incident_parts(name)
        if not incident.size:
            return None
        _, index = np.unique(incident, return_inverse=True)
        if self.calls is None:
            return chance_recall(np.bincount(index), records=self.sample.normal.size, alerts=alerts)
        sizes = np.bincount(index, self.calls[entity]).astype(np.int64)
        silent = int(np.count_nonzero(self.calls == 0))
        missed = escape(sizes, records=float(self.calls.sum()), alerts=self._calls_taken(alerts))
        beyond = max(alerts - (self.calls.size - silent), 0.0)
        if beyond:
            missed = missed * escape(
                np.bincount(index, self.calls[entity] == 0).astype(np.int64), records=silent, alerts=beyond
            )
        return float(1 - missed.mean())

    def _calls_taken(self, alerts: float) -> float:
        """Return the mean number of random calls needed to reach a given number of different entities."""
        assert self.calls is not None
        total = float(self.calls.sum())
        sizes, many = np.unique(self.calls, return_counts=True)
        if alerts >= many[sizes > 0].sum():
            return total
        low, high = 0.0, total
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            reached = np.sum(many * (1 - escape(sizes, records=total, alerts=middle)))
            low, high = (middle, high) if reached < alerts else (low, middle)
        return high


def aggregated_average_precision(sizes: IntArray, found: IntArray, others: IntArray) -> FloatArray:
    """Return the mean average precision of random scores of calls, aggregated by the maximum; shape (classes,).

    The precision at a positive that arrives at time t is (1 + H) / (1 + H + F), where H other positives and F negatives
    have arrived: sums of independent events of probability p_j = 1 - exp(-n_j t). Since 1 / (1 + k) is the integral of
    s^k over s from 0 to 1, its mean is that of prod_j q_j * (1 + sum over positives of p_j s / q_j), with q_j = 1 - p_j
    (1 - s): an integral over s within one over t.

    Parameters
    ----------
    sizes
        Shape (sizes,): distinct numbers of calls of an entity, ascending, from 0 on.
    found
        Shape (classes, sizes): number of positives of each class with that many calls.
    others
        Shape (sizes,): number of other entities with that many calls.
    """
    total = found.sum(axis=1)
    last = (total / np.maximum(total + others.sum(), 1)) * found[:, sizes == 0].sum(axis=1)
    there = sizes > 0
    its, rate, rest = found[:, there].astype(np.float64), sizes[there].astype(np.float64), others[there]
    mean = np.zeros(len(found))
    if rate.size:
        times = np.exp(np.arange(np.log(EARLIEST / rate[-1]), np.log(LATEST / rate[0]), STEP))
        mean = STEP * sum(time * _at(time, rate, its, rest + its) for time in times.tolist())
    return np.asarray((mean + last) / np.maximum(total, 1))


def _at(time: float, rate: FloatArray, its: FloatArray, every: FloatArray) -> FloatArray:
    """Return the density of positives that arrive at a time, weighted by their mean precision."""
    less = 1 / (1 + np.exp(-np.arange(-ODDS, ODDS + STEP, STEP)))[:, None]  # 1 - s
    arrived = -np.expm1(-rate * time)
    q = 1 - arrived * less
    gained = arrived * (1 - less) / q
    arriving = rate * np.exp(-rate * time) / q
    product = np.exp(np.log1p(-arrived * less) @ every.T)
    inner = product * ((1 + gained @ its.T) * (arriving @ its.T) - (arriving * gained) @ its.T)
    return np.asarray(STEP * np.sum(less * (1 - less) * inner, axis=0))
