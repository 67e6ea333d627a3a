"""95 % confidence intervals of all metrics, with incidents and users as clusters of records.

Calls of one incident, or of one user, are not independent, so incidents are the sampling units of the positives, and
users those of the negatives. The true value, which an interval should contain in 95 % of all worlds, is that of
infinitely many incidents and users of the same kind, at the prevalence of the world and at its threshold (or number of
alerts). `cdrbench coverage` measures how often it does; docs/explanation/coverage.md has the table.

Average precision and ROC-AUC: `jackknife`; precision, recall and F1: `at_cut` and `at_budget`; how few incidents make
an interval wider: `spread` (degrees of freedom).
"""

import math
from collections.abc import Mapping

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.cut import Cut
from bench.evaluation.incidents import weighted_quantile
from bench.evaluation.intervals.at_budget import hits_at_k, incidents_found
from bench.evaluation.intervals.at_cut import detection
from bench.evaluation.intervals.clustered import Class, Clustered
from bench.evaluation.intervals.jackknife import Estimate, average_precision, roc_auc
from bench.evaluation.intervals.quantiles import LEVEL, Z
from bench.evaluation.intervals.shares import Interval, wilson
from bench.evaluation.intervals.spread import effective_number
from bench.evaluation.sample import ALL

FEWEST_CLUSTERS = 10
WIDEST_LOG_ODDS = 3.0
"""Half width in log odds, a factor of 20, above which this scale is no longer a good approximation."""
EXACT_UP_TO = 500
"""Up to so many values, the interval of a median is computed from the binomial distribution."""


def intervals(positives: Mapping[str, Clustered], negatives: Clustered, cut: Cut) -> dict[str, dict[str, Interval]]:
    """Return 95 % intervals of the measures of each class of positives against the negatives.

    Parameters
    ----------
    positives
        The positives of each class, by incident; classes share the alerts.
    negatives
        The negatives that all classes share, by user.
    cut
        The threshold.

    Returns
    -------
    dict
        Class -> measure (`average_precision`, `roc_auc`, `precision`, `recall`, `f1`) -> (low, high), 0 <= low <= value
        <= high <= 1. A class of fewer than 10 incidents, or with fewer than 10 users among the negatives, has none; nor
        has a precision without an alert.
    """
    return {
        name: _of_class(Class(found, negatives), cut, positives.get(ALL) if name != ALL else None)
        for name, found in positives.items()
        if min(found.clusters, negatives.clusters) >= FEWEST_CLUSTERS
    }


def at_k_interval(each: Class, k: int) -> Interval | None:
    """Return the 95 % interval of the number of positives among the `k` highest scores; None if undefined."""
    return hits_at_k(each, k) if min(each.found.clusters, each.others.clusters) >= FEWEST_CLUSTERS else None


def incidents_interval(each: Class, chances: FloatArray, cut: Cut, every: Clustered | None = None) -> Interval | None:
    """Return the 95 % interval of the share of incidents with an alert; None if undefined.

    Parameters
    ----------
    each
        The records of a class by incident, with the normal records.
    chances
        Shape (incidents,): the probability that each has an alert.
    every
        The records of all classes, if these share a number of alerts.
    """
    number = chances.size
    if number < FEWEST_CLUSTERS:
        return None
    share = float(chances.mean())
    if not cut.ranked or not chances.any() or each.others.clusters < FEWEST_CLUSTERS:
        return wilson(share, number)
    low, high = incidents_found(each, chances, cut, every)
    return _around(share, low / number, high / number)


