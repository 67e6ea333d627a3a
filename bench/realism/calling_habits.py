"""Measures of talk times, daily rhythm and activity of callers."""

import numpy as np

from bench.arrays import IntArray
from bench.realism.definitions import CLOCK_HOURS, MADE, MADE_OR_RECEIVED, SLIDING_HOURS
from bench.realism.families import EXPONENTIAL, akaike, places
from bench.realism.record_arrays import Records
from bench.spans import DAY_MS, HOUR_MS

Found = dict[str, float]
MINUTE_S, HOUR_S = 60, 3600
BUSY = 10
"""Calls within an hour that few people reach."""
HOUR_SHARES = (50, 90, 99)


def talk_times(records: Records) -> Found:
    """Measure the talk times of answered calls between participants, in whole seconds, without those of 0 s."""
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
    """Measure the share of calls between participants that are missed, and of other calls without talk."""
    calls = records.between
    if not calls.caller.size:
        return {}
    silent = (calls.seconds == 0) & ~calls.missed
    return {"missed": float(calls.missed.mean()), "no_talk_not_missed": float(silent.mean())}


def rhythm(records: Records) -> Found:
    """Measure when calls between participants start, and the share of calls without talk."""
    calls = records.between
    if not calls.caller.size:
        return {}
    hour = np.bincount(calls.local_ms % DAY_MS // HOUR_MS, minlength=24) / calls.caller.size
    spans = {"02_05": slice(2, 5), "16_17": slice(16, 17), "17_18": slice(17, 18), "04_05": slice(4, 5)}
    spans["05_06"] = slice(5, 6)
    return {
        "no_talk": float((calls.missed | (calls.seconds == 0)).mean()),
        "starts_busiest_hour": float(hour.max()),
        "starts_quietest_hour": float(hour.min()),
        **{f"starts_{name}": float(hour[span].sum()) for name, span in spans.items()},
    }


def activity(records: Records) -> Found:
    """Measure how users differ in the number of calls that they make, and that they make or receive."""
    calls = records.between
    found: Found = {}
    for whose, prefix in ((MADE, "calls"), (MADE_OR_RECEIVED, "both")):
        own = calls.of_users(whose).calls_made
        found |= {f"{prefix}_{name}": value for name, value in spread(np.sort(own[own > 0])).items()}
    return found


def spread(count: IntArray) -> Found:
    """Measure the inequality of positive ascending numbers, shape (users,); nothing for fewer than ten."""
    if count.size < BUSY:
        return {}
    return {
        "sigma": float(np.log(count).std()),
        "gini": gini(count),
        "top_tenth": float(count[-(count.size // 10) :].sum() / count.sum()),
    }


def busiest_hours(records: Records) -> Found:
    """Measure the largest number of calls that callers make in a clock hour, and in any 3,600 s."""
    calls = records.between
    found: Found = {}
    for hours, prefix in ((CLOCK_HOURS, "hour"), (SLIDING_HOURS, "sliding")):
        most = most_in_an_hour(calls, hours)
        if most.size < BUSY:
            return {}
        found |= {f"{prefix}_p{share}": float(np.percentile(most, share)) for share in HOUR_SHARES}
        found[f"{prefix}_ten"] = float((most >= BUSY).mean())
    return found


def gini(ordered: IntArray) -> float:
    """Return the Gini coefficient of positive ascending numbers, shape (n,)."""
    place = np.arange(1, ordered.size + 1)
    return float(np.sum((2 * place - ordered.size - 1) * ordered) / (ordered.size * ordered.sum()))


def most_in_an_hour(records: Records, hours: str) -> IntArray:
    """Return the largest number of calls of each caller in a clock hour or any 3,600 s, shape (callers,)."""
    order = records.by_caller
    if not order.size:
        return np.zeros(0, np.int64)
    caller, start = records.caller[order], records.local_ms[order]
    start = start - start.min() // HOUR_MS * HOUR_MS
    span = (int(start.max()) // HOUR_MS + 2) * HOUR_MS  # an offset of at least an hour separates the callers
    moment = caller * span + start
    if hours == CLOCK_HOURS:
        _, hour, within = np.unique(moment // HOUR_MS, return_inverse=True, return_counts=True)
        count = within[hour]
    else:
        count = np.searchsorted(moment, moment + HOUR_MS) - np.arange(moment.size)
    return np.asarray(np.maximum.reduceat(count, np.flatnonzero(np.append(True, caller[1:] != caller[:-1]))))
