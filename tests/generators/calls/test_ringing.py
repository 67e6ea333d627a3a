"""Ringing: connected calls are set up, ring, and are answered or given up; they hold their channel all the time."""

import math
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import kstest
from small_worlds import make_settings, make_world, table

from bench.audit.audited_world import AuditedWorld
from bench.audit.auditing import requested_anomalies
from bench.audit.bookkeeping.leak import check_bookkeeping
from bench.audit.verdict import Light
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.faults import faults_of
from bench.generator import silent
from bench.settings import ProtocolSettings
from bench.truth import Truth
from bench.worlds.protocol import applied
from generators.anomalies.short_call import ShortCall
from generators.injection.injector import Incidents
from generators.model.outcome import ANSWERED, BUSY, FAILED, MISSED
from generators.model.rng import Purpose
from generators.sessions.load import mean_talk_s, talk_habit
from generators.sessions.reference import numpys_draws
from generators.sessions.ringing import make_ringing, mean_ring_s, rings_of
from generators.settings.ringing import RingingSettings
from generators.settings.world import Outcomes
from generators.world import World

World_ = tuple[Path, dict[str, Any]]
SIZE = ("generator.num_users=300", "generator.days=4", "generator.num_towers=7")
WANGIRI = (*SIZE, "anomaly=wangiri", "generator.num_users=600", "generator.anomaly_ratio=0.2")
RINGS = RingingSettings(enabled=True)
MANY = 20_000


def held(world: Path) -> pl.DataFrame:
    """Return the calls with the time from CONNECT to the last event [s] (null if never connected) and its state."""
    connected = pl.col("time_stamp").filter(pl.col("state") == "CONNECT").first()
    over = table(world, "events").group_by("session_id").agg(
        held=(pl.col("time_stamp").last() - connected).dt.total_milliseconds() / 1000,
        over=pl.col("time_stamp").last(), state=pl.col("state").last(), talk=pl.col("duration").last(),
        lost=pl.col("cause").last() == "drop",
    )  # fmt: skip
    return (
        table(world, "calls")
        .join(over, left_on="call_id", right_on="session_id", how="left")
        .with_columns(rang=pl.col("held") - pl.col("call_duration"))
    )


def times(outcome: int, settings: RingingSettings = RINGS, many: int = MANY) -> Any:
    """Return times until calls with keys from 0 on are answered or given up [s]."""
    return rings_of(np.arange(many, dtype=np.uint64), np.full(many, outcome), make_ringing(settings, 7)) / 1000


def answers_cdf(seconds: Any) -> Any:
    """Return the share of the log-normal times until an answer, cut where calls are given up, below each time."""
    ln = NormalDist(math.log(RINGS.answer_median_s), RINGS.answer_sigma)
    cut = ln.cdf(math.log(RINGS.give_up_s[0]))
    return np.array([ln.cdf(math.log(max(s, 1e-9))) / cut for s in np.atleast_1d(seconds)])


def test_times_have_their_distributions() -> None:
    setup, unanswered, answered = times(BUSY), times(MISSED) - times(BUSY), times(ANSWERED) - times(BUSY)
    assert kstest(setup, "uniform", (1, 3)).pvalue > 0.01
    assert kstest(unanswered, "uniform", (20, 10)).pvalue > 0.01
    assert kstest(answered, answers_cdf).pvalue > 0.01
    assert np.median(answered) == pytest.approx(8, abs=0.3)
    assert answered.max() <= 20.001
    assert not times(FAILED).any()
    assert not times(MISSED, RingingSettings()).any()


def test_a_time_follows_from_the_key_and_the_outcome_alone() -> None:
    keys = np.random.default_rng(1).integers(0, 2**64, 500, dtype=np.uint64)
    outcome, ringing = np.arange(500) % 3, make_ringing(RINGS, 3)
    together = rings_of(keys, outcome, ringing)
    assert (rings_of(keys[::-1], outcome[::-1], ringing)[::-1] == together).all()
    assert (rings_of(keys, outcome, make_ringing(RINGS, 4)) != together).mean() > 0.99
    setup = [1000 + 3000 * numpys_draws(3, Purpose.RING, int(key), 0)[0] for key in keys]
    assert (rings_of(keys, np.full(500, BUSY), ringing) == np.array(setup).astype(int)).all()


