"""Types at the level of cells: each does what its entry in the catalogue says, by the simulator, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from small_worlds import make_settings, make_world, table

from bench.faults import SettingsError, UserError
from generators.anomalies.tower_outage import TowerOutage
from generators.injection.expected_calls import ExpectedCalls
from generators.making import Making
from generators.world import World

SMALL = ("generator.num_users=500", "generator.days=7", "generator.num_towers=7")
TYPES = ("tower_outage", "tower_degraded", "sleeping_cell", "antenna_misaligned", "ping_pong", "flash_crowd")
RATIO = {"antenna_misaligned": 0.02, "ping_pong": 0.03, "flash_crowd": 0.05}
MANY_CALLS = ("flash_crowd", "tower_degraded")
"""Of which a single incident has too many calls for the smallest world."""
BY_LENGTH = ("tower_outage", "sleeping_cell")
"""Of which nothing else tells how hard they are; with few calls to meet they are over sooner."""
REPORTED = timedelta(seconds=2 * (3 + 10))
"""How long a phone remembers reports: so long after a cell was mended may a call still go by what it sent before."""
CONNECTED = pl.col("state").is_in(["CONNECT", "RECONNECT"])


@dataclass(frozen=True)
class Two:
    """A world with incidents of one type, and its clean twin."""

    folder: Path
    clean: Path

    def table(self, name: str) -> pl.DataFrame:
        return table(self.folder, name)

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return self.table("incidents").to_dicts()


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Two]:
    """Make the worlds of types as they are asked for."""
    root = tmp_path_factory.mktemp("cells")
    make_world(root / "clean", *SMALL, "generator.anomaly_ratio=0")

    def made(name: str) -> Two:
        if not (root / name).exists():
            world = World(*make_settings(*SMALL, f"anomaly={name}", f"generator.anomaly_ratio={RATIO.get(name, 0.1)}"))
            with patch.object(Making, "_checked", lambda _, counts: counts):  # so small a world may miss the ratio
                world.make(root / name, 2, lambda *_: None)
        return Two(root / name, root / "clean")

    return made


def within(events: pl.DataFrame, incident: dict[str, Any]) -> pl.DataFrame:
    """Return the events of an incident's cells during it."""
    during = pl.col("time_stamp").is_between(incident["start_ts"], incident["end_ts"], closed="left")
    return events.filter(during, pl.col("cell_id").is_in(incident["actors"]))


def after_its_begin(events: pl.DataFrame, incident: dict[str, Any]) -> pl.DataFrame:
    """Return the events of an incident's cells during it, without the ends of calls, and those lost as it began."""
    here = within(events, incident).filter(pl.col("state") != "END")
    begun = pl.col("time_stamp") > incident["start_ts"] + timedelta(seconds=30)
    return here.filter(begun | (pl.col("cause") != "drop"))


def digests(folder: Path) -> pl.DataFrame:
    """Return a digest of each call's record, and of its events; in the order of the calls."""
    calls, events = table(folder, "calls").with_row_index("row"), table(folder, "events")
    each = events.select("session_id", what=pl.struct(pl.exclude("session_id")).hash(seed=1))
    in_order = pl.col("what").cast(pl.String).str.join(",")
    of_call = each.group_by("session_id", maintain_order=True).agg(events=in_order)
    record = pl.struct(pl.exclude("row", "call_id")).hash(seed=1)
    return calls.select("row", session_id="call_id", record=record).join(of_call, on="session_id", how="left")


@pytest.mark.parametrize("name", TYPES)
def test_what_differs_from_the_clean_twin_is_what_the_truth_names(worlds: Callable[[str], Two], name: str) -> None:
    two = worlds(name)
    after, before, truth = digests(two.folder), digests(two.clean), two.table("truth").filter(level="call")
    named = truth.filter(pl.col("row") >= 0)["row"].to_list()
    assert sorted(after.join(before, on=["record", "events"], how="anti")["row"].to_list()) == sorted(named)
    gone = before.join(after, on=["record", "events"], how="anti").height
    assert gone == truth.filter(pl.col("change") != "added").height
    alike = after.filter(pl.col("row").is_in(named)).join(before, on="record", how="semi")["row"]
    assert set(truth.filter(pl.col("row").is_in(alike.implode()))["cause"]) <= {"collateral"}
    assert alike.len() > 0 or name != "antenna_misaligned"  # whom the same cell serves as before, at another power


