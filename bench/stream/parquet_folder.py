"""A folder of Parquet files, each with the messages of one span of time; files are complete once they have a name."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.faults import UserError
from bench.host.aside import partial
from bench.host.read_json import json_of
from bench.schema import UNREADABLE
from bench.stream.chunk import Chunk, moments_ms
from bench.stream.messages import END, START, union_schema
from bench.stream.sink import hold, not_written

NAME = re.compile(r"batch-(\d{9})\.parquet")
FACTS = b"cdrbench.stream"
"""Key of the metadata of a file that says what it has."""


@dataclass
class ParquetFolder:
    """Writes one file for each span of `batch_s` in which messages were received, numbered from the stream's start."""

    folder: Path
    batch_s: int
    _stream: str = ""
    _held: int = -1
    _start_ms: int = 0
    _number: int = -1
    """Batch of the messages in `_waiting`."""
    _waiting: list[Chunk] = field(default_factory=list)
    _last: int = -1

    def begin(self, stream: str, towers: Sequence[str]) -> int:
        """Open the folder.

        Raises
        ------
        UserError
            When it cannot be written, another process writes it, or it holds something other than this stream.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._held = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise UserError(f"stream.path must be a folder that can be written, got {self.folder} ({error})") from error
        hold(self._held, "stream.path", self.folder)
        self._stream = stream
        files = batches(self.folder)
        if not files and any(not each.name.endswith(".partial") for each in self.folder.iterdir()):
            raise self._other("it holds other files")
        if files:
            self._continue(files[-1])
        return self._last

    def put(self, chunk: Chunk) -> None:
        """Take messages; those of finished batches are written."""
        if chunk.first == 0:
            self._start_ms = int(moments_ms(chunk.frames[START]["event_time"])[0])
        for number, part in self._parted(chunk):
            if number != self._number:
                self._write()
                self._number = number
            self._waiting.append(part)
            if END in part.frames:
                self._write()

    def flush(self) -> None:
        """Do nothing: a batch waits for its end."""

    def close(self, complete: bool) -> None:
        """Release the folder; what was put of an unfinished batch is put again by the next run."""
        if self._held >= 0:
            os.close(self._held)
            self._held = -1

    def _parted(self, chunk: Chunk) -> Iterator[tuple[int, Chunk]]:
        """Yield the messages of each batch with its number."""
        batch = (chunk.received_ms - self._start_ms) // (1000 * self.batch_s)
        borders = [0, *(np.flatnonzero(np.diff(batch)) + 1).tolist(), chunk.size]
        for low, high in pairwise(borders):
            if high > low:
                yield max(int(batch[low]), 0), chunk.part(low, high)

    def _write(self) -> None:
        """Write the waiting messages as one file."""
        if not self._waiting:
            return
        table = together(self._waiting)
        last = self._waiting[-1].first + self._waiting[-1].size - 1
        facts = {"stream": self._stream, "batch_s": self.batch_s, "start_ms": self._start_ms, "last": last}
        try:
            with partial(self.folder / f"batch-{self._number:09d}.parquet") as aside:
                pq.write_table(table.replace_schema_metadata({FACTS: json.dumps(facts)}), aside, compression="zstd")
        except OSError as error:
            raise not_written(self.folder, error, self._last) from error
        self._waiting.clear()
        self._last = last

    def _continue(self, file: Path) -> None:
        """Go on after the last file."""
        facts = facts_of(file)
        if facts.get("stream") != self._stream:
            raise self._other(f"{file.name} is of another stream than these settings make")
        if facts.get("batch_s") != self.batch_s:
            raise self._other(f"it was begun with stream.batch_s={facts.get('batch_s')}")
        self._last, self._start_ms = int(facts["last"]), int(facts["start_ms"])

    def _other(self, reason: str) -> UserError:
        return UserError(
            f"stream.path must be a new folder, or one that the same stream has begun, got {self.folder}: {reason}; "
            "name another folder"
        )


def together(chunks: Sequence[Chunk]) -> pa.Table:
    """Return messages as one table, in order, with the columns of all kinds."""
    frames = [frame for chunk in chunks for frame in chunk.frames.values()]
    table = pl.concat(frames, how="diagonal").sort("sequence").to_arrow()
    schema = union_schema()
    there = set(table.schema.names)
    columns = [
        table[each.name].cast(each.type) if each.name in there else pa.nulls(table.num_rows, each.type)
        for each in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def batches(folder: Path) -> list[Path]:
    """Return the files of a stream in a folder, in order."""
    return sorted(each for each in folder.iterdir() if NAME.fullmatch(each.name))


def facts_of(file: Path) -> dict[str, Any]:
    """Return what the metadata of a file say of its messages.

    Raises
    ------
    UserError
        When it is no file of a stream.
    """
    try:
        found = json_of(((pq.read_schema(file).metadata or {}).get(FACTS) or b"").decode())
        {name: int(found[name]) for name in ("last", "start_ms", "batch_s")}
        return dict(found)
    except (ValueError, KeyError, TypeError, *UNREADABLE) as error:
        raise UserError(f"{file} is no file of a stream ({error})") from error
