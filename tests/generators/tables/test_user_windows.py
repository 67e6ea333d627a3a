"""User status in windows: against the states of the plain protocol, and against the calls and events of a world."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from small_networks import SmallNetwork, networks
from small_worlds import SMALL, make_settings, make_world, table

from bench.faults import faults_of
from generators.model.clock import DAY_MS
from generators.model.events import make_events
from generators.sessions.faults import DONE
from generators.sessions.reference import CONNECTING, IDLE, LIVE, Air, Session
from generators.sessions.session import hold, make_phone
from generators.tables.user_windows import (
    CALLS,
    CONNECTING_MS,
    FAILURES,
    HANDOVERS,
    LIVE_MS,
    PHONE_STATES,
    _Windows,
    follow_calls,
)

RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
WINDOW_MS = 60_000
MANY = 5 * DAY_MS // WINDOW_MS


class Logged(Session):
    """The plain protocol, with the moments at which its state changes."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "state":
            self.__dict__.setdefault("log", []).append((self.__dict__.get("now", self.__dict__.get("start")), value))
        super().__setattr__(name, value)

    def spans(self) -> list[tuple[int, int, str]]:
        """Return from when to when the phone was in each state; LIVE, if no Hello was answered before the end."""
        found = [(a, b, state) for (a, state), (b, _) in pairwise(self.__dict__["log"][1:]) if state != IDLE and b > a]
        last = self.events[-1]
        if last.state == "END" and self.__dict__["log"][-2][1] == CONNECTING and found:
            begin, end, _ = found[-1]
            if not any(event.state == "FAIL" and event.time_ms > begin for event in self.events):
                found[-1] = (begin, end, LIVE)
        return found


@settings(suppress_health_check=RELAXED, max_examples=25)
@given(networks())
def test_windows_are_those_of_the_protocol(small: SmallNetwork) -> None:
    plant, network, _ = small.deployment
    for user, key, start, talk in small.sessions:
        phone = make_phone(network.radio.cell.shape[1], make_events(20_000))
        phone.reports.world[DONE] = True
        hold(user, np.uint64(key), start, (0, talk), network, phone)
        events = phone.events[: phone.state["row"][0]]
        room = _Windows(1, MANY)
        call = tuple(np.array([each]) for each in (0, len(events), 0, start))
        follow_calls((*call, np.array([key], np.uint64)), events, network, (0, WINDOW_MS), room.arrays())
        plain = Logged(Air(network, plant, small.incidents), user, key, start, talk)
        plain.run()
        spent, state = np.zeros((2, MANY), np.int64), np.full(MANY, IDLE, object)
        for begin, end, what in plain.spans():
            for window in range(begin // WINDOW_MS, end // WINDOW_MS + 1):
                closes = (window + 1) * WINDOW_MS
                spent[int(what == LIVE), window] += min(end, closes) - max(begin, closes - WINDOW_MS)
                if begin < closes <= end:
                    state[window] = what
        assert (room.counts[0, :, CONNECTING_MS] == spent[0]).all()
        assert (room.counts[0, :, LIVE_MS] == spent[1]).all()
        assert [PHONE_STATES[code] for code in room.state[0]] == state.tolist()
        dropped = plain.events[-1].cause != "" and plain.events[-1].state == "FAIL"
        assert room.counts[0].sum(axis=0)[[CALLS, FAILURES, HANDOVERS]].tolist() == [1, dropped, plain.handovers]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("windows") / "world"
    how = ("generator.days=3", "generator.anomaly_ratio=0", "generator.network.towers.ignores=0.1")
    make_world(folder, *SMALL[:1], *SMALL[2:], *how, "generator.network.status.user_window_s=900")
    return folder


def test_windows_of_a_world_agree_with_its_calls_and_events(world: Path) -> None:
    windows, calls, users = table(world, "user_windows"), table(world, "calls"), table(world, "users")
    assert windows.height == users.height * 3 * 96
    assert windows["calls"].sum() == calls.height
    drops = (table(world, "events")["cause"] == "drop").sum()
    assert windows["failures"].sum() == drops + (calls["outcome"] == "failed").sum()
    assert set(windows["state"].unique()) <= {"IDLE", "CONNECTING", "LIVE"}
    assert windows["connecting_s"].sum() > 0
    per_user = calls.group_by("caller_id").agg(calls_made=pl.len())
    found = windows.group_by("user_id").agg(pl.col("calls").sum())
    joined = found.join(per_user, left_on="user_id", right_on="caller_id", how="left").fill_null(0)
    assert (joined["calls"] == joined["calls_made"]).all()


def test_the_last_window_of_a_day_agrees_with_the_status_of_the_day(world: Path) -> None:
    daily, windows = table(world, "user_status"), table(world, "user_windows")
    ends = daily.with_columns(end=pl.col("window_start").dt.offset_by("1d"))
    last = windows.with_columns(end=pl.col("window_start").dt.offset_by("15m"))
    both = ends.join(last, on=["user_id", "end"], suffix="_window")
    assert both.height == daily.height
    assert (both["x"] == both["x_window"]).all()
    idle = both.filter(pl.col("state_window") == "IDLE")
    assert idle["cell_id"].equals(idle["cell_id_window"].rename("cell_id"))
    assert (both["state"] == "LIVE").sum() == (both["state_window"] == "LIVE").sum()


def test_a_window_that_does_not_divide_a_day_is_reported() -> None:
    found, _ = make_settings("generator.network.status.user_window_s=7000")
    (message,) = [str(fault) for fault in faults_of(found, "generator")]
    assert message.startswith("generator.network.status.user_window_s must be 0, or divide a day")
