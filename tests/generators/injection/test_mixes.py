"""The mixes that are shipped hold enough incidents of each type, in the scored part too."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_worlds import TYPES, make_settings, make_world, table

from bench.audit.amounts import check_amounts, check_incidents
from bench.audit.audited_world import AuditedWorld
from bench.audit.auditing import requested_anomalies
from bench.audit.verdict import Light
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.settings import ProtocolSettings
from bench.truth import Truth
from bench.worlds.protocol import applied
from generators.injection.incident_planning import _stable_number
from generators.injection.schedule import Schedule
from generators.model.clock import DAY_MS
from generators.world import World

SMALL = ("generator/network=none", "generator.num_users=400", "generator.days=7", "anomaly=[burst_call]")
EVEN = "anomaly.burst_call.schedule.kind=even"
DAY = 86_400


@pytest.mark.slow
@pytest.mark.parametrize("mix", ["fraud", "network_faults", "all"])
def test_a_shipped_mix_in_the_default_world_is_one_that_can_be_spoken_of(tmp_path: Path, mix: str) -> None:
    asked = f"anomaly={mix}"
    make_world(tmp_path / "w", asked)
    dataset = applied(Dataset.open(tmp_path / "w" / "data"), ProtocolSettings())
    truth, needed = Truth(tmp_path / "w" / "truth"), ProtocolSettings().fewest_incidents
    subject = AuditedWorld(dataset, truth, None, requested_anomalies(*make_settings(asked)), needed)
    features = {"_target_": "detectors.features.tables.audited.Audited"}
    for check in (check_incidents(subject), check_amounts(subject, AuditSettings(features=features))):
        assert check.light is Light.GREEN, check.lines


@pytest.mark.parametrize(("asked", "users"), [
    (["anomaly=fraud"], 10_000), (["anomaly=[seed_four,fraud]"], 10_000), (["anomaly=all"], 14_000), ([], 2000),
    (["anomaly=fraud", "generator.num_users=700"], 700), (["generator=seed_cdr", "anomaly=fraud"], 15_000),
])  # fmt: skip
def test_a_mix_brings_its_size_unless_told_otherwise(asked: list[str], users: int) -> None:
    assert make_settings(*asked)[0].num_users == users


@given(st.text(max_size=20), st.text(max_size=20))
def test_types_of_different_names_draw_differently(one: str, other: str) -> None:
    assert (_stable_number(one) == _stable_number(other)) == (one == other)


def test_no_two_shipped_types_share_their_draws() -> None:
    assert len({_stable_number(name) for name in TYPES}) == len(TYPES)
    assert _stable_number("x_same_end") != _stable_number("y_same_end")


@given(days=st.integers(1, 60), parts=st.integers(2, 40), seed=st.integers(0, 9))
def test_even_parts_are_whole_days_and_all_of_them(days: int, parts: int, seed: int) -> None:
    spans = np.concatenate(Schedule("even", parts=parts).spans(days, np.random.default_rng(seed)))
    assert len(spans) == min(days, parts)
    assert (spans % DAY_MS == 0).all()
    assert np.array_equal(spans[1:, 0], spans[:-1, 1])
    assert (spans[0, 0], spans[-1, 1]) == (0, days * DAY_MS)
    lengths = (spans[:, 1] - spans[:, 0]) // DAY_MS
    assert lengths.max() - lengths.min() <= 1


def test_even_incidents_are_as_many_in_each_part(tmp_path: Path) -> None:
    make_world(tmp_path / "w", *SMALL, EVEN, "anomaly.burst_call.schedule.parts=7")
    incidents = table(tmp_path / "w", "incidents").sort("start_ts")
    begin = table(tmp_path / "w", "calls")["call_start_ts"].dt.epoch("s").min() // DAY  # type: ignore[operator]
    day = incidents["start_ts"].dt.epoch("s").to_numpy() // DAY - begin
    many = np.bincount(day, minlength=7)
    assert many.min() >= 2
    assert many.max() - many.min() <= 1


def test_parts_too_small_for_an_incident_are_one() -> None:
    few = ("anomaly.burst_call.schedule.parts=7", "generator.anomaly_ratio=0.005")
    drawn = World(*make_settings(*SMALL, EVEN, *few)).draw()
    assert 7 * 10 > drawn.plan.calls["burst_call"] > 10
    assert sum(len(edits.user) for edits in drawn.plan.edits) == drawn.plan.calls["burst_call"]


@pytest.mark.parametrize("name", ["tower_outage", "antenna_misaligned"])
def test_faults_are_over_sooner_where_there_would_be_few(name: str) -> None:
    """Longest and busiest: left alone, three or four of them would make up the calls. (Crowds keep their factor.)"""
    size = ("generator.num_users=1000", "generator.days=14", "generator.num_towers=10", "generator.anomaly_ratio=0.02")
    plan = World(*make_settings(*size, f"anomaly=[{name}]", f"anomaly.{name}.difficulty=0")).draw().plan
    assert len(plan.parameters) >= 12
