"""Features of a call, by name: each uses the call itself and the calls that started before it, nothing later."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.dataset import Dataset, Window
from bench.detector import FloatArray
from bench.faults import UserError
from detectors.features.timeline import DAY_MS, HOUR_MS, SECOND_MS, Timeline

LONGEST_GAP_MS = 7 * DAY_MS
NIGHT_H = (0, 5)


@dataclass(frozen=True)
class Feature:
    """One number about a call: its name, unit, meaning, and how it is computed for all calls of a timeline."""

    name: str
    unit: str
    meaning: str
    compute: Callable[[Timeline], "np.ndarray[Any, Any]"]


def call_features(dataset: Dataset, names: Sequence[str], part: Window) -> FloatArray:
    """Compute features of the calls that start within `part`, from the whole time line up to each call.

    Parameters
    ----------
    dataset
        The calls; what lies before `part` is the past that its features look back on.
    names
        Names out of `FEATURES`, at least one.
    part
        The calls to describe.

    Returns
    -------
    FloatArray
        Shape (calls of part, names), finite.

    Raises
    ------
    UserError
        When a name is unknown, naming the nearest one that is.
    """
    check_names(names)
    low, high = dataset.call_range(part)
    timeline = Timeline(dataset)
    columns = [np.asarray(FEATURES[name].compute(timeline)[low:high], np.float64) for name in names]
    return np.column_stack(columns)


def check_names(names: Sequence[str]) -> None:
    """Raise `UserError` unless there is a name, and each is one of `FEATURES`."""
    if not names:
        raise UserError(f"features must name at least one of {', '.join(FEATURES)}")
    for name in names:
        if name not in FEATURES:
            nearest = difflib.get_close_matches(name, FEATURES, n=1, cutoff=0.5)
            hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(FEATURES)}"
            raise UserError(f"{name!r} is not a feature of calls; {hint}")


def _gap_s(t: Timeline) -> FloatArray:
    return t.by_caller.since_previous(t.start_ms, at_most=LONGEST_GAP_MS) / SECOND_MS


def _hour_share(t: Timeline) -> FloatArray:
    return (t.by_caller_hour.earlier() + 1) / (t.by_caller.earlier() + 24)


def _duration_ratio(t: Timeline) -> FloatArray:
    """Count only answered calls; without one before, a call is as long as usual."""
    answered = t.by_caller.earlier_sum(t.answered.astype(np.int64))
    mean = t.by_caller.earlier_sum(t.duration_s) / np.maximum(answered, 1)
    known = t.answered & (answered > 0)
    return np.where(known, np.log1p(t.duration_s) - np.log1p(mean), 0.0)


def _angle(t: Timeline) -> FloatArray:
    return t.hour * (2 * np.pi / 24)


def _weekend(t: Timeline) -> "np.ndarray[Any, Any]":
    thursday = 3
    return (t.local_ms // DAY_MS + thursday) % 7 >= 5


FEATURES = {
    feature.name: feature
    for feature in (
        Feature("duration", "s", "talk time; 0 unless answered", lambda t: t.duration_s),
        Feature("log_duration", "ln s", "ln(1 + talk time)", lambda t: np.log1p(t.duration_s)),
        Feature("duration_ratio", "ln", "talk time against the caller's mean before", _duration_ratio),
        Feature("unanswered", "0/1", "nobody answered", lambda t: ~t.answered),
        Feature("hour", "h", "local time of day, 0 to 24", lambda t: t.hour),
        Feature("hour_sin", "1", "sine of the local time of day", lambda t: np.sin(_angle(t))),
        Feature("hour_cos", "1", "cosine of the local time of day", lambda t: np.cos(_angle(t))),
        Feature("night", "0/1", "starts 00:00-05:00 local", lambda t: (t.hour >= NIGHT_H[0]) & (t.hour < NIGHT_H[1])),
        Feature("weekend", "0/1", "starts on a Saturday or Sunday (local)", _weekend),
        Feature("hour_share", "1", "share of the caller's calls before in this hour of day, +1 of +24", _hour_share),
        Feature("gap", "s", "time since the start of the caller's previous call, 7 days at most", _gap_s),
        Feature("log_gap", "ln s", "ln(1 + gap)", lambda t: np.log1p(_gap_s(t))),
        Feature(
            "calls_last_hour",
            "calls",
            "calls of the caller in the 60 min before",
            lambda t: t.by_caller.within(t.start_ms, span=HOUR_MS),
        ),
        Feature(
            "calls_last_day",
            "calls",
            "calls of the caller in the 24 h before",
            lambda t: t.by_caller.within(t.start_ms, span=DAY_MS),
        ),
        Feature(
            "new_contact", "0/1", "the caller has not called this party before", lambda t: t.by_pair.earlier() == 0
        ),
        Feature("outside", "0/1", "the callee is no subscriber of the network", lambda t: t.outside),
        Feature("moved", "0/1", "ended in another cell than it began in", lambda t: t.moved),
    )
}
"""Every feature of calls, in the order of the docs."""
