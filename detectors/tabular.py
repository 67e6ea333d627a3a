"""Any outlier detector with PyOD's or scikit-learn's interface, on features of calls."""

from typing import Any, Self

from bench.dataset import Dataset
from bench.detector import Level, Scores
from detectors.features.calls import call_features, check_names
from detectors.outliers import outlier_scores, own_threshold, require_outlier_model


class Tabular:
    """Scores each call by a model of tables, fitted on the features of the calls of the history.

    Parameters
    ----------
    features
        Names out of `detectors.features.calls.FEATURES`; the columns that the model sees, in this order.
    model
        See `detectors.outliers` for what it may be.

    Raises
    ------
    UserError
        When a feature is unknown, or the model has neither interface.
    """

    level = Level.CALL
    causal = True

    def __init__(self, features: list[str], model: Any) -> None:
        check_names(features)
        require_outlier_model(model)
        self.features = list(features)
        self.model = model

    @property
    def threshold_(self) -> float | None:
        """The fitted model's own threshold; None where it has none."""
        return own_threshold(self.model)

    def fit(self, dataset: Dataset) -> Self:
        """Fit the model on the calls of `dataset.history`."""
        self.model.fit(call_features(dataset, self.features, dataset.history))
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        matrix = call_features(dataset, self.features, dataset.window)
        return Scores(self.level, outlier_scores(self.model, matrix))
