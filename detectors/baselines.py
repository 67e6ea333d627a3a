"""What every detector has to beat: chance, and one feature alone."""

from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from detectors.features.calls import call_features, check_names
from detectors.features.timeline import Timeline


class Chance:
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
        """Draw a score for each call of `dataset.window`, in order of time, of those of a moment by what they are."""
        low, high = dataset.call_range(dataset.window)
        drawn, order = np.random.Generator(np.random.Philox(key=self.seed)).random(high - low), Timeline(dataset).order
        if order is not None:
            drawn[order[low:high] - low] = drawn.copy()
        return Scores(self.level, drawn)


class OneFeature:
    """The value of one feature, or its negative, is the score.

    Parameters
    ----------
    feature
        A name out of `detectors.features.calls.FEATURES`.
    low_is_anomalous
        Whether small values rather than large ones are suspicious.

    Raises
    ------
    UserError
        When the feature is unknown.
    """

    level = Level.CALL
    causal = True

    def __init__(self, feature: str, low_is_anomalous: bool = False) -> None:
        check_names([feature])
        self.feature = feature
        self.sign = -1.0 if low_is_anomalous else 1.0

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        return Scores(self.level, self.sign * call_features(dataset, [self.feature], dataset.window)[:, 0])
