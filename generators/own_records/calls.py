"""The records of all files in order of time, as the tables `calls`, `users` and `cells`."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pyarrow as pa

from bench.dataset import Clock
from bench.faults import Fault, SettingsError, UserError
from bench.schema import CALLS, CELLS, USERS
from generators.model.clock import DAY_MS
from generators.own_records.file_settings import NEUTRAL
from generators.own_records.pseudonyms import Naming
from generators.own_records.reading import KINDS, Records
from generators.tables.columns import ROW_GROUP, ParquetRows, coded, conformed, moments, rows_of

IDENTITIES = ("number", "sim", "device")
UNKNOWN = "unknown"
FILLED = {"callee_type": "subscriber"}
"""What fills a text column that is not there, unless it is `UNKNOWN`."""
CALL_DIGITS = 6
STEP = timedelta(hours=6)
"""How finely the offset of a time zone is looked at."""


@dataclass(frozen=True)
class Calls:
    """All calls, ordered by their start; calls that start together stay in the order of the files."""

    start_ms: Any
    """Shape (calls,), int64: UTC, whole seconds."""
    seconds: Any
    """Shape (calls,), int32: talk time."""
    setup_s: Any
    """Shape (calls,), int32: by how much longer than its talk time a call lasts."""
    call_id: pa.ChunkedArray
    codes: dict[str, Any]
    """Of each text column that is there: shape (calls,), int32, index into `texts` of its kind."""
    texts: dict[str, pa.StringArray]
    """The texts of each kind, identities as they are to be named."""
    clock: Clock
    filled: dict[str, int]
    """How many fields of each optional column were not there."""

    def column(self, name: str, part: slice) -> pa.Array:
        """Return some rows of a text column."""
        if name == "last_cell_id" and name not in self.codes:
            return self.column("first_cell_id", part)
        if name not in self.codes:
            return coded(np.zeros(self.start_ms[part].size, np.int32), pa.array([FILLED.get(name, UNKNOWN)]))
        return coded(self.codes[name][part], self.texts[KINDS[name]])

    def write(self, file: ParquetRows) -> None:
        """Write all rows."""
        for low in range(0, self.start_ms.size, ROW_GROUP):
            part = slice(low, low + ROW_GROUP)
            start, seconds = self.start_ms[part], self.seconds[part]
            ends = start + 1000 * (seconds.astype(np.int64) + self.setup_s[part])
            own = {
                "call_id": self.call_id.slice(low, ROW_GROUP).combine_chunks(),
                "call_start_ts": moments(start),
                "call_end_ts": moments(ends),
                "call_duration": pa.array(seconds),
                "handovers": pa.array(np.zeros(seconds.size, np.int32)),
            }
            columns = {name: own[name] if name in own else self.column(name, part) for name in CALLS.arrow.names}
            file.write(rows_of(CALLS, columns))

    def users(self) -> pa.Table:
        """Return those who call, and those who are called and known as subscribers, as `bench.schema.USERS`."""
        count = len(self.texts["number"])
        caller, callee = self.codes["caller_id"], self.codes["callee_id"]
        called = np.zeros(0, np.int64)
        if "callee_type" in self.codes:
            called = np.flatnonzero(self._is("callee_type", "subscriber"))
        own_first = _first(caller, np.arange(caller.size), count)
        first = np.minimum(own_first, _first(callee[called], called, count))
        user = np.flatnonzero(first < caller.size)
        days = (self.start_ms[first[user]] + 1000 * self.clock.utc_offset_s) // DAY_MS
        known = {
            "user_id": self.texts["number"].take(pa.array(user)),
            "imei": self._own("caller_imei", own_first[user]),
            "imsi": self._own("caller_imsi", own_first[user]),
            "creation_date": pa.array(days.astype(np.int32)).cast(pa.date32()),
        }
        return _with_unknown(known, user.size, USERS.arrow).sort_by("user_id")

    def cells(self) -> pa.Table:
        """Return the cells that occur, as `bench.schema.CELLS`; their positions are unknown."""
        used = [self.codes[name] for name in ("first_cell_id", "last_cell_id") if name in self.codes]
        occur = np.unique(np.concatenate([np.zeros(0, np.int32), *used]))
        ids = [text for text in self.texts["cell"].take(pa.array(occur)).to_pylist() if text != UNKNOWN]
        nowhere = pa.nulls(len(ids), pa.float64())
        known = {"cell_id": pa.array(sorted(ids), pa.string()), "latitude": nowhere, "longitude": nowhere}
        return _with_unknown(known, len(ids), CELLS.arrow)

    def _is(self, name: str, text: str) -> Any:
        return np.array([each == text for each in self.texts[KINDS[name]].to_pylist()], np.bool_)[self.codes[name]]

    def _own(self, name: str, row: Any) -> pa.Array:
        """Return a column's texts at some rows; unknown where the row is past the end."""
        if name not in self.codes:
            return pa.array([UNKNOWN] * row.size, pa.string())
        codes = np.append(self.codes[name], 0)[np.minimum(row, self.start_ms.size)]
        texts = self.texts[KINDS[name]].take(pa.array(codes))
        return pa.array(np.where(row < self.start_ms.size, np.asarray(texts), UNKNOWN), pa.string())