@pytest.mark.parametrize("name", TYPES)
def test_the_truth_holds_cells_for_as_long_as_incidents_last(worlds: Callable[[str], Two], name: str) -> None:
    two = worlds(name)
    truth = two.table("truth").filter(level="cell")
    held = {(r["incident_id"], r["cell_id"], r["start_ts"], r["end_ts"]) for r in truth.to_dicts()}
    assert held == {(i["incident_id"], c, i["start_ts"], i["end_ts"]) for i in two.incidents for c in i["actors"]}
    assert set(truth["cause"]) == {"direct"}
    assert set(truth["row"]) == {-1}
    assert (truth["start_ts"] < truth["end_ts"]).all()
    direct = two.table("truth").filter(level="call", cause="direct", change="altered")
    starts = two.table("calls").with_row_index("row").cast({"row": pl.Int64}).join(direct, on="row")
    spans = starts.join(two.table("incidents"), on="incident_id", suffix="_of")
    later = spans["call_start_ts"] - spans["end_ts_of"]
    assert later.is_empty() or later.max() < REPORTED  # type: ignore[operator]


def test_a_site_that_is_out_refuses_everybody(worlds: Callable[[str], Two]) -> None:
    two = worlds("tower_outage")
    events = two.table("events")
    for incident in two.incidents:
        here = after_its_begin(events, incident)
        assert set(here["cause"]) <= {"setup"}
        assert not here.filter(CONNECTED).height
    assert sum(within(events, i).height for i in two.incidents) > 300


def test_a_sleeping_cell_answers_nobody_and_its_neighbours_take_over(worlds: Callable[[str], Two]) -> None:
    two = worlds("sleeping_cell")
    events, clean = two.table("events"), table(two.clean, "events")
    missed = 0
    for incident in two.incidents:
        here = after_its_begin(events, incident)
        assert set(here["cause"]) <= {"timeout"}
        missed += within(clean, incident).filter(CONNECTED).height
    gained = events.filter(CONNECTED).height - clean.filter(CONNECTED).height
    assert missed > 300
    assert abs(gained) < 0.3 * missed  # whom it does not serve, others mostly do


def test_a_degraded_site_refuses_and_loses_as_its_parameters_say(tmp_path: Path) -> None:
    ratio, step = "generator.anomaly_ratio=0.1", "anomaly.tower_degraded.ramps=0"
    world = World(*make_settings(*SMALL, "anomaly=tower_degraded", "anomaly.tower_degraded.difficulty=0", ratio, step))
    with patch.object(Making, "_checked", lambda _, counts: counts):
        world.make(tmp_path / "w", 2, lambda *_: None)
    incidents = table(tmp_path / "w", "incidents").to_dicts()
    here = pl.concat([within(table(tmp_path / "w", "events"), i) for i in incidents])
    hellos = here.filter(CONNECTED | pl.col("cause").is_in(["setup", "blocked", "timeout"]))
    assert (hellos["cause"] == "setup").mean() == pytest.approx(0.325, abs=0.04)
    talked = here.filter(pl.col("duration") > 0)
    assert (talked["cause"] == "drop").mean() == pytest.approx(0.24, abs=0.05)


def test_a_turned_antenna_serves_others_and_fails_nobody(worlds: Callable[[str], Two]) -> None:
    two = worlds("antenna_misaligned")
    calls, clean = two.table("calls").with_row_index("row").cast({"row": pl.Int64}), table(two.clean, "calls")
    direct = two.table("truth").filter(level="call", cause="direct").select("row", "incident_id")
    keys = ["caller_id", "call_start_ts", "callee_id"]
    both = calls.join(direct, on="row").join(clean, on=keys, suffix="_was")
    both = both.join(two.table("incidents"), on="incident_id")
    cell = pl.col("actors").list.first()
    concerned = (pl.col("first_cell_id") == cell) | (pl.col("first_cell_id_was") == cell)
    assert both.height > 50
    assert both.select(concerned.mean()).item() > 0.9
    failed = both.filter(pl.col("outcome") == "failed", pl.col("outcome_was") != "failed")["call_id"]
    causes = two.table("events").filter(pl.col("session_id").is_in(failed.implode()))["cause"]
    assert failed.len() > 10
    assert (causes == "no_coverage").mean() > 0.9  # where nobody else is heard; others are served now, and were not


