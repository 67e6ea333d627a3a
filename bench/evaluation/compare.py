"""Tests of which detectors differ significantly: ranks over blocks, corrected for multiple comparisons.

A block is one configuration of the world. Its repeats are averaged first, since repeats of one world are no evidence
about others. Higher values are better. The procedure is that of Demšar (2006) with Wilcoxon's test and Holm's
correction for the pairs (Benavoli, Corani & Mangili 2016).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
from scipy import special, stats

from bench.arrays import FloatArray

ALPHA = 0.05
FEWEST_PAIRS = 3
"""The fewest worlds for an interval of paired differences."""
MOST_EXACT = 50
"""The most differences with ties for which Wilcoxon's test is exact; of more, its p-value is that of the normal
approximation, which with few differences and ties is far too large."""


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences with its 95 % interval by Student's t, one of several simultaneous ones."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Standing:
    """Ranks of detectors over blocks, the best mean rank first."""

    names: tuple[str, ...]
    mean_ranks: FloatArray
    """Shape (detectors,): 1 is the best."""
    blocks: int
    imputed: int
    """Number of missing values (failed runs), which were ranked last in their block."""
    p_value: float
    """p-value of Friedman's test that all detectors are alike."""
    pairs: FloatArray
    """Shape (detectors, detectors): Wilcoxon's p-value of each pair, after Holm's correction; 1 on the diagonal."""

    def alike(self, first: int, second: int) -> bool:
        """Whether two detectors, by their position, do not differ significantly at the 5 % level."""
        return bool(self.p_value >= ALPHA or self.pairs[first, second] >= ALPHA)

    @property
    def groups(self) -> list[tuple[int, int]]:
        """Maximal runs of ranks, first and last, whose detectors are all alike: the bars of a rank diagram."""
        found: list[tuple[int, int]] = []
        for first in range(len(self.names)):
            last = first
            while last + 1 < len(self.names) and all(self.alike(a, last + 1) for a in range(first, last + 1)):
                last += 1
            if last > first and not (found and found[-1][1] >= last):
                found.append((first, last))
        return found


def standing(names: Sequence[str], values: FloatArray) -> Standing:
    """Rank detectors and test which of them differ.

    Parameters
    ----------
    names
        The detectors, two at least.
    values
        Shape (blocks, detectors): higher is better; NaN where a detector failed. A pair is tested on the blocks in
        which both have a value; in the ranks and in Friedman's test a failure is ranked last in its block.

    Raises
    ------
    ValueError
        With fewer than two detectors or blocks.
    """
    blocks, detectors = values.shape
    if detectors < 2 or blocks < 2:
        raise ValueError(f"a standing needs two detectors and two blocks, got {detectors} and {blocks}")
    filled = np.where(np.isnan(values), -np.inf, values)
    ranks = stats.rankdata(-filled, axis=1)
    order = np.argsort(ranks.mean(axis=0), kind="stable")
    return Standing(
        names=tuple(names[place] for place in order),
        mean_ranks=ranks.mean(axis=0)[order],
        blocks=blocks,
        imputed=int(np.count_nonzero(np.isnan(values))),
        p_value=friedman(ranks)[1],
        pairs=wilcoxon_holm(values)[np.ix_(order, order)],
    )


def friedman(ranks: FloatArray) -> tuple[float, float]:
    """Return the statistic of Friedman's test (1937), corrected for ties, and its p-value by chi-square.

    Parameters
    ----------
    ranks
        Shape (blocks, detectors): ranks within each block, or any values in the same order.
    """
    ranks = stats.rankdata(ranks, axis=1)
    blocks, detectors = ranks.shape
    middle = (detectors + 1) / 2
    spread = float(np.sum((ranks - middle) ** 2))
    if spread == 0:
        return 0.0, 1.0
    between = blocks**2 * float(np.sum((ranks.mean(axis=0) - middle) ** 2))
    statistic = (detectors - 1) * between / spread
    return statistic, float(stats.chi2.sf(statistic, detectors - 1))


