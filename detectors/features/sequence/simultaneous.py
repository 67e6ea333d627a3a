"""Order of calls that start at the same moment: by their content, not by their rows.

Otherwise the meaning of "before" among calls of the same second would depend on the order of the rows. The order
depends neither on identifiers nor on later calls, so the features that use it do not either.
"""

from typing import NamedTuple

import numpy as np

from bench.arrays import Array
from detectors.features.kernels import kernel

MOST_SORTED_IN_PLACE = 64
ODD, OTHER_ODD = -7046029254386353131, -4658895280553007687
"""Odd multipliers, those of splitmix64."""


class Known(NamedTuple):
    """The columns that decide the order of simultaneous calls; each of shape (calls,)."""

    start_ms: Array
    caller: Array
    callee: Array
    cell: Array
    """Codes of the caller, the callee and the first cell, from 0."""
    duration_s: Array
    kind: Array
    """Any number computed from the other columns of the call."""


def order_of(known: Known, parties: int, cells: int) -> Array | None:
    """Return the rows of calls in order of time, those with the same start ordered by their content.

    The content is a digest of the length and kind of the call, and of the times, lengths and kinds of all earlier calls
    of its caller, its callee and its cell. If all of these are the same, the order of the rows decides.

    Returns
    -------
    Array | None
        Shape (calls,): positions of the rows; None where no two calls start at the same moment.
    """
    start_ms = known.start_ms
    changes = np.flatnonzero(start_ms[1:] != start_ms[:-1]) + 1
    if changes.size >= start_ms.size - 1:
        return None
    heard = np.zeros((parties, 3), np.int64), np.zeros((cells, 3), np.int64)
    digests, order = np.empty(start_ms.size, np.int64), np.arange(start_ms.size)
    digest(known, *heard, digests)
    if np.diff(changes, prepend=0, append=start_ms.size).max() > MOST_SORTED_IN_PLACE:
        return np.lexsort((digests, start_ms))
    sort_equals(start_ms, digests, order)
    return order


@kernel
def mixed(digest_so_far: int, value: int) -> int:
    """Return a digest with a number mixed in."""
    found = (digest_so_far ^ value) * ODD
    found = (found ^ (found >> 29)) * OTHER_ODD
    return found ^ (found >> 32)


@kernel
def before(heard: Array, who: int, now_ms: int, call: int) -> int:
    """Return the sum of the digests of a party's calls before this moment, and add one of this moment.

    A row of `heard` has the moment of the latest call, the sum up to before it, and the sum with it.
    """
    if heard[who, 0] < now_ms:
        heard[who, 0] = now_ms
        heard[who, 1] = heard[who, 2]
    heard[who, 2] += call
    return int(heard[who, 1])


@kernel
def digest(known: Known, heard: Array, heard_in: Array, out: Array) -> None:
    """Compute the digest of each call; `heard` (parties, 3) and `heard_in` (cells, 3) start as zeros."""
    for row in range(out.size):
        since_ms = known.start_ms[row] - known.start_ms[0] + 1
        found = mixed(known.duration_s[row], known.kind[row])
        call = mixed(found, since_ms)
        found = mixed(found, before(heard, known.caller[row], since_ms, call))
        found = mixed(found, before(heard, known.callee[row], since_ms, call))
        out[row] = mixed(found, before(heard_in, known.cell[row], since_ms, call))


@kernel
def sort_equals(start_ms: Array, digests: Array, order: Array) -> None:
    """Sort the rows of each start by their digests, stably; `order` is 0, 1, 2 ... before."""
    for row in range(1, order.size):
        at = row
        while at > 0 and start_ms[order[at - 1]] == start_ms[row] and digests[order[at - 1]] > digests[row]:
            order[at] = order[at - 1]
            at -= 1
        order[at] = row