def median_interval(values: FloatArray, weight: FloatArray) -> Interval | None:
    """Return the 95 % interval of a median from the order of independent values.

    None for fewer than 10 values. For any distribution, the median lies between the values of the ranks d and n + 1 - d
    with a probability given by the binomial distribution; the interval is interpolated between two ranks
    (Hettmansperger & Sheather 1986). A value with a probability below 1 counts with that weight, in n and in the ranks.
    """
    number = float(weight.sum())
    if number < FEWEST_CLUSTERS:
        return None
    rank, part = _ranks(int(number))
    low, inner_low = (weighted_quantile(values, weight, rank + step) for step in (0, 1))
    high, inner_high = (weighted_quantile(values, weight, number - rank + 1 - step) for step in (0, 1))
    return low + part * (inner_low - low), high - part * (high - inner_high)


def _ranks(number: int) -> tuple[int, float]:
    """Return the rank whose interval covers a median with at least 95 %, and the fraction to go to the next rank."""
    if number > EXACT_UP_TO:
        place = (number + 1) / 2 - Z * math.sqrt(number) / 2
        return int(place), place % 1
    missed = np.cumsum([math.comb(number, count) / 2**number for count in range(number // 2 + 1)])
    held = 1 - 2 * missed  # between the ranks d and n + 1 - d, at d - 1
    rank = int(np.count_nonzero(held >= LEVEL))
    spare = (held[rank - 1] - LEVEL) / (held[rank - 1] - held[rank])
    return rank, float((number - rank) * spare / (rank + (number - 2 * rank) * spare))


def _of_class(each: Class, cut: Cut, every: Clustered | None) -> dict[str, Interval]:
    bounds = {
        "average_precision": _average_precision(each),
        "roc_auc": _roc_auc(each),
        **detection(each, cut, every if cut.ranked else None),
    }
    values = _values(each, cut)
    return {name: _around(values[name], *ends) for name, ends in bounds.items()}


def _values(each: Class, cut: Cut) -> dict[str, float]:
    """Return the values of the metrics, which their intervals have to contain."""
    counts, apart = each.apart.counts_at(cut), each.apart
    values = {"average_precision": apart.average_precision, "roc_auc": apart.roc_auc}
    values |= {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}
    return {name: float(value) for name, value in values.items() if value is not None}


def _average_precision(each: Class) -> Interval:
    if each.apart.steps.below[0] == each.others.scores.size:
        return wilson(1.0, effective_number(each.found.sizes))
    estimate = average_precision(each)
    lower = max(estimate.value - estimate.bias, estimate.value / 2)
    return _on_log_odds(estimate, lower)


def _on_log_odds(estimate: Estimate, lower: float) -> Interval:
    """Return an interval that is symmetric in log odds, with a bias correction for the lower end.

    A value near chance has a standard error many times its size, which in log odds would be a factor of thousands.
    Beyond `WIDEST_LOG_ODDS` the upper end is limited to that of Wilson's interval for the number of trials that has the
    same variance.
    """
    value = estimate.value
    half = estimate.spread.quantile * math.sqrt(estimate.spread.variance) / (value * (1 - value))
    ends = (math.log(lower / (1 - lower)) - half, math.log(value / (1 - value)) + half)
    low, high = (1 / (1 + math.exp(-min(max(end, -500.0), 500.0))) for end in ends)
    if half > WIDEST_LOG_ODDS:
        trials = value * (1 - value) / estimate.spread.variance
        high = min(high, wilson(value, trials, estimate.spread.quantile)[1])
    return low, high


def _roc_auc(each: Class) -> Interval:
    steps, clusters = each.apart.steps, effective_number(each.found.sizes)
    if steps.below[0] == each.others.scores.size:
        return wilson(1.0, clusters)
    if steps.not_above[-1] == 0:
        return wilson(0.0, clusters)
    estimate = roc_auc(each)
    independent, scores = estimate.value * (1 - estimate.value), each.found.scores.size * each.others.scores.size
    trials = independent / max(estimate.spread.variance, independent / scores)
    return wilson(estimate.value, trials, estimate.spread.quantile)


def _around(value: float, low: float, high: float) -> Interval:
    """Return the ends of an interval, limited to [0, 1] and widened by rounding errors to contain the value."""
    return max(0.0, min(low, value)), min(1.0, max(high, value))