def test_the_mean_is_that_of_the_draws() -> None:
    outcomes, unanswered = Outcomes(missed=0.1, busy=0.2), np.array([1.0, 2.0, 0.0])
    expected = [
        (0.1 * f) * times(MISSED).mean() + (0.2 * f) * times(BUSY).mean() + (1 - 0.3 * f) * times(ANSWERED).mean()
        for f in unanswered
    ]
    assert mean_ring_s(make_ringing(RINGS, 0), outcomes, unanswered) == pytest.approx(expected, rel=0.01)
    assert not mean_ring_s(make_ringing(RingingSettings(), 0), outcomes, unanswered).any()


@pytest.mark.parametrize(
    ("name", "value"),
    [("setup_s", [4.0, 1.0]), ("give_up_s", [20.0]), ("give_up_s", [5.0, 9.0]), ("answer_median_s", 25.0)],
)
def test_inconsistent_settings_are_refused(name: str, value: Any) -> None:
    world, _ = make_settings()
    world = deepcopy(world)
    assert not list(faults_of(world, "generator"))
    setattr(world.ringing, name, value)
    assert any("generator.ringing" in fault.key for fault in faults_of(world, "generator"))


def test_records_say_how_long_calls_rang_and_were_held(default_world: World_) -> None:
    """END is the end of the record; the channel is held while the call rings and while people talk."""
    calls = held(default_world[0])
    second = pl.col("over").dt.truncate("1s")
    assert calls.filter((pl.col("call_end_ts") != second) & (pl.col("call_duration") > 1)).is_empty()
    connected = calls.filter(pl.col("held").is_not_null())
    assert (connected["talk"] == connected["call_duration"]).all()
    assert (connected.filter(outcome="answered")["rang"] > 1 - 1).all()
    spans = {"missed": (21, 34.001), "busy": (1, 4.001), "answered": (1, 25.001)}
    usual = connected.filter(~pl.col("lost"), ~pl.col("call_id").is_in(wangiri_ids(default_world[0]).implode()))
    for outcome, (least, most) in spans.items():
        rang = usual.filter(outcome=outcome)["rang"]
        assert rang.len() > 500
        assert rang.min() >= least - 0.001 - (outcome == "answered")  # a second that is not full counts as one
        assert rang.max() < most + (outcome == "answered")  # the fraction of a second that talk times lack
    lost = calls.filter(pl.col("lost"), pl.col("call_duration") == 0)
    assert lost["outcome"].is_in(["missed", "busy"]).all()
    at_once = connected.filter(pl.col("outcome").is_in(["missed", "busy"]))["held"] <= 0
    assert not at_once.any()


def wangiri_ids(world: Path) -> pl.Series:
    """Return the calls that ring once."""
    direct = table(world, "truth").filter(level="call", anomaly_type="wangiri", cause="direct")
    return direct["entity_id"]


def test_the_times_of_a_world_are_those_of_the_settings(clean_world: World_) -> None:
    calls = held(clean_world[0]).filter(pl.col("held").is_not_null(), ~pl.col("lost"))
    missed, busy = (calls.filter(outcome=name)["held"].to_numpy() for name in ("missed", "busy"))
    assert kstest(busy, "uniform", (1, 3)).pvalue > 0.001
    assert missed.mean() == pytest.approx(27.5, abs=0.3)
    answered = calls.filter(outcome="answered")["rang"].to_numpy()
    assert np.median(answered) == pytest.approx(np.median(times(ANSWERED)) + 0.5, abs=0.2)


def test_nobody_dials_while_its_own_call_rings(clean_world: World_) -> None:
    calls = table(clean_world[0], "calls").sort("caller_id", "call_start_ts")
    gap = pl.col("call_start_ts") - pl.col("call_end_ts").shift().over("caller_id")
    assert calls.select(gap.min()).item().total_seconds() >= 0
    again = calls.with_columns(
        same=pl.all_horizontal(pl.col(name) == pl.col(name).shift() for name in ("caller_id", "callee_id")),
        before=pl.col("outcome").shift(), wait=gap.dt.total_seconds(),
    ).filter(pl.col("same"), pl.col("before") == "missed", pl.col("wait") < 600)  # fmt: skip
    assert again.height > 200  # redials wait until the call before has rung out
    assert again["wait"].median() == pytest.approx(33, abs=8)


def test_wangiri_rings_once(tmp_path: Path) -> None:
    make_world(tmp_path / "w", *WANGIRI)
    calls = held(tmp_path / "w")
    own = pl.col("call_id").is_in(wangiri_ids(tmp_path / "w").implode())
    ours, others = (calls.filter(which, ~pl.col("lost"), outcome="missed")["held"] for which in (own, ~own))
    assert ours.len() > 300
    assert 2 <= ours.min() <= ours.max() <= 9.001
    assert ours.mean() == pytest.approx(2.5 + 3, abs=0.2)
    assert others.min() >= 21


