"""The tables of a world, or of your own records, as one stream of messages in the order in which they were received."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from bench.dataset import Clock
from bench.faults import UserError
from bench.host.digests import file_digest
from bench.host.read_json import UnreadableError, member, object_in
from bench.schema import CELLS, UNREADABLE
from bench.spans import SECOND_MS
from bench.stream.chunk import Chunk, chunk_of, cut, frame_of
from bench.stream.messages import CALL, END, EVENT, MOVE, START, STATUS, VERSION, Kind, kinds
from bench.stream.table_rows import FOREVER, Prepare, TableRows
from bench.worlds.places import Place

MOST = 16_384
"""Most messages of a chunk."""
QUARTER_S = 900
"""Length of a window of tower status if the manifest does not say it."""
CALL_RECORD_MS = SECOND_MS
"""A call record is received this long after `call_end_ts`, which is rounded down to seconds [ms]."""


@dataclass
class WorldStream:
    """The messages of some tables, always with the same numbers."""

    place: Place
    chosen: Sequence[str]
    """Kinds of message that are wanted; those without a table, or with an empty one, are left out."""
    clock: Clock = field(init=False)
    towers: list[str] = field(init=False)
    identity: str = field(init=False)
    """16 hexadecimal digits that are the same for the same messages."""
    _manifest: dict[str, Any] = field(init=False)
    _site: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.clock = Clock.read(self.place.data)
            self._manifest = object_in(self.place.manifest)
            cells = pq.read_table(self.place.table("cells"))
            CELLS.check(cells, str(self.place.table("cells")))
        except UNREADABLE as error:
            raise UserError(f"data must be a world that can be read, got {self.place.data} ({error})") from error
        named = dict(zip(cells["cell_id"].to_pylist(), cells["tower_id"].to_pylist(), strict=True))
        self._site = {cell: tower for cell, tower in named.items() if tower}
        self.towers = list(dict.fromkeys(self._site.values()))
        self.identity = self._identity()

    def chunks(self) -> Iterator[Chunk]:
        """Yield all messages in order, from the first one (`start`) to the last one (`end`)."""
        stream, number, latest = self.identity, 1, self.clock.end_ms
        yield chunk_of([self._start(stream)], 0)
        tables = [self._rows(kind) for kind in self._there()]
        while tables:
            bound = min(each.complete_to_ms for each in tables)
            taken = [each.take(bound) for each in tables]
            for chunk in cut(_numbered(taken, stream, number), MOST):
                latest = max(latest, int(chunk.received_ms[-1]))
                number += chunk.size
                yield chunk
            if bound == FOREVER:
                break
            min(tables, key=lambda each: each.complete_to_ms).read()
        yield chunk_of([self._end(stream, number, latest)], number)

    def with_sites(self, calls: pl.DataFrame) -> pl.DataFrame:
        """Return calls with the site of their first cell, and their end as `event_time`."""
        tower = pl.col("first_cell_id").replace_strict(self._site, default=None, return_dtype=pl.String)
        return calls.with_columns(tower_id=tower, event_time=pl.col("call_end_ts"))

    def _identity(self) -> str:
        files = {kind.name: self._digest(kind) for kind in self._there()}
        text = json.dumps([VERSION, self.clock.start_ms, self.clock.end_ms, self.towers, files])
        return blake2b(text.encode(), digest_size=8).hexdigest()

    def _there(self) -> list[Kind]:
        """Return the kinds that are wanted and whose table has rows."""
        wanted = [kind for kind in kinds().values() if kind.name in self.chosen and kind.table]
        return [kind for kind in wanted if self.place.table(kind.table).exists() and self._count(kind)]

    def _count(self, kind: Kind) -> int:
        try:
            return int(pq.read_metadata(self.place.table(kind.table)).num_rows)
        except UNREADABLE as error:
            raise UserError(f"{self.place.table(kind.table)} cannot be read: {error}") from error

    def _digest(self, kind: Kind) -> str:
        """Return a digest of a table; that of a stored world has been checked."""
        path = self.place.table(kind.table)
        facts = self._manifest.get("files", {}).get(f"data/{path.name}", {})
        return str(facts["blake2b"]) if "blake2b" in facts and not self.place.exported else file_digest(path)

    def _rows(self, kind: Kind) -> TableRows:
        ways = {EVENT: self._events, MOVE: self._moves, STATUS: self._status, CALL: self._calls}
        arrival, later_ms, prepare = ways[kind.name](kind)
        return TableRows(kind, self.place.table(kind.table), arrival, later_ms, prepare)

    def _events(self, kind: Kind) -> tuple[str, int, Prepare]:
        return "received_at", 0, lambda frame: frame.rename({kind.event_time: "event_time"})

    def _moves(self, kind: Kind) -> tuple[str, int, Prepare]:
        def prepared(frame: pl.DataFrame) -> pl.DataFrame:
            tower = [] if "tower_id" in frame.columns else [pl.lit(None, pl.String).alias("tower_id")]
            return frame.with_columns(*tower, event_time=pl.col(kind.event_time))

        names = pq.read_schema(self.place.table(kind.table)).names
        return "received_at" if "received_at" in names else kind.event_time, 0, prepared

    def _calls(self, kind: Kind) -> tuple[str, int, Prepare]:
        return kind.event_time, CALL_RECORD_MS, self.with_sites

    def _status(self, kind: Kind) -> tuple[str, int, Prepare]:
        return "window_start", SECOND_MS * self._window_s, _Changes().of

    @property
    def _window_s(self) -> int:
        """Length of a window of tower status [s]."""
        found: Any = self._manifest
        try:
            for name in ("recipe", "settings", "network", "status"):
                found = member(found, name, dict)
            return member(found, "window_s", int)
        except (UnreadableError, ValueError):
            return QUARTER_S

    def _start(self, stream: str) -> pl.DataFrame:
        clock = self.clock
        head = {"type": START, "stream": stream, "sequence": 0, "received_at": clock.start_ms}
        about = {"event_time": clock.start_ms, "tower_id": None, "version": VERSION, "ends_at": clock.end_ms}
        local = {"time_zone": clock.time_zone, "utc_offset_s": clock.utc_offset_s}
        lists = {"clock_changes": [list(each) for each in clock.changes], "towers": self.towers}
        return frame_of(START, {name: [value] for name, value in {**head, **about, **local, **lists}.items()})

    def _end(self, stream: str, number: int, latest: int) -> pl.DataFrame:
        head = {"type": END, "stream": stream, "sequence": number, "received_at": latest, "event_time": latest}
        last = {"tower_id": None, "messages": number + 1}
        return frame_of(END, {name: [value] for name, value in {**head, **last}.items()})


@dataclass
class _Changes:
    """Leaves only windows of a cell whose state differs from that of the cell's window before."""

    last: pl.DataFrame | None = None
    """State of each cell in its latest window so far."""

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the rows of a row group that differ from those before; rows are in order of time."""
        states = frame.select("cell_id", "state", known=pl.lit(value=False))
        if self.last is not None:
            states = pl.concat([self.last.with_columns(known=pl.lit(value=True)), states])
        before = pl.col("state").shift(1).over("cell_id")
        changed = states.select("known", changed=before.is_null() | (pl.col("state") != before))
        self.last = states.group_by("cell_id", maintain_order=True).last().select("cell_id", "state")
        chosen = frame.filter(changed.filter(~pl.col("known"))["changed"])
        return chosen.with_columns(event_time=pl.col("received_at"))


def _numbered(frames: Sequence[pl.DataFrame], stream: str, first: int) -> Chunk:
    """Give the rows of several kinds their numbers, by time, then kind, then place in the table."""
    keys = [
        frame.select("received_at", kind=pl.lit(number), place=pl.int_range(pl.len(), dtype=pl.Int64))
        for number, frame in enumerate(frames)
    ]
    order = pl.concat(keys).sort("received_at", "kind", "place").with_row_index("sequence")
    found = []
    for number, frame in enumerate(frames):
        mine = order.filter(pl.col("kind") == number)["sequence"].cast(pl.Int64) + first
        if frame.height:
            names = kinds()[str(frame["type"][0])].names
            found.append(frame.with_columns(mine, stream=pl.lit(stream)).select(names))
    return chunk_of(found, first)
