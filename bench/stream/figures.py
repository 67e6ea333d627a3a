"""The figures of tower status and of aggregates, each defined once for streams and for whole tables.

What an event counts for is defined as in the table `tower_status`, by tower instead of by cell.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from bench.arrays import Array, BoolArray, FloatArray, IntArray
from bench.host.compiled import compiled
from bench.stream.stream_settings import WatchSettings
from bench.stream.watch_tables import TOWER_WINDOWS
from bench.tower_states import TOWER_STATES, state_codes

COUNTED = {
    "events": "1",
    "hellos": "CASE WHEN state = 'END' OR cause = 'drop' THEN 0 ELSE 1 END",
    "fails": "CASE WHEN state = 'FAIL' AND cause NOT IN ('drop', 'timeout') THEN 1 ELSE 0 END",
    "timeouts": "CASE WHEN cause = 'timeout' THEN 1 ELSE 0 END",
    "drops": "CASE WHEN cause = 'drop' THEN 1 ELSE 0 END",
    "sessions": "CASE WHEN state IN ('CONNECT', 'RECONNECT') THEN 1 ELSE 0 END",
    "ended": "CASE WHEN state = 'END' OR cause = 'drop' THEN 1 ELSE 0 END",
    "talk_s": "CASE WHEN state = 'END' OR cause = 'drop' THEN COALESCE(duration, 0) ELSE 0 END",
}
"""What each event counts for, as SQL, which both Polars and Spark understand."""
COUNTS = tuple(COUNTED)
"""What is summed over the events of a tower in a window."""
ALERTS = ("failing", "deviates", "silent")
NEVER = -1
"""Time of the last event of a tower that has had none."""


def counted(events: pl.DataFrame) -> pl.DataFrame:
    """Return what each event counts for, as whole numbers: `COUNTS`."""
    return events.select(pl.sql_expr(text).cast(pl.Int64).alias(name) for name, text in COUNTED.items())


@dataclass(frozen=True)
class WindowTimes:
    """Windows of a length that is a multiple of the time between their starts; the last one ends with the data."""

    start_ms: int
    end_ms: int
    window_ms: int
    slide_ms: int

    @property
    def width(self) -> int:
        """Number of windows that a moment lies in."""
        return self.window_ms // self.slide_ms

    @property
    def many(self) -> int:
        """Number of windows."""
        return max((self.end_ms - self.start_ms - self.window_ms) // self.slide_ms + 1, 0)

    def begins_ms(self, window: Any) -> Any:
        """Return when a window begins."""
        return self.start_ms + window * self.slide_ms

    def last_of(self, moment_ms: Any) -> Any:
        """Return the last window that a moment lies in, negative before the first one; it may be beyond `many`."""
        return (moment_ms - self.start_ms) // self.slide_ms

    def closed_at(self, moment_ms: Any) -> Any:
        """Return the number of windows that end at a moment or before."""
        return np.clip((moment_ms - self.start_ms - self.window_ms) // self.slide_ms + 1, 0, self.many)


def window_times(settings: WatchSettings, start_ms: int, end_ms: int) -> WindowTimes:
    """Return the windows of the settings over a span of time."""
    return WindowTimes(start_ms, end_ms, 1000 * settings.window_s, 1000 * settings.slide_s)


class TowerHistory:
    """What figures of a window need of earlier ones: failure shares, and the times between the events of a tower."""

    def __init__(self, settings: WatchSettings, towers: int) -> None:
        self._settings = settings
        self._shares = np.zeros((towers, 3))
        self._gaps = np.zeros((2, towers, settings.gaps), np.int64)
        self._seen = np.zeros(towers, np.int64)
        self._last = np.full(towers, NEVER, np.int64)

    def deviations(self, share: FloatArray) -> FloatArray:
        """Compare failure shares with those of earlier windows, and remember them.

        Parameters
        ----------
        share
            Shape (windows, towers), the next windows in order; NaN where no Hello came.

        Returns
        -------
        Shape (3, windows, towers): number, mean and standard deviation (of the sample) of the earlier shares.
        """
        found = np.zeros((3, *share.shape))
        _deviations(share, self._shares, found)
        return found

    def silences(self, events: tuple[IntArray, IntArray, IntArray], ends_ms: IntArray) -> FloatArray:
        """Measure the time since the last event, and the quantile of earlier times between events.

        Parameters
        ----------
        events
            Tower, time [ms] and window of each event, in order of time; the window is the first that the event lies in,
            counted from the first of these windows.
        ends_ms
            Shape (windows,): when each of the next windows ends.

        Returns
        -------
        Shape (3, windows, towers): time of the last event [ms], time since then [ms] and its limit [ms]; the limit is
        infinite for a tower with too few times between events.
        """
        found = np.zeros((3, len(ends_ms), len(self._last)))
        rules = self._settings.silence_quantile, self._settings.least_gaps
        _silences(events, ends_ms, rules, (self._gaps, self._seen, self._last), found)
        return found


def window_figures(
    times: WindowTimes, first: int, counts: IntArray, past: tuple[FloatArray, FloatArray], settings: WatchSettings
) -> dict[str, Array]:
    """Return the columns of consecutive windows, with the towers of a window next to each other.

    Parameters
    ----------
    times, first
        The windows, and the number of the first of these.
    counts
        Shape (windows, towers, COUNTS).
    past
        What `TowerHistory` returns: `deviations` of `failure_shares(counts)`, and `silences`.
    settings
        Limits.
    """
    windows, towers = counts.shape[:2]
    of = {name: counts[:, :, place].ravel() for place, name in enumerate(COUNTS)}
    failed, share = of["fails"] + of["timeouts"], failure_shares(counts).ravel()
    entries, mean, sigma = (each.ravel() for each in past[0])
    last, silence, limit = (each.ravel() for each in past[1])
    begins = times.begins_ms(first + np.repeat(np.arange(windows), towers))
    known = entries >= settings.least_history
    return {
        "tower": np.tile(np.arange(towers), windows),
        "window_start": begins,
        "state": state_codes(failed, of["hellos"]),
        **of,
        "failure_share": share,
        "history_windows": entries.astype(np.int64),
        "history_mean": np.where(entries > 0, mean, np.nan),
        "history_sigma": np.where(entries > 1, sigma, np.nan),
        "last_event": np.where(last == NEVER, np.nan, last),
        "silence_s": np.where(last == NEVER, np.nan, silence / 1000),
        "silence_limit_s": np.where(np.isfinite(limit), limit / 1000, np.nan),
        "failing": _above(share, settings.most_failures),
        "deviates": known & _deviates(share, mean, settings.sigmas * sigma),
        "silent": (last != NEVER) & (silence > limit),
    }


def failure_shares(counts: IntArray) -> FloatArray:
    """Return the share of Hellos that were refused or not answered, from counts whose last axis is `COUNTS`."""
    hellos, fails, timeouts = (counts[..., COUNTS.index(name)] for name in ("hellos", "fails", "timeouts"))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(hellos > 0, (fails + timeouts) / hellos, np.nan))


def _above(share: FloatArray, most: float) -> BoolArray:
    return np.asarray(np.nan_to_num(share, nan=-1.0) > most)


def _deviates(share: FloatArray, mean: FloatArray, least: FloatArray) -> BoolArray:
    """Whether a share differs from the mean by at least so much; one that equals the mean never does."""
    off = np.abs(np.nan_to_num(share - mean, nan=0.0))
    return np.asarray((off > 0) & (off >= least))


def window_frame(columns: dict[str, Array], towers: list[str]) -> pl.DataFrame:
    """Return the columns of windows as a table, with names of towers and states, and empty values for NaN."""
    texts = {"tower": pl.Series(towers, dtype=pl.String), "state": pl.Series(TOWER_STATES)}
    found = {name: pl.Series(name, values) for name, values in columns.items()}
    found = {name: texts[name].gather(each.cast(pl.UInt32)) if name in texts else each for name, each in found.items()}
    frame = pl.DataFrame(found).with_columns(pl.col(pl.Float64).fill_nan(None)).rename({"tower": "tower_id"})
    moments = [pl.col(name).cast(pl.Int64).cast(pl.Datetime("ms", "UTC")) for name in ("window_start", "last_event")]
    return frame.with_columns(moments).select(TOWER_WINDOWS.arrow.names)


@compiled
def _deviations(share: Any, state: Any, found: Any) -> None:
    """Welford's recurrence, for each tower: number, mean and sum of squared differences of the earlier shares."""
    for window in range(share.shape[0]):
        for tower in range(share.shape[1]):
            number, mean, squares = state[tower, 0], state[tower, 1], state[tower, 2]
            found[0, window, tower] = number
            found[1, window, tower] = mean
            found[2, window, tower] = np.sqrt(squares / (number - 1)) if number > 1 else 0.0
            value = share[window, tower]
            if value == value:  # noqa: PLR0124 - not NaN
                difference = value - mean
                mean += difference / (number + 1)
                state[tower, 0], state[tower, 1] = number + 1, mean
                state[tower, 2] = squares + difference * (value - mean)


