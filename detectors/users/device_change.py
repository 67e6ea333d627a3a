"""Detector of numbers that change SIM and device and then behave differently."""

from typing import Self

import numpy as np

from bench.arrays import BoolArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from bench.spans import DAY_MS
from detectors.features.sequence.codes import shared_codes
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.sums import sum_of_latest
from detectors.features.sequence.timeline import Timeline


class DeviceChange:
    """Scores each call by whether its SIM and device are new for the caller, and by new contacts and cells since.

    A SIM (IMSI) and a phone (IMEI) count 1 each in calls with them, if the caller, who had called before, first used
    them at most `days` ago; both phones of somebody who alternates between two are soon known. To this is added, over
    the caller's calls since then, the share to parties not called before, and the share from cells not used before.
    Legitimate users seldom change both, and keep calling their contacts.

    Parameters
    ----------
    days
        Time for which a SIM or phone counts as new [days], above 0.
    prior_calls
        Number of additional calls since then that are assumed, without anything new; above 0.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("new_device", "new_sim", "new_contact", "new_cell")

    def __init__(self, days: float = 3.0, prior_calls: float = 2.0) -> None:
        require("detector", days=(days, above(0)), prior_calls=(prior_calls, above(0)))
        self.span_ms = round(days * DAY_MS)
        self.prior_calls = prior_calls

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the past is read again when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        timeline = Timeline(dataset)
        calls = dataset.table("calls", ["caller_imsi", "caller_imei", "first_cell_id"])
        sim, phone, cell = (shared_codes(calls, name)[1][0] for name in calls.column_names)
        groups = timeline.by_caller
        changes = [first_use(timeline, each) for each in (sim, phone)]
        lately = [(each >= 0) & (timeline.start_ms - timeline.start_ms[each] <= self.span_ms) for each in changes]
        latest = np.where(lately[0] | lately[1], np.maximum(*changes), -1)
        new_party, new_cell = (
            new_since(timeline.grouped(timeline.parties[1] * (each.max(initial=0) + 1) + each), latest)
            for each in (timeline.parties[2], cell)
        )
        before = np.where(latest >= 0, groups.earlier() - groups.earlier()[latest], 0)
        novelty = sum_of_latest(groups, new_party + 1.0 * new_cell, before) / (before + 1 + self.prior_calls)
        score = np.sum(lately, axis=0) + np.where(latest >= 0, novelty, 0.0)
        return Scores(self.level, np.asarray(score[slice(*dataset.call_range(dataset.window))], np.float64))


def first_use(timeline: Timeline, value: IntArray) -> IntArray:
    """Return the first row in which the caller of each row used its value; -1 for the caller's very first value."""
    callers = timeline.by_caller
    own = timeline.grouped(callers.key * (value.max(initial=0) + 1) + value)
    first = np.empty(value.size, np.int64)
    first[own.order] = own.order[own.first]
    return np.where(callers.earlier()[first] > 0, first, -1)


def new_since(groups: Groups, since: IntArray) -> BoolArray:
    """Return whether the first row of each row's group is not before row `since` (rows,); -1 for never."""
    first = np.empty(groups.key.size, np.int64)
    first[groups.order] = groups.order[groups.first]
    return np.asarray((since >= 0) & (first >= since), np.bool_)
