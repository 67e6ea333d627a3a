"""Detector of calls on ties that the communities of the call graph make unlikely."""

from dataclasses import dataclass
from functools import cached_property
from math import fsum
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.optimize import brentq
from scipy.special import digamma

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, at_least, require
from detectors.features.graph.call_graph import CallGraph
from detectors.features.sequence.sums import sum_of_latest
from detectors.features.sequence.timeline import Timeline, middle_of

LEAST, MOST = 1e-6, 1e6
PRIOR_CALLS = 5
GRAIN = 2.0**-16
"""Resolution to which surprises are rounded [nat]: smaller differences are rounding errors."""


@dataclass(frozen=True)
class TieModel:
    """Probability distribution of the callee of a caller's next call, given a call graph.

    A Polya urn: with n calls on its ties so far, a caller calls with probability alpha / (n + alpha) any party, drawn
    from a block model, else an earlier contact, with a probability proportional to its number of calls. The block model
    is the degree-corrected one (Karrer & Newman 2011) over the graph's communities; the calls of each block are
    smoothed by one call to anywhere. All parties that are not in the graph count as one, with the Good-Turing weight of
    unseen events: the share of the calls with parties that have one call. alpha is fitted to the number of contacts of
    the callers (Ewens 1972).
    """

    graph: CallGraph

    def surprise(self, caller: IntArray, callee: IntArray) -> FloatArray:
        """Return -ln of the probability of each call's callee, given its caller, shape (calls,)."""
        pairs, index = np.unique(caller * self.graph.parties + callee, return_inverse=True)
        one, other = np.divmod(pairs, max(self.graph.parties, 1))
        calls, known = self.graph.strength[one], self._calls_on(one, other)
        chance = (known + self.alpha * self._by_blocks(one, other)) / (calls + self.alpha)
        return np.asarray(-np.log(chance), np.float64)[index]

    @cached_property
    def alpha(self) -> float:
        """Concentration of the urn [calls], at which the expected number of contacts equals the actual one."""
        present, contacts = self.graph.strength[self.graph.strength > 0], int(self.graph.contacts.sum())
        if contacts == present.size or contacts >= present.sum():
            return LEAST if contacts == present.size else MOST
        calls, many = np.unique(present, return_counts=True)

        def excess(log_alpha: float) -> float:
            alpha = np.exp(log_alpha)
            return float((many * alpha * (digamma(alpha + calls) - digamma(alpha))).sum() - contacts)

        return float(np.exp(brentq(excess, np.log(LEAST), np.log(MOST), xtol=1e-6)))

    def _by_blocks(self, one: IntArray, other: IntArray) -> FloatArray:
        """Return the probability of `other`, shape (pairs,), by the block model."""
        own, its = self.graph.community[one], self.graph.community[other]
        total, of_blocks = max(int(self.graph.strength.sum()), 1), self._block_strength
        into = self._between_blocks[own, its] if one.size else np.empty(0)
        block = (np.asarray(into).ravel() + of_blocks[its] / total) / (of_blocks[own] + 1)
        party = self.graph.strength[other] / np.maximum(of_blocks[its], 1)
        unseen = self._unseen
        return np.where(self.graph.strength[other] > 0, (1 - unseen) * block * party, unseen)

    @property
    def _unseen(self) -> float:
        """Share of the calls with a party never seen before (Good-Turing); half a call if there is none."""
        once = max(float(np.count_nonzero(self.graph.strength == 1)), 0.5)
        return once / (int(self.graph.strength.sum()) + 1)

    @cached_property
    def _block_strength(self) -> IntArray:
        return np.bincount(self.graph.community, self.graph.strength, minlength=self.graph.parties).astype(np.int64)

    @cached_property
    def _between_blocks(self) -> Any:
        one, other = self.graph.community[self.graph.one], self.graph.community[self.graph.other]
        ends = np.concatenate([one, other]), np.concatenate([other, one])
        shape = (self.graph.parties, self.graph.parties)
        return sparse.coo_array((np.tile(self.graph.weights, 2), ends), shape=shape).tocsr()

    def _calls_on(self, one: IntArray, other: IntArray) -> IntArray:
        return np.asarray(self.graph.between[one, other]).ravel() if one.size else np.empty(0, np.int64)


class UnlikelyTie:
    """Scores each call by how unlikely its callee is for its caller, alone and together with earlier calls.

    The surprise of a call is -ln of its probability by `TieModel` for the graph of the history, minus the usual value
    of its caller: the mean surprise of the caller's calls in the later half of the history, given the graph of the
    earlier half. The score is the surprise of the call, plus `run_weight` times the mean over the caller's latest `run`
    calls of the window (the scored one included; missing ones count as usual). Repeated calls to somebody within the
    window do not make that callee more probable.

    Parameters
    ----------
    resolution
        Resolution of the communities, above 0; higher values give smaller ones.
    run
        Number of the caller's latest calls that are averaged, at least 1.
    run_weight
        Weight of their mean relative to the call itself; at least 0.
    seed
        Seed of the search for communities.

    Raises
    ------
    SettingsError
        When a setting is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("other_community", "community_share", "new_tie", "unknown_callee", "shared_contacts")

    def __init__(self, resolution: float = 1.0, run: int = 8, run_weight: float = 2.0, seed: int = 0) -> None:
        require(
            "detector",
            resolution=(resolution, above(0)),
            run=(run, at_least(1)),
            run_weight=(run_weight, at_least(0)),
        )
        self.resolution, self.seed = resolution, seed
        self.run, self.run_weight = run, run_weight

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing: the call graph is computed from the history when scoring."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window` against the graph of `dataset.history`."""
        timeline = Timeline(dataset)
        parties, caller, callee = timeline.parties
        (low, high), scored = dataset.call_range(dataset.history), slice(*dataset.call_range(dataset.window))
        middle = middle_of(timeline.start_ms, low, high)

        def surprise(known: slice, described: slice) -> FloatArray:
            calls = caller[known], callee[known], timeline.start_ms[known]
            graph = CallGraph(parties, *calls, resolution=self.resolution, seed=self.seed)
            return grained(TieModel(graph).surprise(caller[described], callee[described]))

        usual = usual_of(caller[middle:high], surprise(slice(low, middle), slice(middle, high)), parties)
        beyond = grained(surprise(slice(low, high), scored) - usual[caller[scored]])
        recent = np.zeros(caller.size)
        recent[scored] = beyond
        lately = sum_of_latest(timeline.by_caller, recent, self.run - 1)[scored] / self.run
        return Scores(self.level, beyond + self.run_weight * lately)


def usual_of(group: IntArray, values: FloatArray, groups: int) -> FloatArray:
    """Return the mean of each group's values, shrunk by `PRIOR_CALLS` values of the overall mean, shape (groups,)."""
    calls = np.bincount(group, minlength=groups)
    overall = fsum(values) / max(values.size, 1)
    return np.asarray((np.bincount(group, values, groups) + PRIOR_CALLS * overall) / (calls + PRIOR_CALLS), np.float64)


def grained(values: FloatArray) -> FloatArray:
    """Return values rounded to multiples of `GRAIN`, so that their sums are exact in any order."""
    return np.asarray(np.rint(values / GRAIN) * GRAIN, np.float64)
