"""The tables that a run writes to its folder: incidents, alerts, curves and scores; each column defined once.

Writing, checking and the reference (docs/reference/runs.md) follow from these definitions. Each table is a Parquet file
of that name; tables for people to open are also written as CSV.
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from bench.detector import Level
from bench.faults import UserError
from bench.host.plain_files import require_plain
from bench.host.read_tables import bounded_table
from bench.schema import TIME, Column, Table

HIT, FALSE_ALARM, COLLATERAL = "hit", "false alarm", "collateral"
"""Verdicts on an alert, given the truth."""
LIST = ", "
"""Separator between several names in one cell."""

_SCORED = (
    Column("call_id", pa.string(), "the call; of a day or quarter hour, the call that its score comes from", True),
    Column("user_id", pa.string(), "the caller, or whose day it is", True),
    Column("callee_id", pa.string(), "whom the call was to", True),
    Column("cell_id", pa.string(), "the call's first cell, or whose quarter hour it is", True),
)
"""Columns that identify a scored record: a call, a user's day or a cell's quarter hour."""
_ORDER = (
    Column(
        "tied", pa.int64(), "records of the level with this same score, itself included: their order is random", True
    ),
    Column(
        "reasons", pa.string(), "features with the rarest values, their values and robust z-scores; empty without any"
    ),
)

INCIDENTS_FOUND = Table(
    "incidents",
    "One row an incident of which the scored part has a record; ordered by start. Not there where no truth is known.",
    (
        Column("incident_id", pa.string(), "incident, as in the truth"),
        Column("anomaly_type", pa.string(), "its type"),
        Column("start_ts", TIME, "when it began by the truth, in the scored part or before it, UTC", True),
        Column("end_ts", TIME, "when it ended by the truth, UTC"),
        Column("actors", pa.string(), "the users or cells that act"),
        Column("level", pa.string(), "level at which it is judged: its type's home level, or that of the scores"),
        Column("records", pa.int64(), "calls, days or quarter hours of it that are judged"),
        Column("shared", pa.int64(), "further ones, left out because they belong to another type too"),
        Column("shared_alerts", pa.int64(), "how many of these further ones are alerts; they do not count as found"),
        Column("unscored_calls", pa.int64(), "calls of it outside the scored part, mostly before it; not judged"),
        Column("alerts", pa.int64(), "how many of the judged ones are alerts"),
        Column("found", pa.bool_(), "whether one is; empty where none is judged", True),
        Column(
            "found_probability", pa.float64(),
            "1 or 0, or between them where the threshold divides equal scores; its mean is incident_recall", True,
        ),
        Column("delay_s", pa.float64(), "from its start to the end of its first alert [s]; of causal detectors", True),
        Column("delay_calls", pa.int64(), "calls of it that were over before that; of causal detectors of calls", True),
        Column("record_ts", TIME, "start of its first alert or, where it was missed, of its highest score, UTC", True),
        *_SCORED,
        Column("score", pa.float64(), "the score of that record", True),
        Column("rank", pa.int64(), "the rank of that record among all of its level", True),
        Column("best_rank", pa.int64(), "the rank of its highest score", True),
        *_ORDER,
    ),
)  # fmt: skip

ALERTS = Table(
    "alerts",
    "One row an alert, the highest score first, at each level that the scores reach, the detector's own first.",
    (
        Column("level", pa.string(), "call | user_day | cell_quarter"),
        Column("rank", pa.int64(), "place at its level, from 1"),
        Column("score", pa.float64(), "score; higher is more anomalous"),
        Column("start_ts", TIME, "start of the call, the day or the quarter hour, UTC"),
        *_SCORED,
        *_ORDER,
        Column(
            "verdict", pa.string(),
            "hit | false alarm | collateral (a normal user's record that an incident changed: neither); empty where no "
            "truth is known", True,
        ),
        Column("anomaly_type", pa.string(), "of a hit, its type or types; else empty", True),
        Column("incident_id", pa.string(), "of a hit, its incident or incidents; else empty", True),
        Column("file", pa.string(), "of a recorded call, the file that it was read from; else empty", True),
        Column("row", pa.int32(), "and its row there, from 1; a header does not count", True),
        Column("record_id", pa.string(), "and its own id there (generator.columns.call_id)", True),
    ),
)  # fmt: skip

CURVES = Table(
    "curves",
    "Precision and recall at up to 200 thresholds for each type (`all`: every type) and level, highest score first.",
    (
        Column("level", pa.string(), "call | user_day | cell_quarter"),
        Column("anomaly_type", pa.string(), "type, or all"),
        Column("score", pa.float64(), "threshold: what has this score or a higher one is an alert"),
        Column("alerts_per_day", pa.float64(), "alerts a day at this threshold, of whatever type"),
        Column("recall", pa.float64(), "share of the records of the type that are alerts"),
        Column("precision", pa.float64(), "share of the type's records among those and the normal ones that are"),
        Column("incident_recall", pa.float64(), "share of the incidents of the type with an alert"),
    ),
)

SCORES = {
    Level.CALL: Table("scores", "One row a scored call.", (Column("call_id", pa.string(), "call"),)),
    Level.USER_DAY: Table(
        "scores",
        "One row a user and local day.",
        (Column("user_id", pa.string(), "user"), Column("begins", TIME, "start of the day, UTC")),
    ),
    Level.CELL_QUARTER: Table(
        "scores",
        "One row a cell and quarter hour.",
        (Column("cell_id", pa.string(), "cell"), Column("begins", TIME, "start of the quarter hour, UTC")),
    ),
}
"""Columns that identify a record in `scores.parquet`, by level; the column `score` follows."""
FILES = ("incidents.csv", "incidents.parquet", "alerts.csv", "alerts.parquet", "curves.parquet", "scores.parquet")
"""Files of all tables in a run's folder."""
SHARES = ("recall", "precision", "incident_recall", "found_probability")
"""Columns that are shares, from 0 to 1."""
SCORE_FACTS = b"cdrbench"
"""Metadata key of `scores.parquet`, whose JSON has the world's fingerprint, and causal and threshold of the scores."""


def read(folder: Path, table: Table, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table of a run's folder, which somebody else may have written; all columns, or some.

    Raises
    ------
    UserError
        When the table is missing, a link or a pipe, too large, of other columns or an earlier version, or has values
        that no run writes: invalid Unicode, numbers that are not finite, impossible shares. The message is one line.
    """
    path = require_plain(folder, f"{table.name}.parquet")
    found = bounded_table(path, table, columns)
    for name in (name for name in SHARES if name in found.column_names):
        bounds = pc.min_max(found[name]).as_py()
        if bounds["min"] is not None and not 0 <= bounds["min"] <= bounds["max"] <= 1:
            raise UserError(f"{path}: column {name} must be from 0 to 1, got {bounds['min']:g} to {bounds['max']:g}")
    return found
