"""Runs that somebody else has made: what of their folders is read and sent, and what one line says of the rest.

Covers `bench.host.plain_files`, `bench.run_tables.read` and `record_of` over links, pipes, devices, bombs and values
that no run writes.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.faults import UserError
from bench.host import read_tables
from bench.host.aside import write_whole
from bench.host.plain_files import MOST_OVERRIDES, OVERRIDES, overrides_in
from bench.host.read_json import UnreadableError
from bench.run_tables import ALERTS, CURVES, FILES, INCIDENTS_FOUND, read
from bench.runs.logged import given
from bench.runs.run_folder import WRITTEN
from bench.runs.run_record import SENT, record_of
from bench.schema import Table

ASKED = {"run_id": "1", "started_at": "2026-01-01T00:00:00+00:00", "name": "x", "detector": "y", "fingerprint": "../z"}
ROW = {**ASKED, "settings": json.dumps({"store": {"worlds": "worlds"}}), "status": "OK", "reason": ""}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a run; beside it, a file of the user's own."""
    folder = tmp_path / "runs" / "x"
    (folder / ".hydra").mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(ROW))
    (tmp_path / "home").mkdir()
    for name in ("mine.txt", "config.yaml"):
        (tmp_path / "home" / name).write_text("secret")
    return folder


def test_files_of_a_run_are_sent_by_their_names_and_never_through_links(run: Path) -> None:
    mine = run.parents[1] / "home"
    for name in ("alerts.csv", "detector.log", "scores.png", ".hydra/config.yaml", "holiday.png", "notes.txt"):
        (run / name).write_text("theirs")
    sent = [path.relative_to(run).as_posix() for path in record_of(run).artifacts]
    assert sent == ["result.json", "detector.log", ".hydra/config.yaml", "alerts.csv", "scores.png"]
    for name in sent[1:]:
        (run / name).unlink()
    (run / "scores.png").symlink_to("/etc/passwd")
    (run / "detector.log").symlink_to(mine / "mine.txt")
    (run / "alerts.csv").symlink_to("/dev/zero")
    os.mkfifo(run / "at_threshold.png")
    (run / ".hydra").rmdir()
    (run / ".hydra").symlink_to(mine)
    assert record_of(run).artifacts == [run / "result.json"]
    assert record_of(run).data == Path("worlds/z/data")
    (run / "result.json").rename(mine / "result.json")
    (run / "result.json").symlink_to(mine / "result.json")
    with pytest.raises(UnreadableError, match="it is a link"):
        record_of(run)


def test_a_file_whose_writing_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise SystemExit(143)

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(SystemExit):
        write_whole(tmp_path / "report.html", "x")
    assert list(tmp_path.iterdir()) == []


def test_whatever_is_sent_is_what_a_run_writes() -> None:
    assert set(SENT) <= set(WRITTEN)
    assert set(FILES) <= set(SENT)


NOTES: dict[str, tuple[Callable[[Path], object], str]] = {
    "pipe": (os.mkfifo, "it is no file"),
    "device": (lambda p: p.symlink_to("/dev/zero"), "it is no file"),
    "link": (lambda p: p.symlink_to(p.parents[3] / "home" / "mine.txt"), "it is a link"),
    "large": (lambda p: p.write_text("- x\n" * MOST_OVERRIDES), "it is larger than 100,000 bytes"),
    "deep": (lambda p: p.write_text("[" * 20_000), "recursion"),
    "no list": (lambda p: p.write_text("a: 3"), "it is no list of texts"),
    "lists": (lambda p: p.write_text("- [a]"), "it is no list of texts"),
    "bytes": (lambda p: p.write_bytes(b"- \xff"), "can't decode byte"),
    "half a character": (lambda p: p.write_text('- "\\ud800"'), "surrogates not allowed"),
    "beyond characters": (lambda p: p.write_text('- "\\UFFFFFFFF"'), "cannot be read"),
    "no YAML": (lambda p: p.write_text("- 'x"), "while scanning"),
}


@pytest.mark.parametrize("kind", NOTES)
def test_notes_of_a_stranger_are_not_waited_for_and_one_line_says_what_is_wrong(run: Path, kind: str) -> None:
    spoil, reason = NOTES[kind]
    spoil(run / OVERRIDES)
    with pytest.raises(UnreadableError, match=reason) as raised:
        overrides_in(run)
    assert str(raised.value).startswith(f"{run / OVERRIDES} cannot be read (")
    assert "\n" not in str(raised.value)
    assert list(given(run)) == []


@pytest.mark.parametrize("text", ["2024-13-45", "!!int abc", "!!bool xx", "!!python/object/apply:os.getpid []"])
def test_what_notes_hold_stays_a_text(run: Path, text: str) -> None:
    (run / OVERRIDES).write_text(f"- seed=1\n- {text}\n")
    if text.endswith("[]"):
        with pytest.raises(UnreadableError, match="no list of texts"):
            overrides_in(run)
    else:
        assert overrides_in(run) == ["seed=1", text.rpartition(" ")[2]]


def leave(folder: Path, table: Table, **columns: Any) -> None:
    """Write a table of one row, in which some columns are others."""
    blank = {"string": "", "bool": False}
    rows = {c.name: pa.array([None if c.nullable else blank.get(str(c.type), 0)], c.type) for c in table.columns}
    pq.write_table(pa.table(rows | columns), folder / f"{table.name}.parquet")


