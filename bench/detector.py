"""What a detector is. Nothing to inherit and nothing to register: a dotted path in a YAML file is enough."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from bench.dataset import Dataset

FloatArray = np.ndarray[Any, np.dtype[np.float64]]


class Level(StrEnum):
    """What a score is about."""

    CALL = "call"
    USER_DAY = "user_day"
    CELL_QUARTER = "cell_quarter"


@dataclass(frozen=True)
class Scores:
    """One finite score for each entity of the scored window; higher means more anomalous.

    At `Level.CALL` the entities are the calls that start in the window, in the order of the table.
    """

    level: Level
    values: FloatArray
    """Shape (entities,), float64."""


@runtime_checkable
class Detector(Protocol):
    """A detector of anomalies; higher scores mean more anomalous."""

    @property
    def level(self) -> Level:
        """What its scores are about."""

    @property
    def causal(self) -> bool:
        """Whether a score uses nothing later than what it describes."""

    def fit(self, dataset: Dataset) -> Self:
        """Learn from `dataset.history`; there are no labels."""

    def score(self, dataset: Dataset) -> Scores:
        """Score `dataset.window`."""
