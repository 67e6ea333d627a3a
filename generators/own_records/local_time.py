"""Conversion between UTC and the local time of a zone whose offset changes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

STEP = timedelta(hours=6)
"""Step at which the offset of a time zone is sampled."""
MARGIN_MS = 2 * 86_400_000


class LocalTime:
    """The offsets of a time zone from UTC over a span of time, which grows as needed."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)
        self._span = (0, 0)
        self.changes: list[tuple[int, int]] = []
        """When the offset changes within the span (UTC, ms), and what local time is ahead from then on [s]."""
        self.first_s = 0
        """What local time is ahead of UTC at the beginning of the span [s]."""
        self.skipped, self.repeated = 0, 0
        """How many local times so far do not exist, and how many exist twice."""

    def cover(self, first_ms: int, last_ms: int) -> None:
        """Look up the offsets from one time to another, UTC or local [ms]."""
        low, high = self._span
        if high and low <= first_ms - MARGIN_MS and last_ms + MARGIN_MS <= high:
            return
        low, high = first_ms - 2 * MARGIN_MS, last_ms + 2 * MARGIN_MS
        self._span = (min(low, self._span[0]), max(high, self._span[1])) if self._span[1] else (low, high)
        self._look_up()

    def to_utc(self, local_ms: Any) -> Any:
        """Return local times as UTC, shape (n,) [ms].

        A time that the clocks skip is read as if they had not been changed yet, one that they repeat as the first.
        """
        if not local_ms.size:
            return local_ms
        self.cover(int(local_ms.min()), int(local_ms.max()))
        offsets = 1000 * np.array([self.first_s, *(offset for _, offset in self.changes)], np.int64)
        moments = np.array([moment for moment, _ in self.changes], np.int64)
        before, after = moments + offsets[:-1], moments + offsets[1:]
        for low, high in zip(before.tolist(), after.tolist(), strict=True):
            self.skipped += int(np.count_nonzero((local_ms >= low) & (local_ms < high)))
            self.repeated += int(np.count_nonzero((local_ms >= high) & (local_ms < low)))
        return local_ms - offsets[np.searchsorted(np.maximum(before, after), local_ms, side="right")]

    def between(self, first_ms: int, last_ms: int) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Return the offset at a moment (UTC) [s], and its changes until another moment."""
        self.cover(first_ms, last_ms)
        before = [offset for moment, offset in self.changes if moment <= first_ms]
        later = tuple(change for change in self.changes if first_ms < change[0] <= last_ms)
        return (before or [self.first_s])[-1], later

    def _look_up(self) -> None:
        begin, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in self._span)
        self.first_s, self.changes = self._offset_s(begin), []
        known = self.first_s
        while begin < end:
            if self._offset_s(begin + STEP) != known:
                moment = self._change_in(begin, begin + STEP)
                known = self._offset_s(begin + STEP)
                self.changes.append((int(moment.timestamp() * 1000), known))
            begin += STEP

    def _change_in(self, low: datetime, high: datetime) -> datetime:
        """Return the first whole second at which the offset differs from that at the beginning."""
        known = self._offset_s(low)
        while high - low > timedelta(seconds=1):
            middle = (low + (high - low) / 2).replace(microsecond=0)
            low, high = (middle, high) if self._offset_s(middle) == known else (low, middle)
        return high.replace(microsecond=0)

    def _offset_s(self, moment: datetime) -> int:
        offset = moment.astimezone(self._zone).utcoffset()
        return 0 if offset is None else int(offset.total_seconds())
