"""The watcher: what a stream gives is what whole tables give, and what a plain loop over its messages gives."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_worlds import START_MS, SUMMER_MS, made_up, moment
from plain_watcher import PlainWatcher, ms
from polars.testing import assert_frame_equal

from bench.dataset import Clock
from bench.faults import UserError, faults_of
from bench.spans import HOUR_MS
from bench.stream import batch, watcher
from bench.stream.chunk import Chunk, cut, frame_of
from bench.stream.figures import ALERTS, TowerHistory
from bench.stream.messages import EVENT
from bench.stream.stream_settings import KINDS, WatchSettings
from bench.stream.watch_sink import WatchSink
from bench.stream.watch_tables import CALL_AGGREGATES, TOWER_WINDOWS
from bench.stream.watcher import Watcher
from bench.stream.world_stream import WorldStream
from bench.tower_states import TOWER_STATES, state_codes
from bench.worlds.places import Place

SEEDS = st.integers(0, 2**32 - 1)
ANY_LATE = 100_000.0
"""Lateness beyond that of every message [s]."""
KEYS = ["of", "id", "period", "start"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a new folder at each call."""
    return lambda: tmp_path_factory.mktemp("world") / "world"


def stream(place: Place, most: int = 100_000) -> Iterator[Chunk]:
    for chunk in WorldStream(place, KINDS).chunks():
        yield from cut(chunk, most)


