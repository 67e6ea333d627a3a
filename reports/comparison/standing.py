"""Tests of which detectors differ significantly over several worlds, as parts of the pages and as a diagram.

A block is a kind of world: one comparison, its repeats averaged. If there are enough blocks for tests, detectors are
ranked and tested; otherwise each is compared with the first by paired differences over the single worlds.
"""

import json
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.compare import ALPHA, Difference, Standing, fewest_blocks, paired_difference, standing
from reports.comparison.best import over_worlds
from reports.comparison.grouping import Comparison, Contender
from reports.wording import ALL, NOTHING, home_level, key, number, plural, policy_meaning, settings_of

FEWEST_DETECTORS = 2


class Contest:
    """Detectors that all ran on the same kinds of world, with one protocol and threshold policy.

    Among the recorded runs, detectors and kinds of world are chosen so that the number of detectors times the number of
    kinds of world that have all of them is largest.
    """

    def __init__(self, recorded: Sequence[Comparison]) -> None:
        found = [{who.key: who for who in each.contenders if who.ranked} for each in recorded]
        shared = max((set(each) for each in found), key=lambda keys: len(keys) * sum(keys <= set(e) for e in found))
        self.compared = [each for each, who in zip(recorded, found, strict=True) if shared <= set(who)]
        self.by_key = [each for each in found if shared <= set(each)]
        self.keys = [key for key in self.by_key[0] if key in shared]
        self.labels = {key: self.by_key[0][key].label for key in self.keys}
        self.detectors_left_out = len(set.union(*(set(each) for each in found))) - len(shared)
        self.kinds_left_out = len(recorded) - len(self.compared)

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
            found.append(f"{left_out} left out: not run on every one of these kinds of world.")
        if self.kinds_left_out:
            left_out = plural(self.kinds_left_out, "kind")
            found.append(f"{left_out} of world left out: not every one of these detectors was run on it.")
        return found

    @property
    def types(self) -> list[str]:
        """The types of any of the kinds of world, `all` first."""
        return sorted({name for each in self.compared for name in each.types}, key=lambda name: (name != ALL, name))

    def testable_on(self, name: str = ALL) -> bool:
        """Whether enough kinds of world have a type for a significant test."""
        keys = self._keys_with(name)
        return len(keys) >= FEWEST_DETECTORS and len(self._blocks(name)) >= fewest_blocks(len(keys))

    def standing(self, name: str = ALL) -> Standing:
        """Rank and test the detectors over the blocks, by the average precision of a type at its home level."""
        keys = self._keys_with(name)
        values = [[_mean(each[who], _measure(block, name)) for who in keys] for block, each in self._blocks(name)]
        return standing([self.labels[key] for key in keys], np.array(values, np.float64))

    def differences(self, name: str = ALL) -> list[tuple[str, float, Difference | None]]:
        """Return label, mean and difference to the first of each detector over single worlds, the best first."""
        columns = {key: self._over_worlds(key, name) for key in self._keys_with(name)}
        order = sorted(columns, key=lambda key: -float(np.nanmean(columns[key])))
        return [
            (self.labels[key], float(np.nanmean(columns[key])), paired_difference(columns[key], columns[order[0]]))
            for key in order
        ]

    def _blocks(self, name: str) -> list[tuple[Comparison, dict[str, Contender]]]:
        """Return the kinds of world that have a type, each with its detectors."""
        return [pair for pair in zip(self.compared, self.by_key, strict=True) if name in pair[0].types]

    def _keys_with(self, name: str) -> list[str]:
        """Return the detectors that have a value for a type."""
        return [
            key
            for key in self.keys
            if any(not np.isnan(_mean(each[key], _measure(block, name))) for block, each in self._blocks(name))
        ]

    def _over_worlds(self, key: str, name: str) -> FloatArray:
        """Return the mean over a detector's seeds in every world of every block; NaN if it has none."""
        found = []
        for block, contenders in self._blocks(name):
            values = over_worlds(contenders[key], _measure(block, name))
            found += [values.get(world, np.nan) for world in block.worlds]
        return np.array(found)


def contests(compared: Sequence[Comparison]) -> list[Contest]:
    """Return the groups of at least two detectors that share at least two worlds."""
    groups: dict[str, list[Comparison]] = defaultdict(list)
    for comparison in compared:
        settings = settings_of(comparison.sample)
        groups[json.dumps([settings.get("protocol"), settings.get("threshold")], sort_keys=True)].append(comparison)
    found = [Contest(group) for group in groups.values()]
    worlds = [sum(len(each.world_seeds) for each in contest.compared) for contest in found]
    return [
        contest
        for contest, number_of in zip(found, worlds, strict=True)
        if len(contest.keys) >= FEWEST_DETECTORS and number_of > 1
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
    return (
        f"mean rank by average precision over {plural(found.blocks, 'kind')} of world{failed}; by Friedman's test the "
        f"detectors {came_out} (p = {found.p_value:.2g}); pairs by Wilcoxon's test with Holm's correction"
    )


def _measure(comparison: Comparison, name: str = ALL) -> str:
    """Return the metric by which detectors are ranked: average precision of a type at its home level."""
    return key("average_precision", home_level(comparison.sample, name), name)


def _mean(contender: Contender, measure: str) -> float:
    summary = contender.summary(measure)
    return np.nan if summary is None else summary.mean
