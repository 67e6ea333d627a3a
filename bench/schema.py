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
    "One row per call, ordered by start. With a network, each row summarises the call's events: times and durations "
    "are rounded down to whole seconds; an answered call of less than a second has a duration of 1. What is not talk "
    "between start and end is set-up and ringing.",
    (
        Column("call_id", pa.string(), "number of the call, in order of start"),
        Column("caller_id", TEXT, "user who calls"),
        Column("callee_id", TEXT, "party who is called: a user, or someone outside the network"),
        Column("call_start_ts", TIME, "when the caller dialled, UTC"),
        Column("call_end_ts", TIME, "when the call ended or was given up, UTC: its last event"),
        Column("call_duration", pa.int32(), "talk time, from the answer to the end [s]; 0 unless answered"),
        Column("first_cell_id", TEXT, "cell that served the caller at the start"),
        Column("last_cell_id", TEXT, "cell that served the caller at the end"),
        Column("caller_imei", TEXT, "device that contained the caller's SIM, as seen by the network"),
        Column("caller_imsi", TEXT, "SIM of the caller"),
        Column("callee_imsi", TEXT, "SIM of the callee"),
        Column("callee_number", TEXT, "dialled number (MSISDN, E.164 with +)"),
        Column("callee_type", TEXT, "subscriber | unlisted | foreign | premium"),
        Column("outcome", TEXT, "answered | missed | busy | failed"),
        Column("handovers", pa.int32(), "how often the call changed cell; 0 without a network"),
    ),
)

USERS = Table(
    "users",
    "One row per subscriber, with the first number, SIM and device that the operator knew.",
    (
        Column("user_id", pa.string(), "user"),
        Column("phone_number", pa.string(), "MSISDN with the prefix +999, which is not assigned to a country"),
        Column("imei", pa.string(), "device, possibly not the current one: test TAC (00...), Luhn check digit"),
        Column("imsi", pa.string(), "SIM: test network 001-01, 15 digits"),
        Column("home_cell_id", TEXT, "cell that serves the user's home"),
        Column("user_type", TEXT, "type of subscriber"),
        Column("creation_date", pa.date32(), "first day of the subscription (local)"),
        Column("call_pattern", TEXT, "daily rhythm: a key of generator.call_patterns"),
    ),
)

CELLS = Table(
    "cells",
    "One row per cell.",
    (
        Column("cell_id", pa.string(), "cell"),
        Column("latitude", pa.float64(), "latitude [deg], WGS 84; empty if unknown", nullable=True),
        Column("longitude", pa.float64(), "longitude [deg], WGS 84; empty if unknown", nullable=True),
        Column("area_type", TEXT, "district: downtown | commercial | residential | suburban"),
        Column("tower_type", TEXT, "macro | small_cell"),
        Column("tower_id", pa.string(), "site of the cell"),
        Column("cgi", pa.string(), "cell global identity, MCC-MNC-LAC-CI, under 001-01"),
    ),
)

COMMUNITIES = Table(
    "communities",
    "Membership of communities: one row per user and community.",
    (
        Column("user_id", TEXT, "user"),
        Column("community_type", TEXT, "family | work | friends | clubs"),
        Column("community_id", TEXT, "community"),
        Column("community_size", pa.int32(), "number of members"),
    ),
)

TIES = Table(
    "ties",
    "One row per pair of users and reason for their contact: each community that both belong to, each acquaintance.",
    (
        Column("user_a", TEXT, "first user"),
        Column("user_b", TEXT, "second user"),
        Column("tie_type", TEXT, "reason: family | work | friends | clubs | acquaintance"),
        Column(
            "strength",
            pa.float64(),
            "expected calls between the two on a working day for this reason, in periods when the contact is active",
        ),
    ),
)

SUBSCRIPTIONS = Table(
    "subscriptions",
    "The operator's inventory of numbers, SIMs and devices: one row per user and period of validity.",
    (
        Column("user_id", TEXT, "user"),
        Column("phone_number", pa.string(), "MSISDN"),
        Column("imsi", pa.string(), "SIM; changes are recorded at once, since the operator assigns the number to it"),
        Column(
            "imei", pa.string(), "device as known to the operator; changes are recorded hours or days late, or never"
        ),
        Column("valid_from", TIME, "beginning of the period, UTC"),
        Column("valid_to", TIME, "end of the period (exclusive), UTC; empty for the current one", nullable=True),
    ),
)

