"""Distribution-free test of whether the positives in sets of rows score higher than chance allows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.arrays import BoolArray, FloatArray, IntArray

WIDE = 1.96
"""Half width of the central 95 % interval of a normal distribution, in standard deviations."""
STEPS = 60
STEEPEST = 256.0
"""Largest exponent used, to keep exponentials from overflowing; the bound stays valid."""
STANDING_OUT = 4
ENOUGH = 1e-6
"""The iteration stops when the log bound improves by less than this."""


@dataclass(frozen=True)
class Sets:
    """Scored rows in sets, some positive; under the null hypothesis the positives of a set are a random subset."""

    group: IntArray
    """Shape (n,): set of each member."""
    marked: BoolArray
    """Shape (n,)."""
    scores: FloatArray
    """Shape (n,), finite; compared within a set only."""

    def pick(self, chosen: BoolArray) -> "Sets":
        """Return a selection of the members."""
        return Sets(self.group[chosen], self.marked[chosen], self.scores[chosen])

    def roc_auc(self) -> tuple[float, float] | None:
        """Return the ROC-AUC within sets, ties counting half, and its deviation by chance; None without a pair."""
        auc, deviation = self.roc_auc_by(np.zeros(self.group.size, np.int64), 1)
        return None if np.isnan(auc[0]) else (float(auc[0]), float(deviation[0]))

    def roc_auc_by(self, kind: IntArray, kinds: int) -> tuple[FloatArray, FloatArray]:
        """Return ROC-AUC and its deviation by chance for the sets of each kind, shape (kinds,); NaN without a pair.

        With m of n members of a set marked, the number of pairs that a marked one wins has the variance
        m (n - m) (n + 1) / 12 without ties, less with them (Mann & Whitney 1947).

        Parameters
        ----------
        kind
            Shape (n,): the kind of each member; all members of a set have the same.
        kinds
            Number of kinds.
        """
        order = _ordered(self.group, self.scores)
        marked, group = self.marked[order], self.group[order]
        first, size = _runs(group)
        if not first.size:
            return np.full(kinds, np.nan), np.full(kinds, np.nan)
        rank = _middle_ranks(group, self.scores[order]) - np.repeat(first, size)
        found = np.add.reduceat(marked.astype(np.int64), first)
        wins = np.add.reduceat(np.where(marked, rank + 0.5, 0.0), first) - found * found / 2
        pairs, of_set = found * (size - found), kind[order][first]
        won, spread, total = (
            np.bincount(of_set, each, kinds) for each in (np.where(pairs > 0, wins, 0), pairs * (size + 1) / 12, pairs)
        )
        with np.errstate(invalid="ignore"):
            return won / total, np.sqrt(spread) / total

    def p_value(self) -> float:
        """Return an upper bound on the p-value: the probability that random members score as high as the marked ones.

        The smaller of two bounds, doubled (two tests): for the sum of the scores, which sees a small shift of all, and
        for the sum of their fourth powers, which sees a few that stand out. Scores must not be negative.
        """
        return min(1.0, 2 * min(self._of_sum(self.scores), self._of_sum(self.scores**STANDING_OUT)))

    def either_way(self) -> float:
        """Return an upper bound on the two-sided p-value of the sum of the marked members' scores."""
        return min(1.0, 2 * min(self._of_sum(self.scores), self._of_sum(-self.scores)))

    def _of_sum(self, scores: FloatArray) -> float:
        """Return an upper bound on the probability that the marked members' scores have so high a sum by chance.

        Chernoff's bound, min over t >= 0 of E exp(t (S - s)): by Hoeffding (1963, theorem 4) the moments of a sum drawn
        without replacement are at most those of a sum drawn with replacement: for m members of a set, the moment of one
        draw to the power m. So the bound holds for any number of members and any scores.
        """
        order = np.argsort(self.group)
        scores, marked = scores[order], self.marked[order]
        first, size = _runs(self.group[order])
        if not first.size:
            return 1.0
        found = np.add.reduceat(marked.astype(np.int64), first)
        mixed = (found > 0) & (found < size)  # in the other sets every draw gives the same sum
        keep = np.repeat(mixed, size)
        scores, marked, found, size = scores[keep], marked[keep], found[mixed], size[mixed]
        first = np.cumsum(size) - size
        spread = np.ptp(scores) if scores.size else 0.0
        if not spread > 0:
            return 1.0
        centred = (scores - np.repeat(np.add.reduceat(scores, first) / size, size)) / spread
        return float(np.exp(_least_log_moment(centred, first, size, found, float(centred[marked].sum()))))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values after Holm's correction for multiple tests (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values)
    steps = np.asarray(p_values, np.float64)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(value) for value in adjusted]


def middle_ranks(values: FloatArray) -> FloatArray:
    """Return the rank of each value, from 1; equal values share their mean rank. Faster than `scipy.stats.rankdata`.

    >>> middle_ranks(np.array([2.0, 1.0, 2.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, level, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[level])


def _ordered(group: IntArray, scores: FloatArray) -> IntArray:
    """Return the order by group, then by score; sorting one integer key is ten times as fast as sorting two keys."""
    levels, level = np.unique(scores, return_inverse=True)
    return np.argsort(group * levels.size + level)


def _runs(group: IntArray) -> tuple[IntArray, IntArray]:
    """Return the start and length of each run of equal numbers."""
    first = np.flatnonzero(np.diff(group, prepend=group[:1] - 1))
    return first, np.diff(first, append=group.size)


def _middle_ranks(group: IntArray, scores: FloatArray) -> FloatArray:
    """Return each member's rank within its order; equal scores of a set share their mean rank."""
    new = np.append(True, (np.diff(group) != 0) | (np.diff(scores) != 0))[: group.size]
    first = np.flatnonzero(new)
    length = np.diff(first, append=group.size)
    return np.repeat(first + (length - 1) / 2, length)


def _least_log_moment(centred: FloatArray, first: IntArray, size: IntArray, found: IntArray, total: float) -> float:
    """Minimise log E exp(t (S - s)) over t >= 0, which is convex in t, by Newton's method; return it, at most 0.

    Parameters
    ----------
    centred
        Shape (members,): scores less the mean of their set, at most 1 apart.
    first, size, found
        Start, number of members and number of marked members of each set; shape (sets,) each.
    total
        Sum of the marked members' scores.

    Any t gives a bound; Newton's steps, halved where they lead uphill, only make it sharp.
    """
    steepness, best = 0.0, 0.0
    step_from = 0.0
    for _ in range(STEPS):
        weights = np.exp(steepness * centred)
        mass = np.add.reduceat(weights, first)
        value = float(found @ np.log(mass / size)) - steepness * total
        if value > best:
            steepness = (steepness + step_from) / 2
            continue
        mean = np.add.reduceat(weights * centred, first) / mass
        spread = np.add.reduceat(weights * centred**2, first) / mass - mean**2
        slope, bend = float(found @ mean) - total, float(found @ spread)
        gained, best, step_from = best - value, value, steepness
        if not bend > 0 or (steepness > 0 and gained < ENOUGH) or (steepness == 0 and slope >= 0):
            break
        steepness = min(max(steepness - slope / bend, 0.0), STEEPEST)
        if steepness == step_from:
            break
    return best
