"""Ensemble: the mean rank of several detectors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Detector, Scores
from bench.faults import UserError
from detectors.features.tables.feature_levels import level_of
from detectors.order_and_rounding import rounded


class RankAverage:
    """Scores each entity by the mean, over some detectors, of its rank among the scores of the history.

    A rank is the share of the history's scores that are lower, ties counting half. Above the history's highest score it
    grows in proportion, so that higher scores stay ahead. Ranks do not depend on the other scored entities.

    Parameters
    ----------
    members
        Detectors, at least two, all of `level`.
    level
        Level of the scores: call, user_day or cell_quarter.

    Raises
    ------
    UserError
        When there are fewer than two members, or one is no detector of that level.
    """

    def __init__(self, members: Sequence[Any], level: str = "call") -> None:
        self.level = level_of(level)
        if len(members) < 2:
            raise UserError(f"detector.members must be at least two, got {len(members)}")
        for number, member in enumerate(members):
            if not isinstance(member, Detector) or member.level is not self.level:
                raise UserError(
                    f"detector.members[{number}] must be a detector of {level}, got {type(member).__name__}"
                )
        self.members: list[Detector] = list(members)
        self.past: list[FloatArray] = []

    @property
    def causal(self) -> bool:
        """Whether all members are causal."""
        return all(member.causal for member in self.members)

    def fit(self, dataset: Dataset) -> Self:
        """Fit the members, and score the history with each."""
        self.members = [member.fit(dataset) for member in self.members]
        history = replace(dataset, window=dataset.history)
        self.past = [np.sort(member.score(history).values) for member in self.members]
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the entities of `dataset.window`."""
        found = [member.score(dataset).values for member in self.members]
        ranks = [rank_among(past, values) for past, values in zip(self.past, found, strict=True)]
        return Scores(self.level, rounded(np.mean(ranks, axis=0)))


def rank_among(past: FloatArray, values: FloatArray) -> FloatArray:
    """Return the rank of values among sorted scores of the past, shape of `values`; see `RankAverage`.

    >>> rank_among(np.array([0.0, 1.0, 1.0, 4.0]), np.array([-1.0, 1.0, 2.0, 4.0, 7.0])).tolist()
    [0.0, 0.5, 0.75, 0.875, 1.25]
    """
    lower, upper = (np.searchsorted(past, values, side=side) for side in ("left", "right"))
    size = max(past.size, 1)
    top, middle = (past[-1], past[past.size // 2]) if past.size else (0.0, 0.0)
    beyond = np.maximum(values - top, 0.0) / (top - middle if top > middle else 1.0)
    return np.asarray((lower + upper) / (2 * size) + beyond / size)
