"""Four plain rules for short, long and nightly calls and for bursts."""

from typing import Self

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import above, require
from detectors.features.calls.call_features import call_features

FEATURES = ("duration", "unanswered", "hour", "calls_last_hour")
HALF_DAY_H = 12
NIGHT = {"rule": ("lie in [0, 24] and before detector.night_to_h", lambda night: 0 <= night[0] < night[1] <= 24)}


class FourRules:
    """Scores a call by the number of rules that it breaks, plus a fraction for how close it comes to breaking each.

    The fraction, a mean over the rules in [0, 1), orders calls that break equally many rules. Nothing is learnt.

    Parameters
    ----------
    short_s
        An answered call that lasts at most this long [s] breaks a rule.
    long_s
        A call that lasts at least this long [s] breaks a rule.
    night_from_h, night_to_h
        A call that starts in [from, to) breaks a rule; local time [h], from < to.
    burst_calls
        The caller's call that makes this many within 60 min breaks a rule.

    Raises
    ------
    SettingsError
        When a limit is out of its range.
    """

    level = Level.CALL
    causal = True
    reasons = ("duration", "hour", "calls_last_hour")

    def __init__(
        self,
        short_s: float = 5,
        long_s: float = 3600,
        night_from_h: float = 2,
        night_to_h: float = 5,
        burst_calls: int = 10,
    ) -> None:
        require(
            "detector",
            short_s=(short_s, above(0)),
            long_s=(long_s, above(0)),
            burst_calls=(burst_calls, above(0)),
            night_from_h=((night_from_h, night_to_h), NIGHT),
        )
        self.short_s, self.long_s, self.burst_calls = short_s, long_s, burst_calls
        self.night_h = (night_from_h, night_to_h)

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the calls of `dataset.window`."""
        duration, unanswered, hour, before = call_features(dataset, FEATURES, dataset.window).T
        calls = before + 1
        answered = unanswered == 0
        broken = [
            answered & (duration <= self.short_s),
            duration >= self.long_s,
            (hour >= self.night_h[0]) & (hour < self.night_h[1]),
            calls >= self.burst_calls,
        ]
        nearness = [
            answered * self.short_s / (self.short_s + duration),
            duration / (duration + self.long_s),
            self._night_nearness(hour),
            calls / (calls + self.burst_calls),
        ]
        return Scores(self.level, np.sum(broken, axis=0) + np.mean(nearness, axis=0))

    def _night_nearness(self, hour: FloatArray) -> FloatArray:
        """Return 1 in the middle of the night and 0 twelve hours away from it."""
        away = np.abs(hour - np.mean(self.night_h))
        nearness: FloatArray = 1 - np.minimum(away, 24 - away) / HALF_DAY_H
        return nearness
