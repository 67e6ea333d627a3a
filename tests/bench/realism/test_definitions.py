"""Every quantity is measured by the definition that it carries: by hand, against plain loops, and from a file."""

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_records import records, with_values
from plain_measures import COUNTED, KEYS, burstiness, plain, rows_of

from bench.commands.realism import main
from bench.generator import silent
from bench.realism import calling_habits, gaps
from bench.realism import definitions as d
from bench.realism.published import CNS, QUANTITIES, Quantity
from bench.realism.record_arrays import Records
from bench.realism.scorecard import Agreement, scorecard

OTHER = {
    d.MADE: d.MADE_OR_RECEIVED,
    d.MADE_OR_RECEIVED: d.MADE,
    d.CLOCK_HOURS: d.SLIDING_HOURS,
    d.SLIDING_HOURS: d.CLOCK_HOURS,
    d.ELEVEN: d.THIRTY_ONE,
}


def like_a_study(seed: int) -> Records:
    """Calls among 60 parties in bursts, some missed, some of 0 s; one party in five is no participant."""
    of = records(seed, calls=1500, parties=60)
    rng = np.random.default_rng(seed)
    burst = rng.integers(0, 5 * 86_400, 15)[rng.integers(0, 15, 1500)] + rng.integers(0, 5000, 1500)
    fate = rng.random(1500)
    seconds = np.where(fate < 0.25, 0, 1 + of.seconds)
    return with_values(of, local_ms=np.sort(burst) * 1000, missed=fate < 0.1, answered=fate >= 0.25, seconds=seconds)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_every_measure_counts_what_its_definition_says(seed: int) -> None:
    of = like_a_study(seed)
    found = {row.quantity.key: row.value for row in scorecard(of, silent)}
    for quantity in COUNTED:
        assert found[quantity.key] == pytest.approx(plain(rows_of(of), quantity)), quantity.key


@pytest.mark.parametrize("field", ["whose", "hours", "users"])
def test_another_definition_would_be_noticed(field: str) -> None:
    """What the test above is worth: with a field of a definition wrong, the plain loop gives something else."""
    noticed = {quantity.key: False for quantity in COUNTED if getattr(quantity.definition, field)}
    for of in (like_a_study(seed) for seed in range(4)):
        found = {row.quantity.key: row.value for row in scorecard(of, silent)}
        for quantity in (each for each in COUNTED if each.key in noticed):
            other = {field: OTHER[getattr(quantity.definition, field)]}
            wrong = replace(quantity, definition=replace(quantity.definition, **other))
            noticed[quantity.key] |= found[quantity.key] != pytest.approx(plain(rows_of(of), wrong), rel=1e-3)
    assert noticed
    assert [key for key, seen in noticed.items() if not seen] == []


def log(*rows: tuple[int, int, str, int], missed: tuple[int, ...] = ()) -> Records:
    """Return calls of caller, callee, time of day and talk time, between a dozen participants; some are missed."""
    caller, callee, moment, seconds = (list(column) for column in zip(*rows, strict=True))
    start = [
        sum(int(part) * size for part, size in zip(text.split(":"), (3600, 60, 1), strict=True)) for text in moment
    ]
    base, count = records(0, calls=len(rows), parties=12), np.arange(len(rows))
    return with_values(
        base,
        caller=np.array(caller),
        callee=np.array(callee),
        local_ms=1000 * np.array(start),
        seconds=np.array(seconds),
        missed=np.isin(count, missed),
        answered=np.array(seconds) > 0,
        participant=np.ones(12, np.bool_),
    )


def test_by_hand_calls_without_talk() -> None:
    """Of ten calls one is missed, and two others have 0 s: 10 %, 20 % and 30 %."""
    of = log(*((n, n + 1, f"12:{n:02}:00", 0 if n < 3 else 9) for n in range(10)), missed=(0,))
    found = calling_habits.outcomes(of) | calling_habits.rhythm(of)
    assert [found[key] for key in ("missed", "no_talk_not_missed", "no_talk")] == pytest.approx([0.1, 0.2, 0.3])


def test_by_hand_calls_made_and_calls_made_or_received() -> None:
    """User 0 calls each of 1 to 9 once, and each of them calls user 10 once.

    Made: 9 by user 0, 1 by each of nine others: a sum of 18. Made or received: 9 by user 0 and by user 10, 2 by the
    nine others: 36. Of ten or eleven users, the busiest tenth is one.
    """
    rows = [(0, n, f"12:{n:02}:00", 9) for n in range(1, 10)] + [(n, 10, f"13:{n:02}:00", 9) for n in range(1, 10)]
    found = calling_habits.activity(log(*rows))
    assert found["calls_top_tenth"] == 9 / 18
    assert found["both_top_tenth"] == 9 / 36
    ln9, ln2 = math.log(9), math.log(2)
    assert found["calls_sigma"] == pytest.approx(ln9 * 0.3)
    assert found["both_sigma"] == pytest.approx((ln9 - ln2) * math.sqrt(2 * 9) / 11)
    assert found["calls_gini"] == pytest.approx(2 * 9 * 8 / (2 * 10 * 18))
    assert found["both_gini"] == pytest.approx(2 * 18 * 7 / (2 * 11 * 36))


