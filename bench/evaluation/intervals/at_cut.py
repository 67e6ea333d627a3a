"""Intervals of precision, recall and F1, with a fixed threshold or a fixed number of alerts."""

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.cut import Cut
from bench.evaluation.intervals.at_budget import AtBudget
from bench.evaluation.intervals.clustered import Class, Clustered, total_of
from bench.evaluation.intervals.shares import Interval, of_share, part_of, wilson
from bench.evaluation.intervals.spread import Spread, effective_number

FEWEST_ALARMS = 30
"""The clustering of false alarms in users is estimated from at least so many of the highest scores."""


def detection(each: Class, cut: Cut, every: Clustered | None = None) -> dict[str, Interval]:
    """Return the intervals of recall and F1, and of precision if there is an alert.

    Counts are expected values where the threshold divides equal scores.

    Parameters
    ----------
    every
        The positives of all classes, this one included, if the threshold follows from a number of alerts, which they
        share.
    """
    hits, alarms = each.found.alerts(cut), each.others.alerts(cut)
    total, alerts = each.found.scores.size, total_of(hits) + total_of(alarms)
    if cut.ranked and alerts:
        return AtBudget.of(each, cut, every).intervals()
    found, false = _recall(each.found, hits), _alarms(each.others, total_of(alarms))
    hit, alarm = total_of(hits), total_of(alarms)
    low, high = part_of(hit, found, (total + alarm, total + false[0], total + false[1]))
    bounds = {
        "recall": (found[0] / total, found[1] / total),
        "f1": (2 * low / (1 + low), min(2 * high / (1 + high), 1.0)),
    }
    if alerts:
        bounds["precision"] = _precision(hit, found, alarm, false)
    return bounds


def _recall(found: Clustered, hits: FloatArray) -> Interval:
    """Return the interval of the number of hits at a fixed threshold."""
    hit, total = total_of(hits), found.scores.size
    if 0 < hit < total:
        spread = Spread.of_incidents(found.deviations(hits), found.sizes).scaled(1 / total)
        low, high = of_share(hit / total, spread, records=total, most=total)
    else:
        low, high = wilson(1.0 if hit else 0.0, effective_number(found.sizes))
    return low * total, high * total


def _alarms(others: Clustered, alarm: float) -> Interval:
    """Return the interval of the number of false alarms at a fixed threshold."""
    total = others.scores.size
    reference = min(max(round(alarm), FEWEST_ALARMS), total - 1)
    spread = Spread.of_users(others.deviations(others.alerts(others.highest(reference)))).scaled(1 / total)
    share = reference / total
    trials = share * (1 - share) / max(spread.variance, share * (1 - share) / total)
    low, high = wilson(alarm / total, trials, spread.quantile)
    return low * total, high * total


def _precision(hit: float, found: Interval, alarm: float, false: Interval) -> Interval:
    """Return the interval of hits / (hits + false alarms), where both are independent."""
    if not hit:
        return 0.0, found[1] / (found[1] + alarm)
    if not alarm:
        return found[0] / (found[0] + false[1]), 1.0
    with np.errstate(divide="ignore"):
        odds = np.log(hit / alarm)
        down = np.hypot(np.log(found[0] / hit), np.log(false[1] / alarm))
        up = np.hypot(np.log(found[1] / hit), np.log(false[0] / alarm))
    return float(1 / (1 + np.exp(-(odds - down)))), float(1 / (1 + np.exp(-(odds + up))))
