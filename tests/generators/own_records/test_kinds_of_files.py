"""The same calls in the kinds of files that exchanges, spreadsheets and databases deliver: read alike, or refused.

What formats of exchanges and studies look like is in `test_presets.py`, words for labels in `test_cdr_file_words.py`.
"""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_files import HEADER, make
from small_worlds import table

from bench.faults import UserError
from generators.anomalies import schemas
from generators.own_records.cdr_file import CdrFile
from generators.own_records.file_settings import CdrFileSettings

CALLS = 60
NAMES = HEADER.split(",")
FIRST = datetime(2024, 1, 8, 0, 0, 32, tzinfo=UTC)
Call = tuple[str, str, datetime, int]
Settings = dict[str, Any]


def calls() -> list[Call]:
    """Return 60 calls of 9 parties in ten days, of which every third was missed."""
    return [
        (
            f"0{100 + number % 9}",
            f"0{100 + (number * 4 + 1) % 9}",
            FIRST + timedelta(hours=4 * number, seconds=7 * number),
            0 if number % 3 == 0 else 1 + number * number,
        )
        for number in range(CALLS)
    ]


def csv(*form: Callable[[Call], str], header: str = HEADER, end: str = "\n", delimiter: str = ",") -> str:
    """Return a CSV file with a field for each of some functions of a call."""
    lines = [delimiter.join(write(call) for write in form) for call in calls()]
    return end.join([*([header] if header else []), *lines]) + end


def caller(call: Call) -> str:
    return call[0]


def callee(call: Call) -> str:
    return call[1]


def seconds(call: Call) -> str:
    return str(call[3])


def when(pattern: str, hours: float = 0) -> Callable[[Call], str]:
    return lambda call: (call[2] + timedelta(hours=hours)).strftime(pattern)


def clock_length(call: Call) -> str:
    return str(timedelta(seconds=call[3]))


def minutes(call: Call) -> str:
    return f"{call[3] // 60}:{call[3] % 60:02d}"


def where_answered(write: Callable[[Call], str]) -> Callable[[Call], str]:
    return lambda call: write(call) if call[3] else ""


def end(call: Call) -> str:
    return (call[2] + timedelta(seconds=call[3])).strftime("%Y-%m-%d %H:%M:%S")


