"""The records of all files in order of time, as the tables `calls`, `users` and `cells`."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.dataset import Clock
from bench.faults import UserError
from bench.schema import CALLS, CELLS, USERS
from generators.model.clock import DAY_MS
from generators.own_records.duplicates import without_duplicates
from generators.own_records.file_settings import NEUTRAL
from generators.own_records.origins import Origins
from generators.own_records.pseudonyms import Naming
from generators.own_records.reading import KINDS, Records
from generators.tables.columns import ROW_GROUP, ParquetRows, coded, conformed, moments, rows_of

IDENTITIES = ("number", "sim", "device")
UNKNOWN = "unknown"
FILLED = {"callee_type": "subscriber"}
"""Texts that fill missing text columns, where it is not `UNKNOWN`."""
CALL_DIGITS = 6


@dataclass(frozen=True)
class Calls:
    """All calls, ordered by start; calls with the same start stay in the order of the files."""

    start_ms: Any
    """Shape (calls,), int64: UTC, whole seconds."""
    seconds: Any
    """Shape (calls,), int32: talk time."""
    setup_s: Any
    """Shape (calls,), int32: time by which a call is longer than its talk time."""
    call_id: pa.ChunkedArray
    codes: dict[str, Any]
    """Codes of each text column, shape (calls,), int32: indices into the `texts` of its kind."""
    texts: dict[str, pa.StringArray]
    """The texts of each kind, with identifiers as they are named in the tables."""
    clock: Clock
    origins: Origins
    """File and row of each call."""
    filled: dict[str, int]
    """Number of missing fields of each optional column."""
    duplicates: dict[str, int] = field(default_factory=dict)
    """Number of records that repeat an earlier one, and of legs that were merged into another."""

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
        """Return all callers, and the callees known as subscribers, as `bench.schema.USERS`."""
        count = len(self.texts["number"])
        caller, callee = self.codes["caller_id"], self.codes["callee_id"]
        called = np.zeros(0, np.int64)
        if "callee_type" in self.codes:
            called = np.flatnonzero(self._is("callee_type", "subscriber"))
        own_first = _first(caller, np.arange(caller.size), count)
        first = np.minimum(own_first, _first(callee[called], called, count))
        user = np.flatnonzero(first < caller.size)
        days = self.clock.local_ms(self.start_ms[first[user]]) // DAY_MS
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
        When there is no call, a call_id comes twice, or records are repeated that may not be.
    """
    if not records.batches or records.local is None:
        left_out = ", ".join(f"generator.{name}" for name, count in records.filter.left_out.items() if count)
        why = f" ({left_out} left all out)" if left_out else ""
        raise UserError(f"generator.path must have at least one call, got none in {records.settings.path}{why}")
    start_ms = records.whole("start_ms")
    order = np.argsort(start_ms, kind="stable")
    order, counts = without_duplicates(records, order)
    start_ms = start_ms[order] // 1000 * 1000
    seconds, setup_s = (records.whole(name)[order] for name in ("seconds", "setup_s"))
    call_id = _call_ids(records, order)
    codes = {}
    for name in [name for name in KINDS if name in records.columns]:
        codes[name] = records.whole(name)[order]
        del records.columns[name]
    kinds = {kind: vocabulary.texts for kind, vocabulary in records.vocabularies.items()}
    known = set(columns)
    if records.settings.types_by_prefix:
        known.add("callee_type")
        codes["callee_type"], kinds["callee_type"] = _types_by_prefix(records, codes, kinds["number"])
    texts = {
        kind: naming.named(kind, known) if kind in IDENTITIES else pa.array(known, pa.string())
        for kind, known in kinds.items()
    }
    filled = {name: int(order.size) for name in NEUTRAL if name not in known}
    return Calls(
        start_ms=start_ms,
        seconds=seconds,
        setup_s=setup_s,
        call_id=call_id,
        codes=codes,
        texts=texts,
        clock=_clock(records, start_ms),
        origins=records.origins(order, call_id),
        filled=dict(+records.filled) | filled,
        duplicates=counts,
    )


def _types_by_prefix(records: Records, codes: dict[str, Any], numbers: list[str]) -> tuple[Any, list[str]]:
    """Return the type of the called party of each call by the beginning of its number, as codes, and the types."""
    call = np.bincount(codes["caller_id"], minlength=len(numbers)) > 0
    types = records.settings.callee_prefixes.types_of(numbers, call)
    names = sorted(set(types))
    return np.array([names.index(each) for each in types], np.int32)[codes["callee_id"]], names


def _call_ids(records: Records, order: Any) -> pa.ChunkedArray:
    if "call_id" not in records.columns:
        digits = max(CALL_DIGITS, len(str(order.size - 1)))
        return pa.chunked_array([pa.array([f"call_{number:0{digits}d}" for number in range(order.size)])])
    found = records.whole("call_id").take(pa.array(order))
    again = pl.from_arrow(found).is_duplicated().to_numpy()
    if again.any():
        value = found[int(np.flatnonzero(again)[0])].as_py()
        rows = np.sort(order[np.asarray(pc.equal(found, value))])
        first, second = (records.place(int(row)) for row in rows[:2])
        advice = "generator.legs=fold takes such records for one call, generator.columns.call_id=null numbers them"
        raise UserError(f"{second}: must not come twice, got {value!r} as in {first} ({advice})")
    return found


def _clock(records: Records, start_ms: Any) -> Clock:
    """Return the clock of whole local days around all starts."""
    first, last = int(start_ms[0]), int(start_ms[-1])
    offset_s, changes = records.clock.between(first - 2 * DAY_MS, last + 2 * DAY_MS)
    wide = Clock(first, last, records.settings.time_zone, offset_s, changes)
    day, end = (int(wide.local_ms(ms)) // DAY_MS for ms in (first, last))
    start_ms, end_ms = (int(wide.utc_ms(number * DAY_MS)) for number in (day, end + 1))
    offset_s, changes = records.clock.between(start_ms, end_ms - 1)
    return Clock(start_ms, end_ms, records.settings.time_zone, offset_s, changes)


def _first(party: Any, row: Any, parties: int) -> Any:
    """Return the first row of each party, shape (parties,); the number of rows for parties without one."""
    first = np.full(parties, np.iinfo(np.int64).max)
    np.minimum.at(first, party, row)
    return first


def _with_unknown(known: dict[str, pa.Array], rows: int, schema: pa.Schema) -> pa.Table:
    unknown = pa.array([UNKNOWN] * rows, pa.string())
    return conformed(pa.table({name: known.get(name, unknown) for name in schema.names}), schema)
