"""Anomalies in a user's own records: what the truth names has changed, and nothing else."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from small_worlds import SMALL, make_world, table

from bench.faults import SettingsError, UserError
from bench.schema import CALLS
from generators.anomalies import schemas
from generators.injection.editable_plan import EditablePlan
from generators.injection.injector import Incidents, new_calls
from generators.injection.planning_errors import NoRoom
from generators.injection.schedule import Schedule
from generators.own_records.cdr_file import CdrFile
from generators.own_records.file_settings import CdrFileSettings, Columns, Outcomes

SAMPLE = Path(__file__).parents[3] / "docs" / "own-data-sample.csv"
SEED_FOUR = ("short_call", "long_call", "off_hour_call", "burst_call")
SAID = [name for name in CALLS.arrow.names if name not in ("call_id", "call_end_ts", "handovers")]


def make(folder: Path, anomalies: dict[str, Any], **changed: Any) -> dict[str, Any]:
    columns = Columns("A_NUMBER", "B_NUMBER", "START", "DURATION", first_cell_id="CELL", outcome="RESULT")
    words = Outcomes(answered=["ANS"], missed=["NOANS"], busy=["BUSY"], failed=["FAIL"])
    own: dict[str, Any] = {"path": str(SAMPLE), "columns": columns, "outcomes": words}
    own |= {"time_format": "%d/%m/%Y %H:%M:%S", "delimiter": ";", "time_zone": "Asia/Kolkata"}
    key = folder.parent / "pseudonyms.key"
    key.write_bytes(bytes(range(32)))
    key.chmod(0o600)
    own |= {"key_file": str(key), **changed}
    return CdrFile(CdrFileSettings(**own), anomalies).make(folder, 1, lambda *_: None)


def injectors(*names: str) -> dict[str, Any]:
    return {name: schemas()[f"anomaly/{name}"]() for name in names}


def rows(calls: pl.DataFrame) -> Counter[tuple[object, ...]]:
    return Counter(calls.select(SAID).iter_rows())


def assert_twins(clean: Path, world: Path) -> None:
    """What the truth does not name is there in both, row for row."""
    before, after, truth = table(clean, "calls"), table(world, "calls"), table(world, "truth")
    named = truth.filter(pl.col("row") >= 0)["row"].to_numpy()
    assert len(set(named.tolist())) == len(named)
    assert truth.filter(pl.col("row") >= 0)["entity_id"].to_list() == after["call_id"].gather(named).to_list()
    rest = after.filter(~pl.int_range(pl.len()).is_in(named))
    assert not rows(rest) - rows(before)
    left = before.height - rest.height
    assert left == truth.filter(pl.col("change").is_in(["altered", "removed"])).height
    assert rest.select(SAID).equals(before.join(rest, on=SAID, how="semi").select(SAID))  # in the same order
    touched = after.filter(pl.int_range(pl.len()).is_in(truth.filter(change="altered")["row"]))
    assert not rows(touched) & (rows(before) - rows(after))
    gone = truth.filter(change="removed").select("user_id", "start_ts", "cell_id")
    once_there = before.select("caller_id", "call_start_ts", "first_cell_id")
    assert gone.join(once_there, left_on=gone.columns, right_on=once_there.columns, how="anti").height == 0
    assert after["call_start_ts"].is_sorted()
    assert after["call_id"].to_list() == [f"call_{number:06d}" for number in range(after.height)]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own") / "clean"
    make(folder, {})
    return folder


@pytest.mark.parametrize(("every", "seconds"), [("1m", 60), ("5m", 300)])
def test_rounding_and_order_of_a_file_say_nothing(tmp_path: Path, every: str, seconds: int) -> None:
    """Injected records are rounded like all others, and stand anywhere among those of the same start."""
    make_world(tmp_path / "of", "generator.num_users=400", "generator.days=7", "generator.anomaly_ratio=0")
    names = ["caller_id", "callee_id", "call_start_ts", "call_duration"]
    calls = table(tmp_path / "of", "calls").select(names).with_columns(
        pl.col("call_start_ts").dt.truncate(every), (pl.col("call_duration") / 6).ceil().cast(pl.Int32) * 6
    )  # fmt: skip
    calls.with_columns(pl.col("caller_id", "callee_id").cast(pl.String)).write_parquet(tmp_path / "calls.parquet")
    own = CdrFileSettings(path=str(tmp_path / "calls.parquet"), pseudonyms=False, anomaly_ratio=0.1, seed=3)
    CdrFile(own, injectors("short_call", "burst_call")).make(tmp_path / "world", 1, lambda *_: None)
    after = table(tmp_path / "world", "calls")
    assert (after["call_start_ts"].dt.epoch("s") % seconds == 0).all()
    assert (after["call_duration"] % 6 == 0).all()
    rows = table(tmp_path / "world", "truth").filter(cause="direct").filter(pl.col("row") >= 0)["row"]
    size, rank = pl.len().over("call_start_ts"), pl.col("row").rank("ordinal").over("call_start_ts")
    starts = after.select("call_start_ts", row=pl.int_range(pl.len()))
    place = starts.with_columns(place=(rank - 0.5) / size, size=size).filter(pl.col("row").is_in(rows.implode()))
    shared = place.filter(pl.col("size") > 1)
    assert shared.height > 200
    assert shared["place"].mean() == pytest.approx(0.5, abs=4 * 0.29 / shared.height**0.5)


def test_the_setup_of_injected_calls_is_that_of_calls_with_their_outcome(tmp_path: Path) -> None:
    """In a file in which answered calls are set up in 5 s, missed ones ring for 30 s, and busy ones end after 1 s."""
    setups = {"answered": 5, "missed": 30, "busy": 1, "failed": 2}
    make_world(tmp_path / "of", "generator.num_users=400", "generator.days=7", "generator.anomaly_ratio=0")
    names = ["caller_id", "callee_id", "call_start_ts", "call_duration", "outcome"]
    calls = (
        table(tmp_path / "of", "calls")
        .select(names)
        .with_columns(pl.exclude("call_start_ts", "call_duration").cast(pl.String))
    )
    length = pl.col("call_duration") + pl.col("outcome").replace_strict(setups, return_dtype=pl.Int32)
    calls = calls.with_columns(call_end_ts=pl.col("call_start_ts") + pl.duration(seconds=length))
    calls.write_parquet(tmp_path / "calls.parquet")
    columns = Columns(call_end_ts="call_end_ts", outcome="outcome")
    own = CdrFileSettings(
        path=str(tmp_path / "calls.parquet"),
        columns=columns,
        pseudonyms=True,
        key_file=str(tmp_path / "key"),
        anomaly_ratio=0.2,
    )
    CdrFile(own, injectors("tdos", "wangiri")).make(tmp_path / "world", 1, lambda *_: None)
    after = table(tmp_path / "world", "calls").with_columns(pl.col("outcome").cast(pl.String))
    seconds = (after["call_end_ts"] - after["call_start_ts"]).dt.total_seconds() - after["call_duration"]
    assert after.with_columns(setup=seconds).group_by("outcome").agg(pl.col("setup").unique()).sort(
        "outcome"
    ).rows() == [(word, [setups[word]]) for word in sorted(set(after["outcome"]))]


@settings(max_examples=8)
@given(st.integers(0, 1000), st.sets(st.sampled_from(SEED_FOUR), min_size=1), st.sampled_from([0.08, 0.15, 0.25]))
def test_the_two_worlds_of_own_records(clean: Path, seed: int, types: set[str], ratio: float) -> None:
    folder = Path(mkdtemp(dir=clean.parent)) / "world"
    try:
        counts = make(folder, injectors(*sorted(types)), anomaly_ratio=ratio, seed=seed)
    except UserError:  # long calls get in each other's way
        reject()
    assert_twins(clean, folder)
    assert counts["labelled"]
    assert set(counts["calls_by_type"]) == types
    assert counts["anomalous_calls"] / counts["calls"] == pytest.approx(ratio, rel=0.05)
    truth, calls = table(folder, "truth").filter(cause="direct"), table(folder, "calls")
    hits = truth.filter(pl.col("row") >= 0).with_columns(calls[truth.filter(pl.col("row") >= 0)["row"]])
    duration = dict(hits.group_by("anomaly_type").agg("call_duration").iter_rows())
    assert all(1 <= each <= 5 for each in duration.get("short_call", []))
    assert all(3600 <= each <= 7200 for each in duration.get("long_call", []))
    assert all(10 <= each <= 60 for each in duration.get("burst_call", []))
    nights = hits.filter(anomaly_type="off_hour_call")["call_start_ts"].dt.convert_time_zone("Asia/Kolkata").dt.hour()
    assert set(nights.to_list()) <= {2, 3, 4}


@pytest.mark.parametrize("name", sorted(key.removeprefix("anomaly/") for key in schemas()))
def test_each_type_is_injected_or_refused_in_a_line(clean: Path, name: str) -> None:
    folder = clean.parent / f"type_{name}"
    try:
        make(folder, injectors(name), anomaly_ratio=0.2)
    except UserError as error:
        lines = str(error).splitlines()
    else:
        lines = ["injected"]
        assert_twins(clean, folder)
    assert len(lines) == 1


@pytest.mark.parametrize("name", sorted(key.removeprefix("anomaly/") for key in schemas()))
def test_the_way_on_of_a_refusal_leads_out(clean: Path, name: str) -> None:
    """Another ratio, or to leave the type out, which is nothing that could fail."""
    ratio = 0.02
    for step in range(4):
        message = refused(clean.parent / f"way_{name}_{step}", name, ratio)
        found = re.findall(r"ratio of ([\d.]+) does", message or "")
        if not found:
            assert message is None or "leave" in message
            return
        assert "generator.num_users" not in str(message)
        ratio = float(found[0])
    raise AssertionError(name)


def refused(folder: Path, name: str, ratio: float) -> str | None:
    """Return why a type is not injected; None when it is."""
    try:
        make(folder, injectors(name), anomaly_ratio=ratio)
    except UserError as error:
        return str(error)
    return None


def test_no_line_carries_an_incidents_call_and_another(clean: Path) -> None:
    folder = clean.parent / "lines"
    make(folder, injectors(*SEED_FOUR), anomaly_ratio=0.3, seed=3)
    truth = table(folder, "truth").filter(cause="direct", level="call").filter(pl.col("row") >= 0)
    calls = table(folder, "calls").with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    ours = truth.select("row").join(calls, on="row")
    pairs = ours.join(calls, on="caller_id").filter(pl.col("row") != pl.col("row_right"))
    overlap = (pl.col("call_start_ts") < pl.col("call_end_ts_right")) & (
        pl.col("call_start_ts_right") < pl.col("call_end_ts")
    )
    assert pairs.filter(overlap).height == 0


def test_every_column_says_of_an_incidents_calls_what_it_says_of_their_callers(tmp_path: Path) -> None:
    make_world(tmp_path / "source", *SMALL, "generator/network=none", "generator.anomaly_ratio=0")
    own = {"path": str(tmp_path / "source" / "data" / "calls.parquet"), "columns": Columns(), "outcomes": Outcomes()}
    own |= {"time_format": "iso", "time_zone": "UTC"}
    make(tmp_path / "clean", {}, **own)
    make(tmp_path / "world", injectors(*SEED_FOUR), anomaly_ratio=0.1, **own)
    before = table(tmp_path / "clean", "calls").with_columns(call_id=pl.lit(""))
    assert rows(before) == rows(table(tmp_path / "clean", "calls"))
    assert_twins(tmp_path / "clean", tmp_path / "world")
    truth = table(tmp_path / "world", "truth").filter(cause="direct").filter(pl.col("row") >= 0)
    made = table(tmp_path / "world", "calls")[truth["row"]]
    pairs = ("caller_imei", "caller_imsi"), ("callee_imsi", "callee_number", "callee_type")
    for party, columns in zip(("caller_id", "callee_id"), pairs, strict=True):
        for column in columns:
            known = before.select(party, column).unique()
            seen = made.join(known.select(party).unique(), on=party, how="semi").select(party, column).unique()
            assert seen.join(known, on=[party, column], how="anti").height == 0
    cells = before.select("caller_id", "first_cell_id", "last_cell_id").unique()
    assert made.join(cells, on=cells.columns, how="anti").height == 0


@dataclass
class NewFace:
    """A user of the reserve calls from another's device."""

    share: float = 1.0
    difficulty: float = 0.5
    schedule: Schedule = field(default_factory=Schedule)
    level: ClassVar[str] = "user"
    adds: ClassVar[bool] = True
    least: ClassVar[int] = 1

    def plan(self, editable: EditablePlan, calls: int, rng: np.random.Generator) -> Incidents:
        normal = editable.normal
        new, when = editable.recruit(1), normal.moments(calls, rng)
        callee = normal.contacts(normal.anybody(rng)[np.zeros(calls, np.int64)], when, rng)
        edits = new_calls(np.repeat(new, calls), when, np.full(calls, 20_000), callee, rng)
        return Incidents(edits._replace(device=np.zeros(calls, np.int64)), np.zeros(calls, np.int64), [{}])


