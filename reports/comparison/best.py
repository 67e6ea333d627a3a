"""The best detector of each type in one kind of world, and those not significantly different from it."""

from collections import defaultdict

import numpy as np
from scipy import special

from bench.arrays import FloatArray
from bench.evaluation.compare import ALPHA
from reports.comparison.document import Best, Interval
from reports.comparison.grouping import Comparison, Contender, world_of

FEWEST_WORLDS = 3
BY_DIFFERENCES = (
    "told apart where the simultaneous 95 % interval (Student's t, Bonferroni) of the paired difference over {worlds} "
    "worlds is beyond 0"
)
BY_INTERVALS = "told apart where their 95 % intervals do not overlap; a paired test needs three worlds"
BY_RANGES = "told apart where the ranges of their repeats do not overlap; a paired test needs three worlds"


def best_of(each: Comparison, metric: str, intervals: list[Interval | None], *, higher: bool = True) -> Best | None:
    """Return the best ranked detector by a metric; None if no ranked detector has a value.

    Parameters
    ----------
    each
        Runs of the same kind of world.
    metric
        Name in the rows, with level and type.
    intervals
        Mean and bounds of each contender.
    higher
        Whether higher is better.
    """
    known = {
        place: value
        for place, (who, value) in enumerate(zip(each.contenders, intervals, strict=True))
        if who.ranked and value is not None
    }
    if not known:
        return None
    sign = 1 if higher else -1
    first = max(known, key=lambda place: sign * float(known[place][0] or 0))
    worlds = len(each.worlds)
    if worlds >= FEWEST_WORLDS:
        alike = _by_differences([each.contenders[place] for place in known], list(known), first, (metric, sign))
        return Best(first, alike, BY_DIFFERENCES.format(worlds=worlds))
    repeated = any(len(each.contenders[place].repeats) > 1 for place in known)
    alike = [place for place in known if place != first and _overlap(known[place], known[first])]
    return Best(first, alike, BY_RANGES if repeated else BY_INTERVALS)


def over_worlds(who: Contender, metric: str) -> dict[str, float]:
    """Return a detector's metric by world (`world_of`), averaged over its own seeds."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in who.good:
        if isinstance(value := row.get(metric), int | float):
            found[world_of(row)].append(float(value))
    return {world: sum(values) / len(values) for world, values in found.items()}


def _by_differences(contenders: list[Contender], places: list[int], first: int, measured: tuple[str, int]) -> list[int]:
    metric, sign = measured
    values = [over_worlds(who, metric) for who in contenders]
    worlds = list(values[places.index(first)])
    table: FloatArray = np.array([[mine.get(world, np.nan) for world in worlds] for mine in values])
    differences = sign * (table - table[places.index(first)])
    known = ~np.isnan(differences)
    counts = np.count_nonzero(known, axis=1)
    enough = counts >= FEWEST_WORLDS
    degrees, filled = np.maximum(counts - 1, 1), np.where(known, differences, 0)
    means = filled.sum(axis=1) / np.maximum(counts, 1)
    spread = np.sqrt((np.where(known, differences - means[:, None], 0) ** 2).sum(axis=1) / degrees)
    quantile = special.stdtrit(degrees, 1 - ALPHA / 2 / max(len(contenders) - 1, 1))  # the best is held against each
    highest = means + quantile * spread / np.sqrt(np.maximum(counts, 1))
    alike = ~enough | (highest >= 0)
    return [place for place, same in zip(places, alike.tolist(), strict=True) if same and place != first]


def _overlap(one: Interval, other: Interval) -> bool:
    low, high = (_bounds(one), _bounds(other))
    return low[0] <= high[1] and high[0] <= low[1]


def _bounds(value: Interval) -> tuple[float, float]:
    """Return the interval bounds; without them, no difference can be stated."""
    low, high = (value[1], value[2]) if len(value) == 3 else (None, None)
    return (-np.inf if low is None else low, np.inf if high is None else high)
