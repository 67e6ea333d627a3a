"""A supervised baseline: a classifier fitted with the labels of the history; it is never ranked."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Self

import numpy as np

from bench.arrays import BoolArray, FloatArray, IntArray
from bench.dataset import Dataset, Window
from bench.detector import Detector, Level, Scores
from bench.faults import UserError
from bench.levels import Grid
from bench.spans import DAY_MS
from detectors.features.tables.everything import everything, taken
from detectors.features.tables.feature_levels import level_of
from detectors.order_and_rounding import content_order


class SupervisedBaseline:
    """Scores each entity by the chance of being anomalous that a classifier gives it; for `role=supervised` only.

    Its input is everything that a detector can open (`features.tables.everything`) and the scores of other detectors.
    Each half of the history is described with the other half as what is known before: in a graph that contains the
    calls themselves no tie would be new, as ties of the scored window are.

    Parameters
    ----------
    model
        A classifier with scikit-learn's `fit` and `predict_proba` that takes NaN for what is not known.
    level
        What is scored: call, user_day or cell_quarter.
    members
        Detectors whose scores it sees beside; one that a data set lacks something for is left out there.

    Raises
    ------
    UserError
        When the level is unknown, the model is no such classifier, or a member is no detector.
    """

    causal = False

    def __init__(self, model: Any, level: str = "call", members: Sequence[Any] = ()) -> None:
        self.level = level_of(level)
        if not hasattr(model, "predict_proba"):
            raise UserError(f"detector.model must have predict_proba, got {type(model).__name__}")
        for number, member in enumerate(members):
            if not isinstance(member, Detector):
                raise UserError(f"detector.members[{number}] must be a detector, got {type(member).__name__}")
        self.model = model
        self.members: list[Detector] = list(members)

    def fit(self, dataset: Dataset) -> Self:
        """Refuse: there is nothing to learn without labels."""
        raise UserError("role must be supervised for a detector that needs labels, got detector")

    def fit_labelled(self, dataset: Dataset, anomalous: BoolArray) -> Self:
        """Fit the classifier on the entities of `dataset.history`."""
        if anomalous.all() or not anomalous.any():
            raise UserError("the history must have both normal and anomalous calls to learn from")
        parts = [(self.described(half), labels_of(half, self.level, dataset, anomalous)) for half in halves(dataset)]
        return self.fit_described(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def fit_described(self, rows: FloatArray, anomalous: BoolArray) -> Self:
        """Fit the classifier on rows that `described` gave, of one world or of several."""
        order = content_order(np.column_stack([rows, anomalous]))
        self.known = ~np.isnan(rows).all(axis=0)  # boosted trees of scikit-learn refuse columns without a number
        self.model.fit(rows[order][:, self.known], anomalous[order])
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the entities of `dataset.window`."""
        rows = self.described(dataset)
        chances = self.model.predict_proba(rows[:, self.known])[:, 1] if len(rows) else np.empty(0)
        return Scores(self.level, np.asarray(chances, np.float64))

    def described(self, dataset: Dataset) -> FloatArray:
        """Describe the entities of `dataset.window`, with `dataset.history` as what is known."""
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


def halves(dataset: Dataset) -> list[Dataset]:
    """Return both halves of the history, by whole days, as windows; each with the other half as its history."""
    begin, end = dataset.history.start_ms, dataset.history.end_ms
    middle = begin + max((end - begin) // DAY_MS // 2, 1) * DAY_MS
    early, late = Window(begin, min(middle, end)), Window(min(middle, end), end)
    return [replace(dataset, history=late, window=early), replace(dataset, history=early, window=late)]


def labels_of(half: Dataset, level: Level, dataset: Dataset, labels: BoolArray) -> BoolArray:
    """Return those labels of the entities of the history of `dataset` that are about a half of it."""
    if level is Level.CALL:
        low = dataset.call_range(dataset.history)[0]
        first, last = (position - low for position in half.call_range(half.window))
        return labels[first:last]
    whole, part = Grid(level, replace(dataset, window=dataset.history)), Grid(level, half)
    first = part.first - whole.first
    return labels.reshape(len(whole.subjects), whole.spans)[:, first : first + part.spans].ravel()


def at_level(level: Level, scores: Scores, dataset: Dataset) -> FloatArray:
    """Return scores at another level: aggregated from calls, or for calls those of the caller's day or cell quarter."""
    if scores.level is level:
        return scores.values
    if scores.level is Level.CALL:
        return Grid(level, dataset).aggregated(scores.values)
    if level is not Level.CALL:
        raise UserError(f"scores of {scores.level} say nothing about {level}")
    place: IntArray = Grid(scores.level, dataset).of_calls
    return taken(scores.values[:, None], place)[:, 0]
