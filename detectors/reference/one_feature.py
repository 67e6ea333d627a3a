"""One feature alone as a detector."""

from typing import Self

from bench.dataset import Dataset
from bench.detector import Level, Scores
from detectors.features.calls.call_features import call_features, check_names


class OneFeature:
    """The value of one feature, or its negative, is the score.

    Parameters
    ----------
    feature
        A name out of `detectors.features.calls.call_features.FEATURES`.
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
