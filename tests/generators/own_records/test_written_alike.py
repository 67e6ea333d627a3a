"""How injected calls are written into a user's own records: like the others of their file."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from small_worlds import make_world, table

from generators.anomalies import schemas
from generators.own_records.cdr_file import CdrFile
from generators.own_records.column_settings import Prefixes
from generators.own_records.file_settings import CdrFileSettings, Columns
from generators.own_records.rounding import Rounding

BASIC = ("caller_id", "callee_id", "call_start_ts", "call_duration")
START, LENGTH, OUTCOME = pl.col("call_start_ts"), pl.col("call_duration"), pl.col("outcome")


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    folder = tmp_path_factory.mktemp("forms") / "of"
    make_world(folder, "generator.num_users=400", "generator.days=7", "generator.anomaly_ratio=0")
    found = table(folder, "calls").drop("call_id", "call_end_ts", "handovers")
    return found.with_columns(pl.col(name).cast(pl.String) for name in found.columns if name not in BASIC[2:])


def inject(
    folder: Path, calls: pl.DataFrame, *types: str, counts: dict[str, Any] | None = None, **settings: Any
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the calls of the file with anomalies, and those of them that incidents made or altered."""
    calls.write_parquet(folder / "calls.parquet")
    columns: Any = Columns(**{name: name for name in calls.columns if name not in BASIC})
    own = CdrFileSettings(path=str(folder / "calls.parquet"), columns=columns, anomaly_ratio=0.1, seed=3, **settings)
    own.key_file = str(folder / "key")
    injectors = {name: schemas()[f"anomaly/{name}"]() for name in types}
    made = CdrFile(own, injectors).make(folder / "world", 1, lambda *_: None)
    counts = {} if counts is None else counts
    counts |= made
    rows = table(folder / "world", "truth").filter(cause="direct", level="call").filter(pl.col("row") >= 0)["row"]
    after = table(folder / "world", "calls")
    names = [name for name, kind in after.schema.items() if kind == pl.Categorical]
    after = after.with_columns(pl.col(names).cast(pl.String))
    return after, after[rows]


def share(values: pl.Series) -> float:
    return float(values.to_numpy().mean())


def test_a_few_exceptions_do_not_change_how_lengths_are_rounded(tmp_path: Path, calls: pl.DataFrame) -> None:
    minutes = (LENGTH / 60).ceil().cast(pl.Int32) * 60
    corrected = pl.when(pl.int_range(pl.len()) == 777).then(61).otherwise(minutes).cast(pl.Int32)
    _, made = inject(tmp_path, calls.select(BASIC).with_columns(call_duration=corrected), "long_call", "burst_call")
    assert share(made["call_duration"] % 60 == 0) > 0.99


def test_lengths_are_rounded_as_those_of_their_caller(tmp_path: Path, calls: pl.DataFrame) -> None:
    minutes = (LENGTH / 60).ceil().cast(pl.Int32) * 60
    rounded = pl.col("caller_id").str.tail(1).is_in(["1", "4", "7"])
    given = calls.select(BASIC).with_columns(call_duration=pl.when(rounded).then(minutes).otherwise(LENGTH))
    after, made = inject(tmp_path, given, "long_call", "burst_call")
    lasts = after.join(made.select("call_id"), on="call_id", how="anti").filter(LENGTH > 0)
    by_caller = lasts.group_by("caller_id").agg(whole=(LENGTH % 60 == 0).mean(), known=pl.len())
    whole = by_caller.filter((pl.col("known") >= 3) & (pl.col("whole") == 1))
    others = by_caller.filter((pl.col("known") >= 3) & (pl.col("whole") < 0.5))
    assert share(made.join(whole, on="caller_id")["call_duration"] % 60 == 0) > 0.97
    assert share(made.join(others, on="caller_id")["call_duration"] % 60 == 0) < 0.1


def test_a_file_in_order_of_ends_stays_in_order_of_ends(tmp_path: Path, calls: pl.DataFrame) -> None:
    given = calls.select(BASIC).with_columns(START.dt.truncate("1m")).sort("call_start_ts", "call_duration")
    after, _ = inject(tmp_path, given, "long_call", "burst_call")
    steps = after.with_columns(step=LENGTH.diff().over("call_start_ts"))["step"].drop_nulls()
    assert (steps >= 0).all()


