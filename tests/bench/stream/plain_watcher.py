"""The watcher again in plain Python: one message after the other, each window counted by itself."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from statistics import fmean, stdev
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from bench.stream.stream_settings import WatchSettings

STATES = ((0.9, "BLACK"), (0.6, "RED"), (0.1, "ORANGE"), (0.0, "GREEN"))
SUMMED = ("events", "hellos", "fails", "timeouts", "drops", "sessions", "ended", "talk_s")


@dataclass
class PlainWatcher:
    """Keeps all messages that came in time."""

    settings: WatchSettings
    start_ms: int
    end_ms: int
    towers: list[str]
    zone: ZoneInfo
    latest_ms: int = -(2**62)
    late: int = 0
    counted: dict[tuple[str, int], list[dict[str, Any]]] = field(default_factory=dict)
    """Events of each tower and window."""
    timely: dict[str, list[int]] = field(default_factory=dict)
    """Times of the events of each tower that came in time for the first window that they lie in."""
    calls: dict[tuple[str, str, str, int], list[dict[str, Any]]] = field(default_factory=dict)

    def windows(self) -> list[int]:
        """Return when each window begins."""
        length, slide = 1000 * self.settings.window_s, 1000 * self.settings.slide_s
        return list(range(self.start_ms, self.end_ms - length + 1, slide))

    def take(self, message: dict[str, Any]) -> None:
        """Count one message."""
        watermark = self.latest_ms - 1000 * self.settings.lateness_s
        if message["type"] == "event" and message["tower_id"]:
            self._event(message, watermark)
        elif message["type"] == "call":
            self._call(message, watermark)
        self.latest_ms = max(self.latest_ms, ms(message["event_time"]))

    def _event(self, message: dict[str, Any], watermark: float) -> None:
        length, at = 1000 * self.settings.window_s, ms(message["event_time"])
        mine = [begin for begin in self.windows() if begin <= at < begin + length]
        for begin in mine:
            if begin + length > watermark:
                self.counted.setdefault((message["tower_id"], begin), []).append(message)
        self.late += any(begin + length <= watermark for begin in mine)
        if mine and mine[0] + length > watermark:
            self.timely.setdefault(message["tower_id"], []).append(at)

    def _call(self, message: dict[str, Any], watermark: float) -> None:
        local = datetime.fromtimestamp(ms(message["event_time"]) / 1000, self.zone)
        late = False
        for of, name in (("caller", message["caller_id"]), ("tower", message["tower_id"])):
            for period in ("hour", "day"):
                begin, end = bounds(local, period)
                late |= end <= watermark and bool(name)
                if name and end > watermark:
                    self.calls.setdefault((of, name, period, begin), []).append(message)
        self.late += late

    def status(self, tower: str, begin: int) -> dict[str, Any]:
        """Return the figures of a tower in a window."""
        found = sums(self.counted.get((tower, begin), []))
        share = share_of(found)
        earlier = [share_of(sums(self.counted.get((tower, each), []))) for each in self.windows() if each < begin]
        known = [each for each in earlier if each is not None]
        mean = fmean(known) if known else None
        sigma = stdev(known) if len(known) > 1 else None
        deviates = False
        if share is not None and len(known) >= self.settings.least_history:
            assert mean is not None
            assert sigma is not None
            deviates = abs(share - mean) > 1e-12 and abs(share - mean) >= self.settings.sigmas * sigma - 1e-12
        state = "NO_DATA" if share is None else next(name for least, name in STATES if share >= least)
        failing = share is not None and share > self.settings.most_failures
        history = {"history_windows": len(known), "history_mean": mean, "history_sigma": sigma}
        alerts = {"failing": failing, "deviates": deviates}
        return {**found, "failure_share": share, "state": state, **history, **alerts, **self._silence(tower, begin)}

    def _silence(self, tower: str, begin: int) -> dict[str, Any]:
        end = begin + 1000 * self.settings.window_s
        times = sorted(each for each in self.timely.get(tower, []) if each < end)
        gaps = np.diff(times)[-self.settings.gaps :]
        limit = None
        if len(gaps) >= self.settings.least_gaps:
            limit = float(np.quantile(gaps, self.settings.silence_quantile)) / 1000
        silence = (end - times[-1]) / 1000 if times else None
        silent = limit is not None and silence is not None and silence > limit + 1e-9
        return {"silence_s": silence, "silence_limit_s": limit, "silent": silent}

    def aggregates(self) -> dict[tuple[str, str, str, int], dict[str, Any]]:
        """Return the figures of each caller and tower by hour and day."""
        found = {}
        for key, calls in self.calls.items():
            talks = [each["call_duration"] for each in calls if each["outcome"] == "answered"]
            failed = sum(each["outcome"] == "failed" for each in calls)
            found[key] = {
                "calls": len(calls), "answered": len(talks), "failed": failed, "failure_share": failed / len(calls),
                "mean_s": fmean(talks) if talks else None, "least_s": min(talks, default=None),
                "longest_s": max(talks, default=None),
            }  # fmt: skip
        return found


def ms(time: str) -> int:
    """Return a time of a message as ms since the Unix epoch."""
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def bounds(local: datetime, period: str) -> tuple[int, int]:
    """Return when a local hour or day begins and ends, as ms since the Unix epoch; a repeated hour counts once."""
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == "hour":
        begin = local.replace(minute=0, second=0, microsecond=0, fold=0)
        naive = begin.replace(tzinfo=None) + timedelta(hours=1)
    else:
        begin, naive = day, day.replace(tzinfo=None) + timedelta(days=1)
    end = naive.replace(tzinfo=local.tzinfo)
    if end.astimezone(timezone.utc).astimezone(local.tzinfo).replace(tzinfo=None) != naive:  # noqa: UP017 - a skipped hour
        end = begin + timedelta(hours=1)
    return round(begin.timestamp() * 1000), round(end.timestamp() * 1000)


def sums(events: list[dict[str, Any]]) -> dict[str, int]:
    """Return what the events of a window add up to."""
    found = dict.fromkeys(SUMMED, 0)
    for each in events:
        over = each["state"] == "END" or each["cause"] == "drop"
        found["events"] += 1
        found["hellos"] += not over
        found["fails"] += each["state"] == "FAIL" and each["cause"] not in ("drop", "timeout")
        found["timeouts"] += each["cause"] == "timeout"
        found["drops"] += each["cause"] == "drop"
        found["sessions"] += each["state"] in ("CONNECT", "RECONNECT")
        found["ended"] += over
        found["talk_s"] += each["duration"] if over else 0
    return found


def share_of(found: dict[str, int]) -> float | None:
    """Return the share of failed Hellos."""
    return (found["fails"] + found["timeouts"]) / found["hellos"] if found["hellos"] else None
