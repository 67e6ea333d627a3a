"""Call records of one's own: what is read, and what becomes of it."""

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_files import GOOD, HEADER, SAMPLE, configured, make, read, starts
from small_worlds import make_settings, make_world, table

from bench.dataset import Dataset
from bench.faults import UserError, faults_of
from bench.schema import CALLS, DATA_TABLES, LABELS
from bench.worlds.store import fingerprint_of
from generators.own_records.cdr_file import CdrFile
from generators.own_records.file_settings import CdrFileSettings, Columns
from generators.tables import export


def test_our_names_are_the_schemas() -> None:
    ours = {c.name for c in (*CALLS.columns, *LABELS)} | {"incident_id"}
    described = {"direction", "owner_id", "other_id", "call_start_time", "other_leg_id"}
    own = set(Columns.__dataclass_fields__) - described
    assert own == ours - {"handovers"}  # which only the simulated network knows


def test_every_table_is_whole_and_what_was_filled_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world, counts = read(tmp_path, f"{HEADER}\nann,bob,2024-01-02T10:00:00Z,61\nbob,eve,2024-01-01T09:30:00.9Z,0\n")
    for name, known in DATA_TABLES.items():
        known.check(Dataset.open(world / "data").table(name), name)
    first, second = table(world, "calls").to_dicts()
    assert (first["caller_id"], first["outcome"], first["call_id"]) == ("bob", "missed", "call_000000")
    assert first["call_start_ts"] == datetime(2024, 1, 1, 9, 30, tzinfo=UTC)
    assert (second["outcome"], second["callee_type"], second["first_cell_id"]) == ("answered", "subscriber", "unknown")
    assert second["call_end_ts"] - second["call_start_ts"] == timedelta(seconds=61)
    assert table(world, "users")["user_id"].to_list() == ["ann", "bob"]
    assert table(world, "cells").is_empty()
    assert counts["filled"] == dict.fromkeys(
        ["call_id", "outcome", "callee_type", "first_cell_id", "last_cell_id", "caller_imei", "caller_imsi",
         "callee_imsi", "callee_number"], 2,
    )  # fmt: skip
    assert counts["labelled"] is False
    lines = capsys.readouterr().out.splitlines()
    extent = "2 calls of 3 parties, 2 days from 2024-01-01 to 2024-01-02, no labels; starts are read with their zone"
    assert lines[0] == f"{tmp_path}/cdr.csv: {extent}"
    assert "callee_type (subscriber)" in lines[1]
    assert lines[2:] == ["left out: nothing"]


@pytest.mark.parametrize(
    ("duration", "end", "setup_s"),
    [
        ("61", "10:01:04", 3),
        ("61", "10:01:01", 0),
        ("61", "10:00:30", 0),
        ("61.9", "10:01:03.5", 2),
    ],
)
def test_an_end_beside_a_duration_tells_the_setup(tmp_path: Path, duration: str, end: str, setup_s: int) -> None:
    """The duration is the talk time; an end before start plus talk time is none."""
    header, day = HEADER.replace("call_duration", "call_duration,call_end_ts"), "2024-01-02T"
    row = f"ann,bob,{day}10:00:00Z,{duration},{day}{end}Z"
    (call,) = table(read(tmp_path, f"{header}\n{row}\n")[0], "calls").to_dicts()
    lasts = call["call_end_ts"] - call["call_start_ts"] - timedelta(seconds=call["call_duration"])
    assert (call["call_duration"], lasts) == (int(float(duration)), timedelta(seconds=setup_s))


def test_records_of_a_simulated_world_are_read_back_as_they_are(tmp_path: Path) -> None:
    """Start, end and talk time, setup and all."""
    make_world(tmp_path / "source", "generator.num_users=150", "generator.num_towers=5", "generator.days=3")
    calls = table(tmp_path / "source", "calls")
    own, columns = str(tmp_path / "source" / "data" / "calls.parquet"), Columns()
    again = table(make(tmp_path / "read", path=own, columns=columns, time_format="iso", time_zone="UTC")[0], "calls")
    assert calls.select((pl.col("call_end_ts") - pl.col("call_start_ts")).n_unique()).item() > 20
    for name in ("call_id", "call_start_ts", "call_end_ts", "call_duration", "outcome", "caller_id"):
        assert again[name].equals(calls[name]), name


