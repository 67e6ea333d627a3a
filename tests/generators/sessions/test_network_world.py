"""The network of a whole world: records say what events say, a healthy network keeps its promises, faults are named."""

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import shapiro
from small_worlds import SMALL, make_settings, make_world, table

from bench.faults import SettingsError, UserError, faults_of
from generators.mobility.itinerary import positions
from generators.radio.coverage import pixels_at
from generators.radio.towers import make_towers
from generators.sessions.load import channels_for, mean_talk_s, offered_load
from generators.sessions.network import make_plant, make_residents
from generators.sessions.ringing import make_ringing, mean_ring_s
from generators.social.communities import make_society
from generators.social.people import make_people
from generators.world import World

World_ = tuple[Path, dict[str, Any]]


@pytest.fixture(scope="module")
def events(clean_world: World_) -> pl.DataFrame:
    return table(clean_world[0], "events")


@pytest.fixture(scope="module")
def calls(clean_world: World_) -> pl.DataFrame:
    return table(clean_world[0], "calls")


def sessions_of(events: pl.DataFrame) -> pl.DataFrame:
    """Fold the events to what a call record says."""
    connected = pl.col("state").is_in(["CONNECT", "RECONNECT"])
    before = pl.col("cell_id").filter(connected).shift()
    return events.group_by("session_id", maintain_order=True).agg(
        caller=pl.col("caller_id").first(),
        callers=pl.col("caller_id").n_unique(),
        begins=pl.col("call_start").first(),
        first_state=pl.col("state").first(),
        last_state=pl.col("state").last(),
        last_cause=pl.col("cause").last(),
        over=pl.col("time_stamp").last(),
        in_order=pl.col("time_stamp").is_sorted(),
        connects=(pl.col("state") == "CONNECT").sum(),
        first_cell=pl.col("cell_id").filter(connected).first(),
        last_cell=pl.col("cell_id").filter(connected).last(),
        handovers=(pl.col("cell_id").filter(connected) != before).sum(),
        talk=pl.col("duration").last(),
    )


@pytest.mark.parametrize("which", ["default", "demo"])
def test_records_say_what_their_events_say(clean_world: World_, demo: Path, which: str) -> None:
    folder = clean_world[0] if which == "default" else demo
    sessions, calls = sessions_of(table(folder, "events")), table(folder, "calls")
    assert sessions["session_id"].to_list() == calls["call_id"].to_list()
    both = sessions.rename({"handovers": "changes"}).with_columns(calls)
    failed = pl.col("outcome") == "failed"
    laws = {
        "starts": pl.col("begins").dt.truncate("1s") == pl.col("call_start_ts"),
        "caller": pl.col("caller") == pl.col("caller_id"),
        "outcome": failed == (pl.col("connects") == 0),
        "cells": failed
        | ((pl.col("first_cell") == pl.col("first_cell_id")) & (pl.col("last_cell") == pl.col("last_cell_id"))),
        "handovers": pl.col("changes") == pl.col("handovers"),
        "duration": pl.col("talk").fill_null(0) == pl.col("call_duration"),
    }
    broken = {name: both.filter(~law).height for name, law in laws.items()}
    assert broken == dict.fromkeys(laws, 0)


@pytest.mark.parametrize("which", ["default", "demo"])
def test_no_sequence_of_events_is_illegal(clean_world: World_, demo: Path, which: str) -> None:
    sessions = sessions_of(table(clean_world[0] if which == "default" else demo, "events"))
    assert set(sessions["first_state"]) <= {"CONNECT", "FAIL"}
    assert set(sessions["last_state"]) <= {"END", "FAIL"}
    assert sessions["connects"].max() == 1
    assert sessions["callers"].max() == 1
    assert sessions["in_order"].all()
    lost = sessions.filter(last_state="FAIL")
    assert ((lost["last_cause"] == "drop") == (lost["connects"] == 1)).all()
    gap = pl.col("begins") - pl.col("over").shift().over("caller")
    assert sessions.sort("begins").select(gap.min()).item().total_seconds() >= 0  # no device in two sessions


def test_a_healthy_network_keeps_its_promises(events: pl.DataFrame, calls: pl.DataFrame) -> None:
    connected = (events["state"] == "CONNECT").sum()
    assert connected / calls.height >= 0.98  # setup success, per call, after its retries
    assert 0 < (events["cause"] == "drop").sum() / connected <= 0.01
    hellos = events.filter(
        pl.col("state").is_in(["CONNECT", "RECONNECT"]) | pl.col("cause").is_in(["setup", "blocked"])
    )
    assert 0 < (hellos["cause"] == "blocked").sum() / hellos.height <= 0.02
    assert ((calls["outcome"] == "failed").sum()) == calls.height - connected


def test_load_is_log_normal_over_cells(clean_world: World_) -> None:
    load = table(clean_world[0], "tower_status").group_by("cell_id").agg(pl.col("traffic_erlang").mean())
    logs = np.log(load.filter(pl.col("traffic_erlang") > 0)["traffic_erlang"].to_numpy())
    assert len(logs) > 40
    assert 0.4 < logs.std() < 1.6
    assert shapiro(logs).pvalue > 0.001


def test_the_demos_towers_break_when_they_should(demo: Path) -> None:
    status = table(demo, "tower_status")
    by_tower = status.group_by("tower_id").agg(share=pl.col("fails").sum() / pl.col("hellos").sum()).sort("tower_id")
    shares = dict(by_tower.iter_rows())
    assert shares["tower_001"] == 1
    for tower in ("tower_000", "tower_005"):
        assert shares[tower] > 0.98  # they break within minutes
    for tower in ("tower_002", "tower_003", "tower_004"):
        assert shares[tower] == pytest.approx(0.15, abs=0.02)
    assert set(status.filter(tower_id="tower_001", hellos=pl.lit(0)).get_column("state")) <= {"NO_DATA"}
    events = table(demo, "events")
    ignored = (events["cause"] == "timeout").sum() / (events["cause"] != "").len()
    assert 0.01 < ignored < 0.06


