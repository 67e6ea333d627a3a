"""Metrics of incidents: whether each is found (has an alert), how many by chance, and after what delay."""

from dataclasses import dataclass

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation.cut import Cut


def escape(sizes: IntArray, *, records: float, alerts: float) -> FloatArray:
    """Return the probability that no record of a group is among `alerts` drawn at random from all `records`.

    It is hypergeometric, that of no success in `alerts` draws without replacement: for a group of m records the product
    over i < m of (records - alerts - i) / (records - i).

    Parameters
    ----------
    sizes
        Any shape, from 0 to `records`.
    records, alerts
        Numbers, which may be mean values and so need not be whole.
    """
    index = np.arange(sizes.max(initial=0))
    product = np.cumprod(np.maximum(records - alerts - index, 0) / (records - index))
    return np.append(1.0, product)[sizes]


def found_chances(incident: IntArray, scores: FloatArray, cut: Cut) -> FloatArray:
    """Return, for each incident by its code, the probability that at least one of its records is an alert.

    It is 1 or 0, unless the cut divides equal scores, which are drawn at random.

    Parameters
    ----------
    incident
        Shape (records,): code of the incident of each record.
    scores
        Shape (records,).
    """
    _, index = np.unique(incident, return_inverse=True)
    above, tied = scores > cut.score, scores == cut.score
    if not cut.divides:
        return np.asarray(np.bincount(index[above | tied], minlength=_codes(index)) > 0, np.float64)
    missed = escape(np.bincount(index[tied], minlength=_codes(index)), records=cut.tied, alerts=cut.taken)
    return np.asarray(np.where(np.bincount(index[above], minlength=_codes(index)) > 0, 1.0, 1 - missed))


def chance_recall(sizes: IntArray, *, records: float, alerts: float) -> float | None:
    """Return the expected share of incidents with an alert when `alerts` of all `records` are drawn at random.

    Large incidents are easily found by chance.

    Parameters
    ----------
    sizes
        Shape (incidents,): number of records of each incident, at most `records`. Without incidents the result is None.
    """
    return float(1 - escape(sizes, records=records, alerts=alerts).mean()) if sizes.size else None


@dataclass(frozen=True)
class Moments:
    """Times at which alerts can be raised (ends of entities) and starts of incidents, in ms since 1970 (UTC)."""

    end_ms: IntArray
    """Shape (entities,): end of each entity; its score is known from then on."""
    begun_ms: IntArray
    """Shape (incidents,), by row of the table of incidents: start of each incident's first direct record, in the
    scored part or before it."""
    parts: "Parts"
    """Calls of the incidents."""
    of_calls: bool = True
    """Whether the entities are calls."""


@dataclass(frozen=True)
class Parts:
    """The calls of all incidents, in the scored part and before it."""

    incident: IntArray
    """Shape (calls,)."""
    end_ms: IntArray
    """Shape (calls,)."""

    def of(self, incident: IntArray) -> IntArray:
        """Return the number of calls of some incidents."""
        return np.bincount(self.incident, minlength=int(incident.max(initial=-1)) + 1)[incident]

    def over(self, incident: IntArray, moment_ms: IntArray) -> IntArray:
        """Return the number of calls of an incident that ended before a given time; both of shape (n,)."""
        if not incident.size or not self.end_ms.size:
            return np.zeros(incident.size, np.int64)
        origin = min(self.end_ms.min(), moment_ms.min())
        span = max(self.end_ms.max(), moment_ms.max()) - origin + 1
        keys = np.sort(self.incident * span + (self.end_ms - origin))
        low, high = (np.searchsorted(keys, incident * span + since) for since in (0, moment_ms - origin))
        return np.asarray(high - low)


@dataclass(frozen=True)
class Delays:
    """Delays of incidents, one entry for each possible first alert; shape (n,) each."""

    seconds: FloatArray
    """Time from the start of the incident to the end of the first alert's call, user-day or quarter hour [s]."""
    calls: FloatArray | None
    """Number of the incident's calls that ended before the first alert; None above calls."""
    weight: FloatArray
    """Probability that this is the incident's first alert: 1, unless the cut divides equal scores."""


def delays(incident: IntArray, entity: IntArray, scores: FloatArray, cut: Cut, moments: Moments) -> Delays:
    """Return the delays between the start of incidents and their first alert.

    Parameters
    ----------
    incident, entity
        Shape (n,): pairs of an incident and one of its entities.
    scores
        Shape (entities,).
    """
    end_ms = moments.end_ms[entity]
    order = np.lexsort((end_ms, incident))
    incident, end_ms, scores = incident[order], end_ms[order], scores[entity[order]]
    certain = scores > cut.score if cut.divides else scores >= cut.score
    tied = (scores == cut.score) & cut.divides
    begins = np.diff(incident, prepend=-1) != 0
    first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    certain_before, tied_before = (np.cumsum(each) - each for each in (certain, tied))
    passed = tied_before - tied_before[first]
    left, after = (escape(each, records=cut.tied, alerts=cut.taken) for each in (passed, passed + tied))
    weight = np.where(certain, left, left - after) * (certain_before == certain_before[first])
    kept = weight > 0
    seconds = (end_ms - moments.begun_ms[incident])[kept] / 1000
    calls = moments.parts.over(incident[kept], end_ms[kept]).astype(np.float64) if moments.of_calls else None
    return Delays(seconds, calls, weight[kept])


def weighted_quantile(values: FloatArray, weight: FloatArray, reached: float) -> float:
    """Return the lowest value at which the cumulative weight reaches `reached`."""
    order = np.argsort(values, kind="stable")
    place = np.searchsorted(np.cumsum(weight[order]), reached * (1 - ROUNDING))
    return float(values[order][min(int(place), values.size - 1)])


def weighted_median(values: FloatArray, weight: FloatArray) -> float:
    """Return the median of a weighted distribution; the midpoint between two values that split the weight in half."""
    order = np.argsort(values, kind="stable")
    heavier = np.cumsum(weight[order])
    half = heavier[-1] / 2
    low, high = np.searchsorted(heavier, [half * (1 - ROUNDING), half * (1 + ROUNDING)])
    return float((values[order][low] + values[order][min(int(high), values.size - 1)]) / 2)


ROUNDING = 1e-12
"""Relative difference up to which sums of weights count as equal."""


def _codes(index: IntArray) -> int:
    return int(index.max(initial=-1)) + 1
