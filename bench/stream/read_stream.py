"""Read an existing stream: JSON lines from a file or stdin, a folder of Parquet files, or a Kafka log."""

import io
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from bench.faults import UserError
from bench.host.read_json import json_of
from bench.schema import UNREADABLE
from bench.stream.chunk import Chunk, chunk_of, cut
from bench.stream.messages import END, START, TIME_FORMAT, VERSION, Kind, kinds, union_schema
from bench.stream.parquet_folder import batches
from bench.stream.sink import report
from bench.stream.world_stream import MOST

BLOCK = 2**22
POLL_S = 0.1
"""Time between two looks at a file or folder that is still being written [s]."""


def read_lines(path: str, follow: bool) -> Iterator[Chunk]:
    """Yield the messages of a file of JSON lines, `-` for stdin.

    Raises
    ------
    UserError
        When it cannot be read, or holds something other than messages of one stream.
    """
    try:
        if path == "-":
            yield from in_order(_whole_lines(_blocks(sys.stdin.buffer, follow=False)), "stdin")
            return
        with Path(path).open("rb") as file:
            yield from in_order(_whole_lines(_blocks(file, follow)), path)
    except OSError as error:
        raise UserError(f"stream.source must be a file that can be read, got {path} ({error})") from error


def read_folder(folder: Path, follow: bool) -> Iterator[Chunk]:
    """Yield the messages of a folder of Parquet files.

    Raises
    ------
    UserError
        When it cannot be read, or holds something other than messages of one stream.
    """
    check = _Sequence(str(folder))
    done: set[Path] = set()
    while True:
        new = [each for each in batches(folder) if each not in done]
        for file in new:
            for chunk in cut(_chunk_in(file), MOST):
                yield check.checked(chunk)
        done.update(new)
        if check.ended or not (new or follow):
            break
        if not new:
            time.sleep(POLL_S)
    check.report_end()


def in_order(blocks: Iterable[Sequence[bytes]], place: str) -> Iterator[Chunk]:
    """Yield messages that come as lines of JSON."""
    check = _Sequence(place)
    for lines in blocks:
        yield check.checked(chunk_of_lines(lines, place))
        if check.ended:
            break
    check.report_end()


def chunk_of_lines(lines: Sequence[bytes], place: str) -> Chunk:
    """Return messages from lines of JSON.

    Raises
    ------
    UserError
        When a line is no message of this version.
    """
    groups: dict[str, list[bytes]] = {}
    for line in lines:
        groups.setdefault(_kind(line), []).append(line)
    for name in groups.keys() - kinds().keys():
        raise UserError(f"{place}: a line is no message of cdrbench stream, version {VERSION}: {name[:60]!r}")
    found = [_parsed(kinds()[name], group, place) for name, group in groups.items()]
    first = min(int(frame["sequence"][0]) for frame in found)
    return chunk_of(found, first)


def _kind(line: bytes) -> str:
    """Return the value of a line's member `type`, which is the first; the line itself if there is none."""
    if line.startswith(b'{"type":"'):
        return line[9 : line.find(b'"', 9)].decode(errors="replace")
    try:
        return str(json_of(line.decode())["type"])
    except (ValueError, KeyError, TypeError):
        return line[:200].decode(errors="replace")


def _parsed(kind: Kind, lines: list[bytes], place: str) -> pl.DataFrame:
    schema = kind.frame_schema
    times = [name for name, each in schema.items() if isinstance(each, pl.Datetime)]
    texts = {name: pl.String() if name in times else each for name, each in schema.items()}
    try:
        frame = pl.read_ndjson(io.BytesIO(b"\n".join(lines)), schema=texts)
        read = pl.col(times).str.strptime(pl.Datetime("ms"), TIME_FORMAT).dt.replace_time_zone("UTC")
        frame = frame.with_columns(read).select(kind.names)
        empty = [each.name for each in kind.columns if not each.nullable and frame[each.name].null_count()]
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{place}: a message `{kind.name}` differs from version {VERSION} ({reason:.200})") from error
    if empty:
        raise UserError(f"{place}: a message `{kind.name}` differs from version {VERSION} (without {', '.join(empty)})")
    return frame.sort("sequence")


def _chunk_in(file: Path) -> Chunk:
    """Return the messages of a Parquet file."""
    try:
        table = pq.read_table(file)
    except UNREADABLE as error:
        raise UserError(f"{file} cannot be read: {error}") from error
    if table.schema.remove_metadata() != union_schema():
        unlike = set(union_schema()) ^ set(table.schema)
        names = sorted({each.name for each in unlike})
        raise UserError(f"{file}: columns differ from version {VERSION} of the messages: {', '.join(names)}")
    frame = pl.DataFrame(table)
    parts = [frame.filter(pl.col("type") == kind.name).select(kind.names) for kind in kinds().values()]
    return chunk_of(parts, int(frame["sequence"][0]))


def _blocks(file: Any, follow: bool) -> Iterator[bytes]:
    """Yield a file in blocks; at its end wait for more if that is wanted."""
    while True:
        block = file.read1(BLOCK)
        if block:
            yield block
        elif follow:
            time.sleep(POLL_S)
        else:
            return


def _whole_lines(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Yield the complete lines of blocks; what has no line end is still being written."""
    rest = b""
    for block in blocks:
        *lines, rest = (rest + block).split(b"\n")
        if lines:
            yield lines


@dataclass
class _Sequence:
    """Checks that messages follow each other."""

    place: str
    next: int = 0
    stream: str = ""
    ended: bool = False

    def checked(self, chunk: Chunk) -> Chunk:
        """Return a chunk whose messages are the next ones of the same stream."""
        numbers = pl.concat([frame["sequence"] for frame in chunk.frames.values()])
        streams = pl.concat([frame["stream"] for frame in chunk.frames.values()]).unique().to_list()
        if chunk.first != self.next or numbers.n_unique() != chunk.size or numbers.max() != self.next + chunk.size - 1:
            raise UserError(f"{self.place}: message {self.next} does not come in its place (got {chunk.first})")
        if len({*streams, self.stream or streams[0]}) > 1:
            raise UserError(f"{self.place}: messages of several streams: {', '.join(sorted({*streams, self.stream}))}")
        version = chunk.frames[START]["version"][0] if START in chunk.frames else VERSION
        if version != VERSION:
            raise UserError(f"{self.place}: messages must be of version {VERSION}, got {version}")
        self.stream = str(streams[0])
        self.next += chunk.size
        self.ended = END in chunk.frames
        return chunk

    def report_end(self) -> None:
        """Say so if the last message has not come."""
        if not self.ended:
            report(f"{self.place} ends after {self.next:,} messages, before the end of its stream")