def test_without_a_network_calls_ring_too(tmp_path: Path) -> None:
    make_world(tmp_path / "w", *SIZE, "generator/network=none", "generator.anomaly_ratio=0")
    make_world(
        tmp_path / "off",
        *SIZE,
        "generator/network=none",
        "generator.anomaly_ratio=0",
        "generator.ringing.enabled=false",
    )
    beyond = (pl.col("call_end_ts") - pl.col("call_start_ts")).dt.total_seconds() - pl.col("call_duration")
    found = table(tmp_path / "w", "calls").select("outcome", rang=beyond).group_by("outcome").agg(pl.col("rang").mean())
    rang = dict(found.iter_rows())
    assert rang["missed"] == pytest.approx(27.5, abs=1)
    assert rang["busy"] == pytest.approx(2.5, abs=0.3)
    assert rang["answered"] == pytest.approx(times(ANSWERED).mean(), abs=1)
    assert rang["failed"] == 0
    assert not table(tmp_path / "off", "calls").select(beyond > 1).to_series().any()


@pytest.mark.parametrize("preset", ["seed_cdr", "demo_2016", "demo_failures"])
def test_published_worlds_do_not_ring(preset: str) -> None:
    assert not make_settings(f"generator={preset}")[0].ringing.enabled


def test_without_ringing_calls_end_or_are_answered_as_they_are_connected(tmp_path: Path) -> None:
    make_world(tmp_path / "w", *SIZE, "generator.ringing.enabled=false")
    calls = held(tmp_path / "w").filter(pl.col("held").is_not_null(), ~pl.col("lost"))
    assert (calls.filter(pl.col("outcome").is_in(["missed", "busy"]))["held"] == 0).all()
    assert calls.filter(outcome="answered")["rang"].is_between(-1, 1, closed="none").all()


def test_cells_carry_the_ringing_that_their_load_expects() -> None:
    """The offered load has ringing beside the talk: what a user is on the phone for each hour."""
    settings, _ = make_settings("generator.num_users=50")

    class People:
        rate = np.ones(50)
        kind = np.zeros(50, np.int64)
        pattern = np.zeros(50, np.int64)
        clock_shift_ms = np.zeros(50, np.int64)

    with_ringing = talk_habit(settings, People()).much[0]  # type: ignore[arg-type]
    settings.ringing.enabled = False
    without = talk_habit(settings, People()).much[0]  # type: ignore[arg-type]
    first = next(iter(settings.user_types.values()))
    unanswered = settings.outcomes.missed + settings.outcomes.busy
    assert without * 3600 == pytest.approx(mean_talk_s(first.durations) * (1 - unanswered))
    assert (with_ringing - without) * 3600 == pytest.approx(11.5, abs=1)


@dataclass
class LateToAnswer(ShortCall):
    """Short calls that ring three seconds longer than others do: a leak."""

    def plan(self, editable: Any, calls: int, rng: np.random.Generator) -> Incidents:
        found = super().plan(editable, calls, rng)
        ring = editable.life.rings(found.edits.key, found.edits.outcome)
        return replace(found, edits=found.edits._replace(ring_ms=ring + 3000))


@pytest.mark.parametrize("network", ["default", "none"])
def test_calls_of_an_incident_that_ring_longer_turn_the_audit_red(tmp_path: Path, network: str) -> None:
    how = ("generator.num_users=600", "generator.days=14", "anomaly=short_call", f"generator/network={network}")
    settings, anomalies = make_settings(*how)
    for name, type_ in (
        ("as others", anomalies["short_call"]),
        ("late", LateToAnswer(**vars(anomalies["short_call"]))),
    ):
        world = World(settings, {"short_call": type_})
        world.make(tmp_path / name, 2, silent)
        dataset = applied(Dataset.open(tmp_path / name / "data"), ProtocolSettings())
        asked = requested_anomalies(settings, {"short_call": type_})
        subject = AuditedWorld(dataset, Truth(tmp_path / name / "truth"), None, asked, 10)
        check = check_bookkeeping(subject, AuditSettings(folds=2), silent)
        assert (check.light is Light.RED) == (name == "late")
        assert any("ring_time" in line for line in check.lines) == (name == "late")
