"""Random scores, which every detector has to beat."""

from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from detectors.features.sequence.timeline import Timeline


class RandomScores:
    """Random scores, uniform in [0, 1).

    Parameters
    ----------
    seed
        Seed of the scores, at least 0.
    """

    level = Level.CALL
    causal = True

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Draw a score for each call of `dataset.window`, in order of time, simultaneous calls by content."""
        low, high = dataset.call_range(dataset.window)
        drawn, order = np.random.Generator(np.random.Philox(key=self.seed)).random(high - low), Timeline(dataset).order
        if order is not None:
            drawn[order[low:high] - low] = drawn.copy()
        return Scores(self.level, drawn)
