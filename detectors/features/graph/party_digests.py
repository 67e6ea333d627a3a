"""A hash of each party of a call graph that depends on its calls and its place in the graph, not on its name.

Colour refinement (Weisfeiler & Leman 1968) on the ties, starting from the times of a party's own calls. An algorithm
that processes parties in the order of these numbers does not depend on their names.
"""

from typing import Any

import numpy as np

from bench.arrays import FloatArray, IntArray

ROUNDS = 4
ODD, OTHER_ODD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
Digests = np.ndarray[Any, np.dtype[np.uint64]]


def mixed(*values: "IntArray | Digests | FloatArray") -> Digests:
    """Return a hash of each row of some columns, from the bits of their numbers, shape (rows,)."""
    found = np.zeros(len(values[0]), np.uint64)
    for column in values:
        found = (found ^ np.ascontiguousarray(column).view(np.uint64)) * ODD
        found = (found ^ (found >> np.uint64(31))) * OTHER_ODD
        found ^= found >> np.uint64(32)
    return found


def colours(parties: int, caller: IntArray, callee: IntArray, moments: IntArray, ties: Any) -> Digests:
    """Return the colour of each party, shape (parties,).

    Parameters
    ----------
    parties
        Number of parties.
    caller, callee, moments
        Shape (calls,): codes of the parties, and the time of each call, from any origin.
    ties
        Number of calls between each two parties: a symmetric sparse matrix, shape (parties, parties).
    """
    found = np.zeros(parties, np.uint64)
    for role, party in enumerate((caller, callee)):
        found += _total(party, mixed(moments, np.full(moments.size, role)), parties)
    one = np.repeat(np.arange(parties), np.diff(ties.indptr))
    for _ in range(ROUNDS):
        found = mixed(found, _total(one, mixed(found[ties.indices], ties.data.astype(np.int64)), parties))
    return found


def _total(group: IntArray, values: Digests, groups: int) -> Digests:
    """Return the sum of the values of each group modulo 2^64, independent of their order, shape (groups,)."""
    order = np.argsort(group, kind="stable")
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(values[order], dtype=np.uint64)])
    border = np.searchsorted(group[order], np.arange(groups + 1))
    return np.asarray(total[border[1:]] - total[border[:-1]], np.uint64)
