"""The columns of what the watcher writes."""

import polars as pl
import pyarrow as pa

from bench.schema import TIME, Column, Table

TOWER_WINDOWS = Table(
    "tower_windows",
    "Status of each tower in sliding windows: one row per window and tower. What an event counts for is as in "
    "`tower_status`. Windows that would end after the data are left out.",
    (
        Column("tower_id", pa.string(), "site"),
        Column("window_start", TIME, "start of the window, UTC"),
        Column(
            "state",
            pa.string(),
            "GREEN below a failure_share of 0.1 | ORANGE | RED from 0.6 | BLACK from 0.9 | NO_DATA",
        ),
        Column("events", pa.int64(), "events in the window"),
        Column("hellos", pa.int64(), "Hellos received"),
        Column("fails", pa.int64(), "Hellos refused, including those for which no channel was free"),
        Column("timeouts", pa.int64(), "Hellos not answered"),
        Column("drops", pa.int64(), "connected calls that were dropped"),
        Column("sessions", pa.int64(), "connections that began"),
        Column("ended", pa.int64(), "calls that ended or were dropped"),
        Column("talk_s", pa.int64(), "talk time of the calls that ended [s]"),
        Column("failure_share", pa.float64(), "share of Hellos that were refused or not answered", nullable=True),
        Column("history_windows", pa.int64(), "earlier windows of the tower with Hellos"),
        Column("history_mean", pa.float64(), "mean failure share of those", nullable=True),
        Column("history_sigma", pa.float64(), "standard deviation of those (of the sample)", nullable=True),
        Column("last_event", TIME, "last event before the end of the window, UTC", nullable=True),
        Column("silence_s", pa.float64(), "time from there to the end of the window [s]", nullable=True),
        Column(
            "silence_limit_s",
            pa.float64(),
            "quantile (`stream.watch.silence_quantile`) of the times between the tower's earlier events [s]; empty if "
            "there are fewer than `stream.watch.least_gaps`",
            nullable=True,
        ),
        Column("failing", pa.bool_(), "failure_share is above `stream.watch.most_failures`"),
        Column(
            "deviates",
            pa.bool_(),
            "failure_share is `stream.watch.sigmas` standard deviations or more from its history, of at least "
            "`stream.watch.least_history` windows",
        ),
        Column("silent", pa.bool_(), "silence_s is above silence_limit_s"),
    ),
)
CALL_AGGREGATES = Table(
    "call_aggregates",
    "Calls of each caller and of each tower, by hour and by day: one row for each that has calls. A call belongs to "
    "the local hour and day in which it ended, and to the site of its first cell.",
    (
        Column("of", pa.string(), "caller | tower"),
        Column("id", pa.string(), "user_id or tower_id"),
        Column("period", pa.string(), "hour | day"),
        Column("start", TIME, "start of the local hour or day, UTC"),
        Column("calls", pa.int64(), "calls"),
        Column("answered", pa.int64(), "answered calls"),
        Column("failed", pa.int64(), "calls whose outcome is `failed`"),
        Column("failure_share", pa.float64(), "share of calls that failed"),
        Column("mean_s", pa.float64(), "mean talk time of the answered calls [s]", nullable=True),
        Column("least_s", pa.int64(), "least talk time of an answered call [s]", nullable=True),
        Column("longest_s", pa.int64(), "longest talk time of a call [s]", nullable=True),
    ),
)


def stored(frame: pl.DataFrame, table: Table) -> pa.Table:
    """Return rows with the columns and types of a table."""
    return frame.select(table.arrow.names).to_arrow().cast(table.arrow)
