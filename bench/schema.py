"""The columns of every table, defined once.

Reading, writing, validation, the data card and the reference of tables all follow from these definitions.
Text columns that repeat are dictionaries, so a table of ten million calls stays small in memory and on disk.
"""

import zlib
from dataclasses import dataclass

import pyarrow as pa

from bench.faults import UserError

TEXT = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("ms", tz="UTC")
UNREADABLE = (OSError, EOFError, UnicodeError, zlib.error, pa.ArrowException)
"""Errors that reading a table may raise if its file is not a valid table; caught together wherever files are opened."""


@dataclass(frozen=True)
class Column:
    """One column: its name, Arrow type and meaning (with unit)."""

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
    "One row a call, ordered by its start. With a network it is a fold of the call's events: every moment and every "
    "length is rounded down to the second; an answered call of less than a second counts as one.",
    (
        Column("call_id", pa.string(), "number of the call in order of start"),
        Column("caller_id", TEXT, "user who calls"),
        Column("callee_id", TEXT, "party who is called: a user, or someone outside the network"),
        Column("call_start_ts", TIME, "when the caller pressed the button, UTC"),
        Column("call_end_ts", TIME, "when it was over, or given up, UTC: its last event"),
        Column("call_duration", pa.int32(), "talk time, CONNECT to the end [s]; 0 unless answered"),
        Column("first_cell_id", TEXT, "cell that served the caller at the start"),
        Column("last_cell_id", TEXT, "cell that served the caller at the end"),
        Column("caller_imei", TEXT, "device that the caller's SIM was in, as the network saw it"),
        Column("caller_imsi", TEXT, "SIM of the caller"),
        Column("callee_imsi", TEXT, "SIM of the callee"),
        Column("callee_number", TEXT, "dialled number (MSISDN, E.164 with +)"),
        Column("callee_type", TEXT, "subscriber | unlisted | foreign | premium"),
        Column("outcome", TEXT, "answered | missed | busy | failed"),
        Column("handovers", pa.int32(), "how often the call changed cells; 0 without a network"),
    ),
)

USERS = Table(
    "users",
    "One row a subscriber, with the number, SIM and device that the operator first knew it by.",
    (
        Column("user_id", pa.string(), "user"),
        Column("phone_number", pa.string(), "MSISDN under +999, which is no country's"),
        Column("imei", pa.string(), "device, may be an earlier one: test TAC (00...), Luhn check digit"),
        Column("imsi", pa.string(), "SIM: test network 001-01, 15 digits"),
        Column("home_cell_id", TEXT, "cell that serves the home"),
        Column("user_type", TEXT, "kind of subscriber"),
        Column("creation_date", pa.date32(), "day on which the subscription began (local)"),
        Column("call_pattern", TEXT, "daily rhythm: a key of generator.call_patterns"),
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
        Column("community_type", TEXT, "family | work | friends | clubs"),
        Column("community_id", TEXT, "community"),
        Column("community_size", pa.int32(), "number of members"),
    ),
)

TIES = Table(
    "ties",
    "One row a pair for each community that both are in, and for each time that they are acquainted.",
    (
        Column("user_a", TEXT, "one of the two"),
        Column("user_b", TEXT, "the other"),
        Column("tie_type", TEXT, "family | work | friends | clubs | acquaintance: what ties them"),
        Column("strength", pa.float64(), "calls to each other for it on a working day, were no contact ever quiet"),
    ),
)

SUBSCRIPTIONS = Table(
    "subscriptions",
    "The operator's inventory: who was known by which number, SIM and device, and when. One row a user and period.",
    (
        Column("user_id", TEXT, "user"),
        Column("phone_number", pa.string(), "MSISDN"),
        Column("imsi", pa.string(), "SIM, exact: the operator puts the number on it"),
        Column("imei", pa.string(), "device as last seen by the operator: hours or days late, or never"),
        Column("valid_from", TIME, "first moment, UTC"),
        Column("valid_to", TIME, "end (exclusive), UTC; empty while it lasts", nullable=True),
    ),
)

EVENTS = Table(
    "events",
    "What the network recorded of each call, message by message; calls in their order. Empty without a network.",
    (
        Column("session_id", pa.string(), "the call_id of its call"),
        Column("caller_id", TEXT, "user who calls"),
        Column("time_stamp", TIME, "moment by the phone's clock, UTC, in ms"),
        Column("received_at", TIME, "when the message was collected, UTC, in ms; not always in the order of sending"),
        Column("state", TEXT, "CONNECT | RECONNECT | END | FAIL"),
        Column("x", pa.int32(), "east of the world's south-western corner [m]"),
        Column("y", pa.int32(), "north of it [m]"),
        Column("tower_id", TEXT, "site that the message went to; empty when none was heard", nullable=True),
        Column("cell_id", TEXT, "cell that the message went to", nullable=True),
        Column("power_dbm", pa.float32(), "power of that cell at the phone, as last reported [dBm]", nullable=True),
        Column("cause", TEXT, "of FAIL: setup | blocked | timeout | no_coverage (a Hello's), drop (the call's)"),
        Column("call_start", TIME, "when the caller pressed the button, by the phone's clock"),
        Column("duration", pa.int32(), "talk time [s] as in `calls`, where the call ends", nullable=True),
        Column("previous_tower_id", TEXT, "of RECONNECT: site that served before", nullable=True),
        Column("previous_connection_duration", pa.float32(), "how long the connection held [s]", nullable=True),
    ),
)

COVERAGE = Table(
    "coverage",
    "The radio map: one row a pixel, with the cell that is heard best there. Empty without a network.",
    (
        Column("x", pa.int32(), "middle of the pixel, east of the world's south-western corner [m]"),
        Column("y", pa.int32(), "north of it [m]"),
        Column("cell_id", TEXT, "strongest cell; empty where none is heard", nullable=True),
        Column("power_dbm", pa.float32(), "its power [dBm]", nullable=True),
        Column("cells_heard", pa.int32(), "how many cells are heard, up to what a phone keeps"),
    ),
)

