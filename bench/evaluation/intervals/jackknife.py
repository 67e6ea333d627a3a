"""Average precision and ROC-AUC with their jackknife variances over incidents and users.

Both metrics are smooth functions of the weights of the records. The derivative by the weight of one record is its
influence (Jaeckel 1972); the sum of influences over an incident or user is how far the metric moves without it. This
takes one pass over the negatives for each class and metric, where a bootstrap takes one for each draw, and it covers
the true value better where incidents are few or of very different size (`cdrbench coverage`).
"""

from dataclasses import dataclass

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.intervals.clustered import Class
from bench.evaluation.intervals.spread import Spread, effective_number

UNSEEN, MOST_UNSEEN = 1 / 12, 4.0
"""Number of incidents of unseen kinds, as a share of those seen, and its maximum; chosen by the coverage study."""


@dataclass(frozen=True)
class Estimate:
    """A measure in [0, 1] with its spread."""

    value: float
    spread: Spread
    bias: float = 0.0
    """Mean excess of the estimate over the true value, since the measure is not linear."""


def average_precision(each: Class) -> Estimate:
    """Return AP = sum over positives i of H/(H + F) at its score, over P, where H positives and F negatives reach it.

    More weight on a positive adds its own term, and increases H at each positive at or below it; more weight on a
    negative increases F.
    """
    steps, precision, positives = each.apart.steps, each.apart.precisions, each.found.scores.size
    alerts = steps.hits / precision
    value = float(np.sum(steps.gained * precision) / positives)
    through_hits = np.cumsum(steps.gained * (1 - precision) / alerts)
    through_alarms = np.append(0.0, np.cumsum(steps.gained * precision / alerts))
    own = np.repeat((precision + through_hits) / positives, steps.gained)
    counts = np.diff(steps.below, prepend=0, append=each.others.scores.size)
    theirs = np.repeat(-through_alarms / positives, counts)
    chance = positives / (positives + each.others.scores.size)
    return Estimate(value, _spread(each, own, theirs, _unseen(each, value, chance)), _bias(each))


def roc_auc(each: Class) -> Estimate:
    """Return ROC-AUC: the mean share of negatives that score lower than a positive, ties counting half."""
    steps, positives, negatives = each.apart.steps, each.found.scores.size, each.others.scores.size
    below = (steps.below + steps.not_above) / (2 * negatives)
    value = float(np.sum(steps.gained * below) / positives)
    own = np.repeat(below / positives, steps.gained)
    beyond = steps.hits - steps.gained
    above = np.append(positives, np.column_stack([beyond + steps.gained / 2, beyond]).ravel()) / positives
    borders = np.column_stack([steps.below, steps.not_above]).ravel()
    theirs = np.repeat(above / negatives, np.diff(borders, prepend=0, append=negatives))
    return Estimate(value, _spread(each, own, theirs, _unseen(each, value, 0.5)))


def _spread(each: Class, own: FloatArray, theirs: FloatArray, unseen: float) -> Spread:
    """Return the spread that follows from the influences of all positives and negatives."""
    found = Spread.of_incidents(each.found.deviations(each.found.summed(own)), each.found.sizes)
    others = Spread.of_users(each.others.deviations(each.others.summed(theirs)))
    return Spread(found.variance + unseen, found.freedom) + others


def _unseen(each: Class, value: float, chance: float) -> float:
    """Return additional variance for kinds of incidents that are too rare to have been observed.

    If one incident in a hundred is hard to find, a dozen incidents that are all easy to find show neither this nor the
    true variance: whenever the mean is too high, the variance is too small. So a few more incidents are assumed (as
    Wilson's interval assumes two more successes and two more failures), which are found completely or no better than by
    chance; fewer of them where a few large incidents make the interval wide anyway.
    """
    few = min(UNSEEN * effective_number(each.found.sizes) ** 2 / each.found.clusters, MOST_UNSEEN)
    return few * max(value - chance, 0.0) * (1 - value) / each.found.clusters**2


def _bias(each: Class) -> float:
    """Return the mean excess of average precision, to second order: half its second derivative.

    It is too high for two reasons: a positive is always among the alerts at its own score, with those of its incident
    that lie above it; and the mean of 1/(number of alerts) is higher than 1/(mean number). `squares` is the sum, over
    incidents, of the squared number of positives that reach a score: the a-th positive of an incident adds 2a - 1.
    """
    steps, positives = each.apart.steps, each.found.scores.size
    order = np.lexsort((-np.arange(positives), each.found.cluster))
    starts = np.cumsum(each.found.sizes) - each.found.sizes
    own = np.empty(positives)
    own[order] = np.arange(1, positives + 1) - np.repeat(starts, each.found.sizes)
    squares = np.cumsum((2 * own - 1)[::-1])[::-1][positives - steps.hits]
    together = np.add.reduceat(own, positives - steps.hits)
    hits, alarms = steps.hits.astype(np.float64), each.others.scores.size - steps.below
    alerts = hits + alarms
    terms = alarms / alerts**2 * together + steps.gained * alarms * (hits - squares) / alerts**3
    return float(max(np.sum(terms) / positives, 0.0))
