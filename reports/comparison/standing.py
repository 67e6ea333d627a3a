"""Which detectors differ significantly over several worlds: the one set of tests that all tables and pictures use.

A block of the tests is a world configuration: one comparison, its repeats averaged. If there are enough blocks with
values of a metric, detectors are ranked and tested by it; otherwise each is compared with the best by paired
differences over the single worlds.
"""

from collections.abc import Sequence

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.compare import ALPHA, Difference, Standing, differences_to, fewest_blocks, standing
from reports.comparison.grouping import Comparison, Contender, combined, comparable
from reports.wording import ALL, NOTHING, home_level, key, number, plural, policy_meaning

FEWEST_DETECTORS = 2


class Contest:
    """Detectors that all ran on the same world configurations, with one protocol and threshold policy.

    Where not all detectors ran on all world configurations, those detectors and configurations are compared that leave
    the largest complete table: each of these detectors ran on each of these configurations.
    """

    def __init__(self, whole: Comparison) -> None:
        found = [{who.key: who for who in each.contenders if who.ranked} for each in whole.kinds]
        shared = max((set(each) for each in found), key=lambda keys: len(keys) * sum(keys <= set(e) for e in found))
        self.whole = whole
        self.compared = [each for each, who in zip(whole.kinds, found, strict=True) if shared <= set(who)]
        self.contenders = [who for who in whole.contenders if who.key in shared]
        self._by_kind = [[each[who.key] for who in self.contenders] for each in found if shared <= set(each)]
        self.detectors_left_out = len(set.union(*(set(each) for each in found))) - len(shared)
        self.kinds_left_out = len(whole.kinds) - len(self.compared)

    @property
    def conditions(self) -> str:
        """Conditions under which the detectors are compared."""
        sample = self.compared[0].sample
        return f"Protocol {sample.get('protocol')}; {policy_meaning(sample)}"

    @property
    def cautions(self) -> list[str]:
        """Notes about what was left out."""
        found = []
        if self.detectors_left_out:
            left_out = plural(self.detectors_left_out, "detector")
            found.append(f"{left_out} left out: not run on every one of these world configurations.")
        if self.kinds_left_out:
            left_out = plural(self.kinds_left_out, "world configuration")
            found.append(f"{left_out} left out: not every one of these detectors was run on it.")
        return found

    @property
    def types(self) -> list[str]:
        """The types of any of the world configurations, `all` first."""
        return sorted({name for each in self.compared for name in each.types}, key=lambda name: (name != ALL, name))

    def metric(self, name: str = ALL) -> str:
        """Return the metric by which detectors are ranked on a type: average precision at its home level."""
        return key("average_precision", home_level(self.whole.sample, name), name)

    def standing(self, metric: str, *, higher: bool = True) -> Standing | None:
        """Rank and test the detectors with values of a metric, over the configurations with values; None if too few."""
        values = np.array([[_mean(who, metric) for who in kind] for kind in self._by_kind])
        blocks, known = (~np.isnan(values).all(axis=axis) for axis in (1, 0))
        labels = [who.label for who, has in zip(self.contenders, known.tolist(), strict=True) if has]
        if len(labels) < FEWEST_DETECTORS or np.count_nonzero(blocks) < fewest_blocks(len(labels)):
            return None
        return standing(labels, (1 if higher else -1) * values[np.ix_(blocks, known)])

    def differences(self, metric: str, *, higher: bool = True) -> list[tuple[str, float, Difference | None]]:
        """Return label, mean and difference to the best of each detector over single worlds, the best first.

        The differences are positive where a detector is better.
        """
        sign = 1 if higher else -1
        each = [(who.label, self._over_worlds(who, metric)) for who in self.contenders]
        found = [(label, values) for label, values in each if not np.isnan(values).all()]
        found.sort(key=lambda pair: -sign * float(np.nanmean(pair[1])))
        if not found:
            return []
        lags = differences_to(sign * np.stack([values for _, values in found]), 0)
        return [(label, float(np.nanmean(values)), lag) for (label, values), lag in zip(found, lags, strict=True)]

    def _over_worlds(self, who: Contender, metric: str) -> FloatArray:
        """Return the mean over a detector's seeds in every world; NaN where it has none."""
        known = who.by_world(metric)
        return np.array([known.get(world, np.nan) for each in self.compared for world in each.worlds])


def contests(compared: Sequence[Comparison]) -> list[Contest]:
    """Return the groups of at least two detectors that share at least two worlds."""
    found = [Contest(combined([compared[place] for place in places])) for places in comparable(compared)]
    worlds = [sum(len(each.world_seeds) for each in contest.compared) for contest in found]
    return [
        contest
        for contest, number_of in zip(found, worlds, strict=True)
        if len(contest.contenders) >= FEWEST_DETECTORS and number_of > 1
    ]


def not_different_from(found: Standing, place: int) -> str:
    """Return the names of the detectors that do not differ significantly from a given one."""
    names = [name for other, name in enumerate(found.names) if other != place and found.alike(place, other)]
    return ", ".join(names) or "all differ significantly from it"


def verdict(difference: Difference | None) -> str:
    """Describe a difference to the first with its interval, and whether it is significant.

    >>> verdict(Difference(-0.05, -0.08, -0.02))
    '-0.050 (-0.080 to -0.020)'
    >>> verdict(Difference(-0.01, -0.03, 0.01))
    '-0.010 (-0.030 to 0.010): no significant difference'
    """
    if difference is None:
        return NOTHING
    text = f"{number(difference.mean)} ({number(difference.low)} to {number(difference.high)})"
    return text if difference.high < 0 else f"{text}: no significant difference"


def meaning(found: Standing) -> str:
    """Describe the test and its result."""
    failed = f"; {plural(found.imputed, 'failure')} given the last rank" if found.imputed else ""
    came_out = "differ" if found.p_value < ALPHA else "do not differ significantly"
    worlds = plural(found.blocks, "world configuration")
    return (
        f"mean rank by average precision over {worlds}{failed}; by Friedman's test the detectors {came_out} "
        f"(p = {found.p_value:.2g}); pairs by Wilcoxon's test with Holm's correction"
    )


def _mean(contender: Contender, measure: str) -> float:
    summary = contender.summary(measure)
    return np.nan if summary is None else summary.mean
