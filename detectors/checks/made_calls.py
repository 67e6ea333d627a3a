"""Artificial calls for the checks: forty users, some crude incidents, and the status of their cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from bench.schema import DATA_TABLES
from bench.spans import DAY_MS, QUARTER_MS

HOUR_S = 3600
UTC_OFFSET_S = 5 * HOUR_S
START_MS = 1_704_049_200_000
"""Midnight of Monday, 2024-01-01 at five hours ahead of UTC."""
HISTORY_DAYS, DAYS = 5, 10
USERS, CELLS, FRIENDS = 40, 6, 8
CALLS_A_DAY = 4
KINDS = ("long", "short", "night", "burst", "strangers", "elsewhere", "outage")
"""Incidents of the window: calls of two hours; of one second; at 3 o'clock; thirty within half an hour; to premium
numbers never called before; with another SIM and device from the farthest cell; and all failing in one cell."""
OUTAGE_DAYS = (6, 8)


@dataclass(frozen=True)
class MadeCalls:
    """Forty users in five circles of friends, each at home in a cell, for ten days, call by call in order of time."""

    seed: int
    rows: list[dict[str, Any]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        random = np.random.Generator(np.random.Philox(key=self.seed))
        for day in range(DAYS):
            for user in range(USERS):
                for _ in range(random.poisson(CALLS_A_DAY)):
                    self.rows.append(_ordinary(random, user, day))
        for kind in KINDS[:-1]:
            self._strike(random, kind)
        self._break(random)
        self.rows.sort(key=lambda row: row["start_s"])

    @property
    def kind(self) -> list[str]:
        """Kind of each call, in order of time: one of `KINDS`, or "" for normal calls."""
        return [str(row["kind"]) for row in self.rows]

    def _strike(self, random: np.random.Generator, kind: str) -> None:
        for user in random.choice(USERS, 8, replace=False).tolist():
            day = int(random.integers(HISTORY_DAYS, DAYS))
            for number in range(30 if kind == "burst" else 6):
                row = _ordinary(random, user, day)
                start_s, midnight_s = row["start_s"], day * 24 * HOUR_S
                changes: dict[str, dict[str, Any]] = {
                    "long": {"call_duration": 7200},
                    "short": {"call_duration": 1},
                    "night": {"start_s": midnight_s + 3 * HOUR_S + start_s % HOUR_S},
                    "burst": {"start_s": midnight_s + 20 * HOUR_S + 60 * number, "call_duration": 20},
                    "strangers": {"callee_id": f"premium_{user}_{number}", "callee_type": "premium"},
                    "elsewhere": {
                        "first": CELLS - 1,
                        "last": CELLS - 1,
                        "caller_imei": "imei_x",
                        "caller_imsi": "imsi_x",
                    },
                }
                self.rows.append({**row, "outcome": "answered", **changes[kind], "kind": kind})

    def _break(self, random: np.random.Generator) -> None:
        """Let every call of a cell fail, while more are attempted than usual."""
        for _ in range(60):
            row = _ordinary(random, 0, int(random.integers(*OUTAGE_DAYS)))
            self.rows.append({**row, "kind": ""})
        day_s = 24 * HOUR_S
        for row in self.rows:
            if row["first"] == 0 and OUTAGE_DAYS[0] <= row["start_s"] / day_s < OUTAGE_DAYS[1] and not row["kind"]:
                row.update({"outcome": "failed", "call_duration": 0, "kind": "outage"})

    @cached_property
    def _calls(self) -> dict[str, list[Any]]:
        size = len(self.rows)
        found = {name: [row[name] for row in self.rows] for name in self.rows[0]}
        start_ms = [START_MS + 1000 * second for second in found["start_s"]]
        return {
            **found,
            "call_id": [f"call_{number:05}" for number in range(size)],
            "call_start_ts": start_ms,
            "call_end_ts": [start + 1000 * s for start, s in zip(start_ms, found["call_duration"], strict=True)],
            "first_cell_id": [f"cell_{cell}" for cell in found["first"]],
            "last_cell_id": [f"cell_{cell}" for cell in found["last"]],
            "callee_imsi": [f"imsi_{callee}" for callee in found["callee_id"]],
            "callee_number": [f"+999{callee}" for callee in found["callee_id"]],
            "handovers": [int(first != last) for first, last in zip(found["first"], found["last"], strict=True)],
        }

    def tables(self) -> dict[str, pa.Table]:
        """Return calls, users, cells, subscriptions, events and tower_status as tables of the schema."""
        users, cells = [f"user_{user}" for user in range(USERS)], [f"cell_{cell}" for cell in range(CELLS)]
        owned = {"user_id": users, "imei": [f"imei_{u}" for u in users], "imsi": [f"imsi_{u}" for u in users]}
        places = {"latitude": [0.1 * cell * cell for cell in range(CELLS)], "longitude": [0.0] * CELLS}
        home = {"home_cell_id": [f"cell_{user % CELLS}" for user in range(USERS)]}
        columns: dict[str, tuple[dict[str, Any], int]] = {
            "calls": (self._calls, len(self.rows)),
            "users": ({**owned, **home}, USERS),
            "subscriptions": ({**owned, "valid_from": [START_MS] * USERS}, USERS),
            "cells": ({"cell_id": cells, "tower_id": [f"tower_{cell}" for cell in range(CELLS)], **places}, CELLS),
            "events": (events := self._events(), len(events["state"])),
            "tower_status": (self._status(), CELLS * DAYS * DAY_MS // QUARTER_MS),
        }
        return {name: _as_table(name, *content) for name, content in columns.items()}

    def _events(self) -> dict[str, list[Any]]:
        """Return events of each call: its start, handovers and end; a failed call fails twice."""
        calls = self._calls
        of_calls = [range(2 if first == last else 3) for first, last in zip(calls["first"], calls["last"], strict=True)]
        rows = [(call, step) for call, steps in enumerate(of_calls) for step in steps]
        last_step = [len(of_calls[call]) - 1 for call, _ in rows]
        failed = [calls["outcome"][call] == "failed" for call, _ in rows]
        states = (("CONNECT", "END"), ("CONNECT", "RECONNECT", "END"))
        cell = [calls["first" if step == 0 else "last"][call] for call, step in rows]
        lasted = [
            calls["call_duration"][call] * 1000 * step // last
            for (call, step), last in zip(rows, last_step, strict=True)
        ]
        return {
            "session_id": [calls["call_id"][call] for call, _ in rows],
            "caller_id": [calls["caller_id"][call] for call, _ in rows],
            "time_stamp": [calls["call_start_ts"][call] + after for (call, _), after in zip(rows, lasted, strict=True)],
            "state": [
                "FAIL" if bad else states[last - 1][step]
                for (_, step), last, bad in zip(rows, last_step, failed, strict=True)
            ],
            "x": [100 * int(calls["caller_id"][call].removeprefix("user_")) for call, _ in rows],
            "cell_id": [f"cell_{each}" for each in cell],
            "tower_id": [f"tower_{each}" for each in cell],
            "power_dbm": [-70.0 - 0.01 * (number % 997) for number in range(len(rows))],
            "cause": ["setup" if bad else "none" for bad in failed],
            "call_start": [calls["call_start_ts"][call] for call, _ in rows],
            "duration": [calls["call_duration"][call] for call, _ in rows],
        }

    def _status(self) -> dict[str, Any]:
        """Return, for each cell and quarter hour, the number of sessions served and refused."""
        calls, quarters = self._calls, DAYS * DAY_MS // QUARTER_MS
        quarter = (np.array(calls["call_start_ts"]) - START_MS) // QUARTER_MS
        entity = np.array(calls["first"]) * quarters + quarter
        failed = np.array(calls["outcome"]) == "failed"
        hellos = np.bincount(entity, minlength=CELLS * quarters)
        fails = np.bincount(entity[failed], minlength=CELLS * quarters)
        cell, span = np.divmod(np.arange(CELLS * quarters), quarters)
        share = np.where(hellos > 0, fails / np.maximum(hellos, 1), np.nan)
        known = [None if np.isnan(each) else float(each) for each in share]
        return {
            "cell_id": [f"cell_{each}" for each in cell],
            "tower_id": [f"tower_{each}" for each in cell],
            "window_start": (START_MS + span * QUARTER_MS).tolist(),
            "state": np.select([np.isnan(share), share >= 0.9], ["NO_DATA", "BLACK"], "GREEN").tolist(),
            "sessions": (hellos - fails).tolist(),
            "hellos": hellos.tolist(),
            "fails": fails.tolist(),
            "failure_share": known,
            "setup_attempts": hellos.tolist(),
            "setup_success": [None if each is None else 1 - each for each in known],
            "traffic_erlang": ((hellos - fails) * 0.1).tolist(),
        }


def _ordinary(random: np.random.Generator, user: int, day: int) -> dict[str, Any]:
    """Return a call during the day to a friend, sometimes to an outsider, from the home cell or the next one."""
    friend = user // FRIENDS * FRIENDS + (user % FRIENDS + int(random.integers(1, FRIENDS))) % FRIENDS
    outside, answered = random.random() < 0.05, random.random() < 0.85
    cell = user % CELLS
    second = int(np.clip(random.normal(15, 3), 7, 23) * HOUR_S)
    return {
        "start_s": day * 24 * HOUR_S + second,
        "caller_id": f"user_{user}",
        "callee_id": f"shop_{int(random.integers(5))}" if outside else f"user_{friend}",
        "callee_type": "unlisted" if outside else "subscriber",
        "call_duration": int(np.clip(random.lognormal(4, 1), 5, 1800)) if answered else 0,
        "outcome": "answered" if answered else "missed",
        "first": cell,
        "last": cell if random.random() < 0.9 else (cell + 1) % CELLS,
        "caller_imei": f"imei_user_{user}",
        "caller_imsi": f"imsi_user_{user}",
        "kind": "",
    }


def _as_table(name: str, columns: Mapping[str, Any], size: int) -> pa.Table:
    """Return columns as a table of the schema; missing columns get one constant value, or are empty."""
    schema = DATA_TABLES[name]
    arrays = []
    for column in schema.columns:
        texts = pa.types.is_dictionary(column.type) or column.type == pa.string()
        values = columns.get(column.name, [None if column.nullable else "none" if texts else 0] * size)
        arrays.append(pa.array(list(values), pa.string() if texts else column.type).cast(column.type))
    return pa.table(dict(zip(schema.arrow.names, arrays, strict=True)), schema.arrow)
