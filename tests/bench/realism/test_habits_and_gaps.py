"""Talk times, rhythm, activity and gaps against plain loops and other libraries."""

import math
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_records import records, with_values
from scipy import stats

from bench.realism import calling_habits, gaps
from bench.realism.families import akaike, places
from bench.realism.record_arrays import Records

SEEDS = st.integers(0, 10_000)


def kept(of: Records) -> list[tuple[int, int, int, int]]:
    """Caller, callee, second of the start and talk time of the calls between participants."""
    rows = zip(of.caller, of.callee, of.local_ms, of.seconds, strict=True)
    return [
        (int(a), int(b), int(t) // 1000, int(s))
        for a, b, t, s in rows
        if a != b and of.participant[a] and of.participant[b]
    ]


@settings(max_examples=20)
@given(SEEDS)
def test_activity_counts_calls_between_participants(seed: int) -> None:
    of = records(seed)
    made = Counter(caller for caller, *_ in kept(of))
    counts = sorted(made.values())
    apart = sum(abs(a - b) for a in counts for b in counts) / (2 * len(counts) * sum(counts))
    assert calling_habits.gini(np.array(counts)) == pytest.approx(apart)
    if len(made) >= 10:
        found = calling_habits.activity(of)
        assert found["calls_top_tenth"] == counts[-1] / sum(counts)


@settings(max_examples=20)
@given(SEEDS)
def test_rhythm_and_talk_times(seed: int) -> None:
    of = records(seed)
    rows = kept(of)
    found = calling_habits.rhythm(of) | calling_habits.talk_times(of) | calling_habits.outcomes(of)
    hour = [start // 3600 % 24 for _, _, start, _ in rows]
    assert found["starts_02_05"] == pytest.approx(sum(h in (2, 3, 4) for h in hour) / len(rows))
    assert found["starts_16_17"] == pytest.approx(hour.count(16) / len(rows))
    assert found["starts_04_05"] == pytest.approx(hour.count(4) / len(rows))
    talk = [seconds for *_, seconds in rows if seconds]
    assert found["no_talk"] == found["missed"] == pytest.approx(1 - len(talk) / len(rows))
    assert found["talk_1_5_s"] == pytest.approx(sum(each <= 5 for each in talk) / len(talk))
    assert found["talk_1_2_h"] == pytest.approx(sum(3600 <= each <= 7200 for each in talk) / len(talk))
    assert found["talk_sigma"] == pytest.approx(np.std([math.log(each) for each in talk]))
    assert found["talk_p95"] == pytest.approx(np.percentile(talk, 95))


FAMILIES = {
    "log-normal": (stats.lognorm, (1.4, 0, 30.0)),
    "log-logistic": (stats.fisk, (1.6, 0, 30.0)),
    "Weibull": (stats.weibull_min, (0.6, 0, 30.0)),
    "gamma": (stats.gamma, (0.4, 0, 90.0)),
    "exponential": (stats.expon, (0, 50.0)),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_families_agree_with_scipy_and_the_true_one_wins(family: str) -> None:
    law, parameters = FAMILIES[family]
    sample = np.maximum(law.rvs(*parameters, size=3000, random_state=1), 1e-6)
    values, counts = np.unique(sample, return_counts=True)
    found = akaike(values, counts.astype(np.float64))
    for name, (other, shape) in FAMILIES.items():
        fitted = other.fit(sample, floc=0)
        free = len(shape) - 1
        theirs = 2 * free - 2 * other.logpdf(sample, *fitted).sum()
        assert found[name] == pytest.approx(theirs, rel=1e-4)
    place = places(found)
    assert place[family] <= (2 if family == "exponential" else 1)  # a Weibull of shape 1 fits as well, nearly


def test_families_do_not_depend_on_the_unit_or_on_how_values_are_counted() -> None:
    sample = np.random.default_rng(0).lognormal(3, 1.5, 500).round() + 1
    values, counts = np.unique(sample, return_counts=True)
    once = akaike(values, counts.astype(np.float64))
    each = akaike(sample, np.ones(sample.size))
    minutes = akaike(values / 60, counts.astype(np.float64))
    for name, found in once.items():
        assert found == pytest.approx(each[name])
        assert found - once["gamma"] == pytest.approx(minutes[name] - minutes["gamma"], abs=1e-3)


def gaps_of(of: Records) -> dict[int, list[float]]:
    starts = defaultdict(list)
    for caller, _, start, _ in kept(of):
        starts[caller].append(start)
    return {caller: [max(b - a, 1) for a, b in pairwise(t)] for caller, t in starts.items()}


@settings(max_examples=20)
@given(SEEDS)
def test_burstiness_and_memory_caller_by_caller(seed: int) -> None:
    of = records(seed)
    plain, corrected, memory = [], [], []
    for each in gaps_of(of).values():
        n = len(each)
        if n < 10:
            continue
        r = np.std(each) / np.mean(each)
        plain.append((r - 1) / (r + 1))
        corrected.append((math.sqrt(n + 1) * r - math.sqrt(n - 1)) / ((math.sqrt(n + 1) - 2) * r + math.sqrt(n - 1)))
        memory.append(np.corrcoef(each[:-1], each[1:])[0, 1])
    found = gaps.burstiness(of)
    assert bool(found) == bool(plain)
    if plain:
        assert found["burstiness"] == pytest.approx(np.mean(plain))
        assert found["burstiness_corrected"] == pytest.approx(np.mean(corrected))
        assert found["memory"] == pytest.approx(np.mean(memory))


@pytest.mark.parametrize(("spread", "expected"), [(0.0, -1.0), (1.0, 0.0)])
def test_corrected_burstiness_is_minus_one_for_a_clock_and_zero_for_chance(spread: float, expected: float) -> None:
    rng = np.random.default_rng(3)
    callers, each = 400, 15
    gap = np.where(spread > 0, rng.exponential(3600, (callers, each)), 3600.0)
    start = np.cumsum(gap, axis=1)
    order = np.argsort(start.ravel(), kind="stable")
    caller = np.repeat(np.arange(callers), each)[order]
    base = records(0, calls=callers * each)
    local_ms = (start.ravel()[order] * 1000).astype(np.int64)
    people = np.ones(callers, np.bool_)
    of = with_values(base, caller=caller, callee=(caller + 1) % callers, participant=people, local_ms=local_ms)
    assert gaps.burstiness(of)["burstiness_corrected"] == pytest.approx(expected, abs=0.03)


@settings(max_examples=10)
@given(SEEDS)
def test_families_of_gaps_caller_by_caller(seed: int) -> None:
    of = records(seed, calls=1500)
    kinds = []
    for each in gaps_of(of).values():
        if len(each) < 30:
            continue
        t = np.array(each, np.float64)
        shape, _, scale = stats.weibull_min.fit(t, floc=0)
        alpha = 1 / np.mean(np.log(t / t.min()))
        criteria = [
            2 - 2 * stats.expon.logpdf(t, scale=t.mean()).sum(),
            4 - 2 * stats.weibull_min.logpdf(t, shape, scale=scale).sum(),
            4 - 2 * stats.pareto.logpdf(t, alpha, scale=t.min()).sum(),
        ]
        kinds.append(int(np.argmin(criteria)))
    found = gaps.families(of)
    assert found == ({} if not kinds else {
        "gaps_weibull": pytest.approx(kinds.count(1) / len(kinds)),
        "gaps_power_law": pytest.approx(kinds.count(2) / len(kinds)),
    })  # fmt: skip
