"""Detector of new numbers that are very active from the start."""

from typing import Self

import numpy as np

from bench.arrays import IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.spans import DAY_MS
from detectors.features.sequence.timeline import Timeline


class Newcomer:
    """Scores each call by its caller's call rate and how late and how recently the caller first appeared in the data.

    A number appears when it first calls or is called. The days from the start of the data until then are its silence,
    those since then its age. Its pace is the number of its calls so far, divided by (age + 1 day). The score is ln(1 +
    pace x silence / (age + 1 day)): long-standing users have no silence, normal new users a lower pace, and for a new
    call centre the age soon dominates.
    """

    level = Level.CALL
    causal = True
    reasons = ("calls_last_day", "contacts_last_day", "new_contact", "outside")

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the past is read again when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline, scored = Timeline(dataset), slice(*dataset.call_range(dataset.window))
        parties, caller, callee = timeline.parties
        heard_ms = first_heard(parties, caller, callee, timeline.start_ms)[caller]
        silence = (heard_ms - dataset.clock.start_ms) / DAY_MS
        days = (timeline.start_ms - heard_ms) / DAY_MS + 1
        calls = timeline.by_caller.earlier() + 1
        return Scores(self.level, np.log1p(calls / days * np.maximum(silence, 0.0) / days)[scored])


def first_heard(parties: int, caller: IntArray, callee: IntArray, start_ms: IntArray) -> IntArray:
    """Return the time of each party's first call, made or received, shape (parties,), ms as `start_ms`."""
    found = np.full(parties, np.iinfo(np.int64).max)
    for party in (caller, callee):
        np.minimum.at(found, party, start_ms)
    return found
