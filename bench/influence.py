"""Variances by influence: how much each cluster pulls at a measure (the infinitesimal jackknife of Jaeckel 1972).

A measure is a smooth function of the weights of the scores. Its derivative by the weight of one score is that score's
influence; the sum over a cluster is the cluster's. The variance of the measure when C clusters are drawn is about
C / (C - 1) times the sum of the squares of their influences, and incidents and users, drawn apart, add. That takes
one pass over the negatives for each class and measure, instead of one for each draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.clustered import Class, Clustered
from bench.cut import Cut


@dataclass(frozen=True)
class Estimate:
    """A measure and its variance."""

    value: float
    variance: float


def estimates(classes: Mapping[str, Class], negatives: Clustered, cut: Cut) -> dict[str, dict[str, Estimate]]:
    """Return class -> measure -> estimate; without a precision where there is no alert."""
    spread = negatives.variance(cut.weights(negatives.scores))
    return {
        name: {
            "average_precision": _average_precision(each),
            "roc_auc": _roc_auc(each),
            **_at_threshold(each, cut, spread),
        }
        for name, each in classes.items()
    }


def _average_precision(each: Class) -> Estimate:
    """Return AP = sum over positives i of H/(H + F) at its score, over P, where H positives and F negatives reach it.

    More weight on a positive adds its own term, and to H of each positive at or below it; more on a negative to F.
    """
    steps, precision, positives = each.apart.steps, each.apart.precisions, each.found.scores.size
    alerts = steps.hits / precision
    value = float(np.sum(steps.gained * precision) / positives)
    through_hits = np.cumsum(steps.gained * (1 - precision) / alerts)
    through_alarms = np.append(0.0, np.cumsum(steps.gained * precision / alerts))
    own = np.repeat((precision + through_hits - value) / positives, steps.gained)
    counts = np.diff(steps.below, prepend=0, append=each.others.scores.size)
    theirs = np.repeat(-through_alarms / positives, counts)
    return Estimate(value, each.found.variance(own) + each.others.variance(theirs))


def _roc_auc(each: Class) -> Estimate:
    """Return the mean over the positives of the share of negatives below, ties half; and the same the other way."""
    steps, positives, negatives = each.apart.steps, each.found.scores.size, each.others.scores.size
    below = (steps.below + steps.not_above) / (2 * negatives)
    value = float(np.sum(steps.gained * below) / positives)
    own = np.repeat((below - value) / positives, steps.gained)
    beyond = steps.hits - steps.gained
    above = np.append(positives, np.column_stack([beyond + steps.gained / 2, beyond]).ravel()) / positives
    borders = np.column_stack([steps.below, steps.not_above]).ravel()
    theirs = np.repeat((above - value) / negatives, np.diff(borders, prepend=0, append=negatives))
    return Estimate(value, each.found.variance(own) + each.others.variance(theirs))


def _at_threshold(each: Class, cut: Cut, spread: float) -> dict[str, Estimate]:
    """Return precision, recall and F1; `spread` is the variance of the number of false alarms."""
    counts = each.apart.counts_at(cut)
    hits, alarms, positives = counts.hits, counts.false_alarms, each.found.scores.size
    varied, total = each.found.variance(cut.weights(each.found.scores)), hits + alarms + positives
    f1 = 2 * hits / total
    measures = {
        "recall": Estimate(hits / positives, varied / positives**2),
        "f1": Estimate(f1, ((2 - f1) / total) ** 2 * varied + (f1 / total) ** 2 * spread),
    }
    if hits + alarms:
        squared = (hits + alarms) ** 2
        variance = (alarms / squared) ** 2 * varied + (hits / squared) ** 2 * spread
        measures["precision"] = Estimate(hits / (hits + alarms), variance)
    return measures
