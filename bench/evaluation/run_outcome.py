"""A run's result together with its inputs, for figures and reports."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Scores
from bench.evaluation.cut import Cut
from bench.evaluation.sample import ALL, Sample
from bench.result import Result
from bench.truth import CallLabels, Truth


@dataclass(frozen=True)
class Alerts:
    """The threshold of alerts, and what set it."""

    policy: str
    cut: Cut


@dataclass(frozen=True)
class Outcome:
    """A result with the data that it was computed from, for drawing."""

    result: Result
    dataset: Dataset
    truth: Truth
    labels: CallLabels
    scores: Scores | None = None
    alerts: Alerts | None = None
    sample: Sample | None = None
    """The truth at the level of the scores."""
    labelled: bool = True
    """Whether the truth is known: records of one's own may come without."""

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
