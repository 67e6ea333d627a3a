"""Measures of a radio network in use, against plain loops over made-up events and from worlds.

Covers every quantity of the group `network` and the two delays, on worlds with and without edges; positions, cells and
times are random, so that no rule of the simulator hides a mistake.
"""

import math
from collections import Counter, defaultdict
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from made_up_records import records
from small_tables import write

from bench.realism import network_service
from bench.realism.record_arrays import Plane, Records
from bench.schema import EVENTS

SITES = {"a1": (0.0, 0.0), "a2": (0.0, 0.0), "b1": (9000.0, 1000.0), "c1": (4000.0, 9500.0)}
SIZE = (10_000.0, 12_000.0)
Event = dict[str, Any]


def made_up_events(seed: int) -> list[list[Event]]:
    """Return the events of some calls: connected or not, on the move or not, lost or ended."""
    rng = np.random.default_rng(seed)
    calls = []
    for number in range(int(rng.integers(1, 40))):
        start = int(rng.integers(0, 10**6))
        times = np.cumsum(rng.integers(0, 1500, int(rng.integers(1, 7)))) + start
        still = rng.random() < 0.4
        at = rng.integers(0, 10_000, (times.size, 2)) * (0 if still else 1)
        cells = rng.choice(sorted(SITES), times.size)
        states = ["CONNECT", *["RECONNECT"] * (times.size - 2), "END"][: times.size] if rng.random() < 0.9 else ["FAIL"]
        lost = states[-1] == "END" and rng.random() < 0.2
        events = [
            {
                "session_id": f"s{number}", "state": state, "cause": "", "time_stamp": int(time), "call_start": start,
                "x": int(x), "y": int(y), "cell_id": cell, "tower_id": cell[0],
            }
            for state, time, (x, y), cell in zip(states, times, at, cells, strict=False)
        ]  # fmt: skip
        events[-1]["duration"] = int(rng.integers(0, 2))
        if lost:
            events[-1] |= {"state": "FAIL", "cause": "drop"}
        calls.append(events)
    return calls


def with_events(folder: Path, calls: list[list[Event]], wrap: bool) -> Records:
    rows = [event for call in calls for event in call]
    names = ("session_id", "state", "cause", "time_stamp", "call_start", "x", "y", "cell_id", "tower_id")
    columns = {name: [row[name] for row in rows] for name in names}
    columns["duration"] = [row.get("duration") for row in rows]
    write(folder / "events.parquet", EVENTS, columns)
    return replace(records(0), events=folder / "events.parquet", plane=Plane(SITES, SIZE if wrap else None))


def plain_handovers(calls: list[list[Event]]) -> dict[str, float]:
    count: Counter[str] = Counter()
    for call in calls:
        count["connected"] += sum(event["state"] == "CONNECT" for event in call)
        count["moving"] += any((a["x"], a["y"]) != (b["x"], b["y"]) for a, b in pairwise(call))
        count["lost"] += call[-1]["cause"] == "drop"
        changes = [(a, b) for a, b in pairwise(call) if b["state"] == "RECONNECT" and a["cell_id"] != b["cell_id"]]
        count["changes"] += len(changes)
        count["intra"] += sum(a["tower_id"] == b["tower_id"] for a, b in changes)
        for (a, b), (c, d) in pairwise(changes):
            stayed = d["time_stamp"] - b["time_stamp"] if b is c else 1000
            count["back"] += a["cell_id"] == d["cell_id"] and stayed < 1000
    if not count["connected"]:
        return {}
    found = {"handovers": count["changes"] / count["connected"], "moving": count["moving"] / count["connected"]}
    if not count["changes"]:
        return found
    shares = {"handover_success": count["changes"] / (count["changes"] + count["lost"])}
    shares |= {"handover_intra_site": count["intra"] / count["changes"], "ping_pong": count["back"] / count["changes"]}
    return found | shares


def plain_delays(calls: list[list[Event]]) -> tuple[list[float], list[float]]:
    setup, silent = [], []
    for call in calls:
        for event in call:
            if event["state"] == "CONNECT":
                setup.append((event["time_stamp"] - event["call_start"]) / 1000)
                if call[-1]["state"] == "END" and call[-1]["duration"] == 0:
                    silent.append((call[-1]["time_stamp"] - event["time_stamp"]) / 1000)
    return setup, silent


def plain_distance(x: float, y: float, site: tuple[float, float], wrap: bool) -> float:
    images = [(i * SIZE[0], j * SIZE[1]) for i in (-1, 0, 1) for j in (-1, 0, 1)] if wrap else [(0.0, 0.0)]
    return min(math.hypot(x - site[0] + east, y - site[1] + north) for east, north in images)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.booleans())
@example(186, False)  # nobody is connected
def test_measures_are_those_of_plain_loops(tmp_path_factory: pytest.TempPathFactory, seed: int, wrap: bool) -> None:
    calls = made_up_events(seed)
    of = with_events(tmp_path_factory.mktemp("events"), calls, wrap)
    assert network_service.handovers(of) == pytest.approx(plain_handovers(calls))
    setup, silent = plain_delays(calls)
    found = network_service.connecting(of)
    assert set(found) == {
        *(["setup_mean", "setup_p95"] if setup else []),
        *(["no_talk_median", "no_talk_at_once"] if silent else []),
    }
    if setup:
        assert (found["setup_mean"], found["setup_p95"]) == pytest.approx((np.mean(setup), np.quantile(setup, 0.95)))
    if silent:
        at_once = np.mean(np.equal(silent, 0))
        assert (found["no_talk_median"], found["no_talk_at_once"]) == pytest.approx((np.median(silent), at_once))
    first = [call[0] for call in calls if call[0]["state"] == "CONNECT"]
    away = [plain_distance(each["x"], each["y"], SITES[each["cell_id"]], wrap) for each in first]
    nearest = [min(plain_distance(each["x"], each["y"], site, wrap) for site in SITES.values()) for each in first]
    found = network_service.serving(of)
    if first:
        by_nearest = np.mean([a <= b + 1 for a, b in zip(away, nearest, strict=True)])
        expected = (*(np.quantile(away, [0.5, 0.95]) / 1000), by_nearest)
        assert tuple(found.values()) == pytest.approx(expected)
    else:
        assert not found


@given(st.integers(0, 1000))
def test_traffic_is_counted_by_cell_and_hour(seed: int) -> None:
    of = records(seed)
    talk: defaultdict[tuple[int, int], int] = defaultdict(int)
    quarters = set()
    for cell, start, seconds in zip(of.cell.tolist(), of.local_ms.tolist(), of.seconds.tolist(), strict=True):
        if cell >= 0:
            talk[start // 3_600_000, cell] += seconds
            quarters.add((start // 900_000, cell))
    hours = {hour: sum(of for (each, _), of in talk.items() if each == hour) for hour, _ in talk}
    spans = [span for span, _ in quarters]
    found = network_service.traffic(of)
    assert found["erlang_busy_hour"] == pytest.approx(max(hours.values()) / len(of.cell_km) / 3600)
    assert found["erlang_busiest"] == pytest.approx(max(talk.values()) / 3600)
    cells = len(of.cell_km) * (max(spans) - min(spans) + 1)
    assert found["quarters_without_call"] == pytest.approx(1 - len(quarters) / cells)