def watched(chunks: Iterator[Chunk], chosen: WatchSettings) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Return the windows, the aggregates and the number of late messages."""
    first = next(chunks)
    found = Watcher(chosen, first.frames["start"])
    closed = [found.take(first), *map(found.take, chunks)]
    windows = [frame for each in closed for frame in each.windows]
    sums = [frame for each in closed for frame in each.aggregates]
    return pl.concat(windows), pl.concat([pl.DataFrame(), *sums], how="diagonal"), found.late


@pytest.mark.parametrize("seed", range(50))
def test_the_stream_gives_what_the_tables_give(folders: Any, seed: int) -> None:
    """In every second world, any event may come at any time. The watermark just waits for the latest of all."""
    rng = np.random.default_rng(seed)
    minutes, towers = int(rng.integers(1, 16)), int(rng.integers(1, 5))
    place = made_up(folders(), seed, minutes, towers=towers, shuffled=bool(seed % 2))
    chosen = WatchSettings(lateness_s=latest_s(place), least_gaps=10, gaps=40)
    windows, sums, late = watched(stream(place, int(rng.integers(30, 300))), chosen)
    assert late == 0
    assert_frame_equal(windows, batch.tower_windows(place.data, chosen), check_exact=True)
    whole = batch.call_aggregates(place.data)
    assert sums.height == whole.height
    if whole.height:
        assert_frame_equal(sums.sort(KEYS), whole.sort(KEYS), check_exact=True)


def latest_s(place: Place) -> float:
    """Return how far the event time of a message is behind that of an earlier one, at most."""
    times = [ms(json.loads(line)["event_time"]) for chunk in stream(place) for line in chunk.lines]
    return float((np.maximum.accumulate(times) - times).max() / 1000)


@settings(max_examples=6)
@given(
    SEEDS,
    st.sampled_from([(21, 7), (60, 60), (30, 5)]),
    st.sampled_from([0.0, 0.5, 5.0, 40.0]),
    st.booleans(),
    st.sampled_from([3, 50, 256]),
)
def test_a_plain_loop_gives_the_same(
    folders: Any, seed: int, window: tuple[int, int], lateness_s: float, shuffled: bool, at_once: int
) -> None:
    """Also which messages come too late, in worlds whose messages come in any order, over a change of the clocks."""
    place = made_up(folders(), seed, minutes=4, shuffled=shuffled, towers=2)
    chosen = WatchSettings("local", *window, lateness_s, least_gaps=5, gaps=12, silence_quantile=0.9, sigmas=1.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(watcher, "AT_ONCE", at_once)
        windows, sums, late = watched(stream(place, 1 + seed % 90), chosen)
    plain = plainly(place, chosen)
    assert late == plain.late
    keys = [(begin, tower) for begin in plain.windows() for tower in plain.towers]
    for row, (begin, tower) in zip(windows.to_dicts(), keys, strict=True):
        expected = plain.status(tower, begin)
        assert (row["tower_id"], row["window_start"]) == (tower, moment(begin))
        assert {name: row[name] for name in expected} == pytest.approx(expected)
    check_aggregates(sums, plain)


def plainly(place: Place, chosen: WatchSettings) -> PlainWatcher:
    """Watch a world with the plain loop."""
    messages = [json.loads(line) for chunk in stream(place) for line in chunk.lines]
    start = messages[0]
    zone = ZoneInfo(start["time_zone"])
    plain = PlainWatcher(chosen, ms(start["event_time"]), ms(start["ends_at"]), start["towers"], zone)
    for each in messages:
        plain.take(each)
    return plain


def check_aggregates(sums: pl.DataFrame, plain: PlainWatcher) -> None:
    """Hold aggregates against those of a plain loop."""
    expected = plain.aggregates()
    assert sums.height == len(expected)
    for row in sums.to_dicts():
        key = row["of"], row["id"], row["period"], round(row["start"].timestamp() * 1000)
        assert {name: row[name] for name in expected[key]} == pytest.approx(expected[key])


@pytest.mark.parametrize("hours", [3, 30])
def test_hours_and_days_are_local_over_a_change_of_the_clocks(hours: int) -> None:
    calls = pl.DataFrame(
        {
            "caller_id": ["a"] * 400,
            "tower_id": ["t", None] * 200,
            "call_duration": range(400),
            "outcome": ["answered", "failed", "missed", "busy"] * 100,
            "event_time": [START_MS + number * hours * 9_000 for number in range(400)],
        }
    ).with_columns(pl.col("event_time").cast(pl.Datetime("ms", "UTC")))
    clock = Clock(START_MS, START_MS + hours * HOUR_MS, "Europe/Berlin", 3600, ((SUMMER_MS, 7200),))
    plain = PlainWatcher(WatchSettings(lateness_s=ANY_LATE), 0, 0, [], ZoneInfo("Europe/Berlin"))
    for row in calls.to_dicts():
        plain.take({**row, "type": "call", "event_time": row["event_time"].isoformat()})
    check_aggregates(batch.aggregates_of(calls, clock), plain)


@settings(max_examples=40)
@given(st.lists(st.one_of(st.just(np.nan), st.sampled_from([0.0, 0.2, 1.0]), st.floats(0, 1)), max_size=30), SEEDS)
def test_the_history_of_shares_is_that_of_the_earlier_windows(shares: list[float], seed: int) -> None:
    array = np.array([shares, shares[::-1]]).T.reshape(-1, 2)
    history = TowerHistory(WatchSettings(), 2)
    middle = seed % (len(shares) + 1)
    found = np.concatenate([history.deviations(array[:middle]), history.deviations(array[middle:])], axis=1)
    for tower in range(2):
        for window in range(len(shares)):
            earlier = array[:window, tower][~np.isnan(array[:window, tower])]
            number, mean, sigma = found[:, window, tower]
            assert number == len(earlier)
            assert mean == pytest.approx(earlier.mean() if len(earlier) else 0.0)
            assert sigma == pytest.approx(earlier.std(ddof=1) if len(earlier) > 1 else 0.0, abs=1e-9)


@settings(max_examples=40)
@given(st.lists(st.integers(0, 20), min_size=1, max_size=60), st.sampled_from([0.0, 0.5, 0.99, 1.0]), st.integers(2, 9))
def test_the_limit_of_silence_is_a_quantile_of_the_latest_gaps(steps: list[int], share: float, gaps: int) -> None:
    times = np.cumsum(steps)
    history = TowerHistory(WatchSettings(gaps=gaps, least_gaps=2, silence_quantile=share), 1)
    tower, window = np.zeros(len(times), np.int64), np.arange(len(times))
    last, silence, limit = history.silences((tower, times, window), times + 3)[:, :, 0]
    assert np.array_equal(last, times)
    assert set(silence) == {3}
    for number in range(len(times)):
        latest = np.diff(times[: number + 1])[-gaps:]
        expected = np.quantile(latest, share) if len(latest) >= 2 else np.inf
        assert limit[number] == pytest.approx(expected)


def event(moment_ms: int, tower: str, state: str, number: int) -> pl.DataFrame:
    """Return one event."""
    row: dict[str, Any] = dict.fromkeys(frame_of(EVENT, {}).columns)
    at = moment(START_MS + moment_ms)
    row |= {"type": "event", "stream": "0" * 16, "sequence": number, "received_at": at, "event_time": at}
    row |= {"tower_id": tower, "state": state, "cause": "setup" if state == "FAIL" else ""}
    return frame_of(EVENT, {name: [value] for name, value in row.items()})


def test_a_tower_that_breaks_is_failing_black_and_deviates(folders: Any) -> None:
    """By hand: a Hello a second, nine of ten accepted for a minute, then none."""
    first = next(stream(made_up(folders(), 1, minutes=2, towers=1)))
    states = ["FAIL" if second >= 60 or second % 10 == 9 else "CONNECT" for second in range(90)]
    rows = pl.concat([event(1000 * second, "tower_0", state, second + 1) for second, state in enumerate(states)])
    found = Watcher(WatchSettings(window_s=10, slide_s=10, lateness_s=0), first.frames["start"])
    closed = [found.take(first), found.take(Chunk({"event": rows}, 1, 90))]
    table = [row for each in closed for frame in each.windows for row in frame.to_dicts()]
    assert [row["state"] for row in table] == ["ORANGE"] * 6 + ["BLACK"] * 2
    assert [row["failure_share"] for row in table] == [0.1] * 6 + [1.0] * 2
    assert [row["deviates"] for row in table] == [False] * 6 + [True, False]
    assert [row["failing"] for row in table] == [False] * 6 + [True] * 2
    assert [row["history_windows"] for row in table] == list(range(8))


def test_the_states_of_a_tower_begin_at_their_shares() -> None:
    failed = np.array([0, 9, 10, 59, 60, 89, 90, 100, 0])
    hellos = np.array([100] * 8 + [0])
    states = [TOWER_STATES[code] for code in state_codes(failed, hellos)]
    assert states == ["GREEN"] * 2 + ["ORANGE"] * 2 + ["RED"] * 2 + ["BLACK"] * 2 + ["NO_DATA"]


def test_a_time_far_ahead_closes_all_windows_before_it(folders: Any) -> None:
    first = next(stream(made_up(folders(), 1, minutes=600, towers=2)))
    times = [0, 35_000_000, 1]
    rows = pl.concat([event(at, f"tower_{number % 2}", "CONNECT", number + 1) for number, at in enumerate(times)])
    found = Watcher(WatchSettings(), first.frames["start"])
    closed = pl.concat([*found.take(first).windows, *found.take(Chunk({"event": rows}, 1, 3)).windows])
    assert closed.height == 2 * ((35_000_000 - 10_000 - 21_000) // 7_000 + 1)
    assert closed["events"].sum() == 1
    assert found.late == 1


def test_an_unknown_tower_is_refused(folders: Any) -> None:
    first = next(stream(made_up(folders(), 1)))
    found = Watcher(WatchSettings(), first.frames["start"])
    with pytest.raises(UserError, match="no tower nowhere in the first message"):
        found.take(Chunk({"event": event(0, "nowhere", "CONNECT", 1)}, 1, 1))


def test_settings_that_contradict_each_other_are_all_named() -> None:
    wrong = WatchSettings(window_s=20, slide_s=7, gaps=10, least_gaps=20)
    assert [str(each) for each in faults_of(wrong, "stream.watch")] == [
        "stream.watch.window_s must be a multiple of slide_s (7), got 20",
        "stream.watch.least_gaps must be at most gaps (10), got 20",
    ]


def test_the_sink_writes_tables_and_prints_what_is_new(
    folders: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = made_up(folders(), 2, minutes=30, towers=2)
    chosen = WatchSettings(lateness_s=ANY_LATE, most_failures=0.5)
    sink = WatchSink(chosen, tmp_path / "x")
    sink.begin("0" * 16, [])
    for chunk in stream(place, 100):
        sink.put(chunk)
    sink.close(complete=True)
    windows = pl.read_parquet(tmp_path / "x" / "tower_windows.parquet")
    assert_frame_equal(windows, batch.tower_windows(place.data, chosen), check_exact=True)
    assert (
        pl.read_parquet(tmp_path / "x" / "call_aggregates.parquet").height == batch.call_aggregates(place.data).height
    )
    assert sorted(each.name for each in (tmp_path / "x").iterdir()) == [
        "call_aggregates.parquet",
        "tower_windows.parquet",
    ]
    for table in (TOWER_WINDOWS, CALL_AGGREGATES):
        found = pq.read_table(tmp_path / "x" / f"{table.name}.parquet")
        assert found.schema.names == [column.name for column in table.columns]
        table.check(found, table.name)
    alerts = begun(windows)
    printed = [tuple(line.partition(": ")[0].split(" ")[2:]) for line in capsys.readouterr().out.splitlines()]
    assert alerts
    assert printed == alerts


def test_a_file_is_no_folder_for_tables_and_stays(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(UserError, match=r"stream\.path must be a folder that can be written, got "):
        WatchSink(WatchSettings(), tmp_path / "x").begin("0" * 16, [])
    assert (tmp_path / "x").read_text() == "mine"


def begun(windows: pl.DataFrame) -> list[tuple[str, str]]:
    """Return tower and state of each window with an alert that the tower did not have in its window before."""
    found, before = [], dict[str, set[str]]()
    for row in windows.to_dicts():
        now = {name for name in ALERTS if row[name]}
        if now - before.get(row["tower_id"], set()):
            found.append((row["tower_id"], row["state"]))
        before[row["tower_id"]] = now
    return found
