"""Call records that cannot be read, and settings that cannot be meant: one message each, naming where."""

import gzip
import os
from pathlib import Path

import pytest
from own_files import GOOD, HEADER, SAMPLE, configured, make, read

from bench.faults import UserError, faults_of

WRONG = [
    ("a,b,soon,1", "row 2, column call_start_ts: must be a time such as 2024-01-31T18:00:00Z (ISO 8601; gen"),
    ("a,b,2024-02-30T00:00Z,1", "row 2, column call_start_ts: must be a time that exists, got '2024-02-30T00:00Z'"),
    ("a,b,2024-01-01T00:00:00,1", "row 2, column call_start_ts: must have a zone, or none, like the rows before"),
    ("a,b,1024-01-01T00:00:00Z,1", "row 2, column call_start_ts: must be a time that exists"),
    ("a,b,1924-01-01T00:00:00Z,1", "row 2, column call_start_ts: must lie in the years 1971 to 2199"),
    (",b,2024-01-01T00:00:00Z,1", "row 2, column caller_id: must name a party (generator.missing_parties=drop"),
    ("a,b,2024-01-01T00:00:00Z,one", "row 2, column call_duration: must be a number (generator.duration_unit"),
    ("a,b,2024-01-01T00:00:00Z,-3", "row 2, column call_duration: must give a length of 0 to 31 days ("),
    ("a,b,2024-01-01T00:00:00Z", "row 2: must have 4 fields, got 3: a,b,2024-01-01T00:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "message"), WRONG)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, f"{HEADER}\n{GOOD}\n{row}\n{GOOD}\n")
    assert str(error.value).startswith(f"{tmp_path}/cdr.csv, {message}")
    assert len(str(error.value).splitlines()) == 1


def test_a_wrong_row_far_down_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generators.own_records.csv_file.BLOCK_BYTES", 1000)
    text = "\n".join([HEADER, *[GOOD] * 500, "a,b,2024-13-01T00:00:00Z,1"])
    with pytest.raises(UserError, match=r"row 501, column call_start_ts: must be a time that exists"):
        read(tmp_path, text)


def test_words_that_nobody_explained_are_refused(tmp_path: Path) -> None:
    message = (
        r"column outcome: generator.outcomes must say .* \(answered \| missed \| busy \| failed\), got '17' \(1 rows"
    )
    with pytest.raises(UserError, match=message):
        read(tmp_path, f"{HEADER},outcome\n{GOOD},16\n{GOOD},17\n", outcomes={"answered": ["16"]})


def test_a_call_id_that_comes_twice_is_refused_with_both_places(tmp_path: Path) -> None:
    for name, text in (("1.csv", f"{GOOD},x\n{GOOD},y"), ("2.csv", f"{GOOD},z\n{GOOD},x")):
        (tmp_path / name).write_text(f"{HEADER},call_id\n{text}\n")
    with pytest.raises(UserError) as error:
        make(tmp_path / "world", path=str(tmp_path))
    message = (
        f"{tmp_path}/2.csv, row 2: must not come twice, got 'x' as in {tmp_path}/1.csv, row 1 (generator.legs=fold"
    )
    assert str(error.value).startswith(message)


def test_faults_of_the_settings_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "cdr.csv").write_text("A_NUMBER,B_NUMBER,WHEN\n")
    wrong = configured(
        path=str(tmp_path / "cdr.csv"),
        columns={"caller_id": "A_NUMBR", "callee_id": "B_NUMBER", "incident_id": "WHEN"},
        time_zone="Mars/Olympus",
        time_format="sometimes",
        duration_unit="h",
    )
    wrong.duration_unit = "s"
    messages = "\n".join(str(fault) for fault in faults_of(wrong, "generator"))
    assert "generator.time_zone must be a name of the IANA time zone database, got 'Mars/Olympus'" in messages
    assert "generator.time_format must be one of iso, epoch_s, epoch_ms" in messages
    assert "got 'A_NUMBR'; did you mean A_NUMBER?" in messages
    assert "generator.columns.call_start_ts must name a column of" in messages
    assert "generator.columns.call_duration (or call_end_ts) must name a column of" in messages
    assert "generator.columns.incident_id must come with is_anomaly or anomaly_type" in messages


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "there is no file"),
        ("empty.csv", b"", "must be files that are not all empty"),
        ("calls.xlsx", b"PK\3\4", "is a zip archive or a workbook"),
        ("torn.parquet", b"PAR1 and no more", "cannot be read"),
        ("twice.csv", b"caller_id,caller_id\n", "has the column 'caller_id' twice"),
        ("two\nlines.csv", None, r"there is no file"),
        ("pipe.csv", "pipe", "must be a plain file"),
        ("pipe.parquet", "pipe", "must be a plain file"),
        ("loop.csv", "loop", "there is no file"),
        ("cut.csv.gz", gzip.compress(b"caller_id,callee_id\n" * 9999, mtime=0)[:40], "cannot be read"),
        ("binary.csv.gz", b"\x1f\x8b" * 9999, "cannot be read"),
        ("one line.csv", b"a" * 20_000_000, "cannot be read"),
    ],
)
def test_files_that_are_none_are_named(tmp_path: Path, name: str, content: bytes | str | None, message: str) -> None:
    """In one line each; a pipe that nobody writes to is not waited for."""
    if content == "pipe":
        os.mkfifo(tmp_path / name)
    elif content == "loop":
        (tmp_path / name).symlink_to(name)
    elif isinstance(content, bytes):
        (tmp_path / name).write_bytes(content)
    (fault,) = faults_of(configured(path=str(tmp_path / name)), "generator")
    assert fault.key == "generator.path"
    assert message in str(fault)
    assert "\n" not in str(fault)


def test_a_file_without_calls_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must have at least one call"):
        read(tmp_path, f"{HEADER}\n")


def test_words_may_not_mean_two_things() -> None:
    for given_words in ({"answered": ["x"], "busy": ["x"]}, {"answered": ["busy"]}):
        faults = faults_of(configured(path=str(SAMPLE), delimiter=";", outcomes=given_words), "generator")
        assert any(fault.key.startswith("generator.outcomes") for fault in faults)
