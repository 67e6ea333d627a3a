"""The interface of a detector; no base class, no registration: a dotted path in a YAML file is enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol, Self, runtime_checkable

import numpy as np

from bench.arrays import BoolArray, FloatArray
from bench.dataset import Dataset


class Level(StrEnum):
    """Level of scores: what one score is about."""

    CALL = "call"
    USER_DAY = "user_day"
    CELL_QUARTER = "cell_quarter"


@dataclass(frozen=True)
class Scores:
    """One finite score for each entity of the scored window; higher means more anomalous.

    At `Level.CALL` the entities are the calls that start in the window, in the order of the table. At the other levels
    they are the grid of `bench.levels`: of each user in the order of `users` every local day of the window; of each
    cell in the order of `cells` every quarter hour.
    """

    level: Level
    values: FloatArray
    """Shape (entities,), float64."""
    threshold: float | None = None
    """The detector's own threshold, if it has one: scores at or above it are alerts. The harness fills this in."""
    causal: bool = False
    """Whether each score uses only the past of the record that it describes. The harness fills this in."""
    above: Mapping[Level, FloatArray] = field(default_factory=dict)
    """Scores of the levels above calls that are not the maximum over calls; only the oracle has them."""


@runtime_checkable
class Detector(Protocol):
    """A detector of anomalies; higher scores mean more anomalous."""

    @property
    def level(self) -> Level:
        """Level of its scores."""

    @property
    def causal(self) -> bool:
        """Whether a score uses nothing later than the record that it describes."""

    def fit(self, dataset: Dataset) -> Self:
        """Learn from `dataset.history`; there are no labels."""

    def score(self, dataset: Dataset) -> Scores:
        """Score `dataset.window`."""


@runtime_checkable
class Thresholded(Protocol):
    """A detector that has a threshold of its own once it is fitted; for the threshold policy `detector`."""

    @property
    def threshold_(self) -> float | None:
        """The lowest score that is an alert; None if its model has no threshold."""


@dataclass(frozen=True)
class Examples:
    """Labelled records of one world, or of a part of it, on which a supervised baseline is trained."""

    dataset: Dataset
    """Data set whose window holds the entities; its history is the data known in addition."""
    level: Level
    """Level of the entities: the setting `detector.level`, or the home level of most types of the world."""
    normal: BoolArray
    """Whether each entity of the window is normal, shape (entities,)."""
    of_type: Mapping[str, BoolArray]
    """For each anomaly type, which entities have it and no other, shape (entities,)."""

    @property
    def anomalous(self) -> BoolArray:
        """Whether each entity has exactly one of the types, shape (entities,)."""
        found = np.zeros_like(self.normal)
        for its in self.of_type.values():
            found |= its
        return found


@runtime_checkable
class Supervised(Protocol):
    """A detector that may be fitted with labels: a supervised baseline (`role=supervised`), which is never ranked."""

    def fit_labelled(self, examples: Sequence[Examples]) -> Self:
        """Learn from labelled entities of other worlds (`training_seeds`), or of both halves of the history."""


def with_threshold_and_causality(scores: Scores, detector: Detector) -> Scores:
    """Return scores with two properties of the fitted detector: its threshold, and whether it is causal."""
    own = detector.threshold_ if isinstance(detector, Thresholded) else None
    return replace(scores, threshold=None if own is None else float(own), causal=bool(detector.causal))
