"""Scores that the harness provides itself: the oracle, a constant, and files of scores.

A `_target_` in the package `bench` names one of them. They have nothing to fit, and run in the harness's process, since
the oracle needs the truth, which no detector gets.
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
    """A provider of scores for each call of the window."""

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return the scores of `dataset.window`."""


@dataclass(frozen=True)
class Oracle:
    """The truth as a score: 1 for anomalous records, 0 for all others, at every level. No detector can be better.

    At the levels above calls it is the truth of the level, not the maximum over calls: a user's day from which an
    incident removed a call, or a quarter hour in which a cell was silent, is anomalous without an anomalous call.
    """

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return 1 or 0 for each call, and for each record of the levels above."""
        labels = truth.call_labels(*dataset.call_range(dataset.window))
        above = {}
        for grid in grids(dataset):
            above[grid.level] = np.zeros(grid.size)
            above[grid.level][sample_of_grid(grid, labels, truth).entity] = 1
        return Scores(Level.CALL, labels.anomalous.astype(np.float64), causal=True, above=above)


@dataclass(frozen=True)
class Constant:
    """The same score for every call, a lower bound: it has no information, however ties are sorted."""

    value: float = 0.0

    def scores(self, dataset: Dataset, truth: Truth) -> Scores:
        """Return the same value for each call."""
        low, high = dataset.call_range(dataset.window)
        return Scores(Level.CALL, np.full(high - low, self.value), causal=True)
