"""Alerts are shown when what they are about is over, not before."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shown_worlds import Shown

from bench.dataset import Clock
from bench.faults import UserError
from bench.result import Result, Status
from bench.run_tables import ALERTS
from bench.watch.alerts import _next_midnight, alerts_of

HOUR_MS = 3_600_000


def run_of(folder: Path, level: str, rows: list[dict[str, Any]]) -> Path:
    """Write a run with alerts."""
    blank = {
        "tied": 1, "reasons": "", "verdict": "hit", "anomaly_type": "", "incident_id": "", "file": None, "row": None,
        "record_id": None, "call_id": None, "user_id": None, "callee_id": None, "cell_id": None,
    }  # fmt: skip
    filled = [{**blank, "level": level, "rank": rank, "score": 1.0 / rank, **row} for rank, row in enumerate(rows, 1)]
    pq.write_table(pa.Table.from_pylist(filled, ALERTS.arrow), folder / "alerts.parquet")
    asked = {"detector": "mine", "level": level, "name": "n", "fingerprint": "0", "settings": json.dumps({})}
    Result(asked, Status.OK, values={}).write(folder / "result.json")
    return folder


def test_a_call_is_alerted_when_it_is_over(labelled: Shown, tmp_path: Path) -> None:
    calls = labelled.frame("calls")
    rows = [calls.row(number, named=True) for number in (700, 3, 50)]
    asked = [{"call_id": row["call_id"], "user_id": row["caller_id"], "start_ts": row["call_start_ts"]} for row in rows]
    alerts = alerts_of(run_of(tmp_path, "call", asked), labelled.tables, labelled.replay.world.names)
    epoch = labelled.tables.clock.start_ms
    ends = [round(row["call_end_ts"].timestamp() * 1000) - epoch for row in rows]
    assert alerts.at_ms.tolist() == sorted(ends)
    assert (alerts.at_ms >= alerts.start_ms).all()
    ranked = [rank for _, rank in sorted((end, rank) for rank, end in enumerate(ends, 1))]
    assert [each["rank"] for each in alerts.entries()] == ranked
    users = labelled.replay.world.names.user.to_pylist()
    assert [users[each["user"]] for each in alerts.entries()] == [rows[rank - 1]["caller_id"] for rank in ranked]


def test_a_quarter_hour_is_alerted_when_it_is_over(labelled: Shown, tmp_path: Path) -> None:
    start = labelled.tables.clock.start_ms
    asked = [
        {"cell_id": name, "start_ts": datetime.fromtimestamp((start + hour * HOUR_MS) / 1000, UTC)}
        for name, hour in (("cell_001", 5), ("cell_000", 2))
    ]
    asked.append({"level": "user_day", "start_ts": asked[0]["start_ts"]})  # follows from the same scores
    alerts = alerts_of(run_of(tmp_path, "cell_quarter", asked), labelled.tables, labelled.replay.world.names)
    assert alerts.at_ms.tolist() == [2.25 * HOUR_MS, 5.25 * HOUR_MS]
    assert alerts.cell.tolist() == [0, 1]
    assert alerts.user.tolist() == [-1, -1]
    assert (alerts.detector, alerts.level) == ("mine", "cell_quarter")


@pytest.mark.parametrize(("change_h", "hours"), [(None, 24), (1, 23)])
def test_a_day_is_alerted_at_the_next_local_midnight(change_h: int | None, hours: int) -> None:
    """Also where the clock is put forward in the night."""
    start = 1_711_843_200_000 - HOUR_MS  # 2024-03-31 00:00 in Berlin
    changes = () if change_h is None else ((start + change_h * HOUR_MS, 7200),)
    clock = Clock(start, start + 10 * 24 * HOUR_MS, "Europe/Berlin", 3600, changes)
    assert _next_midnight(np.array([0]), clock).tolist() == [hours * HOUR_MS]


def test_a_folder_without_alerts_is_refused(labelled: Shown, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"alerts\.parquet cannot be read"):
        alerts_of(tmp_path, labelled.tables, labelled.replay.world.names)