def in_order(records: Records, columns: Collection[str], naming: Naming) -> Calls:
    """Return the records as calls; the arrays of `records` are emptied on the way.

    Parameters
    ----------
    records
        All rows.
    columns
        Which of our columns the files have.
    naming
        What identities are called.

    Raises
    ------
    UserError
        When there is no call, a call_id comes twice, or the zone changes its clocks within the data.
    """
    if records.local is None:
        raise UserError(f"generator.path must have at least one call, got none in {records.settings.path}")
    start_ms = records.whole("start_ms")
    order = np.argsort(start_ms, kind="stable")
    start_ms = start_ms[order]
    offset_s = _offset_s(records.settings.time_zone, int(start_ms[0]), int(start_ms[-1]), records.local)
    start_ms = start_ms // 1000 * 1000 - (1000 * offset_s if records.local else 0)
    codes = {}
    for name in [name for name in KINDS if name in records.columns]:
        codes[name] = records.whole(name)[order]
        del records.columns[name]
    kinds = {kind: vocabulary.texts for kind, vocabulary in records.vocabularies.items()}
    texts = {
        kind: naming.named(kind, known) if kind in IDENTITIES else pa.array(known, pa.string())
        for kind, known in kinds.items()
    }
    filled = {name: int(order.size) for name in NEUTRAL if name not in columns}
    seconds, setup_s = (records.whole(name)[order] for name in ("seconds", "setup_s"))
    call_id = _call_ids(records, order)
    clock = _clock(records.settings.time_zone, start_ms, offset_s)
    return Calls(
        start_ms=start_ms,
        seconds=seconds,
        setup_s=setup_s,
        call_id=call_id,
        codes=codes,
        texts=texts,
        clock=clock,
        filled=dict(+records.filled) | filled,
    )


def _call_ids(records: Records, order: Any) -> pa.ChunkedArray:
    if "call_id" not in records.columns:
        digits = max(CALL_DIGITS, len(str(order.size - 1)))
        return pa.chunked_array([pa.array([f"call_{number:0{digits}d}" for number in range(order.size)])])
    found = records.whole("call_id")
    again = pl.from_arrow(found).is_duplicated().to_numpy()
    if again.any():
        value = found[int(np.flatnonzero(again)[0])].as_py()
        first, second = (records.place(int(row)) for row in np.flatnonzero(np.asarray(found) == value)[:2])
        raise UserError(f"{second}: must not come twice, got {value!r} as in {first}")
    return found.take(pa.array(order))


def _offset_s(zone: str, first_ms: int, last_ms: int, local: bool) -> int:
    """Return what local time is ahead of UTC [s] over a span of time, which is local or UTC."""
    known = ZoneInfo(zone)
    first, last = (datetime.fromtimestamp(ms / 1000, UTC).replace(tzinfo=None) for ms in (first_ms, last_ms))
    moments_seen = [first + step * STEP for step in range(int((last - first) / STEP) + 1)]
    found = {
        (each.replace(tzinfo=known) if local else each.replace(tzinfo=UTC).astimezone(known)).utcoffset()
        for each in (*moments_seen, last)
    }
    if len(found) > 1:
        rule = f"keep one offset from UTC from {first.date()} to {last.date()} (no summer time in between)"
        raise SettingsError([Fault("generator.time_zone", rule, zone)])
    offset = found.pop()
    return 0 if offset is None else int(offset.total_seconds())


def _clock(zone: str, start_ms: Any, offset_s: int) -> Clock:
    """Return the clock of whole local days around all starts."""
    first, last = ((int(ms) + 1000 * offset_s) // DAY_MS for ms in (start_ms[0], start_ms[-1]))
    return Clock(first * DAY_MS - 1000 * offset_s, (last + 1) * DAY_MS - 1000 * offset_s, zone, offset_s)


def _first(party: Any, row: Any, parties: int) -> Any:
    """Return the first row in which each party occurs, shape (parties,); a row past any where it does not."""
    first = np.full(parties, np.iinfo(np.int64).max)
    np.minimum.at(first, party, row)
    return first


def _with_unknown(known: dict[str, pa.Array], rows: int, schema: pa.Schema) -> pa.Table:
    unknown = pa.array([UNKNOWN] * rows, pa.string())
    return conformed(pa.table({name: known.get(name, unknown) for name in schema.names}), schema)
