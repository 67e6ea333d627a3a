"""Detectors that look at a caller's own past: against plain loops over its calls, and what each is for."""

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from call_tables import ordinary_calls, write_calls
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, nbinom

from bench.dataset import Window
from bench.faults import SettingsError, UserError
from bench.schema import CELLS
from detectors.calls.at_once import AtOnce
from detectors.calls.costly_calls import CostlyCalls
from detectors.calls.impossible_speed import ImpossibleSpeed, distance_km
from detectors.calls.odd_hour import OddHour
from detectors.calls.own_past import OwnPast
from detectors.checks.subject import worlds
from detectors.features.calls.call_features import call_features
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.sums import counted_before, sum_of_latest, sum_within
from detectors.users.cusum import Cusum, excess_over_earlier, sums_of
from detectors.users.device_change import DeviceChange
from detectors.users.fan_out import FanOut
from detectors.users.new_contacts import NewContacts
from detectors.users.newcomer import Newcomer
from detectors.users.one_way import OneWay
from detectors.users.rate_surprise import RateSurprise

HOUR, DAY = 3600, 86_400
DAYS = 14
SPLIT_S = 7 * DAY


def some_calls():
    calls = ordinary_calls(700, 20, DAYS, seed=3)
    random = np.random.default_rng(4)
    size = len(calls["start_s"])
    swapped = random.random(size) < 0.03
    calls["caller_imsi"] = [f"sim_{who}_{odd}" for who, odd in zip(calls["caller_id"], swapped, strict=True)]
    calls["caller_imei"] = [
        f"phone_{who}_{odd}" for who, odd in zip(calls["caller_id"], np.roll(swapped, 1), strict=True)
    ]
    calls["callee_type"] = random.choice(
        ["subscriber", "foreign", "premium", "unlisted"], size, p=[0.85, 0.05, 0.05, 0.05]
    ).tolist()
    calls["call_duration"] = [d * 20 for d in calls["call_duration"]]
    return calls


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("past")
    dataset = write_calls(folder, some_calls(), DAYS)
    cells = {column.name: ["x"] * 30 for column in CELLS.columns}
    cells |= {"cell_id": [f"cell_{each}" for each in range(30)], "longitude": [0.0] * 30}
    cells["latitude"] = [None if each == 29 else 0.1 * each for each in range(30)]
    pq.write_table(pa.table(cells, CELLS.arrow), folder / "cells.parquet")
    return dataset


@pytest.fixture(scope="module")
def rows():
    """The calls as a list of dicts, each with those of its caller before it."""
    calls = some_calls()
    rows = [dict(zip(calls, values, strict=True)) for values in zip(*calls.values(), strict=True)]
    for place, row in enumerate(rows):
        row["place"] = place
        row["mine"] = [each for each in rows[:place] if each["caller_id"] == row["caller_id"]]
        row["new"] = all(each["callee_id"] != row["callee_id"] for each in row["mine"])
        row["costly"] = row["callee_type"] in ("foreign", "premium")
    return rows


def compared(detector, world, rows, expected):
    """Compare the scores of every third call of the window with a function of its row."""
    scores = detector.fit(world).score(world).values
    window = [row for row in rows if row["start_s"] >= SPLIT_S]
    assert scores.shape == (len(window),)
    for row, score in list(zip(window, scores, strict=True))[::3]:
        assert score == pytest.approx(expected(row), abs=1e-6), row["place"]
    assert np.unique(scores).size > 3


def since(row, span_s):
    return [each for each in [*row["mine"], row] if each["start_s"] >= row["start_s"] - span_s]


def test_fan_out(world, rows):
    def expected(row):
        hour, day = (sum(each["new"] for each in since(row, span)) for span in (6 * HOUR, 6 * DAY))
        return math.log1p(hour) + math.log1p(day) / 10

    compared(FanOut(6.0), world, rows, expected)


def test_one_way(world, rows):
    def expected(row):
        new = sum(each["new"] for each in since(row, 2 * DAY))
        span = range(row["start_s"] - 2 * DAY, row["start_s"] + 1)
        received = sum(each["callee_id"] == row["caller_id"] and each["start_s"] in span for each in rows)
        return math.log1p(new) - math.log1p(received)

    compared(OneWay(2.0), world, rows, expected)