def test_by_hand_clock_hours_and_sliding_hours() -> None:
    """At 9:50, 9:55, 10:05 and 10:49:59 and 10:50: three in the hour from ten, four in the 3,600 s from 9:50."""
    of = log(*((0, 1, moment, 9) for moment in ("09:50:00", "09:55:00", "10:05:00", "10:49:59", "10:50:00")))
    assert calling_habits.most_in_an_hour(of, d.CLOCK_HOURS).tolist() == [3]
    assert calling_habits.most_in_an_hour(of, d.SLIDING_HOURS).tolist() == [4]


def test_by_hand_burstiness() -> None:
    """Ten gaps, of 60 and 180 s in turn: mean 120, deviation 60, r = 1/2.

    B = (1/2 - 1) / (1/2 + 1) = -1/3; corrected (sqrt(11) / 2 - 3) / ((sqrt(11) - 2) / 2 + 3) = -0.36675. Ten calls are
    too few. Where user 1 calls user 2 half a minute after each of the first ten, its calls made or received are 30, 30,
    30 and 150 s apart, five times over: mean 60, r = sqrt(3) / 2; it makes ten itself, and user 2 receives ten.
    """
    moments = [60 * minute for minute in (0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20)]
    rows = [(0, 1, f"12:{second // 60:02}:00", 9) for second in moments]
    found = gaps.burstiness(log(*rows))
    assert found["burstiness"] == pytest.approx(-1 / 3)
    assert found["burstiness_corrected"] == pytest.approx(-0.36675, abs=1e-5)
    assert found["both_burstiness"] == pytest.approx(-1 / 3)
    assert found["memory"] == pytest.approx(-1)
    assert gaps.burstiness(log(*rows[:-1])) == {}
    back = [(1, 2, f"12:{second // 60:02}:30", 9) for second in moments[:-1]]
    both = gaps.burstiness(log(*sorted(rows + back, key=lambda row: row[2])))
    assert both["burstiness"] == pytest.approx(-1 / 3)
    own = (math.sqrt(3) - 2) / (math.sqrt(3) + 2)
    assert both["both_burstiness"] == pytest.approx((-1 / 3 + own) / 2)


@pytest.mark.parametrize(("gaps_s", "expected"), [([60] * 10, -1.0), ([1] * 9 + [10**9], 1.0)])
def test_corrected_burstiness_reaches_both_ends(gaps_s: list[int], expected: float) -> None:
    """Kim & Jo 2016: -1 where all gaps are alike, 1 where all calls but one come at once, however few there are."""
    assert burstiness(gaps_s, corrected=True) == pytest.approx(expected, abs=1e-6)


def test_a_difference_of_definitions_is_explained() -> None:
    for quantity in QUANTITIES:
        assert quantity.published is None or (quantity.note and quantity.published != quantity.definition)
        assert quantity.source != CNS or quantity.definition.among == d.PARTICIPANTS
        assert quantity.definition.missed or CNS not in quantity.source


def test_what_nobody_has_published_is_not_judged() -> None:
    rows = {row.quantity.key: row for row in scorecard(like_a_study(2), silent)}
    assert rows["gap_p5"].value is not None
    assert rows["gap_p5"].distance is None
    assert rows["gap_p5"].verdict is Agreement.NOT_JUDGED
    assert Quantity("k", "g", "w", None, 1.0, CNS).is_published


@pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
@pytest.mark.usefixtures("workplace")
def test_a_study_in_a_file_is_measured_by_the_same_definitions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns of the Copenhagen Networks Study: calls of 0 s are answered, missed ones have a word of their own."""
    rows = rows_of(like_a_study(3))
    with Path("study.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "caller", "callee", "duration", "outcome", "callee_type"])
        for row in rows:
            outcome = "missed" if row.missed else "answered"
            writer.writerow([1704067200 + row.start, row.caller, row.callee, row.talk, outcome, "subscriber"])
    columns = "{caller_id: caller, callee_id: callee, call_start_ts: timestamp, call_duration: duration}"
    options = [f"generator.columns={columns}", "generator.time_format=epoch_s", "tracking=none"]
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr("sys.argv", ["realism", "data=study.csv", *options])
    main()
    with Path("realism/scorecard.csv").open(newline="") as file:
        found = {row["key"]: row for row in csv.DictReader(file)}
    for quantity in COUNTED:
        assert float(found[quantity.key]["value"]) == pytest.approx(plain(rows, quantity)), quantity.key
        assert found[quantity.key]["counted here"] == str(quantity.definition)
    assert set(KEYS) <= set(found)
    assert found["starts_17_18"]["counted by the source"].endswith(d.FILES_OWN)
