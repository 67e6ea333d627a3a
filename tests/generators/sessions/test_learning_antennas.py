"""Networks of single days while antennas learn: sessions on each are those of the protocol with that day's antennas."""

import json
import math
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_networks import SmallNetwork, deployed
from small_worlds import check_two_worlds, make_settings, make_world, table
from test_sessions import check_world

from generators.mobility.itinerary import make_trail, position
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.plan import CellFault
from generators.radio.coverage import pixel_at
from generators.sessions.deployment import Deployment, with_faults
from generators.sessions.learning_antennas import LearningAntennas
from generators.sessions.load import Talk, talk_on_day

LEARNING = (
    "generator.network.antenna.pattern=ellipse",
    "generator.network.antenna.eccentricity=0.5",
    "generator.network.antenna.learning.step=0.2",
)
DAYS = 10
SMALL = ("generator.num_users=30", "generator.num_towers=5", "generator.network.propagation.resolution_m=1000")
TURNED = CellFault(1, DAY_MS + 6 * HOUR_MS, 2 * DAY_MS + 6 * HOUR_MS, "turned", turned_deg=90.0, incident=0)


def even_talk(users: int) -> Talk:
    return Talk(np.ones(users), np.zeros(users, np.int64), np.full((1, 48), 1 / 24), np.zeros(users, np.int64))


@pytest.fixture(scope="module")
def learning() -> tuple[Deployment, LearningAntennas]:
    settings, _ = make_settings(*SMALL, *LEARNING)
    found = deployed(settings)
    network = with_faults(found.network, found.plant, settings, [TURNED])
    return found, LearningAntennas(settings.network, found.plant, network, even_talk(30), [TURNED])


def test_sessions_of_each_day_are_those_of_the_protocol_with_its_antennas(
    learning: tuple[Deployment, LearningAntennas],
) -> None:
    found, antennas = learning
    powers = []
    for day, network in zip(range(4), antennas.days(), strict=False):
        plant, _ = antennas.patterns[day]
        starts = [day * DAY_MS + hour * HOUR_MS for hour in (3, 8, 17)]
        calls = [(user, 7 + user, start, 900_000) for user, start in enumerate(starts)]
        small = SmallNetwork(found._replace(plant=plant, network=network), calls, (TURNED,))
        for done in (False, True):
            held, _ = check_world(small, done)
        powers.append([call[0].power for call in held])
    assert powers[0] != powers[3]


def test_the_traffic_of_a_day_is_that_of_a_plain_loop(learning: tuple[Deployment, LearningAntennas]) -> None:
    found, _ = learning
    folk, radio, trail = found.network.folk, found.network.radio, make_trail()
    expected = np.zeros(radio.columns * radio.rows)
    for user in range(30):
        for hour in range(24):
            x, y = position(user, 2 * DAY_MS + hour * HOUR_MS + HOUR_MS // 2, folk, trail)
            expected[pixel_at(x, y, radio)] += 1 / 24 / 24
    assert talk_on_day(2, even_talk(30), folk, radio) == pytest.approx(expected)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A world whose antennas are omnidirectional at first, one a site."""
    folder = tmp_path_factory.mktemp("learns") / "world"
    few = ("generator.num_users=150", f"generator.days={DAYS}", "generator.num_towers=6", "generator.macro_share=1")
    how = ("generator.network.sites.sectors=1", "generator.network.propagation.resolution_m=1000")
    learns = (LEARNING[0], "generator.network.antenna.learning.step=0.15", "generator.anomaly_ratio=0")
    make_world(folder, *few, *how, *learns)
    return folder


def test_the_table_of_patterns_tells_what_each_antenna_was_and_gained(world: Path) -> None:
    patterns = table(world, "antenna_patterns")
    assert patterns.height == 6 * DAYS
    starts = json.loads((world / "data" / "clock.json").read_text())["start_ms"]
    assert patterns["window_start"].dt.epoch("ms").unique().sort().to_list() == [
        starts + d * DAY_MS for d in range(DAYS)
    ]
    assert patterns.filter(pl.col("window_start") == pl.col("window_start").min())["eccentricity"].max() == 0
    focus = [
        [row["eccentricity"] * f(math.radians(row["azimuth_deg"])) for f in (math.sin, math.cos)]
        for row in patterns.to_dicts()
    ]
    moves = np.hypot(*(np.reshape(focus, (DAYS, 6, 2))[1:] - np.reshape(focus, (DAYS, 6, 2))[:-1]).transpose(2, 0, 1))
    assert moves.max() <= 0.15 + 1e-9
    assert moves.max() == pytest.approx(0.15)
    assert (patterns["optimum_db"] >= patterns["gain_db"] - 1e-9).all()
    by_day = patterns.group_by("window_start", maintain_order=True).agg(
        gain=(pl.col("gain_db") * pl.col("reachable_erlang")).sum() / pl.col("reachable_erlang").sum(),
        best=(pl.col("optimum_db") * pl.col("reachable_erlang")).sum() / pl.col("reachable_erlang").sum(),
    )
    missing = by_day["best"] - by_day["gain"]
    assert by_day["gain"][0] == pytest.approx(0)
    assert missing[DAYS - 1] < missing[0] / 3


@pytest.mark.slow
def test_learning_keeps_the_law_of_two_worlds(tmp_path: Path) -> None:
    how = (*LEARNING, "generator.num_users=300", "generator.days=7", "generator.num_towers=7", "anomaly=[long_call]")
    make_world(tmp_path / "dirty", *how)
    make_world(tmp_path / "clean", *how, "generator.anomaly_ratio=0")
    check_two_worlds(tmp_path / "dirty", tmp_path / "clean")
    assert table(tmp_path / "dirty", "antenna_patterns").equals(table(tmp_path / "clean", "antenna_patterns"))