def test_the_truth_has_the_starts_of_the_records(tmp_path: Path, calls: pl.DataFrame) -> None:
    given = calls.select(BASIC).with_columns(START.dt.truncate("1m"))
    _, made = inject(tmp_path, given, "off_hour_call", "burst_call")
    truth = table(tmp_path / "world", "truth").filter(cause="direct").filter(pl.col("row") >= 0)
    ids = truth["incident_id"].cast(pl.String)
    ends = START + pl.duration(seconds=LENGTH)
    own = made.with_columns(incident_id=ids).group_by("incident_id").agg(START.min().alias("start"), end=ends.max())
    found = table(tmp_path / "world", "incidents").with_columns(pl.col("incident_id").cast(pl.String))
    found = found.join(own, on="incident_id")
    assert found.height > 20
    assert found["start_ts"].to_list() == found["start"].to_list()
    assert found["end_ts"].to_list() == found["end"].to_list()


def test_unanswered_calls_have_a_length_where_the_files_have(tmp_path: Path, calls: pl.DataFrame) -> None:
    rings = pl.when(OUTCOME == "answered").then(LENGTH).otherwise(20).cast(pl.Int32)
    given = calls.select(*BASIC, "outcome").with_columns(call_duration=rings)
    _, made = inject(tmp_path, given, "tdos", "wangiri")
    unanswered = made.filter(OUTCOME != "answered")
    assert unanswered.height > 100
    assert set(unanswered["call_duration"]) == {20}


def test_what_is_blank_without_an_answer_is_blank(tmp_path: Path, calls: pl.DataFrame) -> None:
    names = ("first_cell_id", "last_cell_id", "callee_imsi")
    blank = (pl.when(OUTCOME == "answered").then(pl.col(name)).alias(name) for name in names)
    _, made = inject(tmp_path, calls.with_columns(blank), "tdos", "wangiri", "long_call")
    unanswered, answered = made.filter(OUTCOME != "answered"), made.filter(OUTCOME == "answered")
    assert unanswered.height > 100
    assert all(set(unanswered[name]) == {"unknown"} for name in names)
    assert answered.height > 20
    assert "unknown" not in set(answered["first_cell_id"])


def test_setup_times_are_those_of_the_caller(tmp_path: Path, calls: pl.DataFrame) -> None:
    setup = 2 + pl.col("caller_id").str.tail(1).str.replace_all(r"\D", "0").cast(pl.Int32)
    given = calls.select(*BASIC, "outcome").with_columns(call_end_ts=START + pl.duration(seconds=LENGTH + setup))
    after, made = inject(tmp_path, given, "long_call", "burst_call")
    setup = ((pl.col("call_end_ts") - START).dt.total_seconds() - LENGTH).alias("setup")
    rest = after.join(made.select("call_id"), on="call_id", how="anti").select("caller_id", setup).unique()
    pairs = made.select("caller_id", setup).join(rest.select("caller_id").unique(), on="caller_id")
    assert pairs.height > 100
    assert pairs.join(rest, on=["caller_id", "setup"], how="anti").height == 0


def test_lines_with_several_calls_at_a_time_carry_those_of_incidents_too(tmp_path: Path, calls: pl.DataFrame) -> None:
    trunk = "trunk_" + pl.col("caller_id").str.tail(1)
    given = calls.select(*BASIC, "outcome").with_columns(caller_id=trunk, call_duration=LENGTH * 3)
    after, made = inject(tmp_path, given, "burst_call", "off_hour_call")
    truth = table(tmp_path / "world", "truth")
    assert truth.filter(change="removed").height == 0
    assert made.height / after.height == pytest.approx(0.1, rel=0.05)


def test_callers_with_few_values_are_rounded_like_others() -> None:
    values, user = np.array([*[60, 120, 180] * 20, 7, 9, 300]), np.array([*[0] * 60, 1, 1, 3])
    rounding = Rounding.of(values, user, 4, np.random.default_rng(1))
    assert rounding.step.tolist() == [60, 60, 60, 60]
    assert rounding.exact.tolist() == [0, 0, 0, 0]