@dataclass
class Clairvoyant(NewFace):
    """A type that wants to know how people's days are patterned."""

    def plan(self, editable: EditablePlan, calls: int, rng: np.random.Generator) -> Incidents:
        if editable.life.model.people.pattern.any():
            raise NoRoom
        return super().plan(editable, calls, rng)


def test_a_box_of_sims_needs_no_place_to_live(tmp_path: Path) -> None:
    """Covers `RecordedLife.enrol`: records do not show where people live; a SIM box used to end in a traceback."""
    rng = np.random.default_rng(1)
    caller, callee = rng.integers(0, 450, (2, 4000))
    start = np.datetime64("2024-03-04") + rng.integers(0, 3 * 86_400, 4000).astype("timedelta64[s]")
    lines = [f"+9991{a:05d},+9991{b:05d},{c}Z,30" for a, b, c in zip(caller, callee, np.sort(start), strict=True)]
    (tmp_path / "cdr.csv").write_text("\n".join(["caller_id,callee_id,call_start_ts,call_duration", *lines]) + "\n")
    own = {"columns": Columns(), "outcomes": Outcomes(), "path": str(tmp_path / "cdr.csv"), "anomaly_ratio": 0.3}
    own |= {"time_format": "iso", "delimiter": ",", "time_zone": "UTC"}
    counts = make(tmp_path / "world", injectors("sim_box"), **own)
    assert counts["calls_by_type"]["sim_box"] > 1000
    incidents = table(tmp_path / "world", "incidents")
    assert incidents["actors"].list.len().min() >= 5


