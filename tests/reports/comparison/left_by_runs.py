"""The tables that runs leave, as small as can be."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from bench.run_tables import ALERTS, CURVES, INCIDENTS_FOUND


def table(schema: pa.Schema, rows: list[dict[str, Any]]) -> pa.Table:
    """Return rows as a table; what they do not give is empty, 0 or ''."""

    def blank(field: pa.Field) -> Any:
        return None if field.nullable else "" if pa.types.is_string(field.type) else 0

    columns = {field.name: [row.get(field.name, blank(field)) for row in rows] for field in schema}
    return pa.table({name: pa.array(values, schema.field(name).type) for name, values in columns.items()})


def leave(folder: Path, found: tuple[float, ...] = (1, 0)) -> str:
    """Write the tables of a run that found some incidents of long calls."""
    folder.mkdir(parents=True)
    curve = [
        {"level": "call", "anomaly_type": name, "alerts_per_day": alerts, "precision": precision}
        | {"recall": recall, "incident_recall": recall}
        for name in ("all", "long_call")
        for alerts, recall, precision in ((1, 0.1, 1.0), (100, 0.5, 0.5), (1000, 1.0, 0.1))
    ]
    kind = {"anomaly_type": "long_call", "level": "call"}
    incidents = [{**kind, "incident_id": f"i{place}", "found_probability": share} for place, share in enumerate(found)]
    alarms = [
        {"level": "call", "rank": 1, "verdict": "hit", "start_ts": 0},
        {"level": "call", "rank": 2, "verdict": "false alarm", "start_ts": 0, "user_id": "u"}
        | {"reasons": "</script>\x1b[2J"},
    ]
    for schema, rows in ((CURVES, curve), (INCIDENTS_FOUND, incidents), (ALERTS, alarms)):
        pq.write_table(table(schema.arrow, rows), folder / f"{schema.name}.parquet")
    return str(folder)
