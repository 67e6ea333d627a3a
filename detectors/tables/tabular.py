"""Any outlier model with PyOD's or scikit-learn's interface, on features of calls, of user-days or of cell quarters."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.preprocessing import StandardScaler

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.faults import Fault, SettingsError, UserError
from bench.levels import Grid
from detectors.features.tables.feature_levels import features_of, level_of, matrix
from detectors.models.outlier_models import (
    fitted,
    outlier_scores,
    own_threshold,
    require_outlier_model,
)
from detectors.models.quadratic_costs import require_affordable
from detectors.order_and_rounding import content_order, rounded

DIGITS = 9
"""Decimals to which standardised features are rounded, so that they do not differ by rounding errors."""


class Tabular:
    """Scores each entity by an outlier model that is fitted on the features of the history's entities.

    The model gets its rows in an order that depends only on their content, so its random choices do not depend on the
    order of the history.

    Parameters
    ----------
    features
        The columns that the model sees, in this order; names in `feature_levels.FEATURES`. None: the standard ones
        of the level.
    model
        An outlier model with PyOD's or scikit-learn's interface (`detectors.models.outlier_models`).
    level
        Level of the scores: call, user_day or cell_quarter.
    scale
        Whether to standardise the columns by the mean and standard deviation of the fitted rows.
    fit_rows
        The most rows that the model is fitted on, drawn at random from the history, for models whose fitting or scoring
        is slow; None: all rows.

    Raises
    ------
    UserError
        When a feature is unknown, a number is out of its range, or the model has neither interface.
    """

    causal = True

    def __init__(
        self,
        features: Sequence[str] | None,
        model: Any,
        level: str = "call",
        scale: bool = False,
        fit_rows: int | None = None,
    ) -> None:
        self.level = level_of(level)
        self.features = features_of(self.level, features)
        if fit_rows is not None and fit_rows < 1:
            raise SettingsError([Fault("detector.fit_rows", "be at least 1 or null", fit_rows)])
        require_outlier_model(model)
        self.model = model
        self.scaler = StandardScaler() if scale else None
        self.fit_rows = fit_rows
        self.rows = 0

    @property
    def threshold_(self) -> float | None:
        """The fitted model's own threshold; None where it has none."""
        return own_threshold(self.model)

    def fit(self, dataset: Dataset) -> Self:
        """Fit the model on the entities of `dataset.history`."""
        rows = self._matrix(dataset, dataset.history)
        self.rows, order = len(rows), content_order(rows)
        if self.fit_rows is not None and self.fit_rows < len(rows):
            order = order[np.arange(self.fit_rows) * len(rows) // self.fit_rows]
        require_affordable(self.model, len(order), rows_of(self.level, dataset))
        if self.rows:
            rows, self.order = rows[order], order
            # A kernel can magnify rounding errors of features to apparent differences (DIGITS).
            scaled = rows if self.scaler is None else np.round(self.scaler.fit_transform(rows), DIGITS)
            fitted(self.model, scaled, ordered=True)
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the entities of `dataset.window`; those that were fitted on get their scores from fitting."""
        if dataset.window == dataset.history and self.own_scores is not None:
            return Scores(self.level, self.own_scores)
        rows = self._matrix(dataset, dataset.window)
        if len(rows) and not self.rows:
            raise UserError("the history must hold something to be fitted on")
        if self.scaler is not None and len(rows):
            rows = np.round(self.scaler.transform(rows), DIGITS)
        return Scores(self.level, outlier_scores(self.model, rows))

    @property
    def own_scores(self) -> FloatArray | None:
        """Scores of the history's rows by a PyOD model fitted on all of them, so no row is its own neighbour."""
        found = getattr(self.model, "decision_scores_", None)
        if found is None or len(found) != self.rows:
            return None
        scores = np.empty(self.rows)
        scores[self.order] = rounded(found)
        return scores

    def _matrix(self, dataset: Dataset, part: Window) -> FloatArray:
        return matrix(dataset, self.level, self.features, part).astype(np.float64, copy=False)


def rows_of(level: Level, dataset: Dataset) -> int:
    """Return the number of entities of the window at a level."""
    low, high = dataset.call_range(dataset.window)
    return high - low if level is Level.CALL else Grid(level, dataset).size
