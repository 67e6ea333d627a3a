"""All types of anomaly together: the law of the two worlds, the asked ratio, and when incidents happen."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from small_worlds import TYPES, WITHOUT_NETWORK, all_at, check_two_worlds, make_settings, make_world, table

from bench.faults import SettingsError, UserError
from generators.world import World


@given(seed=st.integers(0, 2**63 - 1), difficulty=st.floats(0, 1), kind=st.sampled_from(["clustered", "drift", "even"]))
@settings(
    max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_the_two_world_law_holds_at_any_difficulty(tmp_path: Path, seed: int, difficulty: float, kind: str) -> None:
    folder = tmp_path / f"{seed}"
    world = (
        WITHOUT_NETWORK,
        "generator/network=none",
        "generator.num_users=1500",
        "generator.days=10",
        f"generator.seed={seed}",
    )
    when = [f"anomaly.{name}.schedule={{kind:{kind},from_day:2}}" for name in make_settings(WITHOUT_NETWORK)[1]]
    try:
        made = make_world(folder / "d", *world, *all_at(difficulty), *when, "generator.anomaly_ratio=0.25")
    except UserError:  # so small a world may not have room for all types in a few waves
        reject()
    make_world(folder / "c", *world, "generator.anomaly_ratio=0")
    check_two_worlds(folder / "d", folder / "c")
    assert made["anomaly_ratio"] == pytest.approx(0.25, rel=0.05)
    if kind == "drift":
        begins = table(folder / "d", "incidents")["start_ts"].dt.epoch("d")
        assert begins.min() - table(folder / "c", "calls")["call_start_ts"].dt.epoch("d").min() >= 2  # type: ignore[operator]


@pytest.mark.slow
def test_the_two_world_law_holds_in_a_network(tmp_path: Path) -> None:
    world = (
        WITHOUT_NETWORK,
        "generator.num_users=1500",
        "generator.days=10",
        "generator.anomaly_ratio=0.25",
        *all_at(0.5),
    )
    make_world(tmp_path / "d", *world)
    make_world(tmp_path / "c", *world, "generator.anomaly_ratio=0")
    check_two_worlds(tmp_path / "d", tmp_path / "c")


@pytest.mark.parametrize("ratio", [0.03, 0.2])
def test_the_asked_ratio_is_met_with_all_types(ratio: float) -> None:
    size = ("generator/network=none", "generator.num_users=4000")
    drawn = World(*make_settings(WITHOUT_NETWORK, *size, f"generator.anomaly_ratio={ratio}")).draw()
    assert sum(table.num_rows for table in drawn.calls(2)) > 0
    assert drawn.truth_writer.counts()["anomaly_ratio"] == pytest.approx(ratio, rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0.02, 0.05, 0.2])
def test_the_asked_ratio_is_met_with_the_whole_catalogue(ratio: float) -> None:
    drawn = World(*make_settings("anomaly=all", f"generator.anomaly_ratio={ratio}")).draw()
    assert sum(table.num_rows for table in drawn.calls(2)) > 0
    counts = drawn.truth_writer.counts()
    assert counts["anomaly_ratio"] == pytest.approx(ratio, rel=0.05)
    assert sorted(name for name, calls in counts["calls_by_type"].items() if calls) == TYPES


def test_a_ratio_too_small_for_a_type_says_what_it_would_need() -> None:
    world = World(*make_settings(WITHOUT_NETWORK, "generator/network=none", "generator.anomaly_ratio=0.001"))
    with pytest.raises(SettingsError, match=r"sim_box \(\d+ calls or more\).*: about \d+ users for 28 days do"):
        world.draw()


def test_a_drift_past_the_end_is_refused() -> None:
    drift = "anomaly.wangiri.schedule={kind:drift,from_day:99}"
    world = World(*make_settings("anomaly=[wangiri]", "generator/network=none", drift))
    with pytest.raises(
        SettingsError, match=r"anomaly.wangiri.schedule.from_day must be below generator.days \(28\), got 99"
    ):
        world.draw()


def test_clustered_incidents_begin_in_waves(tmp_path: Path) -> None:
    waves = "anomaly.short_call.schedule={kind:clustered,waves:2,wave_h:12}"
    make_world(tmp_path / "w", "generator/network=none", "anomaly=[short_call]", waves, "generator.anomaly_ratio=0.005")
    hours = table(tmp_path / "w", "incidents")["start_ts"].dt.epoch("ms").unique().to_numpy() // 3_600_000
    assert len(np.unique(hours)) <= 2 * 13


def test_incidents_on_lines_without_a_normal_call(tmp_path: Path) -> None:
    """Only new subscriptions act here, whom nobody calls: there is nothing of normal life to compare with."""
    size = ("generator/network=none", "generator.num_users=60", "generator.days=10")
    world = ("anomaly=[subscription_fraud]", "anomaly.subscription_fraud.difficulty=0", *size)
    made = make_world(tmp_path / "d", *world, "generator.anomaly_ratio=0.1")
    make_world(tmp_path / "c", *world, "generator.anomaly_ratio=0")
    check_two_worlds(tmp_path / "d", tmp_path / "c")
    assert made["removed_calls"] == made["collateral_calls"] == 0
