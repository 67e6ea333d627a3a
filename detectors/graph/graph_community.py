"""Detector of calls between communities of the call graph."""

from typing import Any, Self

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from detectors.features.graph.call_graph import FEATURES, CallGraph
from detectors.features.graph.graph_features import check_graph_names, graph_features
from detectors.features.sequence.timeline import Timeline, middle_of
from detectors.models.outlier_models import fitted, outlier_scores, own_threshold, require_outlier_model


class GraphCommunity:
    """Scores each call by an outlier model on features of the call in the graph of earlier calls.

    The model is fitted on the second half of the history's calls, with features from the graph of the first half: in a
    graph that contains the call itself, no tie would be new. Features of the window's calls come from the graph of the
    whole history. Communities and ties do not depend on times and durations.

    Parameters
    ----------
    model
        An outlier model with PyOD's or scikit-learn's interface (`detectors.models.outlier_models`).
    features
        Names out of `detectors.features.graph.graph_features.FEATURES`; those of calls when left out.
    resolution
        Resolution of the communities, above 0; higher values give smaller ones.
    seed
        Seed of the search for communities.

    Raises
    ------
    UserError
        When `resolution` is out of its range, a feature is unknown, or the model has no known interface.
    """

    level = Level.CALL
    causal = True

    def __init__(self, model: Any, features: list[str] | None = None, resolution: float = 1.0, seed: int = 0) -> None:
        require("detector", resolution=(resolution, above(0)))
        require_outlier_model(model)
        self.features = [name for name, _, _ in FEATURES] if features is None else list(features)
        check_graph_names(self.features)
        self.model = model
        self.resolution = resolution
        self.seed = seed

    @property
    def threshold_(self) -> float | None:
        """The fitted model's own threshold; None where it has none."""
        return own_threshold(self.model)

    def fit(self, dataset: Dataset) -> Self:
        """Fit the model on the later half of the calls of `dataset.history`."""
        low, high = dataset.call_range(dataset.history)
        middle = middle_of(Timeline(dataset).start_ms, low, high)
        fitted(self.model, self._features(dataset, (low, middle), (middle, high)))
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window` against the graph of `dataset.history`."""
        described = dataset.call_range(dataset.window)
        matrix = self._features(dataset, dataset.call_range(dataset.history), described)
        return Scores(self.level, outlier_scores(self.model, matrix))

    def _features(self, dataset: Dataset, known: tuple[int, int], described: tuple[int, int]) -> FloatArray:
        """Return features of the calls at positions `described` against the graph of those at positions `known`."""
        timeline = Timeline(dataset)
        parties, caller, callee = timeline.parties
        past, those = slice(*known), slice(*described)
        calls = caller[past], callee[past], timeline.start_ms[past]
        graph = CallGraph(parties, *calls, resolution=self.resolution, seed=self.seed)
        return graph_features(graph, caller[those], callee[those], self.features)