def test_names_that_a_spreadsheet_would_calculate_come_back_from_our_own_csv(tmp_path: Path) -> None:
    names = ["=1+1", "'@x", "a\x1b[2Jb", "+4930", r"C:\x1b"]
    rows = [f'"{name}",bob,2024-01-0{1 + at}T00:00:00Z,{at}' for at, name in enumerate(names)]
    world, counts = read(tmp_path, "\n".join([HEADER, *rows]) + "\n")
    recipe = {"inputs": [], "key": None}
    (world / "manifest.json").write_text(json.dumps({"counts": counts, "recipe": recipe, "fingerprint": "0" * 16}))
    (tmp_path / "out").mkdir()
    export.write(world, tmp_path / "out", csv=True, progress=lambda *_: None)
    text = (tmp_path / "out" / "cdr_call_records.csv").read_text()
    assert "\x1b" not in text
    assert '"\'=1+1"' in text
    calls = table(world, "calls")
    assert calls["caller_id"].to_list()[:2] == ["=1+1", "@x"]
    again, _ = make(tmp_path / "again", path=str(tmp_path / "out" / "cdr_call_records.csv"), columns=Columns())
    assert table(again, "calls")["caller_id"].to_list() == calls["caller_id"].to_list()


def test_columns_are_mapped_and_left_out(tmp_path: Path) -> None:
    text = "A;B;START;END;outcome;CELL\n1;2;01/02/2024 10:00:00;01/02/2024 10:00:31;16;x\n"
    columns = {"caller_id": "A", "callee_id": "B", "call_start_ts": "START", "call_end_ts": "END", "outcome": None}
    world, counts = read(
        tmp_path, text, delimiter=";", columns={**columns, "first_cell_id": "CELL"}, time_format="%d/%m/%Y %H:%M:%S"
    )
    (call,) = table(world, "calls").to_dicts()
    assert call["call_start_ts"] == datetime(2024, 2, 1, 10, tzinfo=UTC)
    assert (call["call_duration"], call["outcome"]) == (31, "answered")
    assert (call["first_cell_id"], call["last_cell_id"]) == ("x", "x")
    (cell,) = table(world, "cells").to_dicts()
    assert (cell["cell_id"], cell["latitude"]) == ("x", None)
    assert counts["filled"]["outcome"] == 1
    world, _ = read(
        tmp_path / "world", text, delimiter=";", columns={**columns, "outcome": "outcome"},
        time_format="%d/%m/%Y %H:%M:%S", outcomes={"busy": [16]},
    )  # fmt: skip
    assert table(world, "calls")["outcome"].to_list() == ["busy"]


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("2024-07-01T04:30:00.250Z", {}),
        ("2024-07-01T10:00:00+05:30", {}),
        ("2024-07-01 10:00", {"time_zone": "Asia/Kolkata"}),
        ("1719808200", {"time_format": "epoch_s"}),
        ("1719808200.9", {"time_format": "epoch_s"}),
        ("1719808200999", {"time_format": "epoch_ms"}),
        ("01.07.2024 10:00:00", {"time_format": "%d.%m.%Y %H:%M:%S", "time_zone": "Asia/Kolkata"}),
        ("01.07.2024 10:00:00.75", {"time_format": "%d.%m.%Y %H:%M:%S.%f", "time_zone": "Asia/Kolkata"}),
        ("01.07.2024 10:00:00 +0530", {"time_format": "%d.%m.%Y %H:%M:%S %z"}),
    ],
)
def test_one_moment_in_many_forms(tmp_path: Path, text: str, changes: dict[str, str]) -> None:
    world, _ = read(tmp_path, f"{HEADER}\na,b,{text},1\n", **changes)
    assert starts(world) == [datetime(2024, 7, 1, 4, 30, tzinfo=UTC)]


@pytest.mark.parametrize(("unit", "text"), [("s", "90.9"), ("ms", "90400"), ("min", "1.5")])
def test_lengths_have_a_unit(tmp_path: Path, unit: str, text: str) -> None:
    world, _ = read(tmp_path, f"{HEADER}\na,b,2024-01-01T00:00Z,{text}\n", duration_unit=unit)
    assert table(world, "calls")["call_duration"].to_list() == [90]


def test_the_clock_is_of_whole_local_days(tmp_path: Path) -> None:
    text = f"{HEADER}\na,b,2024-07-01 00:10:00,1\na,b,2024-07-03 23:59:59,1\n"
    world, _ = read(tmp_path, text, time_zone="Europe/Berlin")
    clock = Dataset.open(world / "data").clock
    assert clock.utc_offset_s == 7200
    assert (clock.end_ms - clock.start_ms) / 86_400_000 == 3
    assert datetime.fromtimestamp(clock.start_ms / 1000, UTC) == datetime(2024, 6, 30, 22, tzinfo=UTC)