def test_odd_hour(world, rows):
    def near(one, other):
        away = abs(one["start_s"] % DAY // 1800 - other["start_s"] % DAY // 1800)
        return max(1 - min(away, 48 - away) / 2 / 3, 0)

    history = [row for row in rows if row["start_s"] < SPLIT_S]
    habits = np.full(48, 1 / 48)
    for row in history:
        others = [each for each in history if each["caller_id"] == row["caller_id"] and each is not row]
        habits[row["start_s"] % DAY // 1800] += np.mean([near(row, each) for each in others]) if others else 0

    def expected(row):
        share = habits[row["start_s"] % DAY // 1800] / habits.sum()
        return -math.log10(share) - math.log10(1 + sum(near(row, each) for each in row["mine"])) / 2

    compared(OddHour(3.0), world, rows, expected)


def test_the_night_is_odd_but_not_for_who_works_then(tmp_path):
    night = [day * DAY + 3 * HOUR + 60 * minute for day in range(DAYS) for minute in range(3)]
    day = [day * DAY + 15 * HOUR + 60 * minute for day in range(DAYS) for minute in range(9)]
    lone = [13 * DAY + 3 * HOUR + 30 * 60]
    who = ["owl"] * len(night) + ["lark"] * (len(day) + 1)
    order = np.argsort([*night, *day, *lone], kind="stable")
    rows = {"start_s": sorted([*night, *day, *lone]), "caller_id": [who[each] for each in order]}
    dataset = write_calls(tmp_path, rows, DAYS)
    scores = OddHour().fit(dataset).score(dataset).values
    low, _ = dataset.call_range(dataset.window)
    assert rows["start_s"][low + int(np.argmax(scores))] == lone[0]
    assert scores.max() > np.sort(scores)[-2] + 0.5


def test_newcomer(world, rows):
    def expected(row):
        heard = min(each["start_s"] for each in rows if row["caller_id"] in (each["caller_id"], each["callee_id"]))
        days = (row["start_s"] - heard) / DAY + 1
        return math.log1p((len(row["mine"]) + 1) / days * (heard / DAY) / days)

    compared(Newcomer(), world, rows, expected)


def test_who_is_new_and_busy_is_odder_than_who_is_new_or_busy(tmp_path):
    busy = [("old", hour * HOUR) for hour in range(0, DAYS * 24, 1)]
    fraud = [("fraud", 12 * DAY + hour * HOUR) for hour in range(24)]
    shy = [("shy", 12 * DAY), ("shy", 13 * DAY)]
    calls = sorted([*busy, *fraud, *shy], key=lambda each: each[1])
    rows = {"start_s": [start for _, start in calls], "caller_id": [who for who, _ in calls]}
    dataset = write_calls(tmp_path, rows, DAYS)
    scores = Newcomer().fit(dataset).score(dataset).values
    low, _ = dataset.call_range(dataset.window)
    highest = {who: max(s for (w, _), s in zip(calls[low:], scores, strict=True) if w == who) for who, _ in calls}
    assert highest["fraud"] > highest["shy"] > highest["old"] == 0


def test_costly_calls(world, rows):
    history = [row for row in rows if row["start_s"] < SPLIT_S]
    overall = (sum(row["costly"] for row in history) + 1) / (len(history) + 2)

    def expected(row):
        span = since(row, DAY)
        before = [each for each in row["mine"] if each not in span]
        share = (sum(each["costly"] for each in before) + 5 * overall) / (len(before) + 5)
        return -math.log10(1 - binom.cdf(sum(each["costly"] for each in span) - 1, len(span), share))

    compared(CostlyCalls(1.0, 5.0), world, rows, expected)


def test_new_contacts(world, rows):
    history = [row for row in rows if row["start_s"] < SPLIT_S]

    def bucket(row):
        return int(math.log2(len(row["mine"]) + 1))

    def expected(row):
        alike = [each for each in history if bucket(each) == bucket(row)]
        likely = (sum(each["new"] for each in alike) + 1) / (len(alike) + 2)
        mine = [*row["mine"], row]
        latest, before = mine[-4:], mine[:-4]
        share = (sum(each["new"] for each in before) + 20 * likely) / (len(before) + 20)
        return -math.log10(1 - binom.cdf(sum(each["new"] for each in latest) - 1, len(latest), share))

    compared(NewContacts(4, 20.0), world, rows, expected)


@pytest.mark.parametrize("of", ["caller", "callee", "tie"])
def test_rate_surprise(world, rows, of):
    keys = {"caller": ["caller_id"], "callee": ["callee_id"], "tie": ["caller_id", "callee_id"]}[of]
    history = [row for row in rows if row["start_s"] < SPLIT_S]
    groups = len({tuple(row[key] for key in keys) for row in history})
    hours = np.bincount([row["start_s"] // HOUR % 24 for row in history], minlength=24) + 1.0

    def expected(row):
        alike = [each for each in rows[: row["place"] + 1] if all(each[key] == row[key] for key in keys)]
        span = [each for each in alike if each["start_s"] >= row["start_s"] - 3 * HOUR]
        watched = max(row["start_s"] - 3 * HOUR, 0) / DAY
        rate = (len(alike) - len(span) + 2 * len(history) / groups / 7) / (watched + 2)
        mean = rate / 8 * hours[row["start_s"] // HOUR % 24] / hours.mean()
        return -math.log10(1 - nbinom.cdf(len(span) - 1, 2, 2 / (2 + mean)))

    compared(RateSurprise(of, 3.0, 0.5, 2.0), world, rows, expected)


def test_own_past(world, rows):
    whole = Window(world.clock.start_ms, world.clock.end_ms)
    values = call_features(world, ["duration"], whole)[:, 0]
    history = values[: len([row for row in rows if row["start_s"] < SPLIT_S])]

    def expected(row):
        past = values[[each["place"] for each in row["mine"]]]
        calls = len(past) + 3
        mean = (past.sum() + 3 * history.mean()) / calls
        square = ((past**2).sum() + 3 * (history**2).mean()) / calls
        return abs(values[row["place"]] - mean) / math.sqrt(square - mean**2)

    compared(OwnPast(["duration"], 3.0), world, rows, expected)


def test_impossible_speed(world, rows):
    def expected(row):
        before = [each for each in row["mine"] if each["caller_imsi"] == row["caller_imsi"]][-1:]
        cells = [
            int(name.removeprefix("cell_")) for each in before for name in (each["last_cell_id"], row["first_cell_id"])
        ]
        if not before or 29 in cells:
            return 0.0
        away = max(math.radians(0.1) * 6371 * abs(cells[0] - cells[1]) - 2, 0)
        seconds = max(row["start_s"] - before[0]["start_s"] - before[0]["call_duration"], 60)
        return math.log1p(away / seconds * 3600)

    compared(ImpossibleSpeed(2.0), world, rows, expected)


def test_distances_are_those_of_the_sphere():
    paris, london = np.array([[48.8566, 2.3522]]), np.array([[51.5074, -0.1278]])
    assert distance_km(paris, london)[0] == pytest.approx(343.5, abs=1)


def test_places_are_needed_to_know_speeds():
    nowhere = worlds()["without_network"]
    with pytest.raises(UserError, match=r"^impossible_speed needs the latitude and longitude"):
        ImpossibleSpeed().score(nowhere)


def test_device_change(world, rows):
    def first_use(mine, name):
        """The first of a caller's calls that shows what its last one shows; -1 when that is its very first call."""
        return next(place for place, each in enumerate(mine) if each[name] == mine[-1][name]) or -1

    def begun(mine):
        """How many SIM and phone of the last of a caller's calls are new to it, and from which of its calls on."""
        places = [first_use(mine, name) for name in ("caller_imsi", "caller_imei")]
        lately = [p >= 0 and mine[-1]["start_s"] - mine[p]["start_s"] <= 7 * DAY for p in places]
        return sum(lately), max(places) if any(lately) else -1

    def expected(row):
        mine = [*row["mine"], row]
        new, since = begun(mine)
        if since < 0:
            return 0.0
        novelty = 0
        for place in range(since, len(mine)):
            own = begun(mine[: place + 1])[1]
            for name in ("callee_id", "first_cell_id"):
                novelty += own >= 0 and all(each[name] != mine[place][name] for each in mine[:own])
        return new + novelty / (len(mine) - since + 1)

    compared(DeviceChange(7.0, 1.0), world, rows, expected)


def test_at_once(world, rows):
    def going(row):
        return sum(
            each["start_s"] <= row["start_s"] < each["start_s"] + each["call_duration"] and each is not row
            for each in rows
            if each["caller_id"] == row["caller_id"]
        )

    compared(AtOnce(3, 2.0), world, rows, lambda row: going(row) + 2 * sum(map(going, [*row["mine"], row][-3:])) / 3)


DAY_ROWS = st.lists(st.lists(st.integers(0, 20), min_size=6, max_size=6), min_size=1, max_size=4)


@given(DAY_ROWS)
def test_days_are_compared_with_the_earlier_ones(table):
    days = np.log1p(np.array(table, float))
    found = excess_over_earlier(days, 0.2)
    for row, off in zip(days, found, strict=True):
        for day in range(6):
            spread = max(np.std(row[:day]), 0.2) if day else 1
            expected = (row[day] - np.mean(row[:day])) / spread if day >= 3 else 0
            assert off[day] == pytest.approx(expected, abs=1e-6)


def test_sums_grow_while_days_are_above_and_never_fall_below_zero():
    assert sums_of(np.array([[0.0, 2.0, 1.0, -9.0, 3.0]]), 0.5).tolist() == [[0, 1.5, 2, 0, 2.5]]


@pytest.mark.parametrize("of", ["calls", "talk_time"])
def test_cusum_rises_with_the_bursts(of):
    world = worlds()["ordinary"]
    users = len(world.table("users"))
    scores = Cusum(of).fit(world).score(world).values.reshape(users, -1)
    kind = np.array(worlds().life.kind)
    wanted = {"calls": "burst", "talk_time": "long"}[of]
    calls = world.table("calls", ["caller_id"])["caller_id"].to_pylist()
    struck = sorted({int(calls[i].removeprefix("user_")) for i in np.flatnonzero(kind == wanted)})
    others = np.setdiff1d(np.arange(users), struck)
    assert np.median(scores[struck].max(axis=1)) > 1.5 * np.median(scores[others].max(axis=1))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(-5, 5)), max_size=20), st.integers(0, 9))
def test_sums_over_the_latest_and_over_spans(rows, span):
    rows = sorted(rows, key=lambda row: row[1])
    key, time, value = np.array(rows, np.int64).reshape(-1, 3).T
    mine = [[row for row in rows[: place + 1] if row[0] == rows[place][0]] for place in range(len(rows))]
    groups = Groups(key)
    latest = [sum(row[2] for row in each[-(span + 1) :]) for each in mine]
    assert sum_of_latest(groups, value, span) == pytest.approx(latest, abs=1e-9)
    within = [sum(row[2] for row in each if row[1] >= each[-1][1] - span) for each in mine]
    assert sum_within(groups, value, time, span) == pytest.approx(within, abs=1e-9)
    until = time - span
    expected = [sum(row[0] == 3 - one and row[1] <= end for row in rows) for one, end in zip(key, until, strict=True)]
    assert counted_before(key, time, 3 - key, until).tolist() == expected


def test_pairs_of_many_parties_are_not_mistaken_for_each_other():
    """Of 93,000 parties in 25 days of milliseconds: pair and time are beyond 64 bits as one number."""
    pairs, last = np.array([0, 2**33]), np.array([2**31 - 1])
    assert counted_before(pairs, np.array([0, 5]), pairs[:1], last).tolist() == [1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FanOut(0), "detector.span_h must be above 0, got 0"),
        (lambda: OneWay(-1), "detector.days must be above 0, got -1"),
        (
            lambda: CostlyCalls(0, 0),
            "detector.days must be above 0, got 0\ndetector.prior_calls must be above 0, got 0",
        ),
        (lambda: RateSurprise("friend"), "detector.of must be one of caller, callee, tie, got 'friend'"),
        (lambda: Cusum("length"), "detector.of must be one of calls, talk_time, got 'length'"),
        (lambda: NewContacts(0), "detector.calls must be above 0, got 0"),
        (lambda: AtOnce(weight=0), "detector.weight must be above 0, got 0"),
        (lambda: DeviceChange(0), "detector.days must be above 0, got 0"),
        (lambda: ImpossibleSpeed(0), "detector.slack_km must be above 0, got 0"),
        (lambda: OwnPast(["log_gap"], 0), "detector.prior_calls must be above 0, got 0"),
    ],
)
def test_faults_are_reported(make, message):
    with pytest.raises(SettingsError) as raised:
        make()
    assert str(raised.value) == message
