"""Small random worlds, written as tables without the simulator: late messages, clocks that are off, silent towers."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.dataset import Clock
from bench.schema import CALLS, CELLS, EVENTS, TOWER_STATUS, Table
from bench.worlds.places import Place

START_MS = int(datetime(2024, 3, 30, 22, 58, tzinfo=UTC).timestamp() * 1000)
SUMMER_MS = int(datetime(2024, 3, 31, 1, tzinfo=UTC).timestamp() * 1000)
WINDOW_S = 60
"""Length of a window of the table of tower status."""


def made_up(
    folder: Path, seed: int, minutes: int = 12, rows: int = 50, towers: int = 3, shuffled: bool = False
) -> Place:
    """Write a world of some minutes; `rows` is the size of a row group; shuffled events may be received at any time."""
    rng = np.random.default_rng(seed)
    end = START_MS + 60_000 * minutes
    clock = Clock(START_MS, end, "Europe/Berlin", 3600, ((SUMMER_MS, 7200),) if end > SUMMER_MS else ())
    sites = [f"tower_{number}" for number in range(towers)]
    data = folder / "data"
    data.mkdir(parents=True)
    (data / "clock.json").write_text(json.dumps(asdict(clock)))
    status = {"recipe": {"settings": {"network": {"status": {"window_s": WINDOW_S}}}}}
    (folder / "manifest.json").write_text(json.dumps(status))
    calls, events = _calls_and_events(rng, minutes, sites)
    _write(data, CELLS, _cells(sites), rows)
    _write(data, CALLS, calls, rows)
    if shuffled:
        events["received_at"] = [moment(START_MS + rng.integers(0, 60_000 * minutes)) for _ in events["state"]]
    _write(data, EVENTS, events, rows)
    _write(data, TOWER_STATUS, _status(rng, minutes, sites), rows)
    return Place.stored(folder)


def moment(ms: int) -> datetime:
    """Return a time of the tables."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(ms))


def _write(data: Path, table: Table, columns: dict[str, list[Any]], rows: int) -> None:
    schema = table.arrow
    arrays = [pa.array(columns[each.name], _plain(each.type)).cast(each.type) for each in schema]
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), data / f"{table.name}.parquet", row_group_size=rows)


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(kind) else kind


def _calls_and_events(rng: Any, minutes: int, sites: list[str]) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Draw calls in order of start, and one to five events of each; some towers fall silent, some fail."""
    starts = np.sort(rng.integers(0, 60_000 * minutes, int(rng.integers(0, 12 * minutes))))
    calls: dict[str, list[Any]] = {each.name: [] for each in CALLS.columns}
    events: dict[str, list[Any]] = {each.name: [] for each in EVENTS.columns}
    quiet, failing = rng.random(len(sites)) < 0.2, rng.random(len(sites))
    for number, start in enumerate(starts):
        site = int(rng.integers(len(sites)))
        at = START_MS + int(start)
        ends, outcome = at, "failed"
        for _ in range(int(rng.integers(1, 6)) * (not quiet[site])):
            outcome = _event(events, (number, at, ends), sites[site], rng, failing[site])
            ends += int(rng.integers(0, 20_000))
            site = int(rng.integers(len(sites))) if rng.random() < 0.3 else site
        _call(calls, (number, at, ends), sites[site], outcome)
    return calls, events


def _event(events: dict[str, list[Any]], when: tuple[int, int, int], site: str, rng: Any, failing: float) -> str:
    number, start, now = when
    heard = rng.random() > 0.1
    state = rng.choice(["CONNECT", "RECONNECT", "END"]) if rng.random() > failing else "FAIL"
    cause = str(rng.choice(["setup", "blocked", "timeout", "drop"])) if state == "FAIL" else ""
    over = state == "END" or cause == "drop"
    late = int(rng.exponential(300)) + (int(rng.integers(0, 120_000)) if rng.random() < 0.05 else 0)
    row = {
        "session_id": f"call_{number}", "caller_id": f"user_{number % 7}",
        "time_stamp": moment(now + int(rng.normal(0, 200))), "received_at": moment(now + late), "state": state,
        "x": int(rng.integers(0, 9)), "y": 1, "tower_id": site if heard else None,
        "cell_id": f"{site}_cell" if heard else None, "power_dbm": float(-rng.random()) if heard else None,
        "cause": cause, "call_start": moment(start), "duration": int(rng.integers(0, 30)) if over else None,
        "previous_tower_id": None, "previous_connection_duration": 1.25 if over else None,
    }  # fmt: skip
    for name, value in row.items():
        events[name].append(value)
    return "answered" if state == "END" else "failed"


def _call(calls: dict[str, list[Any]], when: tuple[int, int, int], site: str, outcome: str) -> None:
    number, start, end = when
    row = {
        "call_id": f"call_{number}", "caller_id": f"user_{number % 7}", "callee_id": 'user_"8\u2028"\n',
        "call_start_ts": moment(start // 1000 * 1000), "call_end_ts": moment(end // 1000 * 1000),
        "call_duration": (end - start) // 1000, "first_cell_id": f"{site}_cell" if number % 9 else "",
        "last_cell_id": f"{site}_cell", "caller_imei": "00", "caller_imsi": "001", "callee_imsi": "002",
        "callee_number": "+999", "callee_type": "subscriber", "outcome": outcome, "handovers": 0,
    }  # fmt: skip
    for name, value in row.items():
        calls[name].append(value)


def _cells(sites: list[str]) -> dict[str, list[Any]]:
    many = len(sites)
    return {
        "cell_id": [f"{site}_cell" for site in sites], "latitude": [None] * many, "longitude": [None] * many,
        "area_type": ["downtown"] * many, "tower_type": ["macro"] * many, "tower_id": sites,
        "cgi": ["001-01-1-1"] * many,
    }  # fmt: skip


def _status(rng: Any, minutes: int, sites: list[str]) -> dict[str, list[Any]]:
    """Draw states of cells, of which many repeat."""
    keys = [(window, site) for window in range(minutes * 60 // WINDOW_S) for site in sites]
    filled = {each.name: [None if each.nullable else 0] * len(keys) for each in TOWER_STATUS.columns}
    return {
        **filled,
        "cell_id": [f"{site}_cell" for _, site in keys],
        "tower_id": [site for _, site in keys],
        "window_start": [moment(START_MS + 1000 * WINDOW_S * window) for window, _ in keys],
        "state": list(rng.choice(["GREEN", "GREEN", "BLACK"], len(keys))),
        "traffic_erlang": [0.0] * len(keys),
    }
