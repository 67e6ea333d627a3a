"""Talk times, the rhythm of the day, and how active callers are."""

import numpy as np

from bench.realism.families import EXPONENTIAL, akaike, places
from bench.realism.records import DAY_MS, HOUR_MS, FloatArray, IntArray, Records

Found = dict[str, float]
MINUTE_S, HOUR_S = 60, 3600
BUSY = 10
"""Calls within an hour that few people reach."""


def talk_times(records: Records) -> Found:
    """Measure the lengths of the answered calls between participants, whole seconds, those of no length aside."""
    calls = records.between
    talk = calls.seconds[calls.answered & (calls.seconds > 0)]
    values, counts = np.unique(talk, return_counts=True)
    if values.size < 2:
        return {}
    place = places(akaike(values.astype(np.float64), counts.astype(np.float64)))
    p90, p95, p99 = np.percentile(talk, [90, 95, 99])
    return {
        "talk_median": float(np.median(talk)),
        "talk_mean": float(talk.mean()),
        "talk_p90": float(p90),
        "talk_p95": float(p95),
        "talk_p99": float(p99),
        "talk_sigma": float(np.log(talk).std()),
        "talk_1_5_s": float((talk <= 5).mean()),
        "talk_30_min": float((talk >= 30 * MINUTE_S).mean()),
        "talk_1_2_h": float(((talk >= HOUR_S) & (talk <= 2 * HOUR_S)).mean()),
        "talk_lognormal_place": min(place["log-normal"], place["log-logistic"]),
        "talk_heavier": place[EXPONENTIAL] - 1,
    }


def outcomes(records: Records) -> Found:
    """Measure how many calls between participants are missed."""
    return {"missed": float(records.between.missed.mean())} if records.between.caller.size else {}


def rhythm(records: Records) -> Found:
    """Measure when calls between participants start, and how many have no length."""
    calls = records.between
    if not calls.caller.size:
        return {}
    hour = np.bincount(calls.local_ms % DAY_MS // HOUR_MS, minlength=24) / calls.caller.size
    return {
        "zero_length": float((calls.seconds == 0).mean()),
        "starts_02_05": float(hour[2:5].sum()),
        "starts_16_17": float(hour[16]),
        "starts_04_05": float(hour[4]),
    }


def activity(records: Records) -> Found:
    """Measure how unlike callers are, and how many calls they make within an hour of the clock."""
    calls = records.between
    made = np.sort(calls.calls_made[calls.calls_made > 0])
    if made.size < BUSY:
        return {}
    most = most_in_an_hour(calls)
    p50, p90, p99 = np.percentile(most, [50, 90, 99])
    return {
        "calls_sigma": float(np.log(made).std()),
        "calls_gini": gini(made),
        "calls_top_tenth": float(made[-(made.size // 10) :].sum() / made.sum()),
        "hour_p50": float(p50),
        "hour_p90": float(p90),
        "hour_p99": float(p99),
        "hour_ten": float((most >= BUSY).mean()),
    }


def gini(ordered: IntArray) -> float:
    """Return Gini's coefficient of rising positive numbers, shape (n,)."""
    place = np.arange(1, ordered.size + 1)
    return float(np.sum((2 * place - ordered.size - 1) * ordered) / (ordered.size * ordered.sum()))


def most_in_an_hour(records: Records) -> FloatArray:
    """Return the most calls that each caller makes in any hour of the clock, shape (callers,)."""
    hour = records.local_ms // HOUR_MS
    hour -= hour.min()
    keys, counts = np.unique(records.caller * (hour.max() + 1) + hour, return_counts=True)
    most = np.zeros(records.participant.size)
    np.maximum.at(most, keys // (hour.max() + 1), counts)
    return most[most > 0]
