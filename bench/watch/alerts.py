"""The alerts of a detector, each with the moment at which it could have been raised."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import IntArray
from bench.dataset import Clock
from bench.detector import Level
from bench.run_tables import ALERTS, read
from bench.runs.rows import row_in
from bench.runs.run_record import ROW
from bench.spans import DAY_MS, QUARTER_MS
from bench.watch.activity import Names
from bench.watch.tables import WorldTables, milliseconds, places

COLUMNS = (
    "level", "rank", "score", "start_ts", "call_id", "user_id", "cell_id", "reasons", "verdict", "anomaly_type",
    "incident_id",
)  # fmt: skip


@dataclass(frozen=True)
class Alerts:
    """The alerts of a run at its detector's own level, in the order in which they are raised."""

    detector: str
    level: str
    """"" if there is no detector, or no alert."""
    at_ms: IntArray
    """Shape (alerts,): end of the call, day or quarter hour that is alerted [ms since the start of the world]."""
    start_ms: IntArray
    user: IntArray
    """Shape (alerts,): number of the user, -1 if it is about a cell."""
    cell: IntArray
    texts: pa.Table
    """rank, score, reasons, verdict, anomaly_type and incident_id of each."""

    def entries(self) -> list[dict[str, Any]]:
        """Return them as JSON values."""
        columns = {"at": self.at_ms, "start": self.start_ms, "user": self.user, "cell": self.cell}
        numbers = pa.table({name: pa.array(column) for name, column in columns.items()})
        rows: list[dict[str, Any]] = [
            number | text for number, text in zip(numbers.to_pylist(), self.texts.to_pylist(), strict=True)
        ]
        return rows


def no_alerts() -> Alerts:
    """Return the alerts of no detector."""
    nothing = np.empty(0, np.int64)
    texts = ALERTS.arrow.empty_table().select(["rank", "score", "reasons", "verdict", "anomaly_type", "incident_id"])
    return Alerts("", "", nothing, nothing, nothing, nothing, texts)


def alerts_of(run: Path, tables: WorldTables, names: Names) -> Alerts:
    """Read the alerts of a run on a world; those at other levels follow from the same scores, and are left out.

    Raises
    ------
    UserError
        When the run's folder has no alerts that can be read.
    """
    found, row = read(run, ALERTS, COLUMNS), row_in(run / ROW)
    own = str(row.get("level"))
    found = found.filter(pc.equal(found["level"], own))
    start_ms = milliseconds(found["start_ts"], tables.clock.start_ms)
    at_ms = _raised(found, start_ms, own, tables)
    order = np.argsort(at_ms, kind="stable")
    user, cell = places(found["user_id"], names.user), places(found["cell_id"], names.cell)
    return Alerts(
        detector=str(row.get("detector")),
        level=own,
        at_ms=at_ms[order],
        start_ms=start_ms[order],
        user=user[order],
        cell=cell[order],
        texts=found.select(no_alerts().texts.column_names).take(pa.array(order)),
    )


def _raised(alerts: pa.Table, start_ms: IntArray, level: str, tables: WorldTables) -> IntArray:
    """Return when the record of each alert is over."""
    if level == Level.CELL_QUARTER:
        return start_ms + QUARTER_MS
    if level == Level.USER_DAY:
        return _next_midnight(start_ms, tables.clock)
    calls = tables.table("calls", ["call_id", "call_end_ts"])
    row = pc.index_in(alerts["call_id"], calls["call_id"].cast(pa.string()).combine_chunks())
    ends = milliseconds(calls["call_end_ts"].take(pc.fill_null(row, 0)), tables.clock.start_ms)
    return np.where(row.is_null().to_numpy(), start_ms, ends)


def _next_midnight(start_ms: IntArray, clock: Clock) -> IntArray:
    local = clock.local_ms(start_ms + clock.start_ms)
    return np.asarray(clock.utc_ms(local + DAY_MS) - clock.start_ms)
