"""Scores that the harness provides itself: the oracle, a constant, and files of scores.

A `_target_` in the package `bench` names one of them. It has nothing to fit and runs in no process of its own, since
one of them needs the truth, which no detector gets.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.evaluation.sample import sample_of_grid
from bench.levels import grids
from bench.truth import Truth


@runtime_checkable
class Reference(Protocol):
    """Something that has a score for each call of the window."""

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return the scores of `dataset.window`."""


@dataclass(frozen=True)
class Oracle:
    """The truth as a score: 1 for what is anomalous, 0 for anything else, at every level. No detector can be better.

    At the levels above calls it is the truth of the level, not the maximum over calls: a user's day from which an
    incident removed a call, or a quarter in which a cell was silent, is anomalous without any such call.
    """

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return 1 or 0 for each call, and for each entity of the levels above."""
        labels = truth.call_labels(*dataset.call_range(dataset.window))
        above = {}
        for grid in grids(dataset):
            above[grid.level] = np.zeros(grid.size)
            above[grid.level][sample_of_grid(grid, labels, truth).entity] = 1
        return Scores(Level.CALL, labels.anomalous.astype(np.float64), causal=True, above=above)


@dataclass(frozen=True)
class Constant:
    """The same score for every call: what is worth nothing, whichever way ties are sorted."""

    value: float = 0.0

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return the value for each call."""
        low, high = dataset.call_range(dataset.window)
        return Scores(Level.CALL, np.full(high - low, self.value), causal=True)
