"""Small worlds for the checks: normal calls, then some days with crude incidents, and variants of them."""

import json
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.dataset import Dataset, Window
from bench.schema import DATA_TABLES
from bench.spans import DAY_MS
from detectors.checks.made_calls import DAYS, HISTORY_DAYS, START_MS, UTC_OFFSET_S, MadeCalls
from detectors.checks.other_forms import Places, Tables, at_whole_minutes, moved, renamed, shuffled, with_looser_circles

OTHER_ZONE, OTHER_OFFSET_S = "Etc/GMT+4", -4 * 3600
LATER_MS = 3 * 7 * DAY_MS + 1000 * (UTC_OFFSET_S - OTHER_OFFSET_S)
"""Three weeks, and the difference of UTC at equal local hours in the other time zone."""


class Worlds:
    """Folders of tables as a generator would write them, made when they are first requested."""

    def __init__(self) -> None:
        self._place = TemporaryDirectory(prefix="cdrbench-checks-")
        self._made: dict[str, Dataset] = {}
        self.places: dict[str, Places] = {}
        self.life = MadeCalls(seed=0)

    def __getitem__(self, name: str) -> Dataset:
        """Return a world by the name of one of the functions below."""
        if name not in self._made:
            self._made[name] = self._written(name, getattr(self, f"_{name}")())
        return self._made[name]

    def _written(self, name: str, tables: Tables) -> Dataset:
        folder = Path(self._place.name) / name / "data"
        folder.mkdir(parents=True)
        for table, content in tables.items():
            pq.write_table(content, folder / f"{table}.parquet")
        later_ms = LATER_MS if name == "moved" else 0
        zone = (OTHER_ZONE, OTHER_OFFSET_S) if later_ms else ("Etc/GMT-5", UTC_OFFSET_S)
        start_ms = START_MS + later_ms
        clock = {"start_ms": start_ms, "end_ms": start_ms + DAYS * DAY_MS, "time_zone": zone[0]}
        (folder / "clock.json").write_text(json.dumps({**clock, "utc_offset_s": zone[1]}))
        whole, border = Dataset.open(folder), start_ms + HISTORY_DAYS * DAY_MS
        return Dataset(folder, whole.clock, Window(start_ms, border), Window(border, whole.clock.end_ms))

    @cached_property
    def _tables(self) -> Tables:
        return {name: schema.arrow.empty_table() for name, schema in DATA_TABLES.items()} | self.life.tables()

    def _ordinary(self) -> Tables:
        """Return normal calls, with incidents in the window."""
        return self._tables

    def _labelled(self) -> Tables:
        """Return the ordinary world with labels: as columns of the calls and as a file in the folder."""
        calls = self._tables["calls"]
        anomalous = pa.array(np.array(self.life.kind) != "")
        labelled = calls.append_column("is_anomaly", anomalous).append_column("anomaly_type", pa.array(self.life.kind))
        return {**self._tables, "calls": labelled, "truth": labelled.select(["call_id", "is_anomaly", "anomaly_type"])}

    def _shortened(self) -> Tables:
        """Return the ordinary world as it was after the first two days of the window."""
        end_ms = START_MS + (HISTORY_DAYS + 2) * DAY_MS
        times = {"calls": "call_start_ts", "events": "time_stamp", "tower_status": "window_start"}
        return {**self._tables, **{name: _before(self._tables[name], time, end_ms) for name, time in times.items()}}

    def _coarse(self) -> Tables:
        """Return the world with starts at whole minutes, so that many calls are simultaneous, and with looser circles.

        Looser circles give a search for communities more than one possible answer, so that its result could depend on
        the order.
        """
        return with_looser_circles(at_whole_minutes(self._tables))

    def _shuffled(self) -> Tables:
        """Return the coarse world in another order: users and cells at random, other rows only among equal times."""
        tables, self.places["shuffled"] = shuffled(self._coarse())
        return tables

    def _renamed(self) -> Tables:
        """Return the coarse world with other identifiers, one to one, and dictionaries in another order."""
        return renamed(self._coarse())

    def _moved(self) -> Tables:
        """Return the coarse world some weeks later in another time zone, at the same local hours."""
        return moved(self._coarse(), LATER_MS)

    def _without_users(self) -> Tables:
        """Return calls of users who are in no table."""
        empty = ("users", "subscriptions", "user_status")
        return {**self._tables, **{name: self._tables[name].slice(0, 0) for name in empty}}

    def _without_network(self) -> Tables:
        """Return the world without events, status of towers, and positions of cells."""
        cells = self._tables["cells"]
        nowhere = pa.nulls(len(cells), pa.float64())
        for name in ("latitude", "longitude"):
            cells = cells.set_column(cells.column_names.index(name), name, nowhere)
        empty = {name: self._tables[name].slice(0, 0) for name in ("events", "tower_status", "user_status", "coverage")}
        return {**self._tables, **empty, "cells": cells}

    def _one_pair(self) -> Tables:
        """Return calls of one caller to one callee."""
        calls = self._tables["calls"]
        for name in ("caller_id", "callee_id", "caller_imei", "caller_imsi", "callee_imsi", "callee_number"):
            calls = _with(calls, name, calls[name].take(pa.array([0] * len(calls))))
        return {**self._tables, "calls": calls}

    def _self_calls(self) -> Tables:
        """Return calls in which everybody calls itself."""
        calls = self._tables["calls"]
        return {**self._tables, "calls": _with(calls, "callee_id", calls["caller_id"])}

    def _unanswered(self) -> Tables:
        """Return calls that nobody answered."""
        calls = self._tables["calls"]
        missed = pa.array(["missed"] * len(calls)).cast(calls.schema.field("outcome").type)
        calls = _with(_with(calls, "outcome", missed), "call_end_ts", calls["call_start_ts"])
        return {**self._tables, "calls": _with(calls, "call_duration", pa.array([0] * len(calls), pa.int32()))}

    def _all_alike(self) -> Tables:
        """Return calls that differ only in their start: one caller, callee, length, cell and device."""
        calls = self._tables["calls"]
        columns = {name: calls[name] for name in ("call_id", "call_start_ts")}
        same = {
            name: calls[name].take(pa.array([0] * len(calls))) for name in calls.column_names if name not in columns
        }
        end = pc.add(pc.cast(columns["call_start_ts"], pa.int64()), pc.multiply(same["call_duration"], 1000))
        both = {**columns, **same, "call_end_ts": pc.cast(end, calls["call_end_ts"].type)}
        alike = pa.table({name: both[name] for name in calls.column_names}, calls.schema)
        return {**self._without_network(), "calls": alike}


def _with(calls: pa.Table, name: str, values: "pa.Array | pa.ChunkedArray") -> pa.Table:
    """Return calls with the values of a column replaced."""
    return calls.set_column(calls.column_names.index(name), calls.schema.field(name), values)


def _before(table: pa.Table, time: str, end_ms: int) -> pa.Table:
    return table.filter(pa.array(np.asarray(pc.cast(table[time], pa.int64())) < end_ms))
