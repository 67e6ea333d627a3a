"""The graph of who called whom, its communities, and features of a call against them."""

import random
from functools import cached_property
from typing import Any

import igraph
import numpy as np
from scipy import sparse

from bench.arrays import FloatArray, IntArray
from bench.host.igraph_randomness import igraph_drawing_from
from detectors.features.graph.party_digests import colours

FEATURES = (
    ("other_community", "0/1", "the callee is not of the caller's community"),
    ("community_share", "1", "share of the caller's calls in the graph that go into the callee's community"),
    ("outside_share", "1", "share of the caller's calls in the graph that leave its own community"),
    ("new_tie", "0/1", "neither has called the other in the graph"),
    ("unknown_callee", "0/1", "the callee does not occur in the graph"),
    ("shared_contacts", "1", "contacts that caller and callee share, of all contacts of either (Jaccard)"),
    ("log_callee_degree", "ln", "ln(1 + number of the callee's contacts)"),
)
"""Name, unit and meaning of each feature, in the order of the columns."""
ROWS_AT_ONCE = 200_000


class CallGraph:
    """Call graph: parties are linked if one called the other, weighted by calls, and grouped in communities.

    Communities are those of the Leiden algorithm (Traag, Waltman & van Eck 2019) for modularity, two iterations. It
    processes parties in the order of their digests (`party_digests`), so the same calls and seed always give the same
    communities, whatever the codes of the parties and the order of the calls. Codes only decide between parties that
    have calls at the same times and equivalent positions in the graph. Everything is computed when first needed.

    Parameters
    ----------
    parties
        Number of parties; those without a call in the graph are isolated nodes.
    caller, callee
        Shape (calls,): codes, 0 .. parties - 1, of the parties of each call of the graph.
    start_ms
        Shape (calls,): start of each call; only needed for communities, to distinguish equivalent parties.
    resolution
        Resolution of the modularity, above 0; higher values give smaller communities.
    seed
        Seed of the algorithm.
    """

    def __init__(
        self,
        parties: int,
        caller: IntArray,
        callee: IntArray,
        start_ms: IntArray | None = None,
        *,
        resolution: float = 1.0,
        seed: int = 0,
    ) -> None:
        self.parties = parties
        self.caller, self.callee = caller, callee
        self.start_ms = np.zeros(caller.size, np.int64) if start_ms is None else start_ms
        self.resolution, self.seed = resolution, seed
        upper = sparse.triu(self.between, k=1, format="coo")
        self.one, self.other = upper.row.astype(np.int64), upper.col.astype(np.int64)
        self.weights: IntArray = upper.data
        self.ties = self.one * parties + self.other

    @cached_property
    def made(self) -> Any:
        """Number of calls that each party made to each other: a sparse matrix, shape (parties, parties)."""
        apart = self.caller != self.callee
        ends = self.caller[apart], self.callee[apart]
        return sparse.coo_array((np.ones(ends[0].size, np.int64), ends), shape=(self.parties,) * 2).tocsr()

    @cached_property
    def between(self) -> Any:
        """Number of calls between each two parties: a symmetric sparse matrix, shape (parties, parties)."""
        return self.made + self.made.T.tocsr()

    @cached_property
    def adjacency(self) -> Any:
        """The ties as a symmetric sparse matrix of ones, shape (parties, parties)."""
        pattern = self.between.copy()
        pattern.data = np.ones(pattern.data.size, np.int32)
        return pattern

    @cached_property
    def contacts(self) -> IntArray:
        """Shape (parties,): number of ties of each party."""
        return np.asarray(np.diff(self.between.indptr), np.int64)

    @cached_property
    def strength(self) -> IntArray:
        """Shape (parties,): number of calls on the ties of each party."""
        return np.asarray(self.between.sum(axis=1), np.int64)

    @cached_property
    def undirected(self) -> igraph.Graph:
        """The ties as an undirected igraph graph."""
        # igraph reads a list of pairs in a third of the time of an array
        return igraph.Graph(n=self.parties, edges=list(zip(self.one.tolist(), self.other.tolist(), strict=True)))

    @cached_property
    def community(self) -> IntArray:
        """Shape (parties,): number of each party's community; a party without a tie forms its own."""
        tied = np.flatnonzero(self.contacts)
        moments = self.start_ms - self.start_ms.min(initial=np.iinfo(np.int64).max)
        colour = colours(self.parties, self.caller, self.callee, moments, self.between)
        place = np.full(self.parties, -1, np.int64)
        place[tied[np.argsort(colour[tied], kind="stable")]] = np.arange(tied.size)
        ends = np.sort(np.stack([place[self.one], place[self.other]]), axis=0)
        order = np.lexsort(ends[::-1])
        graph = igraph.Graph(n=tied.size, edges=list(zip(*ends[:, order].tolist(), strict=True)))
        with igraph_drawing_from(random.Random(self.seed)):
            found = graph.community_leiden(
                "modularity", weights=self.weights[order].tolist(), resolution=self.resolution
            )
        alone = place < 0
        place[alone] = tied.size + np.arange(self.parties - tied.size)
        return np.append(np.array(found.membership, np.int64), place[alone])[place]

    def shared_contacts(self, one: IntArray, other: IntArray) -> IntArray:
        """Return the number of common contacts of two parties, shape of both."""
        counts = [
            self.adjacency[one[start : start + ROWS_AT_ONCE]]
            .multiply(self.adjacency[other[start : start + ROWS_AT_ONCE]])
            .sum(axis=1)
            for start in range(0, one.size, ROWS_AT_ONCE)
        ]
        return np.concatenate([np.empty(0, np.int64), *counts])

    def features(self, caller: IntArray, callee: IntArray) -> FloatArray:
        """Compute features of calls from the caller's and the callee's place in this graph.

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
        columns = [
            own != other,
            self._calls_into(caller, other) / calls,
            1 - self._calls_into(caller, own) / calls,
            ~self.tied(caller, callee),
            self.contacts[callee] == 0,
            self._overlap(caller, callee),
            np.log1p(self.contacts[callee]),
        ]
        return np.column_stack([np.asarray(column, np.float64) for column in columns])

    def tied(self, one: IntArray, other: IntArray) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Return whether either party called the other in the graph, shape of both."""
        return _found(self._unordered(one, other), self.ties)[1]

    def _overlap(self, one: IntArray, other: IntArray) -> FloatArray:
        shared = self.shared_contacts(one, other)
        either = self.contacts[one] + self.contacts[other] - shared
        return np.where(one == other, 1.0, shared / np.maximum(either, 1))

    def _calls_into(self, caller: IntArray, community: IntArray) -> IntArray:
        """Return the number of calls in the graph from each caller into a community, shape of both."""
        keys, counts = self._calls_by_community
        place, known = _found(caller * self.parties + community, keys)
        return np.where(known, counts[place], 0) if keys.size else np.zeros_like(caller)

    @cached_property
    def _calls_by_community(self) -> tuple[IntArray, IntArray]:
        return np.unique(self.caller * self.parties + self.community[self.callee], return_counts=True)

    def _unordered(self, one: IntArray, other: IntArray) -> IntArray:
        return np.minimum(one, other) * self.parties + np.maximum(one, other)


def _found(wanted: IntArray, among: IntArray) -> "tuple[IntArray, np.ndarray[Any, np.dtype[np.bool_]]]":
    """Return the position of each wanted number in an ascending array, and whether it is there."""
    if not among.size:
        return np.zeros_like(wanted), np.zeros(wanted.shape, np.bool_)
    place = np.minimum(np.searchsorted(among, wanted), among.size - 1)
    return place, among[place] == wanted
