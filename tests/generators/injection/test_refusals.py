"""What a world is refused for, and that following the advice leads out."""

import re
from pathlib import Path

import pytest
from small_worlds import TYPES, make_settings, make_world

from bench.faults import UserError
from generators.world import World

WITHOUT = ("generator/network=none", "generator.days=7")
OF_CELLS = sorted(make_settings("anomaly=network_faults")[1])
MOST_STEPS = 3


def refusal(*overrides: str) -> str | None:
    """Return why a world's incidents are refused; None where they are not."""
    try:
        World(*make_settings(*overrides)).draw()
    except UserError as error:
        return str(error)
    return None


def refusal_once_made(folder: Path, *overrides: str) -> str | None:
    """Return why a world is refused, before or after it is made; None where it is not."""
    try:
        make_world(folder, *overrides)
    except UserError as error:
        return str(error)
    return None


def ways_on(message: str) -> list[list[str]]:
    """Return the settings that each way on of a refusal asks for."""
    users = [[f"generator.num_users={found}"] for found in re.findall(r"about (\d+) users", message)]
    ratios = [[f"generator.anomaly_ratio={found}"] for found in re.findall(r"ratio of ([\d.]+) does", message)]
    network = [["generator/network=default"]] if "generator/network=default" in message else []
    return users + ratios + network


@pytest.mark.parametrize("name", [name for name in TYPES if name not in OF_CELLS])
@pytest.mark.parametrize("difficulty", [0.5, *(pytest.param(each, marks=pytest.mark.slow) for each in (0.0, 1.0))])
def test_each_way_on_leads_out_for_each_type(name: str, difficulty: float) -> None:
    world = (*WITHOUT, f"anomaly=[{name}]", f"anomaly.{name}.difficulty={difficulty}", "generator.num_users=120")
    message = refusal(*world, "generator.anomaly_ratio=0.002")
    if message is None:
        assert name in ("short_call", "long_call", "off_hour_call")
        return
    assert len(message.splitlines()) == 1
    assert message.startswith(f"generator.anomaly_ratio must leave room for whole incidents of {name} (")
    ways = ways_on(message)
    assert ways
    for way in ways:
        assert refusal(*world, "generator.anomaly_ratio=0.002", *way) is None, way


@pytest.mark.parametrize("name", [name for name in TYPES if name not in OF_CELLS])
def test_a_ratio_too_high_says_which_there_is_room_for(name: str) -> None:
    world = (*WITHOUT, f"anomaly=[{name}]", "generator.num_users=600", "generator.anomaly_ratio=0.5")
    message = refusal(*world)
    for _ in range(MOST_STEPS):
        if message is None:
            return
        ways = ways_on(message)
        assert ways, message
        message = refusal(*world, *ways[-1])
    assert message is None


@pytest.mark.parametrize("mix", ["[seed_four,fraud]", "fraud"])
def test_the_ways_on_lead_out_for_the_mixes(mix: str) -> None:
    world = (*WITHOUT, f"anomaly={mix}", "generator.num_users=300")
    message = refusal(*world)
    assert message is not None
    assert "sim_box (" in message
    for way in ways_on(message):
        assert refusal(*world, *way) is None, way


def test_no_more_users_are_asked_for_than_it_takes() -> None:
    world = (*WITHOUT, "anomaly=[wangiri]", "generator.num_users=1000", "generator.anomaly_ratio=0.005")
    message = refusal(*world)
    assert message is not None
    users = int(re.findall(r"about (\d+) users", message)[0])
    assert refusal(*world, f"generator.num_users={int(users / 1.4)}") is not None


def test_what_befalls_cells_asks_for_a_network() -> None:
    world = ("anomaly=[tower_outage]", "generator.num_users=600", "generator.days=7", "generator/network=none")
    message = refusal(*world)
    assert message is not None
    assert message.startswith("anomaly must leave out types at the level of cells where there is no network")
    (way,) = ways_on(message)
    assert refusal(*world[:-1], *way) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TYPES if name not in OF_CELLS])
def test_the_users_that_are_asked_for_do_until_the_world_is_made(tmp_path: Path, name: str) -> None:
    """Whole incidents may still not add up to the ratio: then so many users more are asked for, and these do."""
    world = (*WITHOUT, f"anomaly=[{name}]", "generator.anomaly_ratio=0.004")
    users, steps = 120, []
    for step in range(MOST_STEPS):
        message = refusal_once_made(tmp_path / str(step), *world, f"generator.num_users={users}")
        if message is None:
            return
        (found,) = re.findall(r"about (\d+) users", message)
        steps.append(message)
        assert int(found) > users
        users = int(found)
    raise AssertionError(steps)
