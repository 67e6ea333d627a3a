"""How far the number of positives among the k highest scores can be trusted.

Clusters are drawn again as in `bench.bootstrap`. Only the scores near the top matter, so only their clusters are drawn:
of C draws out of C clusters, those that fall on some M of them are binomial in number, and even over the M.
"""

import numpy as np

from bench.bootstrap import DRAWS, STREAM, tail
from bench.clustered import Class, Clustered
from bench.detector import FloatArray
from bench.separated import IntArray

FIRST, MOST = 3, 24
"""So many times k scores are looked at, at first and at most."""


def hits_interval(each: Class, k: int, level: float) -> tuple[float, float] | None:
    """Return an interval of the number of positives among the `k` highest scores, ties at their expected value.

    None where that takes more than `MOST` times k scores: where so many are equal, or come from so few clusters, that
    chance decides who is among them.
    """
    entities = each.found.scores.size + each.others.scores.size
    if entities <= k:
        return float(each.found.scores.size), float(each.found.scores.size)
    looked = FIRST * k
    while looked <= MOST * k:
        cut = _highest(each, min(looked, entities))
        sides = [_Top.of(side, cut) for side in (each.found, each.others)]
        size = sum(side.scores.size for side in sides)
        if size > MOST * k:
            return None
        hits = _hits(sides, k)
        if hits is not None:
            share = tail(level, each.found.clusters)
            low, high = np.quantile(hits, [share, 1 - share])
            return float(low), float(high)
        if size == entities:
            return None
        looked *= 2
    return None


class _Top:
    """The scores of one side from a cut on, and the clusters that have any."""

    def __init__(self, scores: FloatArray, cluster: IntArray, clusters: int) -> None:
        self.scores = scores
        named, self.cluster = np.unique(cluster, return_inverse=True)
        self.among, self.clusters = named.size, clusters

    @classmethod
    def of(cls, side: Clustered, cut: float) -> "_Top":
        first = int(np.searchsorted(side.scores, cut, side="left"))
        return cls(side.scores[first:], side.cluster[first:], side.clusters)

    def weights(self, random: np.random.Generator) -> IntArray:
        """Return how often each score is drawn, shape (draws, scores)."""
        if not self.among:
            return np.zeros((DRAWS, 0), np.int64)
        many = random.binomial(self.clusters, self.among / self.clusters, DRAWS)
        drawn = np.repeat(np.arange(DRAWS), many) * self.among + random.integers(self.among, size=int(many.sum()))
        return np.bincount(drawn, minlength=DRAWS * self.among).reshape(DRAWS, self.among)[:, self.cluster]


def _highest(each: Class, number: int) -> float:
    """Return the lowest of so many highest scores."""
    top = np.concatenate([each.found.scores[-number:], each.others.scores[-number:]])
    return float(np.partition(top, top.size - number)[top.size - number])


def _hits(sides: list[_Top], k: int) -> FloatArray | None:
    """Return the positives among the k highest scores of each draw; None where one has fewer than k."""
    random = np.random.Generator(np.random.Philox(key=STREAM))
    distinct, place = np.unique(-np.concatenate([side.scores for side in sides]), return_inverse=True)
    first = sides[0].scores.size
    found, others = (
        _by_group(side.weights(random), its, distinct.size)
        for side, its in zip(sides, (place[:first], place[first:]), strict=True)
    )
    reached = np.cumsum(found + others, axis=1)
    if (reached[:, -1] < k).any():
        return None
    row, at = np.arange(DRAWS), np.argmax(reached >= k, axis=1)
    tied = found[row, at] + others[row, at]
    left = k - (reached[row, at] - tied)
    return np.asarray(np.cumsum(found, axis=1)[row, at] - found[row, at] + left * found[row, at] / tied)


def _by_group(weights: IntArray, group: IntArray, groups: int) -> FloatArray:
    """Return the sums of the columns of each group, shape (draws, groups)."""
    index = np.arange(DRAWS)[:, None] * groups + group
    sums = np.bincount(index.ravel(), weights=weights.ravel(), minlength=DRAWS * groups)
    return np.asarray(sums.reshape(DRAWS, groups), np.float64)
