"""Detector of callers who replace their contacts by new ones."""

from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from detectors.features.sequence.sums import sum_of_latest, surprise_of_share
from detectors.features.sequence.timeline import Timeline

BUCKETS = 24


class NewContacts:
    """Scores each call by how unlikely the number of new contacts among the caller's latest calls is.

    The probability that the n-th call of a caller goes to a new contact is learnt from all callers of the history, by
    powers of two of n, since new callers have no contacts yet. A caller's own share is estimated from its earlier
    calls, with `prior_calls` additional calls assumed at that probability. The score is -log10 of the probability that
    a binomial variable reaches the number of new contacts among the latest calls.

    Parameters
    ----------
    calls
        Number of the caller's latest calls, the scored one included; at least 1.
    prior_calls
        Number of additional earlier calls assumed for each caller, with the probability of all callers; above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("new_contact", "contacts_last_day", "contact_share")

    def __init__(self, calls: int = 10, prior_calls: float = 20.0) -> None:
        require("detector", calls=(calls, above(0)), prior_calls=(prior_calls, above(0)))
        self.calls, self.prior_calls = int(calls), prior_calls

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the past is read again when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        groups = timeline.by_caller
        new = (timeline.by_pair.earlier() == 0).astype(np.int64)
        history, scored = (slice(*dataset.call_range(part)) for part in (dataset.history, dataset.window))
        bucket = np.minimum(np.log2(groups.earlier() + 1).astype(np.int64), BUCKETS - 1)
        made = np.bincount(bucket[history], minlength=BUCKETS)
        likely = (np.bincount(bucket[history], new[history], BUCKETS) + 1) / (made + 2)
        count = sum_of_latest(groups, new, self.calls - 1)
        latest = np.minimum(groups.earlier() + 1, self.calls)
        before = groups.earlier() + 1 - latest
        new_before = groups.earlier_sum(new) + new - count
        share = (new_before + self.prior_calls * likely[bucket]) / (before + self.prior_calls)
        return Scores(self.level, surprise_of_share(count, latest.astype(np.float64), np.minimum(share, 0.999))[scored])