def test_the_offered_load_is_what_people_talk_where_they_are(clean_world: World_) -> None:
    """Beside a plain loop over users and hours, and beside what the cells then carry."""
    settings, _ = make_settings("generator.anomaly_ratio=0")
    towers = make_towers(settings)
    people = make_people(settings, towers, make_society(settings))
    plant = make_plant(settings, towers.metres, towers.district, towers.macro)
    folk = make_residents(settings, plant.air.plane, people.home_m, people.work_m, people.clock_shift_ms, people.still)
    load = offered_load(settings, people, folk, plant.radio, len(plant.cells.site))
    again = np.zeros_like(load)
    users, pattern = np.arange(len(people.rate)), list(settings.call_patterns.values())
    talk = np.array([mean_talk_s(kind.durations) for kind in settings.user_types.values()])[people.kind]
    unanswered = np.array([kind.unanswered for kind in settings.user_types.values()])[people.kind]
    answered = 1 - unanswered * (settings.outcomes.missed + settings.outcomes.busy)
    rings = mean_ring_s(make_ringing(settings.ringing, settings.seed), settings.outcomes, unanswered)
    assert rings.mean() > 5
    held = talk * answered + rings
    for day in range(7):
        for hour in range(24):
            moment = (day * 24 + hour) * 3_600_000 + 1_800_000
            where = positions(users, np.full(len(users), moment), folk)
            cell = plant.radio.cell[pixels_at(where, plant.radio), 0]
            own = (hour - np.rint(people.clock_shift_ms / 3_600_000).astype(int)) % 24
            hourly = [p.weekend_hourly or p.hourly if day >= 5 else p.hourly for p in pattern]
            share = np.array([np.array(hours) / np.sum(hours) for hours in hourly])[people.pattern, own]
            share *= np.array([p.weekend_factor if day >= 5 else 1 for p in pattern])[people.pattern]
            heard = cell >= 0
            days, column = (2, 24 + hour) if day >= 5 else (5, hour)
            np.add.at(again[:, column], cell[heard], (people.rate * held / 3600 * share)[heard] / days)
    assert load == pytest.approx(again, rel=1e-9)
    carried = table(clean_world[0], "tower_status").group_by("cell_id").agg(pl.col("traffic_erlang").mean())
    carried = carried.sort("cell_id")["traffic_erlang"].to_numpy()
    offered = (load[:, :24].sum(axis=1) * 5 + load[:, 24:].sum(axis=1) * 2) / 7 / 24
    assert np.corrcoef(carried, offered)[0, 1] > 0.98
    assert offered.sum() == pytest.approx(carried.sum(), rel=0.1)


def test_a_degraded_tower_fails_more_and_its_neighbours_take_over(tmp_path: Path) -> None:
    busiest = "generator.network.towers.broken=[{tower:3,kind:sleeping,from_s:0,to_s:1e9}]"
    make_world(tmp_path / "well", *SMALL, "generator.anomaly_ratio=0")
    make_world(tmp_path / "ill", *SMALL, "generator.anomaly_ratio=0", busiest)
    well, ill = (table(tmp_path / name, "tower_status") for name in ("well", "ill"))
    assert well.filter(tower_id="tower_003")["sessions"].sum() > 0
    assert ill.filter(tower_id="tower_003")["sessions"].sum() == 0
    assert set(ill.filter(tower_id="tower_003")["state"]) == {"BLACK", "NO_DATA"}
    others = [s.filter(pl.col("tower_id") != "tower_003")["sessions"].sum() for s in (well, ill)]
    assert others[1] > others[0]


def test_channels_follow_erlangs_table() -> None:
    """Offered loads that 5, 10, 20 and 50 channels carry at 1 % blocking, by the published Erlang B table."""
    loads = np.array([1.36, 4.46, 12.0, 37.9])
    assert channels_for(loads, 0.0101).tolist() == [5, 10, 20, 50]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("generator.num_towers=0", "generator.num_towers must be in"),
        ("generator.network.phones.timeout_ms=0", "generator.network.phones.timeout_ms must be in"),
        ("generator.network.towers.refuses=1.5", "generator.network.towers.refuses must be in"),
        ("generator.network.antenna.lobes=0.3", "generator.network.antenna.lobes must be a multiple of 0.5"),
        ("generator.network.sites.placement=file", "generator.network.sites.file must be given"),
        ("generator.network.propagation.models.downtown=none", "generator.network.propagation.models.downtown must be"),
        ("generator.network.towers.answer_ms=[5,1]", "generator.network.towers.answer_ms must be"),
    ],
)
def test_faults_of_settings_are_named(override: str, message: str) -> None:
    found = [str(fault) for fault in faults_of(make_settings(override)[0], "generator")]
    assert any(fault.startswith(message) for fault in found), found


def test_a_network_that_nobody_hears_is_refused(tmp_path: Path) -> None:
    world = World(*make_settings(*SMALL, "generator.network.propagation.threshold_dbm=90"))
    with pytest.raises(UserError, match="there is no coverage anywhere"):
        world.make(tmp_path / "w", 1, lambda *_: None)


def test_a_fault_of_a_tower_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    world = World(*make_settings(*SMALL, "generator.network.towers.broken=[{tower:7}]"))
    with pytest.raises(SettingsError, match=r"generator.network.towers.broken\[0\].tower must be in \[0, 6\], got 7"):
        world.make(tmp_path / "w", 1, lambda *_: None)
