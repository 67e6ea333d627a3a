"""Counts, sums and gaps over the earlier rows of the same group, for rows in order of time."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bench.arrays import IntArray


@dataclass(frozen=True)
class Groups:
    """Rows by group; every method looks only at earlier rows of a row's group.

    >>> import numpy as np
    >>> Groups(np.array([7, 5, 7, 7])).earlier().tolist()
    [0, 0, 1, 2]
    """

    key: IntArray
    """Shape (rows,): the group of each row; rows are in order of time."""
    rows: IntArray | None = None
    """Shape (rows,): the rows in order of time; None: they are in order of time already."""

    @cached_property
    def order(self) -> IntArray:
        """Shape (rows,): positions of the rows sorted by group, and by time within a group."""
        if self.rows is None:
            return np.argsort(self.key, kind="stable")
        return self.rows[np.argsort(self.key[self.rows], kind="stable")]

    @cached_property
    def first(self) -> IntArray:
        """Shape (rows,): position in `order` at which the row's group begins."""
        ordered = self.key[self.order]
        begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: ordered.size])
        return np.repeat(begins, np.diff(np.append(begins, ordered.size)))

    def earlier(self) -> IntArray:
        """Return the number of earlier rows of each row's group, shape (rows,)."""
        return self._in_time(np.arange(self.key.size) - self.first)

    def earlier_sum(self, values: IntArray) -> IntArray:
        """Return the sum of whole numbers (rows,) over the earlier rows of each row's group, shape (rows,)."""
        before = np.cumsum(values[self.order]) - values[self.order]
        return self._in_time(before - before[self.first])

    def within(self, time: IntArray, *, span: int) -> IntArray:
        """Return the number of earlier rows at most `span` older, shape (rows,); `time` (rows,) must not decrease."""
        ordered = time[self.order] - time.min(initial=0)
        step = ordered.max(initial=0) + span + 1
        absolute = ordered + step * np.cumsum(self.first == np.arange(ordered.size))
        return self._in_time(np.arange(ordered.size) - np.searchsorted(absolute, absolute - span))

    def _in_time(self, ordered: IntArray) -> IntArray:
        values = np.empty_like(ordered)
        values[self.order] = ordered
        return values