EVENTS = Table(
    "events",
    "The network's messages about each call, in the order of the calls. Empty without a network.",
    (
        Column("session_id", pa.string(), "call_id of the call"),
        Column("caller_id", TEXT, "user who calls"),
        Column("time_stamp", TIME, "time by the phone's clock, UTC [ms]"),
        Column("received_at", TIME, "when the message was collected, UTC [ms]; messages may arrive out of order"),
        Column(
            "state",
            TEXT,
            "CONNECT (a channel is assigned; the call is then set up to the other party, and rings) | RECONNECT | "
            "END | FAIL",
        ),
        Column("x", pa.int32(), "east of the world's south-western corner [m]"),
        Column("y", pa.int32(), "north of that corner [m]"),
        Column("tower_id", TEXT, "site that received the message; empty if no cell was received", nullable=True),
        Column("cell_id", TEXT, "cell that received the message", nullable=True),
        Column(
            "power_dbm", pa.float32(), "received power of that cell at the phone, as last reported [dBm]", nullable=True
        ),
        Column(
            "cause",
            TEXT,
            "cause of a FAIL: of a Hello setup | blocked | timeout | no_coverage, of a connected call drop",
        ),
        Column("call_start", TIME, "when the caller dialled, by the phone's clock"),
        Column("duration", pa.int32(), "talk time as in `calls` [s]; only in the last event of a call", nullable=True),
        Column("previous_tower_id", TEXT, "for RECONNECT: site that served the call before", nullable=True),
        Column(
            "previous_connection_duration",
            pa.float32(),
            "for RECONNECT: how long that connection lasted [s]",
            nullable=True,
        ),
    ),
)

COVERAGE = Table(
    "coverage",
    "The radio map: one row per pixel, with its strongest cell. Empty without a network.",
    (
        Column("x", pa.int32(), "centre of the pixel, east of the world's south-western corner [m]"),
        Column("y", pa.int32(), "north of that corner [m]"),
        Column("cell_id", TEXT, "strongest cell; empty where no cell is received", nullable=True),
        Column("power_dbm", pa.float32(), "its received power [dBm]", nullable=True),
        Column("cells_heard", pa.int32(), "number of cells that are received, at most as many as a phone keeps"),
    ),
)

TOWER_STATUS = Table(
    "tower_status",
    "Counters of each cell in windows of 15 minutes: one row per cell and window. Empty without a network.",
    (
        Column("cell_id", TEXT, "cell"),
        Column("tower_id", TEXT, "site of the cell"),
        Column("window_start", TIME, "start of the window, UTC"),
        Column("state", TEXT, "by failure_share: GREEN below 0.1 | ORANGE | RED from 0.6 | BLACK from 0.9 | NO_DATA"),
        Column("sessions", pa.int32(), "connections that began in the window"),
        Column("live_sessions", pa.int32(), "connections still active at the end of the window"),
        Column("hellos", pa.int32(), "Hellos received"),
        Column("fails", pa.int32(), "Hellos refused, including those for which no channel was free"),
        Column("timeouts", pa.int32(), "Hellos not answered"),
        Column("drops", pa.int32(), "connected calls that were dropped"),
        Column("failure_share", pa.float64(), "share of Hellos that were refused or not answered", nullable=True),
        Column(
            "mean_session_s", pa.float64(), "mean length of the connections that ended in the window [s]", nullable=True
        ),
        Column("handovers_in", pa.int32(), "calls handed over to this cell"),
        Column("handovers_out", pa.int32(), "calls handed over to another cell"),
        Column(
            "handover_success",
            pa.float64(),
            "share of outgoing handovers that succeeded; the others lost the call",
            nullable=True,
        ),
        Column("setup_attempts", pa.int32(), "calls whose first Hello went to this cell"),
        Column(
            "setup_success",
            pa.float64(),
            "share of those calls that were connected, here or through another cell",
            nullable=True,
        ),
        Column("traffic_erlang", pa.float64(), "mean number of active connections [Erlang]"),
    ),
)