@compiled
def _silences(events: Any, ends_ms: Any, rules: Any, state: Any, found: Any) -> None:
    """Go through events and windows in order of time; `state`: gaps (in order of time, sorted), gaps seen, last."""
    (tower, time_ms, window), (gaps, seen, last) = events, state
    event = 0
    for number in range(ends_ms.shape[0]):
        while event < tower.shape[0] and window[event] <= number:
            at = tower[event]
            if last[at] != NEVER:
                _remember(gaps[0, at], gaps[1, at], seen[at], time_ms[event] - last[at])
                seen[at] += 1
            last[at] = time_ms[event]
            event += 1
        for at in range(last.shape[0]):
            found[0, number, at] = last[at]
            found[1, number, at] = ends_ms[number] - last[at]
            many = min(seen[at], gaps.shape[2])
            found[2, number, at] = _quantile(gaps[1, at], many, rules[0]) if many >= rules[1] else np.inf


@compiled
def _remember(ring: Any, ordered: Any, seen: int, gap: int) -> None:
    """Put a gap in place of the oldest one, in the ring and in the sorted gaps."""
    many = min(seen, ring.shape[0])
    place = seen % ring.shape[0]
    if seen >= ring.shape[0]:
        out = np.searchsorted(ordered, ring[place])
        for later in range(out, many - 1):
            ordered[later] = ordered[later + 1]
        many -= 1
    ring[place] = gap
    into = many
    while into > 0 and ordered[into - 1] > gap:
        ordered[into] = ordered[into - 1]
        into -= 1
    ordered[into] = gap


@compiled
def _quantile(ordered: Any, many: int, share: float) -> float:
    """Return the quantile of the first values of a sorted array, interpolated linearly."""
    place = share * (many - 1)
    low = int(place)
    high = min(low + 1, many - 1)
    return float(ordered[low] + (place - low) * (ordered[high] - ordered[low]))