def test_cells_that_play_ping_pong_hand_calls_back_within_seconds(worlds: Callable[[str], Two]) -> None:
    two = worlds("ping_pong")
    direct = two.table("truth").filter(level="call", cause="direct").select("row")
    calls = two.table("calls").with_row_index("row").cast({"row": pl.Int64}).join(direct, on="row")
    assert calls["handovers"].min() >= 6
    met = two.table("truth").filter(level="call", cause="collateral", change="altered")
    assert met.height > 20  # those that it moved, but did not bring back three times
    pairs = {frozenset(i["actors"]) for i in two.incidents}
    assert {len(pair) for pair in pairs} == {2}
    hops = two.table("events").filter(pl.col("session_id").is_in(calls["call_id"]), state="RECONNECT")
    back = pl.col("previous_tower_id").is_not_null()
    stays = hops.filter(back)["previous_connection_duration"].to_numpy()
    assert np.quantile(stays, 0.1) >= 1
    assert np.quantile(stays, 0.9) <= 5.5


def _again() -> pl.Expr:
    """Return which calls of a crowd redial the party of an unanswered one."""
    pair, start = ["caller_id", "callee_id"], pl.col("call_start_ts")
    before = start.shift(1).over(pair, order_by="call_start_ts")
    unanswered = pl.col("outcome").shift(1).over(pair, order_by="call_start_ts") != "answered"
    return (unanswered & (start - before < timedelta(minutes=15))).fill_null(value=False)


def test_a_crowd_is_many_people_near_a_place_who_call_a_little(worlds: Callable[[str], Two]) -> None:
    two = worlds("flash_crowd")
    truth = two.table("truth").filter(level="call", cause="direct")
    assert set(truth["change"]) == {"added"}
    calls = two.table("calls").with_row_index("row").cast({"row": pl.Int64})
    added = calls.join(truth.select("row", "incident_id"), on="row")
    most = []
    begins, usual = (t.group_by("session_id").first() for t in (two.table("events"), table(two.clean, "events")))
    for incident in two.incidents:
        mine = added.filter(incident_id=incident["incident_id"])
        assert mine["caller_id"].n_unique() >= mine.height / 3
        assert mine.filter(~_again()).group_by("caller_id").len()["len"].max() <= 3
        assert incident["end_ts"] - incident["start_ts"] < timedelta(hours=8)
        at = begins.filter(pl.col("session_id").is_in(mine["call_id"]))
        assert np.hypot(at["x"].std(), at["y"].std()) < 10_000
        near = (pl.col("x") - at["x"].median()).pow(2) + (pl.col("y") - at["y"].median()).pow(2) < 3000**2
        during = pl.col("time_stamp").is_between(incident["start_ts"], incident["end_ts"])
        most.append((at.filter(near).height, usual.filter(near, during).height))
    more, before = np.sum(most, axis=0)
    assert more > 1.2 * before  # the last crowd is whatever is left
    assert (added["outcome"] == "answered").mean() < 0.98  # as ever, some are missed


def test_without_a_network_there_are_none() -> None:
    world = World(*make_settings(*SMALL, "anomaly=tower_outage", "generator/network=none"))
    message = r"anomaly must leave out types at the level of cells where there is no network .*, got 'tower_outage'"
    with pytest.raises(SettingsError, match=message):
        world.draw()