USER_STATUS = Table(
    "user_status",
    "State of each user at the end of each day, and that day's calls: one row per user and day. "
    "Empty without a network.",
    (
        Column("user_id", TEXT, "user"),
        Column("window_start", TIME, "start of the local day, UTC"),
        Column("state", TEXT, "at the end of the day: LIVE (a call made by the user is connected) | IDLE"),
        Column("x", pa.int32(), "position at the end of the day, east of the south-western corner [m]"),
        Column("y", pa.int32(), "position at the end of the day, north of that corner [m]"),
        Column(
            "cell_id",
            TEXT,
            "strongest cell at that position, with antennas as planned; empty without coverage",
            nullable=True,
        ),
        Column("power_dbm", pa.float32(), "its received power [dBm]", nullable=True),
        Column("calls", pa.int32(), "calls made that day"),
        Column("failures", pa.int32(), "calls of that day that failed"),
    ),
)

INCIDENTS = Table(
    "incidents",
    "One row per injected incident, and per failure of a tower that the settings order (`configured_failure`).",
    (
        Column("incident_id", pa.string(), "incident"),
        Column("anomaly_type", TEXT, "type of anomaly: a name of the catalogue, or configured_failure"),
        Column("level", TEXT, "call | user | cell | group"),
        Column("start_ts", TIME, "start of the first direct record (for a fault of a cell: of the fault), UTC"),
        Column("end_ts", TIME, "end of the last direct record (for a fault of a cell: of the fault), UTC"),
        Column("actors", pa.list_(pa.string()), "users or cells that cause the incident"),
        Column("parameters", pa.string(), "measured parameters of the incident, counted from its records, as JSON"),
    ),
)

TRUTH = Table(
    "truth",
    "One row per call that differs between the world and its clean twin, and one per user or cell under an incident.",
    (
        Column("level", TEXT, "call | user | cell"),
        Column("entity_id", pa.string(), "call_id (of a removed call: its stable key), user_id or cell_id"),
        Column("row", pa.int64(), "position of the call in the table of calls; -1 if it is not there"),
        Column("incident_id", TEXT, "incident that caused the difference"),
        Column("anomaly_type", TEXT, "type of that incident"),
        Column("change", TEXT, "added | altered | removed"),
        Column(
            "cause",
            TEXT,
            "direct: a record of the incident's actors, or of a line that they control, which the incident added, "
            "altered or removed, or which its fault affected | collateral: any other difference, such as a normal "
            "user's call back",
        ),
        Column(
            "user_id", TEXT, "if not in the table of calls: the user, or the caller of a removed call", nullable=True
        ),
        Column(
            "cell_id",
            TEXT,
            "if not in the table of calls: the cell, or the first cell of a removed call",
            nullable=True,
        ),
        Column("start_ts", TIME, "if not in the table of calls: start, UTC", nullable=True),
        Column(
            "end_ts",
            TIME,
            "if not in the table of calls: end (exclusive), UTC; for a removed call its start again",
            nullable=True,
        ),
    ),
)

USER_FEATURES = Table(
    "user_features",
    "One row per user: aggregates of the user's calls over the whole world.",
    (
        Column("user_id", pa.string(), "user"),
        Column("total_calls", pa.int64(), "calls made and received"),
        Column("outgoing_calls", pa.int64(), "calls made"),
        Column("incoming_calls", pa.int64(), "calls received"),
        Column("mean_duration", pa.float64(), "mean talk time of the answered calls made [s]; 0 if there are none"),
        Column("longest_duration", pa.int32(), "longest talk time of a call made [s]"),
        Column("distinct_contacts", pa.int64(), "number of different parties called"),
        Column("night_share", pa.float64(), "share of the calls made that start 00:00-05:00 local"),
        Column("weekend_share", pa.float64(), "share of the calls made on a Saturday or Sunday (local)"),
        Column("short_share", pa.float64(), "share of the answered calls made that last under 10 s"),
        Column("is_anomalous_user", pa.bool_(), "made at least one anomalous call"),
    ),
)

ORIGINS = Table(
    "origins",
    "Where each recorded call was read, not visible to detectors: one row per call, in the order of `calls`.",
    (
        Column("file", TEXT, "file that the call was read from; empty if an injected incident added it", True),
        Column("row", pa.int32(), "row in the file, from 1, not counting a header", True),
        Column("record_id", pa.string(), "identifier in the file (generator.columns.call_id)", True),
    ),
)

