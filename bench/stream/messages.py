"""The messages of a stream: their kinds, the columns of each kind, and the JSON schema.

A message is one flat object. Its first members are the same in all kinds: what it is, of which stream, its number
there, when it was received and of which moment it reports. The others are the columns of the table that it comes from.
No column of the truth is among them.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl
import pyarrow as pa

from bench.schema import CALLS, DATA_TABLES, EVENTS, TEXT, TIME, TOWER_STATUS, Column, Table

VERSION = 1
"""Version of the messages; another one means another stream."""
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S%.3fZ"
"""Format of times in JSON: ISO 8601, UTC, with milliseconds."""
TIME_PATTERN = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
START, EVENT, MOVE, STATUS, CALL, END = "start", "event", "move", "tower_status", "call", "end"
HEAD = (
    Column("type", TEXT, "kind of message"),
    Column(
        "stream", TEXT, "the stream that the message belongs to, 16 hexadecimal digits: the same data in the same way"
    ),
    Column("sequence", pa.int64(), "number of the message in its stream, from 0 without gaps, in order of delivery"),
    Column("received_at", TIME, "when the message was collected, UTC [ms]; messages are delivered in this order"),
    Column("event_time", TIME, "moment that the message reports, UTC [ms]; not in order"),
    Column("tower_id", TEXT, "site that the message is about; the key of the message", nullable=True),
)
"""Columns of every message, in this order."""


@dataclass(frozen=True)
class Kind:
    """One kind of message."""

    name: str
    meaning: str
    own: tuple[Column, ...]
    """Columns besides those of every message."""
    table: str = ""
    """Table that the messages come from; empty if from none."""
    event_time: str = ""
    """Column of the table that becomes `event_time`; empty if it is computed."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns, in the order in which a message has them."""
        return HEAD + self.own

    @property
    def names(self) -> list[str]:
        """Names of all columns."""
        return [each.name for each in self.columns]

    @property
    def frame_schema(self) -> dict[str, Any]:
        """Types of the columns in polars, with plain texts."""
        return {each.name: frame_type(each.type) for each in self.columns}


def _own(table: Table, *moved: str) -> tuple[Column, ...]:
    """Return the columns of a table that every message does not have already."""
    return tuple(each for each in table.columns if each.name not in {*moved, *(column.name for column in HEAD)})


@cache
def kinds() -> dict[str, Kind]:
    """Return the kinds of message, in the order in which equal times are delivered."""
    start = Kind(
        START,
        "The first message: what the stream is about.",
        (
            Column("version", pa.int64(), "version of the messages"),
            Column("ends_at", TIME, "end of the data, UTC (exclusive); `event_time` is their beginning"),
            Column("time_zone", pa.string(), "local time of the data"),
            Column("utc_offset_s", pa.int64(), "offset of local time from UTC at the beginning [s]"),
            Column("clock_changes", pa.list_(pa.list_(pa.int64())), "changes of it: Unix time [ms], new offset [s]"),
            Column("towers", pa.list_(pa.string()), "all sites"),
        ),
    )
    event = Kind(EVENT, f"A session event. {EVENTS.meaning}", _own(EVENTS, "time_stamp"), "events", "time_stamp")
    status = Kind(
        STATUS,
        "A cell whose state differs from that of its previous window, received at the end of the window.",
        _own(TOWER_STATUS),
        "tower_status",
    )
    call = Kind(
        CALL,
        "A call record, received one second after `call_end_ts`, which is rounded down. `tower_id` is the site of its "
        "first cell.",
        _own(CALLS),
        "calls",
        "call_end_ts",
    )
    end = Kind(END, "The last message.", (Column("messages", pa.int64(), "number of messages, this one included"),))
    return {each.name: each for each in (start, event, *_moves(), status, call, end)}


def _moves() -> tuple[Kind, ...]:
    """Return the kind for moves of phones, if worlds have such a table."""
    table = DATA_TABLES.get("moves")
    if table is None:
        return ()
    return (Kind(MOVE, f"A position of a phone. {table.meaning}", _own(table, "time_stamp"), "moves", "time_stamp"),)


@cache
def frame_type(kind: pa.DataType) -> Any:
    """Return the type of a column in polars; dictionaries become plain texts."""
    plain = pa.string() if pa.types.is_dictionary(kind) else kind
    return pl.DataFrame(pa.table({"x": pa.array([], plain)})).schema["x"]


def union_schema() -> pa.Schema:
    """Return the columns of all kinds as one Arrow schema, in which only the columns of every message are filled.

    Raises
    ------
    ValueError
        When two kinds have a column of the same name and of different types.
    """
    fields: dict[str, pa.DataType] = {}
    for kind in kinds().values():
        for each in kind.columns:
            found = fields.setdefault(each.name, _stored(each.type))
            if found != _stored(each.type):
                raise ValueError(f"{each.name} is {found} in one kind of message and {each.type} in {kind.name}")
    return pa.schema(list(fields.items()))


def _stored(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(kind) else kind


def json_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) that each message follows, as one object."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Messages of cdrbench stream, version {VERSION}",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in kinds()],
        "$defs": {kind.name: _object_schema(kind) for kind in kinds().values()},
    }


def _object_schema(kind: Kind) -> dict[str, Any]:
    properties = {each.name: _member_schema(each) for each in kind.columns}
    properties["type"] = {"const": kind.name, "description": kind.meaning}
    return {
        "title": kind.name,
        "type": "object",
        "properties": properties,
        "required": kind.names,
        "additionalProperties": False,
    }


def _member_schema(column: Column) -> dict[str, Any]:
    found = {"description": column.meaning, **_json_type(column.type)}
    if column.nullable:
        found["type"] = [found["type"], "null"]
    return found


def _json_type(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind):
        return {"type": "array", "items": _json_type(kind.value_type)}
    if pa.types.is_timestamp(kind):
        return {"type": "string", "pattern": TIME_PATTERN}
    if pa.types.is_integer(kind):
        return {"type": "integer"}
    return {"type": "number" if pa.types.is_floating(kind) else "string"}
