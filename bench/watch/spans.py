"""Spans of time in order of their beginning, of which those within a part are found quickly."""

from dataclasses import dataclass

import numpy as np

from bench.arrays import Array, IntArray


@dataclass(frozen=True)
class Spans:
    """Columns of rows with a beginning and an end, in order of the beginning; times in ms since the start of the world.

    A row lasts from `begin` (included) to `end` (excluded); a moment has both the same.
    """

    begin: IntArray
    end: IntArray
    columns: dict[str, Array]
    longest: int
    """Length of the longest row [ms]."""

    @classmethod
    def of(cls, begin: IntArray, end: IntArray, **columns: Array) -> "Spans":
        """Sort rows by their beginning; equal ones stay in order."""
        order = np.argsort(begin, kind="stable")
        longest = int((end - begin).max(initial=0))
        return cls(begin[order], end[order], {name: column[order] for name, column in columns.items()}, longest)

    def __len__(self) -> int:
        return len(self.begin)

    def within(self, low: int, high: int) -> IntArray:
        """Return the rows that begin before `high` and end at `low` or later, in order."""
        first, last = np.searchsorted(self.begin, [low - self.longest, high])
        return np.asarray(first + np.flatnonzero(self.end[first:last] >= low))