TOWER_STATUS = Table(
    "tower_status",
    "One row a cell and window (15 minutes): what it was asked and what became of it. Empty without a network.",
    (
        Column("cell_id", TEXT, "cell"),
        Column("tower_id", TEXT, "its site"),
        Column("window_start", TIME, "begin of the window, UTC"),
        Column("state", TEXT, "by failure_share: GREEN below 0.1 | ORANGE | RED from 0.6 | BLACK from 0.9 | NO_DATA"),
        Column("sessions", pa.int32(), "connections begun"),
        Column("live_sessions", pa.int32(), "connections that lasted beyond the window"),
        Column("hellos", pa.int32(), "Hellos received"),
        Column("fails", pa.int32(), "Hellos refused, for want of channels too"),
        Column("timeouts", pa.int32(), "Hellos not answered"),
        Column("drops", pa.int32(), "calls lost while connected"),
        Column("failure_share", pa.float64(), "refused or unanswered Hellos of all", nullable=True),
        Column("mean_session_s", pa.float64(), "mean length of the connections that ended [s]", nullable=True),
        Column("handovers_in", pa.int32(), "calls taken over"),
        Column("handovers_out", pa.int32(), "calls handed on"),
        Column("handover_success", pa.float64(), "handed on, of those and those lost while trying", nullable=True),
        Column("setup_attempts", pa.int32(), "calls that asked here first"),
        Column("setup_success", pa.float64(), "share of those that were connected, here or elsewhere", nullable=True),
        Column("traffic_erlang", pa.float64(), "mean number of live connections"),
    ),
)

USER_STATUS = Table(
    "user_status",
    "One row a user and day: how it is at the day's end, and how its calls went. Empty without a network.",
    (
        Column("user_id", TEXT, "user"),
        Column("window_start", TIME, "begin of the local day, UTC"),
        Column("state", TEXT, "at the end of the day: LIVE while a call that the user makes is connected | IDLE"),
        Column("x", pa.int32(), "position then, east of the south-western corner [m]"),
        Column("y", pa.int32(), "position then, north of it [m]"),
        Column("cell_id", TEXT, "strongest cell there, antennas as planned; empty without coverage", nullable=True),
        Column("power_dbm", pa.float32(), "its power [dBm]", nullable=True),
        Column("calls", pa.int32(), "calls made that day"),
        Column("failures", pa.int32(), "those that failed"),
    ),
)

INCIDENTS = Table(
    "incidents",
    "One row an injected incident.",
    (
        Column("incident_id", pa.string(), "incident"),
        Column("anomaly_type", TEXT, "type: a name of the catalogue"),
        Column("level", TEXT, "call | user | cell | group"),
        Column("start_ts", TIME, "start of the first record of its own doing (of a fault of a cell: its begin), UTC"),
        Column("end_ts", TIME, "end of the last one (of a fault of a cell: its end), UTC"),
        Column("actors", pa.list_(pa.string()), "users or cells that act"),
        Column(
            "parameters", pa.string(), "what it came to, counted from its records: the figures of its type, as JSON"
        ),
    ),
)

TRUTH = Table(
    "truth",
    "One row a call that differs between the world and its clean twin, and one a user or cell that an incident held.",
    (
        Column("level", TEXT, "call | user | cell"),
        Column("entity_id", pa.string(), "call_id (removed: its stable key), user_id or cell_id"),
        Column("row", pa.int64(), "position of the call in the table of calls; -1 of what is not there"),
        Column("incident_id", TEXT, "incident that it belongs to"),
        Column("anomaly_type", TEXT, "type of that incident"),
        Column("change", TEXT, "added | altered | removed"),
        Column(
            "cause",
            TEXT,
            "direct: the incident's own deed, a record of its actors or of a line in its hands that it made, altered "
            "or took away, or that met its fault | collateral: all else that differs, as an innocent's call back",
        ),
        Column("user_id", TEXT, "of what is not in the table of calls: the user held, or the caller", nullable=True),
        Column("cell_id", TEXT, "likewise: the cell held, or the call's first cell", nullable=True),
        Column("start_ts", TIME, "likewise: from when on, UTC; the start of a removed call", nullable=True),
        Column("end_ts", TIME, "likewise: until when (exclusive); of a removed call its start again", nullable=True),
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

ORIGINS = Table(
    "origins",
    "Beside the tables of recorded calls, out of a detector's reach: one row a call, in the order of `calls`.",
    (
        Column("file", TEXT, "file that it was read from; empty for a call that an injected incident added", True),
        Column("row", pa.int32(), "its row in the file, from 1; a header does not count", True),
        Column("record_id", pa.string(), "its own id there (generator.columns.call_id)", True),
    ),
)

DATA_TABLES = {t.name: t for t in (CALLS, USERS, CELLS, SUBSCRIPTIONS, COVERAGE, EVENTS, TOWER_STATUS, USER_STATUS)}
PLANTED_TABLES = {t.name: t for t in (COMMUNITIES, TIES)}
"""Tables of what a simulated world's society was built from; they are part of the truth, and no detector sees them."""
TRUTH_TABLES = {t.name: t for t in (INCIDENTS, TRUTH)}
LABELS = (
    Column("is_anomaly", pa.bool_(), "directly made or altered by an injected incident"),
    Column("anomaly_type", TEXT, "type of that incident; `normal` otherwise"),
)
SEED_CALL_COLUMNS = 11
"""The first columns of `CALLS` are those of the published generator; the labels follow them in the export."""
