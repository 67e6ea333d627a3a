from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench.dataset import Dataset
from bench.schema import DATA_TABLES, Table
from bench.spans import HOUR_MS
from reports.dataset.network_figures import draw

START_MS = 1_704_067_200_000
CLOCK = '{"start_ms": 1704067200000, "end_ms": 1704153600000, "time_zone": "UTC", "utc_offset_s": 0}'


def write(folder: Path, table: Table, rows: list[dict[str, object]]) -> None:
    filled = [{c.name: row.get(c.name, None if c.nullable else 0) for c in table.columns} for row in rows]
    columns = {c.name: [row[c.name] for row in filled] for c in table.columns}
    columns = {
        c.name: [str(v) if "string" in str(c.type) and v is not None else v for v in columns[c.name]]
        for c in table.columns
    }

    pq.write_table(pa.table(columns, table.arrow), folder / f"{table.name}.parquet")


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    """A map of four pixels, two cells, and one call that moves."""
    (tmp_path / "clock.json").write_text(CLOCK)
    pixels = [
        {"x": x, "y": y, "cell_id": "cell_0", "power_dbm": -80.0, "cells_heard": 1}
        for y in (50, 150)
        for x in (50, 150)
    ]
    pixels[3] |= {"cell_id": None, "power_dbm": None, "cells_heard": 0}
    events = [
        {
            "caller_id": "a",
            "time_stamp": START_MS + i,
            "x": 20 + 100 * i,
            "y": 60,
            "cell_id": f"cell_{i}",
            "call_start": START_MS,
        }
        for i in range(2)
    ]
    status = [
        {"tower_id": f"tower_{i}", "window_start": START_MS + h * HOUR_MS, "hellos": h, "traffic_erlang": 0.5}
        for i in range(2)
        for h in range(3)
    ]
    cells = [{"cell_id": f"cell_{i}", "tower_id": f"tower_{i}", "latitude": 0.0, "longitude": 0.0} for i in range(2)]
    rows = {"coverage": pixels, "events": events, "tower_status": status, "cells": cells}
    for name, table in DATA_TABLES.items():
        write(tmp_path, table, rows.get(name, []))
    return Dataset.open(tmp_path)


def test_a_network_is_drawn(dataset: Dataset, tmp_path: Path, uncut: Callable[[Path], bool]) -> None:
    draw(dataset, tmp_path / "network.png")
    assert uncut(tmp_path / "network.png")


def test_without_a_network_there_is_nothing_to_draw(dataset: Dataset, tmp_path: Path) -> None:
    write(dataset.folder, DATA_TABLES["coverage"], [])
    draw(dataset, tmp_path / "network.png")
    assert not (tmp_path / "network.png").exists()
