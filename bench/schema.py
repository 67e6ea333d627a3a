"""Every table that passes between the rooms, written once.

Reading, writing, validation, the data card and the README's tables all follow from these definitions.
Text columns that repeat are dictionaries, so a table of ten million calls stays small in memory and on disk.
"""

from dataclasses import dataclass

import pyarrow as pa

from bench.faults import UserError

TEXT = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("ms", tz="UTC")


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type, and what it means (with its unit)."""

    name: str
    type: pa.DataType
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its name and its columns in order."""

    name: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema."""
        return pa.schema([pa.field(c.name, c.type, nullable=c.nullable) for c in self.columns])

    def check(self, table: pa.Table, source: str) -> None:
        """Raise `UserError` naming the first columns of `source` that differ from this schema."""
        found = {field.name: field.type for field in table.schema}
        wrong = [
            f"{source}: column {c.name} must be {c.type}, got {found.get(c.name, 'no such column')}"
            for c in self.columns
            if found.get(c.name) != c.type
        ]
        wrong += [
            f"{source}: column {c.name} must not have empty values, got {table[c.name].null_count} of them"
            for c in self.columns
            if not c.nullable and found.get(c.name) == c.type and table[c.name].null_count
        ]
        if wrong:
            raise UserError("\n".join(wrong))


CALLS = Table(
    "calls",
    "One row a call, ordered by its start.",
    (
        Column("call_id", pa.string(), "number of the call in order of start"),
        Column("caller_id", TEXT, "user who calls"),
        Column("callee_id", TEXT, "party who is called: a user, or someone outside the network"),
        Column("call_start_ts", TIME, "start of the call, UTC, whole seconds (rounded down)"),
        Column("call_end_ts", TIME, "start plus duration"),
        Column("call_duration", pa.int32(), "talk time [s]; 0 unless answered"),
        Column("first_cell_id", TEXT, "cell that served the caller at the start"),
        Column("last_cell_id", TEXT, "cell that served the caller at the end"),
        Column("caller_imei", TEXT, "device of the caller"),
        Column("caller_imsi", TEXT, "SIM of the caller"),
        Column("callee_imsi", TEXT, "SIM of the callee"),
        Column("callee_number", TEXT, "dialled number (MSISDN, E.164 with +)"),
        Column("callee_type", TEXT, "subscriber | unlisted | foreign | premium"),
        Column("outcome", TEXT, "answered | missed | busy | failed"),
    ),
)

USERS = Table(
    "users",
    "One row a subscriber, with the number, SIM and device it had first.",
    (
        Column("user_id", pa.string(), "user"),
        Column("phone_number", pa.string(), "MSISDN under +999, which is no country's"),
        Column("imei", pa.string(), "device: test TAC (00...), Luhn check digit"),
        Column("imsi", pa.string(), "SIM: test network 001-01, 15 digits"),
        Column("home_cell_id", TEXT, "cell that serves the home"),
        Column("user_type", TEXT, "kind of subscriber"),
        Column("creation_date", pa.date32(), "day on which the subscription began (local)"),
        Column("call_pattern", TEXT, "daily rhythm: a key of generator.rhythms"),
    ),
)

CELLS = Table(
    "cells",
    "One row a cell.",
    (
        Column("cell_id", pa.string(), "cell"),
        Column("latitude", pa.float64(), "latitude [deg], WGS 84; empty where it is not known", nullable=True),
        Column("longitude", pa.float64(), "longitude [deg], WGS 84; empty where it is not known", nullable=True),
        Column("area_type", TEXT, "district: downtown | commercial | residential | suburban"),
        Column("tower_type", TEXT, "macro | small_cell"),
        Column("tower_id", pa.string(), "site that carries the cell"),
        Column("cgi", pa.string(), "cell global identity, MCC-MNC-LAC-CI, under 001-01"),
    ),
)

COMMUNITIES = Table(
    "communities",
    "One row a user and community: who belongs where.",
    (
        Column("user_id", TEXT, "user"),
        Column("community_type", TEXT, "family | work | friends"),
        Column("community_id", TEXT, "community"),
        Column("community_size", pa.int32(), "number of members"),
    ),
)

SUBSCRIPTIONS = Table(
    "subscriptions",
    "Who had which number, SIM and device, and when: one row a user and period.",
    (
        Column("user_id", TEXT, "user"),
        Column("phone_number", pa.string(), "MSISDN"),
        Column("imsi", pa.string(), "SIM"),
        Column("imei", pa.string(), "device"),
        Column("valid_from", TIME, "first moment, UTC"),
        Column("valid_to", TIME, "end (exclusive), UTC; empty while it lasts", nullable=True),
    ),
)

INCIDENTS = Table(
    "incidents",
    "One row an injected incident.",
    (
        Column("incident_id", pa.string(), "incident"),
        Column("anomaly_type", TEXT, "type: a name of the catalogue"),
        Column("level", TEXT, "call | user | cell | group"),
        Column("start_ts", TIME, "first moment, UTC"),
        Column("end_ts", TIME, "last moment, UTC"),
        Column("actors", pa.list_(pa.string()), "users or cells that act"),
        Column("parameters", pa.string(), "what was drawn for it, as JSON"),
    ),
)

TRUTH = Table(
    "truth",
    "One row a record that differs between the world and its clean twin.",
    (
        Column("level", TEXT, "call | user_day | cell_quarter"),
        Column("entity_id", pa.string(), "call_id (removed: its stable key); else `user|local day`, `cell|quarter`"),
        Column("row", pa.int64(), "position of the record in the table of calls; -1 when it was removed"),
        Column("incident_id", TEXT, "incident that it belongs to"),
        Column("anomaly_type", TEXT, "type of that incident"),
        Column("change", TEXT, "added | altered | removed"),
        Column("cause", TEXT, "direct: the incident's own deed | collateral: an innocent's record"),
    ),
)

USER_FEATURES = Table(
    "user_features",
    "One row a user: what its calls add up to over the whole world.",
    (
        Column("user_id", pa.string(), "user"),
        Column("total_calls", pa.int64(), "calls made and received"),
        Column("outgoing_calls", pa.int64(), "calls made"),
        Column("incoming_calls", pa.int64(), "calls received"),
        Column("mean_duration", pa.float64(), "mean talk time of the answered calls made [s]; 0 without one"),
        Column("longest_duration", pa.int32(), "longest talk time of the calls made [s]"),
        Column("distinct_contacts", pa.int64(), "different parties called"),
        Column("night_share", pa.float64(), "share of the calls made that start 00:00-05:00 local"),
        Column("weekend_share", pa.float64(), "share of the calls made on a Saturday or Sunday (local)"),
        Column("short_share", pa.float64(), "share of the answered calls made that last under 10 s"),
        Column("is_anomalous_user", pa.bool_(), "made at least one anomalous call"),
    ),
)

DATA_TABLES = {t.name: t for t in (CALLS, USERS, CELLS, COMMUNITIES, SUBSCRIPTIONS)}
TRUTH_TABLES = {t.name: t for t in (INCIDENTS, TRUTH)}
LABELS = (
    Column("is_anomaly", pa.bool_(), "directly made or altered by an injected incident"),
    Column("anomaly_type", TEXT, "type of that incident; `normal` otherwise"),
)
SEED_CALL_COLUMNS = 11
"""The first columns of `CALLS` are those of the published generator; the labels follow them in the export."""