def test_a_file_of_answered_calls_gets_no_others(tmp_path: Path, calls: pl.DataFrame) -> None:
    """Calls that nobody answers have no record there, and what consists of them is left out."""
    counts: dict[str, Any] = {}
    answered = calls.filter(OUTCOME == "answered")
    after, made = inject(tmp_path, answered, "robocall", "wangiri", "burst_call", counts=counts)
    assert set(after["outcome"]) == {"answered"}
    assert list(counts["types_left_out"]) == ["wangiri"]
    assert re.fullmatch(
        r"\d+% of its calls are not answered, and these records have no such calls", counts["types_left_out"]["wangiri"]
    )
    assert made.height / after.height == pytest.approx(0.1, rel=0.05)
    robocalls = counts["calls_by_type"]["robocall"]
    assert robocalls / counts["anomalous_calls"] == pytest.approx(0.5, abs=0.05)


def test_only_outcomes_that_the_file_has_are_written(tmp_path: Path, calls: pl.DataFrame) -> None:
    words = pl.when(OUTCOME == "answered").then(pl.lit("answered")).otherwise(pl.lit("busy"))
    after, made = inject(tmp_path, calls.with_columns(outcome=words), "tdos", "wangiri")
    assert set(made["outcome"]) == {"answered", "busy"}
    assert set(after["outcome"]) == {"answered", "busy"}


def test_calls_too_short_to_show_are_left_out_and_the_reason_is_said(tmp_path: Path, calls: pl.DataFrame) -> None:
    counts: dict[str, Any] = {}
    minutes = calls.select(BASIC).with_columns(call_duration=(LENGTH / 60).ceil().cast(pl.Int32) * 60)
    inject(tmp_path, minutes, "short_call", "burst_call", counts=counts)
    assert list(counts["types_left_out"]) == ["short_call"]
    assert re.fullmatch(
        r"\d+% of its calls would be written as they were \(lengths are in steps of 60 s\)",
        counts["types_left_out"]["short_call"],
    )
    assert counts["calls_by_type"]["burst_call"] == pytest.approx(0.1 * counts["calls"], rel=0.05)


def test_altered_calls_keep_their_start_in_an_hour_that_comes_twice(tmp_path: Path, calls: pl.DataFrame) -> None:
    """Clocks in Berlin went back at 01:00 UTC on 2024-10-27, so 00:30 UTC and 01:30 UTC are both half past two."""
    hour = datetime(2024, 10, 27, 1, tzinfo=UTC), datetime(2024, 10, 27, 2, tzinfo=UTC)
    within = hour[0] + pl.duration(seconds=pl.int_range(pl.len()) % 3600)
    shifted = pl.when(pl.int_range(pl.len()) % 10 == 0).then(within).otherwise(START + pl.duration(days=300))
    given = calls.select(BASIC).with_columns(call_start_ts=shifted).sort("call_start_ts")
    _, made = inject(tmp_path, given, "short_call", time_zone="Europe/Berlin")
    assert made.filter(START.is_between(*hour)).height > 20
    there, starts = (each.select(START.dt.epoch("s")).unique() for each in (given, made))
    assert starts.join(there, on="call_start_ts", how="anti").height == 0


def test_numbers_abroad_are_known_by_how_they_begin(tmp_path: Path, calls: pl.DataFrame) -> None:
    """The longest beginning that fits counts, and numbers that fit none are subscribers where they call."""
    abroad = {"foreign": ["ext_", "user_00"], "unlisted": ["ext_000"], "premium": ["ext_001"]}
    counts: dict[str, Any] = {}
    given = calls.select(*BASIC, "outcome")
    settings = {"callee_prefixes": Prefixes(**abroad), "pseudonyms": False}
    after, made = inject(tmp_path, given, "irsf", "pbx_hack", counts=counts, **settings)
    assert counts["types_left_out"] == {}
    number = pl.col("callee_id")
    kind = (
        pl.when(number.str.starts_with("ext_000")).then(pl.lit("unlisted"))
        .when(number.str.starts_with("ext_001")).then(pl.lit("premium"))
        .when(number.str.starts_with("ext_") | number.str.starts_with("user_00")).then(pl.lit("foreign"))
        .when(number.is_in(given["caller_id"].implode())).then(pl.lit("subscriber"))
        .otherwise(pl.lit("unlisted"))
    )  # fmt: skip
    assert after.select(kind.alias("kind"))["kind"].to_list() == after["callee_type"].to_list()
    assert set(made["callee_type"]) == {"foreign", "premium"}
