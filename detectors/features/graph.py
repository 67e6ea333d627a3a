"""The graph of who called whom, its communities, and features of a call against them."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

import igraph
import numpy as np

from bench.detector import FloatArray
from detectors.features.codes import IntArray

FEATURES = (
    ("other_community", "0/1", "the callee is not of the caller's community"),
    ("community_share", "1", "share of the caller's calls in the graph that go into the callee's community"),
    ("outside_share", "1", "share of the caller's calls in the graph that leave its own community"),
    ("new_tie", "0/1", "neither has called the other in the graph"),
    ("unknown_callee", "0/1", "the callee does not occur in the graph"),
    ("overlap", "1", "contacts that caller and callee share, of all contacts of either (Jaccard)"),
    ("log_callee_degree", "ln", "ln(1 + number of the callee's contacts)"),
)
"""Name, unit and meaning of each feature, in the order of the columns."""


class CallGraph:
    """Parties joined where one called the other, weighted by the calls between them, in communities.

    Communities are those of the Leiden algorithm (Traag, Waltman & van Eck 2019) for modularity, two iterations. The
    same calls and seed always give the same communities.

    Parameters
    ----------
    parties
        How many parties codes may name; those without a call in the graph are unknown to it.
    caller, callee
        Shape (calls,): codes, 0 .. parties - 1, of the parties of each call that makes the graph.
    resolution
        Resolution of the modularity, above 0; more makes smaller communities.
    seed
        Seed of the algorithm.
    """

    def __init__(self, parties: int, caller: IntArray, callee: IntArray, *, resolution: float, seed: int) -> None:
        self.parties = parties
        self.caller, self.callee = caller, callee
        pairs = self._unordered(caller, callee)
        self.ties, self.weights = np.unique(pairs[caller != callee], return_counts=True)
        ends = np.column_stack([self.ties // parties, self.ties % parties]) if parties else np.empty((0, 2), np.int64)
        self.graph = igraph.Graph(n=parties, edges=ends)
        with _drawing_from(random.Random(seed)):
            found = self.graph.community_leiden("modularity", weights=self.weights.tolist(), resolution=resolution)
        self.community = np.array(found.membership, np.int64)

    def features(self, caller: IntArray, callee: IntArray) -> FloatArray:
        """Describe calls by where they go in this graph.

        Parameters
        ----------
        caller, callee
            Shape (calls,): codes of the parties of the calls to describe.

        Returns
        -------
        FloatArray
            Shape (calls, len(FEATURES)), finite.
        """
        if not caller.size:
            return np.empty((0, len(FEATURES)))
        pairs, index = np.unique(caller * self.parties + callee, return_inverse=True)
        return self._of_pairs(pairs // self.parties, pairs % self.parties)[index]

    def _of_pairs(self, caller: IntArray, callee: IntArray) -> FloatArray:
        own, other = self.community[caller], self.community[callee]
        calls = np.maximum(np.bincount(self.caller, minlength=self.parties)[caller], 1)
        degree = np.array(self.graph.degree())[callee]
        columns = [
            own != other,
            self._calls_into(caller, other) / calls,
            1 - self._calls_into(caller, own) / calls,
            ~np.isin(self._unordered(caller, callee), self.ties),
            degree == 0,
            self.graph.similarity_jaccard(pairs=np.column_stack([caller, callee]), loops=False),
            np.log1p(degree),
        ]
        return np.column_stack([np.asarray(column, np.float64) for column in columns])

    def _calls_into(self, caller: IntArray, community: IntArray) -> IntArray:
        """Return how many calls of the graph each caller made into a community, shape of both."""
        keys, counts = self._calls_by_community
        wanted = caller * self.parties + community
        place = np.minimum(np.searchsorted(keys, wanted), max(keys.size - 1, 0))
        return np.where(keys[place] == wanted, counts[place], 0) if keys.size else np.zeros_like(wanted)

    @cached_property
    def _calls_by_community(self) -> tuple[IntArray, IntArray]:
        return np.unique(self.caller * self.parties + self.community[self.callee], return_counts=True)

    def _unordered(self, one: IntArray, other: IntArray) -> IntArray:
        return np.minimum(one, other) * self.parties + np.maximum(one, other)


@contextmanager
def _drawing_from(source: random.Random) -> Iterator[None]:
    """Let igraph draw from `source`, and afterwards from Python's own generator, as it does by default."""
    igraph.set_random_number_generator(source)
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