ISO = when("%Y-%m-%d %H:%M:%S")
PLAIN = csv(caller, callee, ISO, seconds)
EXCEL = csv(
    caller, callee, when("%d.%m.%Y %H:%M:%S", 1), clock_length, lambda call: f"{call[3]},0", lambda _: "München",
    header="A-Nummer;B-Nummer;Beginn;Dauer;Sek;Zelle", delimiter=";", end="\r\n",
)  # fmt: skip
EXCEL_NAMES = {"caller_id": "A-Nummer", "callee_id": "B-Nummer", "call_start_ts": "Beginn", "first_cell_id": "Zelle"}
GERMAN: Settings = {"delimiter": ";", "time_format": "%d.%m.%Y %H:%M:%S", "time_zone": "Europe/Berlin"}
BY_CLOCK = {**GERMAN, "columns": {**EXCEL_NAMES, "call_duration": "Dauer"}, "duration_unit": "h:mm:ss"}
BY_COMMA = {**GERMAN, "columns": {**EXCEL_NAMES, "call_duration": "Sek"}, "decimal": ","}
KINDS: dict[str, tuple[str | bytes, Settings]] = {
    "plain": (PLAIN, {}),
    "words for the zone": (csv(caller, callee, when("%Y-%m-%d %H:%M:%S UTC"), seconds), {}),
    "offset without a colon": (csv(caller, callee, when("%Y-%m-%dT%H:%M:%S.000+0000"), seconds), {}),
    "am and pm": (
        csv(caller, callee, when("%m/%d/%Y %I:%M:%S %p"), seconds), {"time_format": "%m/%d/%Y %I:%M:%S %p"},
    ),
    "names of months": (csv(caller, callee, when("%b %d %Y %H:%M:%S"), seconds), {"time_format": "%b %d %Y %H:%M:%S"}),
    "a database's time": (
        csv(caller, callee, when("%d-%b-%y %I.%M.%S.000000 %p"), seconds), {"time_format": "%d-%b-%y %I.%M.%S.%f %p"},
    ),
    "digits of a switch": (csv(caller, callee, when("%y%m%d%H%M%S"), seconds), {"time_format": "%y%m%d%H%M%S"}),
    "digits and an offset": (
        csv(caller, callee, when("%Y%m%d%H%M%S+0530", 5.5), seconds), {"time_format": "%Y%m%d%H%M%S%z"},
    ),
    "seconds since 1970": (
        csv(caller, callee, lambda c: f"{c[2].timestamp():.3f}", seconds), {"time_format": "epoch_s"},
    ),
    "milliseconds since 1970": (
        csv(caller, callee, lambda c: f"{c[2].timestamp() * 1000:.0f}", seconds), {"time_format": "epoch_ms"},
    ),
    "no length where missed": (csv(caller, callee, ISO, where_answered(seconds)), {}),
    "no end where missed": (
        csv(caller, callee, ISO, where_answered(end), header="caller_id,callee_id,call_start_ts,call_end_ts"), {},
    ),
    "minutes and seconds": (csv(caller, callee, ISO, minutes), {"duration_unit": "m:ss"}),
    "hours, minutes and seconds": (csv(caller, callee, ISO, clock_length), {"duration_unit": "h:mm:ss"}),
    "milliseconds": (csv(caller, callee, ISO, lambda c: f"{c[3]}000"), {"duration_unit": "ms"}),
    "thousands": (csv(caller, callee, ISO, lambda c: f'"{c[3]:,}"'), {"thousands": ","}),
    "odd names": (
        csv(caller, callee, ISO, seconds, header='Calling Party (A),Appelé n°,start.time,"Duration, s"'),
        {"columns": {"caller_id": "Calling Party (A)", "callee_id": "Appelé n°", "call_start_ts": "start.time",
                     "call_duration": "Duration, s"}},
    ),
    "blank lines": (PLAIN.replace("\n", "\n\n"), {}),
    "spaces around names": (PLAIN.replace("caller_id,callee_id,", " caller_id,callee_id ,", 1), {}),
    "a preamble": ("# exported by a switch\n" + PLAIN, {"skip_rows": 1}),
    "comments": (PLAIN.replace("\n", "\n# more\n", 3), {"skip_lines": ["#"]}),
    "a trailer": (PLAIN + "TOTAL,60,,\n", {"skip_lines": ["TOTAL"]}),
    "a last line": (PLAIN + "60 records\n", {"skip_last": 1}),
    "no header": (PLAIN.partition("\n")[2], {"header": False, "names": NAMES}),
    "a spreadsheet": (EXCEL.encode("utf-8-sig"), BY_CLOCK),
    "a spreadsheet's decimal comma": (EXCEL.encode("utf-8-sig"), BY_COMMA),
    "a spreadsheet in Latin 1": (EXCEL.encode("latin-1"), {**BY_CLOCK, "encoding": "latin-1"}),
    "a spreadsheet's Unicode text": (
        EXCEL.replace(";", "\t").encode("utf-16"), {**BY_CLOCK, "delimiter": "tab", "encoding": "utf-16"},
    ),
    "gzip": (gzip.compress(PLAIN.encode()), {}),
    "gzip in two members": (gzip.compress(PLAIN[:999].encode()) + gzip.compress(PLAIN[999:].encode()), {}),
    "gzip in name only": (PLAIN, {"name": "cdr.csv.gz"}),
    "upper case": (PLAIN, {"name": "CDR.CSV"}),
    "text": (PLAIN, {"name": "cdr.txt"}),
}  # fmt: skip


