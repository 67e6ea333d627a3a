"""A run of consecutive messages, as one table for each kind."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from bench.arrays import Array, IntArray
from bench.stream.messages import TIME_FORMAT, kinds


@dataclass(frozen=True)
class Chunk:
    """Messages number `first` to `first + size - 1` of a stream; `frames` has the rows of each kind, in order."""

    frames: Mapping[str, pl.DataFrame]
    first: int
    size: int

    @cached_property
    def lines(self) -> list[bytes]:
        """Each message as one line of JSON, with its line end."""
        return list(self._in_order({kind: json_lines(frame) for kind, frame in self.frames.items()}))

    @cached_property
    def received_ms(self) -> IntArray:
        """When each message was received, shape (size,), ms since the Unix epoch."""
        return self._in_order({kind: moments_ms(frame["received_at"]) for kind, frame in self.frames.items()}, np.int64)

    @cached_property
    def towers(self) -> list[str | None]:
        """Site that each message is about."""
        return list(self._in_order({kind: frame["tower_id"].to_list() for kind, frame in self.frames.items()}))

    def part(self, low: int, high: int) -> "Chunk":
        """Return the messages at the positions low to high - 1; lines that were already made are kept."""
        low, high = max(low, 0), min(high, self.size)
        if (low, high) == (0, self.size):
            return self
        first, last = self.first + low, self.first + high
        frames = {kind: _between(frame, first, last) for kind, frame in self.frames.items()}
        found = Chunk({kind: frame for kind, frame in frames.items() if frame.height}, first, max(high - low, 0))
        for name in {"lines", "towers", "received_ms"} & self.__dict__.keys():
            found.__dict__[name] = self.__dict__[name][low:high]
        return found

    def after(self, sequence: int) -> "Chunk":
        """Return the messages after number `sequence`."""
        return self.part(sequence + 1 - self.first, self.size)

    def _in_order(self, values: Mapping[str, Any], kind: Any = object) -> Array:
        """Put values of each kind in the order of the messages."""
        found = np.empty(self.size, kind)
        for name, each in values.items():
            found[self.frames[name]["sequence"].to_numpy() - self.first] = each
        return found


def _between(frame: pl.DataFrame, first: int, last: int) -> pl.DataFrame:
    """Return the rows with the numbers first to last - 1."""
    low, high = np.searchsorted(frame["sequence"].to_numpy(), [first, last])
    return frame.slice(int(low), int(high - low))


def moments_ms(column: pl.Series) -> IntArray:
    """Return times as ms since the Unix epoch."""
    return np.asarray(column.cast(pl.Int64).to_numpy())


def json_lines(frame: pl.DataFrame) -> list[bytes]:
    """Return each row as one line of JSON, with its line end."""
    times = pl.col(pl.Datetime("ms", "UTC"))
    return frame.with_columns(times.dt.strftime(TIME_FORMAT)).write_ndjson().encode().splitlines(keepends=True)


def chunk_of(frames: Iterable[pl.DataFrame], first: int) -> Chunk:
    """Return consecutive messages from the rows of each kind, which have their numbers."""
    found = {str(frame["type"][0]): frame for frame in frames if frame.height}
    return Chunk(found, first, sum(frame.height for frame in found.values()))


def frame_of(kind: str, rows: Mapping[str, Iterable[Any]]) -> pl.DataFrame:
    """Return rows of a kind that are given as Python values by column."""
    return pl.DataFrame(dict(rows), schema=kinds()[kind].frame_schema)


def cut(chunk: Chunk, most: int) -> Iterator[Chunk]:
    """Yield a chunk in parts of at most so many messages."""
    for low in range(0, chunk.size, most):
        yield chunk.part(low, low + most)