ANTENNA_PATTERNS = Table(
    "antenna_patterns",
    "The antenna of each cell on each day: one row per day and cell. Only in worlds whose antennas learn "
    "(generator.network.antenna.learning.step).",
    (
        Column("cell_id", TEXT, "cell"),
        Column("window_start", TIME, "start of the local day, UTC; the calls that begin on it meet this antenna"),
        Column("azimuth_deg", pa.float64(), "direction of the second focus of the ellipse, clockwise from north [deg]"),
        Column("eccentricity", pa.float64(), "its distance from the antenna, in units of the major axis"),
        Column("reachable_erlang", pa.float64(), "mean traffic of the day that the cell could serve"),
        Column("served_erlang", pa.float64(), "mean traffic of the day at places where the cell is the strongest"),
        Column("gain_db", pa.float64(), "mean gain of the antenna towards the traffic that it could serve [dB]"),
        Column("optimum_db", pa.float64(), "the same with the second focus at its best place for that traffic [dB]"),
    ),
)

NEIGHBOUR_LEARNING = Table(
    "neighbour_learning",
    "How the lists of neighbours grow that towers learn from phones' reports: one row per hour, over the phones that "
    "are followed. Only in worlds whose phones use these lists (generator.network.phones.neighbours=learned).",
    (
        Column("window_start", TIME, "start of the hour, UTC"),
        Column("requests", pa.int64(), "requests for signal strengths"),
        Column("covered", pa.int64(), "of these, where some tower can be heard"),
        Column("asked_broadcast", pa.int64(), "messages if every tower were asked each time"),
        Column("asked_geometry", pa.int64(), "messages if all towers were asked that could reach the phone"),
        Column("asked_learned", pa.int64(), "messages to the towers in the lists, and those of scans"),
        Column("missed", pa.int64(), "requests of which the strongest tower was not asked"),
        Column("neighbours", pa.float64(), "mean length of the lists at the end of the hour"),
    ),
)

USER_WINDOWS = Table(
    "user_windows",
    "State of each user's phone in time windows: one row per user and window. Only in worlds with "
    "generator.network.status.user_window_s.",
    (
        Column("user_id", TEXT, "user"),
        Column("window_start", TIME, "start of the window, UTC"),
        Column("state", TEXT, "at the end of the window: LIVE | CONNECTING (a Hello was sent) | IDLE"),
        Column("x", pa.int32(), "position at the end of the window, east of the south-western corner [m]"),
        Column("y", pa.int32(), "position at the end of the window, north of that corner [m]"),
        Column(
            "cell_id",
            TEXT,
            "LIVE: serving cell; CONNECTING: the cell that is asked; IDLE: the strongest; empty without coverage",
            nullable=True,
        ),
        Column("power_dbm", pa.float32(), "its received power [dBm], of a connection as last reported", nullable=True),
        Column("connecting_s", pa.float64(), "time in the state CONNECTING within the window [s]"),
        Column("live_s", pa.float64(), "time in the state LIVE within the window [s]"),
        Column("calls", pa.int32(), "calls that began in the window"),
        Column("failures", pa.int32(), "calls that failed or were dropped in the window"),
        Column("handovers", pa.int32(), "changes of cell in the window"),
    ),
)

DATA_TABLES = {t.name: t for t in (CALLS, USERS, CELLS, SUBSCRIPTIONS, COVERAGE, EVENTS, TOWER_STATUS, USER_STATUS)}
SOCIETY_TABLES = {t.name: t for t in (COMMUNITIES, TIES)}
"""Tables of what a simulated world's society was built from; they are part of the truth, and no detector sees them."""
OPTIONAL_TABLES = {t.name: t for t in (ANTENNA_PATTERNS, NEIGHBOUR_LEARNING, USER_WINDOWS)}
"""Tables that a simulated world has if its settings ask for them; no detector sees them."""
TRUTH_TABLES = {t.name: t for t in (INCIDENTS, TRUTH)}
_RENAMED = {"calls": "call_records", "users": "user_profiles", "cells": "cell_towers", "events": "session_events"}
LABELS = (
    Column("is_anomaly", pa.bool_(), "whether an injected incident added or altered the call directly"),
    Column("anomaly_type", TEXT, "type of that incident; `normal` otherwise"),
)
SEED_CALL_COLUMNS = 11
"""The first columns of `CALLS` are those of the published generator; the labels follow them in the export."""


def exported(table: str) -> str:
    """Return the name of a table's file in an exported data set, without its ending.

    >>> exported("calls"), exported("tower_status")
    ('cdr_call_records', 'cdr_tower_status')
    """
    return f"cdr_{_RENAMED.get(table, table)}"