def shown(world: Path) -> list[Call]:
    columns = table(world, "calls").select(*NAMES[:3], "call_duration", "outcome")
    assert (columns["outcome"] == "answered").to_list() == (columns["call_duration"] > 0).to_list()
    return [(a, b, start.replace(tzinfo=UTC), length) for a, b, start, length, _ in columns.iter_rows()]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_read_alike(tmp_path: Path, kind: str) -> None:
    content, settings = KINDS[kind]
    path = tmp_path / settings.get("name", "cdr.csv")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    settings = {name: value for name, value in settings.items() if name != "name"}
    make(tmp_path / "world", path=str(path), **settings)
    assert shown(tmp_path / "world") == calls()


def parquet(*types: pa.DataType, values: Callable[[Call], tuple[Any, ...]] = lambda call: call) -> pa.Table:
    columns = zip(*(values(call) for call in calls()), strict=True)
    return pa.table({name: pa.array(column, kind) for name, column, kind in zip(NAMES, columns, types, strict=True)})


UTC_TIME, TEXT, LENGTH = pa.timestamp("us", "UTC"), pa.large_string(), pa.int64()
NUMBERS: dict[str, tuple[pa.DataType, Callable[[str], Any]]] = {
    "whole numbers": (pa.int64(), int),
    "unsigned numbers": (pa.uint64(), int),
    "floating point": (pa.float64(), float),
    "decimal numbers": (pa.decimal128(20, 0), Decimal),
    "bytes": (pa.binary(), str.encode),
    "categories": (pa.dictionary(pa.int32(), pa.string()), str),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_identifiers_of_parquet_are_read_alike(tmp_path: Path, kind: str) -> None:
    type_, of = NUMBERS[kind]
    content = parquet(type_, type_, UTC_TIME, LENGTH, values=lambda c: (of(c[0]), of(c[1]), c[2], c[3]))
    pq.write_table(content, tmp_path / "cdr.parquet")
    make(tmp_path / "world", path=str(tmp_path / "cdr.parquet"))
    plain = kind in ("bytes", "categories")
    assert shown(tmp_path / "world") == [c if plain else (c[0][1:], c[1][1:], *c[2:]) for c in calls()]


@pytest.mark.parametrize("time", [pa.timestamp("ms"), pa.timestamp("ns", "Asia/Kolkata"), pa.timestamp("s", "UTC")])
@pytest.mark.parametrize("length", [pa.int32(), pa.float64(), pa.duration("us"), pa.duration("ms")])
def test_times_of_parquet_are_read_alike(tmp_path: Path, time: pa.DataType, length: pa.DataType) -> None:
    def values(call: Call) -> tuple[Any, ...]:
        start = call[2] if getattr(time, "tz", None) else call[2].replace(tzinfo=None)
        return (*call[:2], start, timedelta(seconds=call[3]) if pa.types.is_duration(length) else call[3])

    pq.write_table(parquet(TEXT, TEXT, time, length, values=values), tmp_path / "cdr.parquet")
    make(tmp_path / "world", path=str(tmp_path / "cdr.parquet"))
    assert shown(tmp_path / "world") == calls()


def test_old_times_of_parquet_are_read_alike(tmp_path: Path) -> None:
    content = parquet(
        TEXT, TEXT, pa.timestamp("ns"), LENGTH, values=lambda c: (*c[:2], c[2].replace(tzinfo=None), c[3])
    )
    pq.write_table(content, tmp_path / "cdr.parquet", use_deprecated_int96_timestamps=True)
    make(tmp_path / "world", path=str(tmp_path / "cdr.parquet"))
    assert shown(tmp_path / "world") == calls()


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        (csv(caller, callee, ISO, lambda c: f"{c[3]}s"), {}, "column call_duration"),
        (csv(caller, callee, ISO, lambda c: f'"{c[3]:,}"'), {}, "thousands say how lengths are written"),
        (gzip.compress(PLAIN.encode())[:-20], {}, "cdr.csv"),
        (PLAIN[:-9] + "\n", {}, "row 60"),
        (PLAIN.replace("\n", "\n\0\0\0\n", 9), {}, "row "),
        (csv(lambda _: "9.20E+11", callee, ISO, seconds), {}, "9.20E+11"),
        ("# exported by a switch\n" + PLAIN, {}, "generator.skip_rows must be the number of lines before"),
        (PLAIN + "TOTAL,60,,\n", {}, "row 61"),
        (EXCEL.encode("utf-16"), BY_CLOCK, "encoding"),
        (EXCEL.encode("latin-1"), BY_CLOCK, "encoding"),
        (HEADER + "\n", {}, "at least one call"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_in_a_line(
    tmp_path: Path, content: str | bytes, settings: Settings, message: str
) -> None:
    (tmp_path / "cdr.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as refused:
        make(tmp_path / "world", path=str(tmp_path / "cdr.csv"), **settings)
    assert message in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("kind", ["order of columns", "headers only", "empty"])
def test_files_of_a_folder_are_read_together(tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    lines = PLAIN.splitlines()
    second = "\n".join([lines[0], *lines[31:]])
    if kind == "order of columns":
        turned = [",".join(line.split(",")[::-1]) for line in second.splitlines()]
        (tmp_path / "in" / "a.csv").write_text("\n".join(lines[:31]))
        (tmp_path / "in" / "b.csv").write_text("\n".join(turned))
    else:
        (tmp_path / "in" / "a.csv").write_text(PLAIN)
        (tmp_path / "in" / "b.csv").write_text(lines[0] + "\n" if kind == "headers only" else "")
    make(tmp_path / "world", path=str(tmp_path / "in"))
    assert shown(tmp_path / "world") == calls()
    assert ("b.csv" in capsys.readouterr().out) == (kind == "empty")


def test_that_nobody_both_calls_and_is_called_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = csv(lambda c: f"+999{c[0]}", lambda c: f"00999{c[1]}", ISO, seconds)
    (tmp_path / "cdr.csv").write_text(text)
    make(tmp_path / "world", path=str(tmp_path / "cdr.csv"))
    assert "18 parties" in (out := capsys.readouterr().out)
    assert "note: none of the 18 parties both calls and is called" in out


@pytest.mark.parametrize("pair", [lambda _: "a", caller], ids=["one pair", "calls to oneself"])
def test_calls_without_any_difference_have_no_alerts(workplace: Path, pair: Callable[[Call], str]) -> None:
    """Their scores differ by rounding only, and a run on them ends as DEGENERATE."""
    other = caller if pair is caller else (lambda _: "b")
    Path("cdr.csv").write_text(csv(pair, other, ISO, seconds))
    settings = ("generator=cdr_file", "generator.path=cdr.csv", "detector=unlikely_tie", "tracking=none")
    command = [str(Path(sys.executable).with_name("cdrbench")), "run", *settings, "hydra.run.dir=run"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    row = json.loads(Path("run/result.json").read_text())
    assert (done.returncode, row["status"]) == (1, "DEGENERATE")


def schemas_of(name: str) -> dict[str, Any]:
    return {name: schemas()[f"anomaly/{name}"]()}


def test_the_nearest_ratio_of_a_small_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text(PLAIN)
    own = CdrFileSettings(path=str(tmp_path / "cdr.csv"), pseudonyms=False, anomaly_ratio=0.01)
    with pytest.raises(UserError) as refused:
        CdrFile(own, schemas_of("long_call")).make(tmp_path / "world", 1, lambda *_: None)
    message = "generator.anomaly_ratio must be met within 5%, got 0.01: the nearest is 1 of 60 calls, so 0.01667 does"
    assert str(refused.value) == message
    own.anomaly_ratio = 0.01667
    counts = CdrFile(own, schemas_of("long_call")).make(tmp_path / "other", 1, lambda *_: None)
    assert counts["anomalous_calls"] == 1


def test_few_calls_are_read(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text("\n".join(PLAIN.splitlines()[:2]))
    make(tmp_path / "world", path=str(tmp_path / "cdr.csv"))
    assert shown(tmp_path / "world") == calls()[:1]


def test_a_number_without_its_zeros_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "cdr.csv").write_text(csv(lambda c: c[0][1:], callee, ISO, seconds))
    world, _ = make(tmp_path / "world", path=str(tmp_path / "cdr.csv"))
    assert "leading zeros" in capsys.readouterr().out
    assert pl.read_parquet(world / "data" / "calls.parquet").height == CALLS
