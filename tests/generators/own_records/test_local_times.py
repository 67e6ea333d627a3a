"""Records in a time zone whose clocks change: starts in UTC, days and nights by local time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_files import HEADER, configured, read, starts

from bench.dataset import Dataset
from bench.detector import Level
from bench.levels import Grid
from bench.settings import ProtocolSettings
from bench.worlds.protocol import applied
from detectors.features.calls.call_features import call_features
from generators.anomalies.off_hour_call import OffHourCall
from generators.own_records.cdr_file import CdrFile
from generators.own_records.local_time import LocalTime

ZONES = ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
YEAR_S = 366 * 86_400
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


@settings(max_examples=60, deadline=None)
@given(zone=st.sampled_from(ZONES), seconds=st.lists(st.integers(0, YEAR_S), min_size=1, max_size=20))
def test_local_times_are_those_of_the_time_zone_database(zone: str, seconds: list[int]) -> None:
    moments = [BEGIN + timedelta(seconds=each) for each in seconds]
    local = [moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments]
    expected = [each.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC) for each in local]
    ms = np.array([round(each.replace(tzinfo=UTC).timestamp() * 1000) for each in local])
    found = LocalTime(zone).to_utc(ms)
    assert [datetime.fromtimestamp(each / 1000, UTC) for each in found.tolist()] == expected


def test_a_year_of_local_times_has_its_days_and_nights(tmp_path: Path) -> None:
    """A call a day at 03:30 local time: one a day, and each of them at night, on either side of both changes."""
    days = [datetime(2024, 1, 1, 3, 30) + timedelta(days=day) for day in range(366)]
    text = "\n".join([HEADER, *(f"a,b,{day:%Y-%m-%d %H:%M:%S},60" for day in days)])
    world, _ = read(tmp_path, text, time_zone="Europe/Berlin")
    expected = [day.replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC) for day in days]
    assert starts(world) == expected
    dataset = Dataset.open(world / "data")
    assert len(dataset.clock.changes) == 2
    grid = Grid(Level.USER_DAY, dataset)
    assert grid.spans == 366
    assert (grid.calls[:366] == 1).all()
    hours = call_features(dataset, ["hour", "night"], dataset.window)
    assert np.allclose(hours, [3.5, 1])
    split = applied(dataset, ProtocolSettings())
    assert dataset.clock.local_ms(split.window.start_ms) % 86_400_000 == 0


@pytest.mark.parametrize("form", ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%z", "utc"])
def test_offsets_utc_and_local_times_are_the_same_calls(tmp_path: Path, form: str) -> None:
    zone = ZoneInfo("Europe/Berlin")
    moments = [datetime(2024, 3, 30, 22, tzinfo=UTC) + timedelta(minutes=41 * step) for step in range(20)]
    written = [
        f"{moment:%Y-%m-%d %H:%M:%S} UTC" if form == "utc" else moment.astimezone(zone).strftime(form)
        for moment in moments
    ]
    world, _ = read(tmp_path, "\n".join([HEADER, *(f"a,b,{each},1" for each in written)]), time_zone="Europe/Berlin")
    assert starts(world) == moments


def test_times_that_clocks_skip_or_repeat_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["a,b,2024-03-31 02:30:00,1", "a,b,2024-10-27 02:30:00,1"]
    world, _ = read(tmp_path, "\n".join([HEADER, *rows]), time_zone="Europe/Berlin")
    assert starts(world) == [datetime(2024, 3, 31, 1, 30, tzinfo=UTC), datetime(2024, 10, 27, 0, 30, tzinfo=UTC)]
    output = capsys.readouterr().out
    assert "Europe/Berlin skip (1)" in output
    assert "times that they repeat (1)" in output


def test_lengths_are_right_through_a_change(tmp_path: Path) -> None:
    text = "caller_id,callee_id,call_start_ts,call_end_ts\na,b,2024-03-31 01:59:00,2024-03-31 03:01:00\n"
    world, _ = read(tmp_path, text, time_zone="Europe/Berlin")
    (call,) = Dataset.open(world / "data").table("calls").to_pylist()
    assert call["call_duration"] == 120


def test_injected_incidents_lie_at_local_hours(tmp_path: Path) -> None:
    """Calls that are moved into the night are there by local time, before and after the change."""
    rng = np.random.default_rng(3)
    rows = []
    for day in range(28):
        for user in range(60):
            moment = datetime(2024, 3, 18) + timedelta(days=day, hours=9 + 10 * rng.random())
            rows.append(f"u{user},u{(user * 7 + day) % 60},{moment:%Y-%m-%d %H:%M:%S},60")
    (tmp_path / "cdr.csv").write_text("\n".join([HEADER, *rows]))

    chosen = configured(path=str(tmp_path / "cdr.csv"), time_zone="Europe/Berlin", anomaly_ratio=0.05)
    CdrFile(chosen, {"off_hour_call": OffHourCall()}).make(tmp_path / "world", 1, lambda *_: None)

    truth = pl.read_parquet(tmp_path / "world" / "truth" / "truth.parquet").filter(pl.col("row") >= 0)
    calls = Dataset.open(tmp_path / "world" / "data").table("calls")["call_start_ts"].take(pa.array(truth["row"]))
    hours = [moment.as_py().astimezone(ZoneInfo("Europe/Berlin")).hour for moment in calls]
    assert len(hours) > 40
    assert set(hours) <= {2, 3, 4}
    incidents = pl.read_parquet(tmp_path / "world" / "truth" / "incidents.parquet")
    assert set(incidents["start_ts"].to_list()) == {moment.as_py() for moment in calls}
