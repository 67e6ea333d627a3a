"""How far a number can be trusted: 95 % intervals that know that calls come in incidents and from users.

Calls of one incident, or of one user, are not independent: incidents are the units of the positives, users those of
the negatives. The threshold and the prevalence stay what they are. Samples up to `DRAWN_UP_TO` scores are
bootstrapped; of larger ones the influence of each cluster is summed (`bench.influence`), which takes as long as a few
draws and agrees with them.
"""

from collections.abc import Mapping

import numpy as np

from bench.at_k import hits_interval
from bench.bootstrap import bootstrapped
from bench.clustered import Class, Clustered
from bench.cut import Cut
from bench.detector import FloatArray
from bench.incidents import weighted_quantile
from bench.influence import Estimate, estimates
from bench.quantiles import NORMAL, student_quantile

Interval = tuple[float, float]

LEVEL = 0.95
FEWEST_CLUSTERS = 10
DRAWN_UP_TO = 100_000
"""Scores, positives and negatives, up to which intervals are drawn."""


def intervals(positives: Mapping[str, Clustered], negatives: Clustered, cut: Cut) -> dict[str, dict[str, Interval]]:
    """Return 95 % intervals of the measures of each class of positives against the negatives.

    Parameters
    ----------
    positives
        The positives of each class, by incident.
    negatives
        The negatives that all classes share, by user.
    cut
        Where alerts begin.

    Returns
    -------
    dict
        Class -> measure (`average_precision`, `roc_auc`, `precision`, `recall`, `f1`) -> (low, high). A class of fewer
        than 10 incidents, or with fewer than 10 users among the negatives, has none; nor has a measure that is
        undefined, or is so in some draw, such as a precision when so few clusters have an alert that a draw can miss
        them all. A measure that cannot vary because it is 0 or 1 has the interval of a share of that many independent
        incidents.
    """
    spoken_of = {
        name: Class(found, negatives)
        for name, found in positives.items()
        if min(found.clusters, negatives.clusters) >= FEWEST_CLUSTERS
    }
    largest = max((each.found.scores.size for each in spoken_of.values()), default=0)
    if largest + negatives.scores.size > DRAWN_UP_TO:
        return by_influence(spoken_of, negatives, cut)
    drawn = bootstrapped(spoken_of, negatives, cut, LEVEL)
    return {
        name: {
            measure: share_interval(low, spoken_of[name].found.clusters)
            if low == high and low in (0, 1)
            else (low, high)
            for measure, (low, high) in bounds.items()
        }
        for name, bounds in drawn.items()
    }


def by_influence(classes: Mapping[str, Class], negatives: Clustered, cut: Cut) -> dict[str, dict[str, Interval]]:
    """Return the intervals from the influence of each cluster: on the scale of log odds, with Student's quantile.

    The degrees of freedom are one fewer than the incidents.
    """
    found: dict[str, dict[str, Interval]] = {}
    for name, estimated in estimates(classes, negatives, cut).items():
        clusters = classes[name].found.clusters
        found[name] = {measure: _bounds(estimate, clusters) for measure, estimate in estimated.items()}
    return found


def at_k_interval(each: Class, k: int) -> Interval | None:
    """Return the 95 % interval of the number of positives among the `k` highest scores; None where there is none."""
    if min(each.found.clusters, each.others.clusters) < FEWEST_CLUSTERS:
        return None
    bounds = hits_interval(each, k, LEVEL)
    if bounds in ((0.0, 0.0), (float(k), float(k))):
        low, high = share_interval(bounds[0] / k, k)
        return low * k, high * k
    return bounds


def median_interval(values: FloatArray, weight: FloatArray) -> Interval | None:
    """Return the 95 % interval of a median from the order of independent values (Conover 1999, section 3.2).

    None of fewer than 10. Whatever their distribution, the median lies between the values of ranks
    (n + 1)/2 -+ z sqrt(n)/2, rounded away from the middle. A value that is only probable counts by its probability
    in n and in the ranks.
    """
    number = float(weight.sum())
    if number < FEWEST_CLUSTERS:
        return None
    low = int((number + 1) / 2 - NORMAL.inv_cdf((1 + LEVEL) / 2) * np.sqrt(number) / 2)
    return weighted_quantile(values, weight, low), weighted_quantile(values, weight, number - low + 1)


def share_interval(share: float, trials: int) -> Interval:
    """Return Wilson's 95 % interval (1927) of the share of independent trials, at least one, that succeeded."""
    z = NORMAL.inv_cdf((1 + LEVEL) / 2)
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return float(max(min(middle - half, share), 0.0)), float(min(max(middle + half, share), 1.0))


def _bounds(estimate: Estimate, clusters: int) -> Interval:
    value, odds = estimate.value, estimate.value * (1 - estimate.value)
    if odds <= 0:
        return share_interval(value, clusters)
    quantile = student_quantile((1 + LEVEL) / 2, clusters - 1)
    middle, half = np.log(value / (1 - value)), quantile * np.sqrt(estimate.variance) / odds
    low, high = 1 / (1 + np.exp(-np.clip([middle - half, middle + half], -500, 500)))
    return float(low), float(high)
