"""A supervised baseline: a classifier that is trained on labels; it is never ranked."""

from collections.abc import Iterator, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import clone

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Detector, Examples, Level, Scores
from bench.faults import UserError
from bench.levels import Grid
from detectors.features.tables.everything import everything, taken
from detectors.features.tables.feature_levels import level_of
from detectors.order_and_rounding import content_order

TINY = 1e-12
"""Probabilities are kept this far from 0 and 1, so that odds are finite."""


class SupervisedBaseline:
    """Scores each entity by how much more likely it is of a type of anomaly than normal; for `role=supervised` only.

    One classifier a type is trained to tell it from normal entities. The score is the highest log odds that one of them
    gives, less those of its type among the examples: so rare types count as much as frequent ones. The input is
    everything that a detector can open (`features.tables.everything`) and the scores of other detectors.

    Parameters
    ----------
    model
        A classifier with scikit-learn's `fit` and `predict_proba` that takes NaN for what is not known.
    level
        What is scored: call, user_day or cell_quarter; None: what the examples are of.
    members
        Detectors whose scores it sees beside; one that a data set lacks something for is left out there.
    normals
        How many normal entities each classifier is trained on at most, drawn at random, at least 1.
    types
        The types of anomaly that it learns to find; None: all. Where one score has to find several types, normal
        entities that resemble one of them come before entities of another, so each type is found less well.

    Raises
    ------
    UserError
        When the level is unknown, the model is no such classifier, or a member is no detector.
    """

    causal = False

    def __init__(
        self,
        model: Any,
        level: str | None = None,
        *,
        members: Sequence[Any] = (),
        normals: int = 20_000,
        types: Sequence[str] | None = None,
    ) -> None:
        self.level = level_of(level or Level.CALL)
        if not hasattr(model, "predict_proba"):
            raise UserError(f"detector.model must have predict_proba, got {type(model).__name__}")
        if normals < 1:
            raise UserError(f"detector.normals must be at least 1, got {normals}")
        for number, member in enumerate(members):
            if not isinstance(member, Detector):
                raise UserError(f"detector.members[{number}] must be a detector, got {type(member).__name__}")
        self.model = model
        self.normals = normals
        self.types = types
        self.members: list[Detector] = list(members)

    def fit(self, dataset: Dataset) -> Self:
        """Raise an error: a supervised baseline needs labels."""
        raise UserError("role must be supervised for a detector that needs labels, got detector")

    def fit_labelled(self, examples: Sequence[Examples]) -> Self:
        """Fit a classifier for each type that the examples have."""
        self.level = examples[0].level
        normal = np.concatenate([each.normal for each in examples])
        known = sorted({name for each in examples for name in each.of_type})
        names = known if self.types is None else list(self.types)
        if unknown := sorted(set(names) - set(known)):
            raise UserError(f"detector.types must be among {', '.join(known)}, got {', '.join(unknown)}")
        of_type = {
            name: np.concatenate([each.of_type.get(name, np.zeros_like(each.normal)) for each in examples])
            for name in names
        }
        if not normal.any() or not any(its.any() for its in of_type.values()):
            raise UserError("the labelled part must have both normal and anomalous entities to learn from")
        rows = np.concatenate([self.described(each.dataset) for each in examples])
        self.known = ~np.isnan(rows).all(axis=0)  # boosted trees of scikit-learn refuse columns without a number
        order = content_order(np.column_stack([rows, normal, *of_type.values()]))
        drawn = order[normal[order]]
        drawn = drawn[np.linspace(0, drawn.size - 1, min(self.normals, drawn.size)).astype(np.int64)]
        self.fitted = [self._classifier(rows, drawn, order[its[order]]) for its in of_type.values() if its.any()]
        return self

    def _classifier(self, rows: FloatArray, normal: IntArray, its: IntArray) -> tuple[Any, float]:
        """Return a classifier that separates rows from normal rows, and the log odds of the two in training.

        Weights would only shift the log odds, and with them scikit-learn takes three times as long.
        """
        labels = np.repeat([False, True], [normal.size, its.size])
        model = clone(self.model).fit(rows[np.append(normal, its)][:, self.known], labels)
        return model, float(np.log(its.size / normal.size))

    def score(self, dataset: Dataset) -> Scores:
        """Score the entities of `dataset.window`."""
        rows = self.described(dataset)[:, self.known]
        best = np.full(len(rows), -np.inf)
        for model, before in self.fitted if len(rows) else ():
            chance = np.clip(model.predict_proba(rows)[:, 1], TINY, 1 - TINY)
            best = np.maximum(best, np.log(chance / (1 - chance)) - before)
        return Scores(self.level, best)

    def described(self, dataset: Dataset) -> FloatArray:
        """Compute all features of the entities of `dataset.window`, given `dataset.history`."""
        return np.column_stack([everything(dataset, self.level), *self._scores(dataset)])

    def _scores(self, dataset: Dataset) -> Iterator[FloatArray]:
        """Yield the scores of each member for the entities of the window, NaN where it has none."""
        low, high = dataset.call_range(dataset.window)
        size = high - low if self.level is Level.CALL else Grid(self.level, dataset).size
        for member in self.members:
            try:
                scores = member.fit(dataset).score(dataset)
                yield at_level(self.level, scores, dataset)
            except UserError:
                yield np.full(size, np.nan)


def at_level(level: Level, scores: Scores, dataset: Dataset) -> FloatArray:
    """Return scores at another level: aggregated from calls, or copied from the user-day or cell quarter to calls."""
    if scores.level is level:
        return scores.values
    if scores.level is Level.CALL:
        return Grid(level, dataset).aggregated(scores.values)
    if level is not Level.CALL:
        raise UserError(f"scores of {scores.level} say nothing about {level}")
    place: IntArray = Grid(scores.level, dataset).of_calls
    return taken(scores.values[:, None], place)[:, 0]
