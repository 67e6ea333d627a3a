"""Files of a stream: read back as written, continued where a killed run stopped, and never somebody else's."""

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_worlds import made_up

from bench.faults import UserError
from bench.stream import json_lines
from bench.stream.chunk import Chunk, cut
from bench.stream.json_lines import JsonLinesFile
from bench.stream.pace import Pace
from bench.stream.parquet_folder import ParquetFolder, batches
from bench.stream.read_stream import read_folder, read_lines
from bench.stream.stream_job import played
from bench.stream.stream_settings import KINDS
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place

NEW_LINE = b"\n"
AT_ONCE = Pace(float("inf"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made_up(tmp_path_factory.mktemp("one") / "world", 1)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made_up(tmp_path_factory.mktemp("other") / "world", 2)


def chunks(place: Place, most: int = 40) -> Iterator[Chunk]:
    for chunk in WorldStream(place, KINDS).chunks():
        yield from cut(chunk, most)


def lines(place: Place) -> bytes:
    return b"".join(line for chunk in chunks(place) for line in chunk.lines)


def files(folder: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in folder.iterdir()}


class Killed(BaseException):
    """The end of a process, which nothing can catch."""


def killed_after(place: Place, messages: int) -> Iterator[Chunk]:
    """Yield the messages of a world up to some number; then end."""
    for chunk in chunks(place, 20):
        yield chunk.part(0, messages - chunk.first)
        if chunk.first + chunk.size >= messages:
            raise Killed


def test_a_file_has_the_lines_of_the_stream(place: Place, tmp_path: Path) -> None:
    played(chunks(place), JsonLinesFile(tmp_path / "x.jsonl"), AT_ONCE)
    assert (tmp_path / "x.jsonl").read_bytes() == lines(place)
    again = b"".join(line for chunk in read_lines(str(tmp_path / "x.jsonl"), follow=False) for line in chunk.lines)
    assert again == lines(place)


@settings(max_examples=6)
@given(st.floats(0, 1))
def test_a_file_that_was_cut_anywhere_ends_up_the_same(
    place: Place, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    """kill -9 leaves a beginning of the file, whose last line may be incomplete."""
    whole = lines(place)
    path = tmp_path_factory.mktemp("cut") / "x.jsonl"
    path.write_bytes(whole[: round(share * len(whole))])
    played(chunks(place), JsonLinesFile(path), AT_ONCE)
    assert path.read_bytes() == whole


@pytest.mark.parametrize("end", [0, 1, 30, -1, -2])
def test_a_file_that_was_cut_at_an_edge_ends_up_the_same(place: Place, tmp_path: Path, end: int) -> None:
    whole = lines(place)
    (tmp_path / "x.jsonl").write_bytes(whole[:end])
    played(chunks(place), JsonLinesFile(tmp_path / "x.jsonl"), AT_ONCE)
    assert (tmp_path / "x.jsonl").read_bytes() == whole


def test_long_lines_are_found_in_small_blocks(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "BLOCK", 5)
    whole = lines(place)
    (tmp_path / "x.jsonl").write_bytes(whole[:2000])
    played(chunks(place), JsonLinesFile(tmp_path / "x.jsonl"), AT_ONCE)
    assert (tmp_path / "x.jsonl").read_bytes() == whole


@pytest.mark.parametrize(
    "content", [b"mine\n", b"mine", b'{"type":"start","stream":"0123456789abcdef","sequence":0}\n']
)
def test_a_file_of_something_else_is_refused_and_kept(place: Place, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"stream\.path must be a new file, or one that the same stream has begun"):
        played(chunks(place), JsonLinesFile(path), AT_ONCE)
    assert path.read_bytes() == content


def test_another_worlds_file_is_refused_and_kept(place: Place, other: Place, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(other) + lines(place)[:500])
    before = path.read_bytes()
    for content in (before, lines(place)[:5000] + lines(other)[-200:]):
        path.write_bytes(content)
        with pytest.raises(UserError, match="stream"):
            played(chunks(place), JsonLinesFile(path), AT_ONCE)
        assert path.read_bytes() == content


def test_a_file_in_use_is_refused(place: Place, tmp_path: Path) -> None:
    first = JsonLinesFile(tmp_path / "x.jsonl")
    stream = WorldStream(place, KINDS)
    first.begin(stream.identity, stream.towers)
    with pytest.raises(UserError, match=r"must not be in use by another process"):
        JsonLinesFile(tmp_path / "x.jsonl").begin(stream.identity, stream.towers)
    first.close(complete=False)
    JsonLinesFile(tmp_path / "x.jsonl").begin(stream.identity, stream.towers)


@pytest.mark.parametrize("room", [0, 1, 777, 5000, 20_000])
def test_a_full_disk_is_one_error_and_whole_lines(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    written, write = [0], os.write

    def full(file: int, content: Any) -> int:
        if written[0] >= room:
            raise OSError(errno.ENOSPC, "No space left on device")
        many = write(file, content[: room - written[0]])
        written[0] += many
        return many

    path = tmp_path / "x.jsonl"
    monkeypatch.setattr("bench.stream.json_lines.os.write", full)
    with pytest.raises(UserError) as error:
        played(chunks(place), JsonLinesFile(path), AT_ONCE)
    monkeypatch.undo()
    there = path.read_bytes()
    assert lines(place).startswith(there)
    assert there == b"" or there.endswith(b"\n")
    assert len(there) > room - 2000
    assert f"stream.path={path}: the disk is full" in str(error.value)
    assert f"{there.count(NEW_LINE):,} messages are there" in str(error.value)
    played(chunks(place), JsonLinesFile(path), AT_ONCE)
    assert path.read_bytes() == lines(place)


def test_a_device_is_written_and_may_be_full(place: Place) -> None:
    played(chunks(place), JsonLinesFile(Path(os.devnull)), AT_ONCE)
    with pytest.raises(UserError, match="the disk is full"):
        played(chunks(place), JsonLinesFile(Path("/dev/full")), AT_ONCE)


def test_a_folder_has_a_file_for_each_span_of_time(place: Place, tmp_path: Path) -> None:
    played(chunks(place), ParquetFolder(tmp_path / "x", 60), AT_ONCE)
    found = batches(tmp_path / "x")
    start = int(next(chunks(place)).received_ms[0])
    together = [(file, list(chunk)) for file, chunk in ((file, _in(file)) for file in found)]
    for file, times in together:
        number = int(file.stem.removeprefix("batch-"))
        assert times
        assert {(time - start) // 60_000 for time in times} == {number}
    again = b"".join(line for chunk in read_folder(tmp_path / "x", follow=False) for line in chunk.lines)
    assert again == lines(place)


def _in(file: Path) -> list[int]:
    """Return when the messages of a file were received."""
    import pyarrow.parquet as pq  # noqa: PLC0415

    return [round(each.timestamp() * 1000) for each in pq.read_table(file)["received_at"].to_pylist()]


@settings(max_examples=3)
@given(st.floats(0, 1), st.floats(0, 1))
def test_a_killed_folder_ends_up_with_the_same_files(
    place: Place, tmp_path_factory: pytest.TempPathFactory, first: float, second: float
) -> None:
    """Two runs end without having closed anything; a file may be half written under another name."""
    folder = tmp_path_factory.mktemp("killed")
    many = sum(chunk.size for chunk in chunks(place))
    for share in sorted((first, second)):
        sink = ParquetFolder(folder / "x", 60)
        sink.close = lambda complete: os.close(sink._held)  # type: ignore[method-assign] # noqa: B023
        with pytest.raises(Killed):
            played(killed_after(place, round(share * (many - 1)) + 1), sink, AT_ONCE)
        (folder / "x" / ".batch-000000003.parquet.partial").write_bytes(b"half")
    played(chunks(place), ParquetFolder(folder / "x", 60), AT_ONCE)
    (folder / "x" / ".batch-000000003.parquet.partial").unlink(missing_ok=True)
    played(chunks(place), ParquetFolder(folder / "y", 60), AT_ONCE)
    assert files(folder / "x") == files(folder / "y")


def test_files_that_a_reader_has_taken_away_do_not_come_back(place: Place, tmp_path: Path) -> None:
    played(chunks(place), ParquetFolder(tmp_path / "x", 60), AT_ONCE)
    kept = batches(tmp_path / "x")[-1]
    for each in batches(tmp_path / "x")[:-1]:
        each.unlink()
    played(chunks(place), ParquetFolder(tmp_path / "x", 60), AT_ONCE)
    assert batches(tmp_path / "x") == [kept]


def test_a_folder_of_something_else_is_refused_and_kept(place: Place, other: Place, tmp_path: Path) -> None:
    played(chunks(other), ParquetFolder(tmp_path / "other", 60), AT_ONCE)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    played(chunks(place), ParquetFolder(tmp_path / "begun", 30), AT_ONCE)
    for name, reason in (("other", "another stream"), ("mine", "other files"), ("begun", r"stream\.batch_s=30")):
        before = files(tmp_path / name)
        with pytest.raises(UserError, match=rf"stream\.path must be a new folder.*{reason}"):
            played(chunks(place), ParquetFolder(tmp_path / name, 60), AT_ONCE)
        assert files(tmp_path / name) == before


def test_a_disk_that_is_full_leaves_no_half_of_a_file(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object, file: Path, **__: object) -> None:
        file.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("bench.stream.parquet_folder.pq.write_table", full)
    with pytest.raises(UserError, match=r"the disk is full.*0 messages are there"):
        played(chunks(place), ParquetFolder(tmp_path / "x", 60), AT_ONCE)
    assert files(tmp_path / "x") == {}


def test_a_damaged_stream_is_one_clear_error(place: Place, tmp_path: Path) -> None:
    whole = lines(place).splitlines(keepends=True)
    event = next(number for number, line in enumerate(whole) if line.startswith(b'{"type":"event"'))
    ways = {
        "does not come in its place": [*whole[:5], *whole[6:]],
        "is no message of cdrbench stream": [*whole[:5], b"nonsense\n", *whole[5:]],
        "differs from version 1": [*whole[:event], whole[event].replace(b'"x":', b'"x":"east",:'), *whole[event + 1 :]],
        "without state": [*whole[:event], whole[event].replace(b'"state"', b'"status"'), *whole[event + 1 :]],
        "must be of version 1, got 2": [whole[0].replace(b'"version":1', b'"version":2'), *whole[1:]],
        "messages of several streams": [*whole[:9], whole[9].replace(b'"stream":"', b'"stream":"0')],
    }
    for reason, content in ways.items():
        path = tmp_path / "x.jsonl"
        path.write_bytes(b"".join(content))
        with pytest.raises(UserError, match=reason):
            list(read_lines(str(path), follow=False))


def test_a_folder_with_other_columns_is_one_clear_error(place: Place, tmp_path: Path) -> None:
    import pyarrow.parquet as pq  # noqa: PLC0415

    played(chunks(place), ParquetFolder(tmp_path / "x", 600), AT_ONCE)
    file = batches(tmp_path / "x")[0]
    pq.write_table(pq.read_table(file).drop_columns(["cause"]), file)
    with pytest.raises(UserError, match="columns differ from version 1 of the messages: cause"):
        list(read_folder(tmp_path / "x", follow=False))


def test_an_incomplete_stream_says_so(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(place)[:-30])
    many = sum(chunk.size for chunk in read_lines(str(path), follow=False))
    assert capsys.readouterr().err == f"{path} ends after {many:,} messages, before the end of its stream\n"


@dataclass
class Clock:
    """A clock that runs only while somebody sleeps."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 1
        self.slept.append(seconds)
        self.now += seconds


@pytest.mark.parametrize("factor", [1.0, 60.0, 1000.0])
def test_messages_come_when_they_are_due(place: Place, monkeypatch: pytest.MonkeyPatch, factor: float) -> None:
    clock = Clock()
    monkeypatch.setattr("bench.stream.pace.time.monotonic", lambda: clock.now)
    monkeypatch.setattr("bench.stream.pace.time.sleep", clock.sleep)
    pace, came, content = Pace(factor), [], []
    first = int(next(chunks(place)).received_ms[0])
    for chunk in chunks(place):
        for part in pace.due(chunk):
            came.append(clock.now - 1000 - (part.received_ms - first) / (1000 * factor))
            content += part.lines
    assert b"".join(content) == lines(place)
    late = np.concatenate(came)
    assert late.min() >= -0.0101  # messages within a tick come together
    assert late.max() < 0.02


def test_a_folder_is_followed_while_it_grows(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(chunks(place), ParquetFolder(tmp_path / "whole", 60), AT_ONCE)
    (tmp_path / "x").mkdir()
    left = batches(tmp_path / "whole")

    def next_file(_: float) -> None:
        file = left.pop(0)
        shutil.copyfile(file, tmp_path / "x" / file.name)

    monkeypatch.setattr("bench.stream.read_stream.time.sleep", next_file)
    again = b"".join(line for chunk in read_folder(tmp_path / "x", follow=True) for line in chunk.lines)
    assert again == lines(place)
    assert not left
