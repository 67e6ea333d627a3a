"""A run's result together with its inputs, for figures and reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.evaluation.cut import Cut
from bench.evaluation.incidents import Moments
from bench.evaluation.sample import ALL, Sample
from bench.levels import Grid
from bench.result import Result
from bench.schema import ORIGINS
from bench.truth import CallLabels, Truth


@dataclass(frozen=True)
class Alerts:
    """Threshold of the alerts, and the policy that set it."""

    policy: str
    cut: Cut


@dataclass(frozen=True)
class LevelOutcome:
    """Scores at one level, with their truth and threshold."""

    sample: Sample
    scores: FloatArray
    """Shape (entities,), finite."""
    cut: Cut
    moments: Moments
    """Ends of entities and starts of incidents."""
    grid: Grid | None = None
    """The grid of a level above calls."""
    aggregated: bool = False
    """Whether each score is the highest of the entity's calls."""

    @cached_property
    def alerted(self) -> BoolArray:
        """Shape (entities,): which are alerts; one fixed random choice where the threshold divides ties."""
        return self.cut.drawn(self.scores)

    @cached_property
    def order(self) -> IntArray:
        """Shape (entities,): entities from the highest score down; among equal scores, alerts come first."""
        return np.lexsort((~self.alerted, -self.scores))

    @cached_property
    def rank(self) -> IntArray:
        """Shape (entities,): position of each entity in that order, from 1."""
        rank = np.empty(self.scores.size, np.int64)
        rank[self.order] = np.arange(1, self.scores.size + 1)
        return rank

    def tied(self, entities: IntArray) -> IntArray:
        """Return, for some entities, how many have the same score, themselves included."""
        ascending, its = self.scores[self.order[::-1]], self.scores[entities]
        return np.searchsorted(ascending, its, side="right") - np.searchsorted(ascending, its, side="left")


@dataclass(frozen=True)
class Outcome:
    """A result together with the data from which it was computed, for drawing."""

    result: Result
    dataset: Dataset
    truth: Truth
    labels: CallLabels
    scores: Scores | None = None
    alerts: Alerts | None = None
    sample: Sample | None = None
    """The truth at the level of the scores."""
    levels: Mapping[Level, LevelOutcome] = field(default_factory=dict)
    """Each level that the scores reach; none where there are no scores."""
    incidents: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    """Rows of the incidents, in their table, that have a record in the scored part, at any level."""
    labelled: bool = True
    """Whether the truth is known: your own records may have no labels."""

    @property
    def is_recorded(self) -> bool:
        """Whether the calls were read from files of call records."""
        return (self.dataset.folder.parent / f"{ORIGINS.name}.parquet").exists()

    def type_sample(self, anomaly_type: str | None) -> tuple[Any, FloatArray]:
        """Return which entities are positive, and their scores, for one type against normal (None: all types).

        Records of other types and collateral records are left out. Both arrays have shape (kept,).
        """
        if self.scores is None or self.sample is None:
            raise ValueError("a run that failed has no scores")
        positive = np.zeros(self.sample.normal.size, np.bool_)
        positive[self.sample.incident_parts(anomaly_type or ALL)[0]] = True
        kept = positive | self.sample.normal
        return positive[kept], self.scores.values[kept]