def wilcoxon_holm(values: FloatArray) -> FloatArray:
    """Return the p-values of Wilcoxon's signed-rank test (1945) of all pairs, after Holm's correction (1979).

    Zero differences are left out. The p-value is exact if there are few blocks, also with ties.

    Parameters
    ----------
    values
        Shape (blocks, detectors), NaN where missing.

    Returns
    -------
    FloatArray
        Shape (detectors, detectors), symmetric.
    """
    detectors = values.shape[1]
    pairs = list(combinations(range(detectors), 2))
    first, second = np.array(pairs).T
    single = _wilcoxon_each(values[:, first] - values[:, second])
    order = np.argsort(single)
    corrected = np.empty(len(pairs))
    corrected[order] = np.minimum(np.maximum.accumulate(single[order] * np.arange(len(pairs), 0, -1)), 1)
    table = np.ones((detectors, detectors))
    for (a, b), p_value in zip(pairs, corrected, strict=True):
        table[a, b] = table[b, a] = p_value
    return table


def fewest_blocks(detectors: int) -> int:
    """Return the fewest blocks with which a pair can be significant if all blocks agree on its direction.

    Wilcoxon's exact p-value is then 2 / 2^blocks, and Holm's correction multiplies it by the number of pairs.

    >>> fewest_blocks(2), fewest_blocks(7)
    (6, 10)
    """
    return 1 + math.ceil(math.log2(math.comb(detectors, 2) / ALPHA))


def differences_to(values: FloatArray, first: int) -> list[Difference | None]:
    """Return the mean difference of each detector to one of them; None for fewer than three pairs.

    The intervals are simultaneous: Bonferroni's correction is for the number of other detectors.

    Parameters
    ----------
    values
        Shape (detectors, worlds), NaN where missing.
    first
        Row of the detector that is subtracted from each.
    """
    differences = values - values[first]
    counts = np.count_nonzero(~np.isnan(differences), axis=1)
    degrees, some = np.maximum(counts - 1, 1), np.maximum(counts, 1)
    means = np.nansum(differences, axis=1) / some
    spreads = np.sqrt(np.nansum((differences - means[:, None]) ** 2, axis=1) / degrees)
    quantiles = special.stdtrit(degrees, 1 - ALPHA / 2 / max(len(values) - 1, 1))
    halves = quantiles * spreads / np.sqrt(some)
    found = zip(counts.tolist(), means.tolist(), halves.tolist(), strict=True)
    return [None if n < FEWEST_PAIRS else Difference(mean, mean - half, mean + half) for n, mean, half in found]


def _wilcoxon_each(differences: FloatArray) -> FloatArray:
    """Return the p-value of each column of differences; those without ties, zeros and missing values at once."""
    sizes = np.sort(np.abs(differences), axis=0)
    plain = (sizes[0] > 0) & np.all(np.diff(sizes, axis=0) > 0, axis=0)  # NaN compares as false
    found = np.ones(differences.shape[1])
    if plain.any():
        found[plain] = stats.wilcoxon(differences[:, plain], axis=0).pvalue
    for place in np.flatnonzero(~plain):
        found[place] = _wilcoxon(differences[:, place])
    return found


def _wilcoxon(differences: FloatArray) -> float:
    """Return the p-value of one column; exact, also with ties, if there are few differences other than 0."""
    differences = differences[~np.isnan(differences) & (differences != 0)]
    if not differences.size:
        return 1.0
    if differences.size > MOST_EXACT:
        return float(stats.wilcoxon(differences).pvalue)
    doubled = np.rint(2 * stats.rankdata(np.abs(differences))).astype(np.int64)  # ranks of ties end in a half
    smaller = min(doubled[differences > 0].sum(), doubled[differences < 0].sum())
    chances = _chances_of_sums(tuple(np.sort(doubled).tolist()))
    return min(2 * float(chances[: smaller + 1].sum()), 1.0)


@lru_cache(maxsize=4096)
def _chances_of_sums(ranks: tuple[int, ...]) -> FloatArray:
    """Return the probability of each sum of the ranks with a positive sign, where each sign is a toss of a coin."""
    chances = np.ones(1)
    for rank in ranks:
        chances = (np.pad(chances, (0, rank)) + np.pad(chances, (rank, 0))) / 2
    return chances
