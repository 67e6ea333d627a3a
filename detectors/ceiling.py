"""What a model could do that was told the truth about the history: a ceiling, which never ranks."""

from typing import Any, Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import BoolArray, Level, Scores
from bench.faults import UserError
from detectors.features.calls import call_features, check_names


class Ceiling:
    """Scores each call by the chance of being anomalous that a classifier gives it; for `role=ceiling` only.

    Parameters
    ----------
    features
        Names out of `detectors.features.calls.FEATURES`; the columns that the model sees, in this order.
    model
        A classifier with scikit-learn's `fit` and `predict_proba`.

    Raises
    ------
    UserError
        When a feature is unknown, or the model is no such classifier.
    """

    level = Level.CALL
    causal = True

    def __init__(self, features: list[str], model: Any) -> None:
        check_names(features)
        if not hasattr(model, "predict_proba"):
            raise UserError(f"detector.model must have predict_proba, got {type(model).__name__}")
        self.features = list(features)
        self.model = model

    def fit(self, dataset: Dataset) -> Self:
        """Refuse: there is nothing to learn without labels."""
        raise UserError("role must be ceiling for a detector that needs labels, got detector")

    def fit_labelled(self, dataset: Dataset, anomalous: BoolArray) -> Self:
        """Fit the classifier on the calls of `dataset.history`."""
        if anomalous.all() or not anomalous.any():
            raise UserError("the history must have both normal and anomalous calls to learn from")
        self.model.fit(call_features(dataset, self.features, dataset.history), anomalous)
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        chances = self.model.predict_proba(call_features(dataset, self.features, dataset.window))
        return Scores(self.level, np.asarray(chances[:, 1], np.float64))
