"""Rows in are rows read and rows named: quotes that are not closed, odd line ends, files beside the data, labels."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from own_files import GOOD, HEADER, configured, make, read
from small_worlds import table

from bench.faults import UserError, faults_of
from generators.own_records.lines import LineCounter, lines_of


def rows(count: int, last: str = "") -> list[str]:
    return [f"a{at},b{at},2024-01-{1 + at:02d}T10:00:00Z,10{last}" for at in range(count)]


def noted(notes: dict[int, str], first: bool = False) -> str:
    """Return 20 records with a column of notes, at the end or at the beginning."""
    lines = [
        f"{notes.get(at, 'ok')},{row}" if first else f"{row},{notes.get(at, 'ok')}" for at, row in enumerate(rows(20))
    ]
    return "\n".join([f"note,{HEADER}" if first else f"{HEADER},note", *lines, ""])


@pytest.mark.parametrize(
    ("text", "row"),
    [
        (noted({3: '"5 inch', 15: '"7 inch'}), 4),
        (noted({3: '"5 inch'}), 4),
        (noted({18: '"5 inch'}), 19),
        (noted({3: '"a', 10: 'b"'}, first=True), 4),
        (noted({3: '"5 inch', 4: 'last"'}).replace("\n", "\r"), 4),
    ],
)
def test_a_quote_that_swallows_records_is_refused(tmp_path: Path, text: str, row: int) -> None:
    message = rf"cdr.csv, row {row}: must not have a field with line breaks and a whole record in it, .* got '"
    with pytest.raises(UserError, match=message) as error:
        read(tmp_path, text)
    assert len(str(error.value).splitlines()) == 1


def test_a_quote_in_the_header_that_swallows_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="header: must not have a field with line breaks and a whole record"):
        read(tmp_path, noted({2: 'x"'}).replace(",note", ',"note', 1))


def test_quotes_that_are_only_characters_can_be_read_as_such(tmp_path: Path) -> None:
    assert read(tmp_path, noted({3: '"5 inch', 15: '"7 inch'}), quote=None)[1]["calls"] == 20


def test_fields_of_several_lines_are_read_and_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = noted({3: '"one, two\nthree\n\nfour"', 5: '"he said ""no"" twice"', 19: '"a\nb"'})
    assert read(tmp_path, text)[1]["calls"] == 20
    assert "note: 3 lines within fields that have line breaks" in capsys.readouterr().out
    letter = noted({3: '"Dear A, B, C,\nD, E, F"'})
    with pytest.raises(UserError, match=r"generator.lines_in_fields=true"):
        read(tmp_path, letter)
    assert read(tmp_path, letter, lines_in_fields=True)[1]["calls"] == 20


def test_a_comment_with_an_open_quote_does_not_swallow_what_follows(tmp_path: Path) -> None:
    lines = [HEADER, *rows(3), '# x,"y', *rows(3)]
    with pytest.raises(
        UserError, match=r"row 4: must have 4 fields, got 2: .*, on several lines: is a quote not closed"
    ):
        read(tmp_path, "\n".join(lines), skip_lines=["#"])


@pytest.mark.parametrize("separator", ["\x0c", "\u2028", "\x85", "\x0b", "\x1c"])
def test_lines_end_at_line_feeds_and_carriage_returns_only(tmp_path: Path, separator: str) -> None:
    text = f"# a{separator}# b\n" + "\n".join(rows(5))
    own = {"names": HEADER.split(","), "skip_lines": ["#"]}
    assert read(tmp_path, text, **own)[1]["calls"] == 5
    assert lines_of("a\r\nb\rc\n\nd") == ["a\r\n", "b\r", "c\n", "\n", "d"]


def test_lines_are_counted_across_blocks() -> None:
    text = "\ufeffa\r\nb\rc\n\n\r\n d \n\ne".encode()
    for size in (1, 2, 3, 100):
        counter = LineCounter()
        for at in range(3, len(text), size):
            counter.add(text[at : at + size])
        assert counter.lines == 5


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_last_lines_are_left_out_whatever_ends_them(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, end.join([HEADER, *rows(2), "TOTAL", ""]), skip_last=1)[1]["calls"] == 2


def test_names_of_zones_are_refused(tmp_path: Path) -> None:
    text = f"{HEADER}\na,b,2024-07-01 10:00:00 EST,10\n"
    with pytest.raises(UserError, match=r"time_format must not have %Z, .*\(%z reads \+0200; generator.time_zone"):
        read(tmp_path, text, time_format="%Y-%m-%d %H:%M:%S %Z")


def test_many_columns_are_looked_at_once(tmp_path: Path) -> None:
    header = ",".join([HEADER, *(f"c{at}" for at in range(60_000))])
    (tmp_path / "cdr.csv").write_text(f"{header}\n{GOOD}{',' * 60_000}\n")
    begin = datetime.now(UTC)
    assert not list(faults_of(configured(path=str(tmp_path / "cdr.csv")), "generator"))
    assert (datetime.now(UTC) - begin).total_seconds() < 5


ENDS = "caller_id,callee_id,call_start_ts,call_end_ts,call_duration\n"


def test_an_end_before_the_start_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"row 1, column call_end_ts: must not lie before the start, got '2024-01-01"):
        read(tmp_path, f"{ENDS}a,b,2024-01-02T10:00:00Z,2024-01-01T10:00:00Z,60\n")


def test_ends_that_contradict_the_length_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    early, late = "2024-01-02T10:00:10Z,600", "2024-03-15T10:00:00Z,60"
    lines = [f"a,b,2024-01-02T10:00:00Z,{rest}\n" for rest in (early, late, "2024-01-02T10:01:20Z,60")]
    world, _ = read(tmp_path, ENDS + "".join(lines))
    assert "note: in 2 calls the end does not fit the start and the length" in capsys.readouterr().out
    spans = table(world, "calls").select(
        span=(table(world, "calls")["call_end_ts"] - table(world, "calls")["call_start_ts"])
    )
    assert sorted(span.total_seconds() for span in spans["span"]) == [60, 80, 600]


@pytest.mark.parametrize("name", ["9E11", "920e9", "1067.50", '"1067,5"', "#REF!", "#DIV/0!", "######", "inf"])
def test_damaged_identifiers_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"row 2, column caller_id: must be an identifier"):
        read(tmp_path, f"{HEADER}\n{GOOD}\n{name}{GOOD[1:]}\n")


@pytest.mark.parametrize("name", ["?", "--", "(null)", "'None'", "#N/A"])
def test_more_words_for_nobody(tmp_path: Path, name: str) -> None:
    assert read(tmp_path, f"{HEADER}\n{GOOD}\n{name}{GOOD[1:]}\n", missing_parties="drop")[1]["dropped"] == 1


def test_hexadecimal_identifiers_are_no_rounded_numbers(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEADER}\n12e4{GOOD[1:]}\n1a2b{GOOD[1:]}\n")[1]["calls"] == 2


def test_what_is_not_read_in_a_folder_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    for name in ("a.csv", "_b.csv", ".c.csv", "sub/d.csv"):
        (folder / name).write_text(f"{HEADER}\n{GOOD}\n")
    os.mkfifo(folder / "pipe.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "dead.csv").symlink_to("/nowhere")
    assert make(tmp_path / "world", path=str(folder))[1]["calls"] == 1
    line = "left out: not read in the folder: .c.csv, _b.csv, dead.csv, pipe.csv, sub, zero.csv\n"
    assert line in capsys.readouterr().out


@pytest.mark.parametrize("column", ["is_anomaly", "anomaly_type"])
def test_records_without_a_label_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str], column: str) -> None:
    read(tmp_path, "\n".join([f"{HEADER},{column}", f"{GOOD},", f"{GOOD},normal", f"{GOOD}, "]), repeats="keep")
    assert f"in 2 calls {column} (normal)" in capsys.readouterr().out


def test_empty_labels_in_parquet_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parquet(tmp_path, [1_704_103_200_000] * 3, "ms", is_anomaly=[True, False, None])
    make(tmp_path / "world", path=str(tmp_path / "cdr.parquet"))
    assert "in 1 call is_anomaly (normal)" in capsys.readouterr().out


def parquet(folder: Path, starts: list[int], unit: str, **more: list[object]) -> None:
    columns = {"caller_id": ["a", "b", "c"], "callee_id": ["x", "y", "z"], "call_duration": [5, 6, 7], **more}
    pq.write_table(pa.table({**columns, "call_start_ts": pa.array(starts, pa.timestamp(unit))}), folder / "cdr.parquet")


@pytest.mark.parametrize(("start", "unit"), [(2**50, "s"), (2**62, "ms"), (2**62, "us"), (2**63 - 1, "ns")])
def test_times_that_are_far_away_are_refused(tmp_path: Path, start: int, unit: str) -> None:
    parquet(tmp_path, [start] * 3, unit)
    with pytest.raises(UserError, match=r"row 1, column call_start_ts: must lie in the years 1971 to 2199"):
        make(tmp_path / "world", path=str(tmp_path / "cdr.parquet"))


def test_a_record_without_an_end_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv.gz").write_bytes(gzip.compress(f"{HEADER}\n".encode() + bytes(40 * 2**20), 1))
    with pytest.raises(UserError, match=r"cdr.csv.gz must have records of at most 16 MiB, .* generator.quote") as error:
        make(tmp_path / "world", path=str(tmp_path / "cdr.csv.gz"))
    assert len(str(error.value).splitlines()) == 1
