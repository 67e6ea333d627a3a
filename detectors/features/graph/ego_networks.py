"""Features of each party of a call graph: its ego network, its bridging, its PageRank and core number."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from scipy import sparse

from bench.arrays import FloatArray, IntArray
from detectors.features.graph.call_graph import ROWS_AT_ONCE, CallGraph

DAMPING = 0.85
STEPS, CLOSE = 150, 1e-10
WHOLE = 2**60
BUCKETS_AN_OCTAVE = 2
FEATURES = (
    ("log_contacts", "ln", "ln(1 + number of contacts)"),
    ("reciprocity", "1", "share of the parties called that have called back"),
    ("density", "1", "ties among the contacts, of all that there could be; 0 below two contacts"),
    ("star", "1", "share of the contacts that know none of the others; 0 below two contacts"),
    ("bridge", "1", "1 - sum over communities of (share of the contacts there) squared (Guimera & Amaral 2005)"),
    ("oddball_ties", "ln", "ties of the ego net against those usual for its contacts (Akoglu et al. 2010, E ~ N^a)"),
    ("oddball_calls", "ln", "calls of the ego net against those usual for its ties (Akoglu et al. 2010, W ~ E^b)"),
    ("log_pagerank", "ln", "ln(PageRank x parties), by calls, damping 0.85; 0 for a party without a tie"),
    ("core", "1", "core number: the party is in a circle of ties where each has at least so many"),
)
"""Name, unit and meaning of each feature, in the order of the columns."""


@dataclass(frozen=True)
class PowerLaw:
    """y = exp(intercept) x^slope, through the medians of y over logarithmic buckets of x, as OddBall fits it."""

    slope: float
    intercept: float

    @classmethod
    def through(cls, x: IntArray, y: IntArray) -> Self:
        """Fit the law to x, y, shape (n,), where both are above 0; y = x where there is nothing to fit."""
        fit = (x > 0) & (y > 0)
        if not fit.any():
            return cls(1.0, 0.0)
        log_x, log_y = np.log(x[fit]), np.log(y[fit])
        _, bucket = np.unique(np.floor(log_x / np.log(2) * BUCKETS_AN_OCTAVE), return_inverse=True)
        groups = [bucket == each for each in range(bucket.max() + 1)]
        middle = np.array([[np.median(log_x[group]), np.median(log_y[group])] for group in groups])
        if len(middle) == 1:
            return cls(0.0, float(middle[0, 1]))
        slope, intercept = np.polyfit(middle[:, 0], middle[:, 1], 1)
        return cls(float(slope), float(intercept))

    def residual(self, x: IntArray, y: IntArray) -> FloatArray:
        """Return ln y minus that of the law, shape (n,); 0 where x or y is 0."""
        known = (x > 0) & (y > 0)
        usual = self.intercept + self.slope * np.log(np.where(known, x, 1))
        return np.where(known, np.log(np.where(known, y, 1)) - usual, 0.0)


@dataclass(frozen=True)
class Egos:
    """The ego nets of a call graph: each party, its contacts, and the ties among them. Arrays have shape (parties,)."""

    graph: CallGraph

    @property
    def contacts(self) -> IntArray:
        """Number of contacts of each party."""
        return self.graph.contacts

    @property
    def ties(self) -> IntArray:
        """Number of ties in the ego net."""
        return self.contacts + self._among_contacts[0]

    @property
    def calls(self) -> IntArray:
        """Number of calls on the ties of the ego net."""
        return self.graph.strength + self._among_contacts[1]

    @cached_property
    def reciprocity(self) -> FloatArray:
        """Share of the parties called that have called back; 0 for parties that called nobody."""
        called = (self.graph.made > 0).astype(np.int32)
        returned = called.multiply(called.T).sum(axis=1)
        return np.asarray(returned / np.maximum(called.sum(axis=1), 1), np.float64)

    @property
    def density(self) -> FloatArray:
        """Clustering coefficient (Watts & Strogatz 1998)."""
        possible = self.contacts * (self.contacts - 1) // 2
        return np.asarray(self._among_contacts[0] / np.maximum(possible, 1), np.float64)

    @cached_property
    def star(self) -> FloatArray:
        """Share of the contacts that have no tie to any other contact."""
        alone = self._shared == 0
        lonely = np.bincount(np.concatenate([self.graph.one[alone], self.graph.other[alone]]), minlength=self._size)
        return np.where(self.contacts > 1, lonely / np.maximum(self.contacts, 1), 0.0)

    @cached_property
    def bridge(self) -> FloatArray:
        """Participation coefficient over the communities."""
        ones, parties = np.ones(self._size), np.arange(self._size)
        member = sparse.csr_array((ones, (parties, self.graph.community)), shape=(self._size, self._size))
        into = self.graph.adjacency @ member
        squares = into.multiply(into).sum(axis=1)
        return np.where(self.contacts > 0, 1 - squares / np.maximum(self.contacts, 1) ** 2, 0.0)

    @cached_property
    def pagerank(self) -> FloatArray:
        """PageRank (Brin & Page 1998) by calls, over the parties with a tie; their sum is 1."""
        present = self.contacts > 0
        share = present * (WHOLE // max(int(present.sum()), 1))
        rank, strength = share, np.maximum(self.graph.strength, 1)
        for _ in range(STEPS):
            # sums of whole numbers do not depend on the order of the parties
            last, rank = rank, np.rint(DAMPING * (self.graph.between @ (rank // strength)) + (1 - DAMPING) * share)
            rank = rank.astype(np.int64)
            if np.abs(rank - last).sum() < CLOSE * WHOLE:
                break
        return np.asarray(rank / WHOLE, np.float64)

    @cached_property
    def core(self) -> IntArray:
        """Core number (Seidman 1983)."""
        return np.array(self.graph.undirected.coreness(), np.int64)

    @property
    def laws(self) -> tuple[PowerLaw, PowerLaw]:
        """The power laws of this graph: ties over contacts, and calls over ties."""
        return PowerLaw.through(self.contacts, self.ties), PowerLaw.through(self.ties, self.calls)

    @property
    def _size(self) -> int:
        return self.graph.parties

    @cached_property
    def _triangles(self) -> tuple[IntArray, IntArray, IntArray]:
        """For each tie the parties tied to both ends; for each party the ties and calls among its contacts."""
        graph, shared = self.graph, []
        ties, calls = np.zeros(self._size), np.zeros(self._size)
        for start in range(0, graph.ties.size, ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            common = graph.adjacency[graph.one[part]].multiply(graph.adjacency[graph.other[part]]).tocsr()
            shared.append(np.diff(common.indptr))
            ties += np.bincount(common.indices, minlength=self._size)
            calls += np.bincount(common.indices, np.repeat(graph.weights[part], shared[-1]), minlength=self._size)
        return np.concatenate([np.empty(0, np.int64), *shared]), ties.astype(np.int64), calls.astype(np.int64)

    @property
    def _shared(self) -> IntArray:
        return self._triangles[0]

    @property
    def _among_contacts(self) -> tuple[IntArray, IntArray]:
        return self._triangles[1:]


def ego_features(egos: Egos, laws: tuple[PowerLaw, PowerLaw]) -> FloatArray:
    """Compute the features of each party of a graph.

    Parameters
    ----------
    egos
        The graph's ego nets.
    laws
        Expected ties by contacts and calls by ties, from this graph or an earlier one.

    Returns
    -------
    FloatArray
        Shape (parties, len(FEATURES)), finite; zeros for a party without a tie.
    """
    present = egos.contacts > 0
    scaled = np.where(present, egos.pagerank * max(int(present.sum()), 1), 1.0)
    columns = [
        np.log1p(egos.contacts),
        egos.reciprocity,
        egos.density,
        egos.star,
        egos.bridge,
        laws[0].residual(egos.contacts, egos.ties),
        laws[1].residual(egos.ties, egos.calls),
        np.log(scaled),
        egos.core,
    ]
    return np.column_stack([np.asarray(column, np.float64) for column in columns])
