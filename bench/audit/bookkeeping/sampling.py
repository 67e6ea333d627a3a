"""Choose positives and controls: anomalous rows, and normal rows of the same user or cell."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bench.arrays import BoolArray, IntArray


@dataclass(frozen=True)
class Chosen:
    """Rows of a table in sets; under the null hypothesis any row of a set could be positive. Shape (chosen,) each."""

    row: IntArray
    type_code: IntArray
    """Type for which a row is positive, or for whose positives it is a control."""
    positive: BoolArray
    group: IntArray
    """Number of the row's set."""
    loose: BoolArray
    """Whether the row's set has several users or cells, whose habits differ."""

    def pick(self, keep: BoolArray | IntArray) -> "Chosen":
        """Return a selection of the rows."""
        return Chosen(self.row[keep], self.type_code[keep], self.positive[keep], self.group[keep], self.loose[keep])


@dataclass(frozen=True)
class Matching:
    """Which rows may be compared with each other; shape (rows,) each."""

    key: IntArray
    """Key by which positives and controls are matched, such as the user."""
    loose: IntArray
    """Fallback key for positives whose own key has no normal row, such as users who exist only for an incident."""
    normal: BoolArray
    """Whether no incident affects the row."""


def with_normal_controls(
    positives: Sequence[IntArray], match: Matching, controls: int, rng: np.random.Generator
) -> Chosen:
    """Choose up to `controls` normal rows for each positive one.

    Parameters
    ----------
    positives
        The positive rows of each type.
    match
        The keys that positives and controls are matched by.
    controls
        The most controls for each positive.
    rng
        Generator of the random choices.
    """
    normal = np.flatnonzero(match.normal)
    by_key, by_loose = (normal[np.argsort(key[normal], kind="stable")] for key in (match.key, match.loose))
    rows, groups, codes, positive, loose = [], [], [], [], []
    width = int(match.key.max(initial=0)) + int(match.loose.max(initial=0)) + 2
    for code, found in enumerate(positives):
        lonely = ~np.isin(match.key[found], match.key[by_key])
        for some, key, ordered, shift in (
            (found[~lonely], match.key, by_key, 0),
            (found[lonely], match.loose, by_loose, int(match.key.max(initial=0)) + 1),
        ):
            others = ordered[_drawn(key[some], key[ordered], controls, rng)]
            rows += [some, others]
            groups += [code * width + shift + key[some], code * width + shift + key[others]]
            positive += [np.ones(some.size, np.bool_), np.zeros(others.size, np.bool_)]
            codes.append(np.full(some.size + others.size, code))
            loose.append(np.full(some.size + others.size, shift > 0))
    empty, none = np.empty(0, np.int64), np.empty(0, np.bool_)
    row, group, type_code = (np.concatenate([empty, *each]) for each in (rows, groups, codes))
    marked, mixed = (np.concatenate([none, *each]) for each in (positive, loose))
    order = np.argsort(row, kind="stable")
    return Chosen(row, type_code, marked, group, mixed).pick(order)


def one_of_each(chosen: Chosen, cluster: IntArray, owner: IntArray, rng: np.random.Generator) -> Chosen:
    """Keep one positive row, drawn at random, of each cluster of a type: rows of one incident resemble each other.

    Rows of one user resemble each other too: in a set of several users, one positive row and one control of each are
    kept.

    Parameters
    ----------
    chosen
        The rows.
    cluster
        Shape (chosen,): incident and user of each.
    owner
        Shape (chosen,): user of each.
    """
    alone = -1 - np.arange(chosen.row.size)
    kind = chosen.type_code * 2 + chosen.positive
    kept = _one_of(rng.permutation(chosen.row.size), kind, np.where(chosen.positive, cluster, alone))
    kept = _one_of(kept, kind, np.where(chosen.loose, owner, alone))
    keep = np.zeros(chosen.row.size, np.bool_)
    keep[kept] = True
    return chosen.pick(keep)


def _one_of(order: IntArray, kind: IntArray, alike: IntArray) -> IntArray:
    """Keep the first position, in a given order, for each pair of value and kind."""
    ordered = order[np.lexsort((alike[order], kind[order]))]
    new = np.ones(ordered.size, np.bool_)
    new[1:] = (np.diff(alike[ordered]) != 0) | (np.diff(kind[ordered]) != 0)
    return ordered[new]


def _drawn(keys: IntArray, ordered: IntArray, most: int, rng: np.random.Generator) -> IntArray:
    """Draw up to `most` positions with the same key for each occurrence of a key in `keys`."""
    wanted, counts = np.unique(keys, return_counts=True)
    low, high = np.searchsorted(ordered, wanted), np.searchsorted(ordered, wanted, side="right")
    parts = [
        first + rng.choice(last - first, min(last - first, most * count), replace=False, shuffle=False)
        for first, last, count in zip(low.tolist(), high.tolist(), counts.tolist(), strict=True)
        if last > first
    ]
    return np.concatenate([np.empty(0, np.int64), *parts])
