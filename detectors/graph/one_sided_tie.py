"""Detector of new ties that are used in one direction only."""

import numpy as np

from bench.dataset import Dataset
from bench.detector import Scores
from detectors.features.graph.call_graph import CallGraph
from detectors.features.sequence.sums import counted_before, sum_within
from detectors.features.sequence.timeline import Timeline
from detectors.trailing_days import TrailingDays


class OneSidedTie(TrailingDays):
    """Scores each call by how much its caller uses a tie that is not in the call graph of the history.

    People call back, and get to know each other through common contacts (triadic closure). The score is the number of
    the caller's calls to the callee within the last `days`, divided by one plus the number of their common contacts in
    the history; it is 0 if they had a tie in the history, if either was not in it, or if the callee has called the
    caller since.

    Parameters
    ----------
    days
        Length of the span, above 0.

    Raises
    ------
    SettingsError
        When `days` is out of its range.
    """

    reasons = ("new_tie", "shared_contacts", "other_community", "reciprocated", "contact_share")

    def __init__(self, days: float = 5.0) -> None:
        super().__init__(days)

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window` against the graph of `dataset.history`."""
        timeline = Timeline(dataset)
        parties, caller, callee = timeline.parties
        past, scored = (slice(*dataset.call_range(part)) for part in (dataset.history, dataset.window))
        graph = CallGraph(parties, caller[past], callee[past])
        used = sum_within(timeline.by_pair, np.ones(caller.size), timeline.start_ms, self.span_ms)[scored]
        time, one, other = timeline.start_ms[scored], caller[scored], callee[scored]
        back = counted_before(one * parties + other, time, other * parties + one, time) > 0
        known = (graph.contacts[one] > 0) & (graph.contacts[other] > 0)
        odd = known & ~graph.tied(one, other) & ~back
        return Scores(self.level, np.where(odd, used / (1.0 + graph.shared_contacts(one, other)), 0.0))
