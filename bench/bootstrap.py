"""Intervals by drawing clusters again: the cluster bootstrap (Davison & Hinkley 1997, section 3.8; Efron 1979).

Whole incidents are drawn with replacement for the positives and whole users for the negatives, and the interval is
that between percentiles of the draws.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bench.clustered import Class, Clustered, Drawn
from bench.cut import Cut
from bench.detector import FloatArray
from bench.quantiles import NORMAL, student_quantile
from bench.separated import IntArray

DRAWS = 500
MEASURES = ("average_precision", "roc_auc", "precision", "recall", "f1")
TINY = 1e-9
"""Less than the weight of any score that is drawn."""
STREAM = 0x1D1A_B007
"""Key of the random numbers, so that the same scores always get the same interval."""


def bootstrapped(
    classes: Mapping[str, Class], negatives: Clustered, cut: Cut, level: float
) -> dict[str, dict[str, tuple[float, float]]]:
    """Return class -> measure -> interval of that level; without a measure that is undefined in some draw."""
    random = np.random.Generator(np.random.Philox(key=STREAM))
    ranked = {name: _Ranked.of(each, cut) for name, each in classes.items()}
    drawn = {name: np.empty((DRAWS, len(MEASURES))) for name in classes}
    for index in range(DRAWS if ranked else 0):
        alarms = negatives.draw(random)
        for name, each in ranked.items():
            drawn[name][index] = each.measure(each.found.draw(random), alarms)
    return {name: _percentiles(values, tail(level, classes[name].found.clusters)) for name, values in drawn.items()}


@dataclass(frozen=True)
class _Ranked:
    """How many scores lie below each distinct score of the positives; last two: below the cut, and not above it."""

    found: Clustered
    hits_rank: IntArray
    alarms_rank: IntArray
    ties_rank: IntArray
    share: float
    """Of the scores equal to the cut, the share that are alerts."""

    @classmethod
    def of(cls, each: Class, cut: Cut) -> "_Ranked":
        steps = each.apart.steps
        cuts = np.append(steps.thresholds, [cut.score, np.nextafter(cut.score, np.inf)])
        return cls(each.found, each.found.below(cuts), each.others.below(cuts), steps.not_above, cut.share)

    def measure(self, found: Drawn, others: Drawn) -> tuple[float, ...]:
        """Return the measures of a draw; NaN where undefined."""
        positives, negatives = found.times.size - 1, others.times.size - 1
        below = others.below(self.alarms_rank)
        hits, alarms = positives - found.below(self.hits_rank), negatives - below
        gained = -np.diff(hits[:-2], append=0)
        average = np.sum(gained * (hits[:-2] / np.maximum(hits[:-2] + alarms[:-2], TINY))) / positives
        area = np.sum(gained * (below[:-2] + others.below(self.ties_rank))) / (2 * positives * negatives)
        hit, alarm = (each[-1] + self.share * (each[-2] - each[-1]) for each in (hits, alarms))
        alerts = hit + alarm
        precision = hit / alerts if alerts else np.nan
        return average, area, precision, hit / positives, 2 * hit / (alerts + positives)


def tail(level: float, clusters: int) -> float:
    """Return the share of draws to leave out at either end."""
    wider = math.sqrt(clusters / (clusters - 1)) * student_quantile((1 - level) / 2, clusters - 1)
    return NORMAL.cdf(wider)


def _percentiles(values: FloatArray, tail: float) -> dict[str, tuple[float, float]]:
    low, high = np.quantile(values, [tail, 1 - tail], axis=0)
    bounds = zip(MEASURES, low.tolist(), high.tolist(), strict=True)
    return {measure: (lowest, highest) for measure, lowest, highest in bounds if not np.isnan(lowest)}
