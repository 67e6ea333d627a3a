"""Measures of call records as plain loops, told what to count by a quantity's own definition."""

import math
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench.realism import definitions as d
from bench.realism.published import QUANTITIES, Quantity
from bench.realism.record_arrays import Records

FEWEST = {"": 1, d.ELEVEN: 11, d.THIRTY_ONE: 31}
KEYS = (
    "missed", "no_talk_not_missed", "no_talk", "calls_sigma", "calls_gini", "calls_top_tenth", "both_sigma",
    "both_gini", "both_top_tenth", "hour_p50", "hour_p90", "hour_p99", "hour_ten", "sliding_p99", "sliding_ten",
    "burstiness", "burstiness_corrected", "both_burstiness", "both_burstiness_corrected", "memory", "gap_p1", "gap_p5",
    "gap_p25", "gap_p50", "gap_p75", "gap_p95", "gap_p99",
)  # fmt: skip
"""Of the quantities that are measured here."""
COUNTED = [quantity for quantity in QUANTITIES if quantity.key in KEYS]


@dataclass(frozen=True)
class Row:
    """A call."""

    caller: int
    callee: int
    start: int
    """Seconds."""
    missed: bool
    talk: int


def rows_of(of: Records) -> list[Row]:
    """Return the calls between participants."""
    columns = zip(of.caller, of.callee, of.local_ms, of.missed, of.seconds, strict=True)
    rows = [Row(int(a), int(b), int(t) // 1000, bool(m), int(s)) for a, b, t, m, s in columns]
    return [
        row for row in rows if row.caller != row.callee and of.participant[row.caller] and of.participant[row.callee]
    ]


def plain(rows: list[Row], quantity: Quantity) -> float:
    """Return a quantity of the calls between participants, counted as its definition says."""
    key, what = quantity.key, quantity.definition
    assert what.among == d.PARTICIPANTS
    if not what.whose:
        silent = [row for row in rows if row.missed or row.talk == 0]
        if key == "missed":
            return sum(row.missed for row in rows) / len(rows)
        return sum(what.missed == d.IN or not row.missed for row in silent) / len(rows)
    assert what.missed == d.IN
    starts = starts_of(rows, what)
    if what.hours:
        return of_hours(key, [most(each, what.hours) for each in starts])
    if what.users:
        return of_gaps(key, [[max(b - a, 1) for a, b in pairwise(each)] for each in starts])
    return of_counts(key, sorted(len(each) for each in starts))


def starts_of(rows: list[Row], what: d.Definition) -> list[list[int]]:
    """Return when each user's calls start, of those with enough of them."""
    found = defaultdict(list)
    for row in rows:
        found[row.caller].append(row.start)
        if what.whose == d.MADE_OR_RECEIVED:
            found[row.callee].append(row.start)
    return [sorted(each) for each in found.values() if len(each) >= FEWEST[what.users]]


def most(starts: list[int], hours: str) -> int:
    """Return the most calls in an hour."""
    if hours == d.CLOCK_HOURS:
        return max(sum(other // 3600 == start // 3600 for other in starts) for start in starts)
    return max(sum(start <= other < start + 3600 for other in starts) for start in starts)


def of_hours(key: str, most_of: list[int]) -> float:
    if key.endswith("ten"):
        return sum(each >= 10 for each in most_of) / len(most_of)
    return float(np.percentile(most_of, int(key.partition("_p")[2])))


def of_counts(key: str, counts: list[int]) -> float:
    statistic = key.partition("_")[2]
    if statistic == "sigma":
        return float(np.std([math.log(each) for each in counts]))
    if statistic == "gini":
        return sum(abs(a - b) for a in counts for b in counts) / (2 * len(counts) * sum(counts))
    return sum(counts[-(len(counts) // 10) :]) / sum(counts)


def of_gaps(key: str, gaps: list[list[int]]) -> float:
    if key.startswith("gap_p"):
        relative = [gap / np.mean(each) for each in gaps for gap in each]
        return float(np.percentile(relative, int(key.removeprefix("gap_p"))))
    if key == "memory":
        return float(np.mean([np.corrcoef(each[:-1], each[1:])[0, 1] for each in gaps]))
    return float(np.mean([burstiness(each, corrected=key.endswith("corrected")) for each in gaps]))


def burstiness(gaps: list[int], *, corrected: bool) -> float:
    """Return it as Goh & Barabasi 2008 define it, or as Kim & Jo 2016 do."""
    n, r = len(gaps), float(np.std(gaps) / np.mean(gaps))
    if not corrected:
        return (r - 1) / (r + 1)
    more, less = math.sqrt(n + 1), math.sqrt(n - 1)
    return (more * r - less) / ((more - 2) * r + less)