def test_a_table_is_read_as_it_was_written(run: Path) -> None:
    leave(run, ALERTS, reasons=pa.array(["night"]), user_id=pa.array(["u"]))
    found = read(run, ALERTS)
    assert found.schema == ALERTS.arrow
    assert (found["reasons"].to_pylist(), found["user_id"].to_pylist()) == (["night"], ["u"])


def cut(text: bytes) -> pa.Array:
    return pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(np.array([0, len(text)], np.int32)), pa.py_buffer(text)]
    )


def times(ms: int) -> pa.Array:
    return pa.array([ms], pa.int64()).cast(ALERTS.arrow.field("start_ts").type)


NOT_VALUES: dict[str, tuple[Table, dict[str, pa.Array], str]] = {
    "recall nan": (CURVES, {"recall": pa.array([float("nan")])}, "recall must be finite"),
    "recall 2": (CURVES, {"recall": pa.array([2.0])}, "recall must be from 0 to 1, got 2 to 2"),
    "precision below 0": (CURVES, {"precision": pa.array([-0.5])}, "precision must be from 0 to 1"),
    "alerts nan": (CURVES, {"alerts_per_day": pa.array([float("nan")])}, "alerts_per_day must be finite"),
    "score inf": (ALERTS, {"score": pa.array([float("inf")])}, "score must be finite"),
    "found nan": (INCIDENTS_FOUND, {"found_probability": pa.array([float("nan")])}, "found_probability must be finite"),
    "far": (ALERTS, {"start_ts": times(2**62)}, "start_ts must be of the years 1 to 9999"),
    "past": (ALERTS, {"start_ts": times(-(2**62))}, "start_ts must be of the years 1 to 9999"),
    "bytes": (ALERTS, {"reasons": cut(b"\xff\xfe")}, "column reasons has values that are none"),
    "surrogate": (INCIDENTS_FOUND, {"incident_id": cut(b"\xed\xa0\x80")}, "incident_id has values that are none"),
    "kind": (CURVES, {"recall": pa.array(["x"])}, "column recall must be double, got string"),
    "list": (CURVES, {"level": pa.array([["x"]])}, "column level must be string, got list"),
    "empty": (ALERTS, {"start_ts": pa.nulls(1, ALERTS.arrow.field("start_ts").type)}, "cannot be read"),
}


@pytest.mark.parametrize("kind", NOT_VALUES)
def test_values_that_no_run_writes_are_reported_in_one_line(run: Path, kind: str) -> None:
    table, columns, reason = NOT_VALUES[kind]
    leave(run, table, **columns)
    with pytest.raises(UserError, match=reason) as raised:
        read(run, table)
    assert str(raised.value).startswith(f"{run / table.name}.parquet")
    assert "\n" not in str(raised.value)


def test_a_table_from_before_it_had_all_columns_says_so(run: Path) -> None:
    leave(run, ALERTS)
    path = run / "alerts.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["file", "row", "record_id"]), path)
    with pytest.raises(UserError, match="is of an earlier version: it has no columns file, row, record_id"):
        read(run, ALERTS)
    table = pq.read_table(path)
    pq.write_table(pa.Table.from_arrays([*table.columns, table["verdict"]], [*table.column_names, "verdict"]), path)
    with pytest.raises(UserError):
        read(run, ALERTS)


@pytest.mark.parametrize("place", [os.mkfifo, lambda p: p.symlink_to("/dev/zero"), lambda p: p.symlink_to("b.parquet")])
def test_a_table_that_is_a_pipe_a_device_or_a_link_is_not_opened(run: Path, place: Callable[[Path], object]) -> None:
    leave(run, ALERTS)
    (run / "alerts.parquet").rename(run / "b.parquet")
    place(run / "alerts.parquet")
    with pytest.raises(UnreadableError, match=r"it is (a link|no file)"):
        read(run, ALERTS)


def test_small_files_of_large_tables_are_refused_before_they_are_read(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text of 1 MiB that is there once and stands in 400 rows; then a file that says how much it has."""
    path, rows = run / "alerts.parquet", 400
    leave(run, ALERTS)
    one = pq.read_table(path)
    large = pa.concat_tables([one] * rows).combine_chunks()
    repeated = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array(["A" * 2**20]))
    large = large.set_column(large.column_names.index("reasons"), "reasons", repeated)
    pq.write_table(large, path, compression="zstd", store_schema=False)
    assert path.stat().st_size < 20_000
    before, most = pa.total_allocated_bytes(), []
    decoded = read_tables.decoded_bytes
    monkeypatch.setattr(
        read_tables, "decoded_bytes", lambda table: most.append(pa.total_allocated_bytes()) or decoded(table)
    )
    with pytest.raises(UserError, match="it has 419,430,400 bytes, more than 268,435,456"):
        read(run, ALERTS)
    assert most[0] - before < 20 * 2**20
    for name, unit in (("MOST_ROWS", "400 rows"), ("MOST_BYTES", "1,[0-9,]+ bytes")):
        with monkeypatch.context() as patch:
            patch.setattr(read_tables, name, 399)
            patch.setattr(read_tables.pq.ParquetFile, "read", None)
            with pytest.raises(UserError, match=f"it has {unit}, more than 399"):
                read(run, ALERTS)