def test_who_is_made_up_looks_like_the_others(clean: Path) -> None:
    folder = clean.parent / "faces"
    make(folder, {"new_face": NewFace()}, anomaly_ratio=0.05)
    assert_twins(clean, folder)
    calls, truth = table(folder, "calls"), table(folder, "truth")
    (face,) = set(table(folder, "incidents")["actors"].explode().to_list())
    assert face not in set(table(clean, "users")["user_id"])
    assert face in set(table(folder, "users")["user_id"])
    dictionary = pq.read_table(folder / "data" / "calls.parquet")["caller_id"].chunk(0).dictionary.to_pylist()
    assert sorted(dictionary) == dictionary
    assert set(dictionary) == set(calls["caller_id"]) | set(calls["callee_id"])
    shape = r"^number_[0-9a-f]{20}$"
    assert calls["caller_id"].str.contains(shape).all()
    made = calls.filter(pl.int_range(pl.len()).is_in(truth["row"]))
    assert set(made["first_cell_id"]) <= set(table(clean, "calls")["first_cell_id"])


@pytest.mark.parametrize(
    ("anomalies", "changed", "line"),
    [
        ({"new_face": NewFace()}, {"anomaly_ratio": 0.05, "pseudonyms": False},
         "anomaly must leave out types that these records cannot carry (it needs new users, who can be made up under "
         "pseudonyms only (generator.pseudonyms=true)), got 'new_face'"),
        ({"c": Clairvoyant(), **injectors("tower_outage")}, {"anomaly_ratio": 0.05},
         "anomaly must leave out types that these records cannot carry (leave out types at the level of cells: call "
         "records do not describe a network), got 'tower_outage'\nanomaly must leave out types that these records "
         "cannot carry (it needs the arrays of a simulation), got 'c'"),
        (injectors("burst_call"), {"anomaly_ratio": 0.001},
         "generator.anomaly_ratio must leave room for whole incidents of burst_call (10 calls or more): "),
        (injectors("short_call"), {}, "generator.anomaly_ratio must be above 0 where types are chosen"),
        ({}, {"anomaly_ratio": 0.1}, "generator.anomaly_ratio must be above 0 where types are chosen"),
    ],
)  # fmt: skip
def test_what_cannot_be_injected_is_refused(
    anomalies: dict[str, Any], changed: dict[str, Any], line: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as refused:
        make(tmp_path / "world", anomalies, **changed)
    assert str(refused.value).startswith(line)


def test_types_that_the_records_cannot_carry_are_left_out_and_named(clean: Path) -> None:
    asked = {"c": Clairvoyant(), **injectors("short_call", "sim_box", "tower_outage")}
    counts = make(clean.parent / "some", asked, anomaly_ratio=0.05)
    assert set(counts["calls_by_type"]) == {"short_call"}
    assert counts["anomalous_calls"] / counts["calls"] == pytest.approx(0.05, rel=0.05)
    assert set(counts["types_left_out"]) == {"c", "sim_box", "tower_outage"}
    assert counts["types_left_out"]["c"] == "it needs the arrays of a simulation"
    assert re.fullmatch(r"an incident takes [\d,]+ calls or more.*", counts["types_left_out"]["sim_box"])


def test_labels_of_ones_own_and_injected_ones_do_not_mix(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("caller_id,callee_id,call_start_ts,call_duration,is_anomaly\n")
    faults = CdrFileSettings(path=str(tmp_path / "a.csv"), anomaly_ratio=0.1).faults("generator")
    assert [str(each) for each in faults] == [
        "generator.anomaly_ratio must be 0 where the records have labels "
        "(generator.columns.is_anomaly=null leaves them out), got 0.1"
    ]


def test_the_same_seed_gives_the_same_world_and_another_gives_another(clean: Path) -> None:
    def touched(name: str, seed: int) -> list[object]:
        make(clean.parent / name, injectors("short_call"), anomaly_ratio=0.1, seed=seed)
        return table(clean.parent / name, "truth")["row"].to_list()

    first = touched("one", 1)
    assert touched("two", 1) == first
    assert touched("three", 2) != first