@pytest.mark.parametrize("name", TYPES)
def test_difficulty_goes_one_way(name: str) -> None:
    """From crude to hard: shorter, milder, or smaller."""
    figures = []
    for difficulty in (0.0, 0.5, 1.0):
        hard = f"anomaly.{name}.difficulty={difficulty}"
        ratio = f"generator.anomaly_ratio={0.1 if name in BY_LENGTH else RATIO.get(name, 0.1) / 4}"
        size = ("generator.num_users=2000", "generator.days=5") if name in MANY_CALLS else ("generator.days=5",)
        world = World(*make_settings(*SMALL, f"anomaly={name}", hard, ratio, *size))
        plan = world.draw().plan
        hours = (plan.end_ms - plan.start_ms).mean() / 3_600_000
        severity = {
            "tower_degraded": [fault.refuses / (2 if fault.ramp else 1) for fault in plan.faults],
            "antenna_misaligned": [abs(fault.turned_deg) for fault in plan.faults],
            "ping_pong": [-fault.dwell_ms[0] for fault in plan.faults],
            "flash_crowd": [world.anomalies[name].least],  # of crowds so much smaller, where fewer callers will do
        }
        figures.append(np.mean(severity[name]) if name in severity else hours)
    assert figures[0] > figures[1] > figures[2]


def test_a_world_whose_faults_meet_too_many_calls_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many they meet is known only afterwards; here a quarter too few are expected."""
    within = ExpectedCalls.within
    monkeypatch.setattr(ExpectedCalls, "within", lambda *args: 0.75 * within(*args))
    begun = []
    world = World(*make_settings("generator=default", "anomaly=[tower_outage,sleeping_cell]"))
    counts = world.make(tmp_path / "w", 2, lambda _, days, __: begun.append(days))
    assert begun.count(0) == 2
    assert counts["anomaly_ratio"] == pytest.approx(0.05, rel=0.05)
    assert counts["calls"] == table(tmp_path / "w", "calls").height
    named = table(tmp_path / "w", "truth").filter(pl.col("cause") == "direct", pl.col("row") >= 0)
    assert counts["anomalous_calls"] == named.height


def test_an_incident_out_of_its_range_does_not_happen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it came to is known only afterwards: the world is made again without it, and refused where none is left."""
    small = (*SMALL, "anomaly=tower_outage", "generator.anomaly_ratio=0.05")

    def made(name: str) -> pl.DataFrame:
        world = World(*make_settings(*small))
        with patch.multiple(Making, _checked=lambda _, counts: counts, _more_faults=lambda *_: None):
            world.make(tmp_path / name, 2, lambda *_: None)
        hours = pl.col("parameters").str.json_path_match("$.hours")
        return table(tmp_path / name, "incidents").select("start_ts", hours)

    every = made("every")
    bound = float(every["parameters"].cast(pl.Float64).sort()[-2])
    monkeypatch.setattr(TowerOutage, "bounds", {"hours": (0.0, bound)})
    fewer = made("fewer")
    assert fewer.height == every.height - 1
    assert fewer.join(every, on=["start_ts", "parameters"], how="semi").height == fewer.height
    monkeypatch.setattr(TowerOutage, "bounds", {"hours": (100.0, 101.0)})
    with pytest.raises(UserError, match=r"generator\.num_users"):
        World(*make_settings(*small)).make(tmp_path / "none", 2, lambda *_: None)


def test_more_than_the_network_can_hold_is_refused() -> None:
    world = World(*make_settings(*SMALL, "anomaly=ping_pong", "generator.anomaly_ratio=0.5"))
    with pytest.raises(UserError, match=r"generator.anomaly_ratio must leave room for ping_pong"):
        world.draw()


@pytest.mark.parametrize("followed", [20_000, 1300])
def test_where_people_call_is_known_well_enough_by_a_part_of_their_days(
    monkeypatch: pytest.MonkeyPatch, followed: int
) -> None:
    monkeypatch.setattr("generators.injection.expected_calls.MANY", followed)
    world = World(*make_settings("generator.num_users=3000", "generator.days=7", "anomaly=[sleeping_cell]")).draw()
    for _ in world.calls(2):
        pass
    assert world.truth_writer.counts()["anomaly_ratio"] == pytest.approx(0.05, rel=0.1)
