"""Detector of days on which a user's contacts change."""

from typing import Any, Self

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.faults import above, require
from detectors.features.graph.user_day_graph import days_against
from detectors.models.outlier_models import fitted, outlier_scores, own_threshold, require_outlier_model


class CircleDays:
    """Scores each user-day by an outlier model on features of the day in the graph of earlier calls.

    The model is fitted on the days of the later half of the history, with features from the ties and communities of the
    earlier half; features of the window's days come from those of the whole history.

    Parameters
    ----------
    model
        An outlier model with PyOD's or scikit-learn's interface (`detectors.models.outlier_models`).
    resolution
        Resolution of the communities, above 0; higher values give smaller ones.
    seed
        Seed of the search for communities.

    Raises
    ------
    UserError
        When `resolution` is out of its range, or the model has no known interface.
    """

    level = Level.USER_DAY
    causal = True
    reasons = ("outside_share", "new_share", "distant_share", "log_new_contacts", "oddball_ties", "contacts_change")

    def __init__(self, model: Any, resolution: float = 1.0, seed: int = 0) -> None:
        require("detector", resolution=(resolution, above(0)))
        require_outlier_model(model)
        self.model = model
        self.resolution = resolution
        self.seed = seed

    @property
    def threshold_(self) -> float | None:
        """The fitted model's own threshold; None where it has none."""
        return own_threshold(self.model)

    def fit(self, dataset: Dataset) -> Self:
        """Fit the model on the later half of the days of `dataset.history`."""
        history = dataset.history
        middle = (history.start_ms + history.end_ms) // 2
        known, later = Window(history.start_ms, middle), Window(middle, history.end_ms)
        matrix = self._features(dataset, known, later)
        if len(matrix):  # otherwise there are no users to score either
            fitted(self.model, matrix)
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the user-days of `dataset.window` against the graph of `dataset.history`."""
        matrix = self._features(dataset, dataset.history, dataset.window)
        return Scores(self.level, outlier_scores(self.model, matrix))

    def _features(self, dataset: Dataset, known: Window, described: Window) -> FloatArray:
        return days_against(dataset, known, described, resolution=self.resolution, seed=self.seed)