@settings(max_examples=25, deadline=None)
@given(seconds=st.lists(st.integers(0, 300_000), min_size=1, max_size=30), cuts=st.integers(1, 3))
def test_order_and_cutting_of_files_do_not_matter(
    tmp_path_factory: pytest.TempPathFactory, seconds: list[int], cuts: int
) -> None:
    """Calls come out sorted by their start, and of those that start together, in the order of the files."""
    folder = tmp_path_factory.mktemp("cuts")
    rows = [f"user_{number},b,{1_700_000_000 + second},1" for number, second in enumerate(seconds)]
    for number in range(cuts):
        part = rows[len(rows) * number // cuts : len(rows) * (number + 1) // cuts]
        (folder / f"{number}.csv").write_text("\n".join([HEADER, *part]) + "\n")
    world, counts = make(folder / "world", path=f"{folder}/*.csv", time_format="epoch_s")
    expected = [number for _, number in sorted((second, number) for number, second in enumerate(seconds))]
    assert table(world, "calls")["caller_id"].to_list() == [f"user_{number}" for number in expected]
    assert counts["calls"] == len(rows)


def test_csv_and_parquet_give_the_same_tables(tmp_path: Path) -> None:
    frame = pl.read_csv(SAMPLE, separator=";", infer_schema=False)
    when = pl.col("START").str.to_datetime("%d/%m/%Y %H:%M:%S")
    frame.with_columns(when, pl.col("DURATION").cast(pl.Int32), pl.col("RESULT").cast(pl.Categorical)).write_parquet(
        tmp_path / "cdr.parquet"
    )
    frame.write_csv(tmp_path / "cdr.csv")
    worlds = [
        make(tmp_path / end, path=str(tmp_path / f"cdr.{end}"), **SAMPLE_SETTINGS)[0] for end in ("csv", "parquet")
    ]
    for name in DATA_TABLES:
        files = [(world / "data" / f"{name}.parquet").read_bytes() for world in worlds]
        assert files[0] == files[1]


SAMPLE_SETTINGS: dict[str, Any] = {
    "columns": {
        "caller_id": "A_NUMBER", "callee_id": "B_NUMBER", "call_start_ts": "START", "call_duration": "DURATION",
        "first_cell_id": "CELL", "outcome": "RESULT",
    },
    "time_format": "%d/%m/%Y %H:%M:%S",
    "time_zone": "Asia/Kolkata",
    "outcomes": {"answered": ["ANS"], "missed": ["NOANS"], "busy": ["BUSY"], "failed": ["FAIL"]},
}  # fmt: skip


def test_no_file_of_a_world_has_a_number_in_it(tmp_path: Path) -> None:
    key = tmp_path / "secret" / "own.key"
    world = CdrFile(
        configured(path=str(SAMPLE), delimiter=";", pseudonyms=True, key_file=str(key), **SAMPLE_SETTINGS), {}
    )
    world.make(tmp_path / "world", 1, lambda *_: None)
    plain = make(tmp_path / "plain", path=str(SAMPLE), delimiter=";", **SAMPLE_SETTINGS)[0]
    numbers = set(table(plain, "calls")["caller_id"]) | set(table(plain, "calls")["callee_id"])
    text = json.dumps(world.recipe())
    for name in DATA_TABLES:
        text += table(tmp_path / "world", name).write_json()
    assert not [number for number in numbers if number in text]
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes().hex() not in text
    ours, theirs = table(tmp_path / "world", "calls"), table(plain, "calls")
    pairs = {(*pair,) for pair in zip(ours["caller_id"], theirs["caller_id"], strict=True)}
    pairs |= {(*pair,) for pair in zip(ours["callee_id"], theirs["callee_id"], strict=True)}
    assert len(pairs) == len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs}) == len(numbers)


def test_a_key_is_one_s_own(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text(f"{HEADER}\n{GOOD}\n")

    def callers(name: str) -> list[str]:
        changes = {"pseudonyms": True, "key_file": str(tmp_path / name), "path": str(tmp_path / "cdr.csv")}
        return table(make(tmp_path / f"world{len(list(tmp_path.iterdir()))}", **changes)[0], "calls")[
            "caller_id"
        ].to_list()

    assert callers("one.key") == callers("one.key") != callers("two.key")
    (tmp_path / "short.key").write_bytes(b"guess")
    (tmp_path / "short.key").chmod(0o600)
    with pytest.raises(UserError, match=r"generator.key_file must hold at least 16 bytes, got 5"):
        callers("short.key")
    (tmp_path / "one.key").chmod(0o644)
    with pytest.raises(UserError, match=r"generator.key_file must be for its owner alone"):
        callers("one.key")


def test_a_changed_file_is_a_new_world_and_a_moved_one_is_not(tmp_path: Path) -> None:
    def fingerprint(folder: str, text: str, **changes: Any) -> str:
        path = tmp_path / folder / "cdr.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{HEADER}\n{text}\n")
        return fingerprint_of(CdrFile(configured(path=str(path), **changes), {}))

    known = fingerprint("here", GOOD)
    assert fingerprint("there", GOOD) == known
    others = [fingerprint("here", f"{GOOD}0"), fingerprint("here", GOOD, time_zone="Asia/Kolkata")]
    assert len({known, *others}) == 3


def test_shipped_configuration_is_whole() -> None:
    chosen, anomalies = make_settings("generator=cdr_file", f"generator.path={SAMPLE}", "generator.delimiter=';'")
    assert isinstance(chosen, CdrFileSettings)
    assert anomalies == {}
    assert {fault.key for fault in faults_of(chosen, "generator")} >= {"generator.columns.caller_id"}
