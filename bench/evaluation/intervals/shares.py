"""Intervals of shares and of ratios of clustered records.

A share has Wilson's interval (1927) for the number of independent trials that gives the same variance (Korn & Graubard
1998; Franco et al. 2019). The interval of a ratio follows from those of its terms (Zou & Donner 2008, MOVER).
"""

import numpy as np

from bench.evaluation.intervals.quantiles import TWO_SIDED, Z, student_quantile
from bench.evaluation.intervals.spread import Spread

Interval = tuple[float, float]


def wilson(share: float, trials: float, quantile: float = Z) -> Interval:
    """Return Wilson's interval (1927) of the share of successes in a number of independent trials (above 0).

    >>> [round(end, 3) for end in wilson(0.0, 13)]
    [0.0, 0.228]
    """
    z = quantile
    middle = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    low, high = float(min(middle - half, share)), float(max(middle + half, share))
    return (max(0.0, low) if share > 0 else 0.0), (min(1.0, high) if share < 1 else 1.0)


def of_share(share: float, spread: Spread, *, records: float, most: float) -> Interval:
    """Return the interval of a share, in (0, 1), of a number of records, given its variance.

    Parameters
    ----------
    most
        Upper limit of the effective number of independent trials.
    """
    independent = share * (1 - share) / (records - 1)
    trials = records * independent / max(spread.variance, records * independent / most)
    wider = spread.quantile / student_quantile(TWO_SIDED, max(records - 1, spread.freedom))
    return wilson(share, trials, Z * wider)


def part_of(hit: float, found: Interval, every: tuple[float, float, float], correlation: float = 0.0) -> Interval:
    """Return the interval of the ratio of two numbers from their intervals, on the log scale (Zou & Donner 2008).

    Parameters
    ----------
    hit, found
        The numerator and its interval.
    every
        The denominator and the ends of its interval; all above 0.
    correlation
        Correlation of the two logarithms.
    """
    middle, low, high = every
    if not hit:
        return 0.0, found[1] / middle
    if not found[0]:
        return 0.0, hit / middle * _times(found[1] / hit, middle / low, correlation)
    down = _times(hit / found[0], high / middle, correlation)
    return hit / middle / down, hit / middle * _times(found[1] / hit, middle / low, correlation)


def _times(one: float, other: float, correlation: float) -> float:
    """Return the factor, at least 1, by which a ratio is off when its terms are off by given factors."""
    one, other = np.log(one), np.log(other)
    return float(np.exp(np.sqrt(max(one**2 + other**2 - 2 * correlation * one * other, 0.0))))
