"""Antennas that learn: the iteration of Kent and Tyler against plain sums and brute force, and the map that follows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import deployed
from small_worlds import make_settings

from bench.faults import faults_of
from generators.radio.antenna import Ellipse
from generators.radio.cells import ELLIPSE, Cells, antenna_gain_db
from generators.radio.coverage import make_map, pixel_middles
from generators.radio.learning import (
    BINS,
    UNIT,
    best_focus,
    foci,
    learned,
    losses_of,
    map_of,
    mean_gain_db,
    step_towards,
    with_foci,
)
from generators.radio.plant import Plant
from generators.radio.steering import beam, served_db
from generators.settings.radio import LearningSettings

MOST = 0.8
LEARNING = (
    "generator.network.antenna.pattern=ellipse",
    "generator.network.antenna.eccentricity=0.4",
    "generator.network.antenna.learning.step=0.1",
)
SMALL = ("generator.num_users=20", "generator.num_towers=6", "generator.network.propagation.resolution_m=2500")
CROWDS = st.lists(st.tuples(st.integers(0, BINS - 1), st.floats(0.01, 1.0)), min_size=1, max_size=8)
FOCI = st.tuples(st.floats(0, MOST), st.floats(-math.pi, math.pi))


def weights(crowd: list[tuple[int, float]]) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    weight = np.zeros(BINS)
    for place, much in crowd:
        weight[place] += much
    return np.asarray(weight / weight.sum())


def at(distance: float, direction: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([distance * math.cos(direction), distance * math.sin(direction)])


@given(CROWDS, FOCI)
def test_the_mean_gain_is_that_of_the_antenna_pattern(
    crowd: list[tuple[int, float]], focus: tuple[float, float]
) -> None:
    antenna, weight = Ellipse(*at(*focus).tolist()), weights(crowd)
    plain = sum(w * served_db(antenna, [math.atan2(UNIT[i, 1], UNIT[i, 0])]) for i, w in enumerate(weight) if w)
    assert mean_gain_db(at(*focus), weight) == pytest.approx(plain, abs=1e-9)


@given(CROWDS, FOCI, st.floats(0.001, 2))
def test_no_step_is_longer_than_allowed_or_serves_the_traffic_worse(
    crowd: list[tuple[int, float]], focus: tuple[float, float], step: float
) -> None:
    weight, here = weights(crowd), at(*focus)
    moved = step_towards(weight, here, step, MOST)
    assert math.hypot(*moved) <= MOST + 1e-12
    assert math.hypot(*(moved - here)) <= step + 1e-12
    assert mean_gain_db(moved, weight) >= mean_gain_db(here, weight) - 1e-9


@given(CROWDS, FOCI)
def test_the_optimum_is_at_least_that_of_brute_force(
    crowd: list[tuple[int, float]], focus: tuple[float, float]
) -> None:
    weight = weights(crowd)
    best = mean_gain_db(best_focus(weight, at(*focus), MOST), weight)
    tried = [at(r, a) for r in np.linspace(0, MOST, 9) for a in np.linspace(-math.pi, math.pi, 36, endpoint=False)]
    assert best >= max(mean_gain_db(each, weight) for each in tried) - 0.01


def test_the_optimum_is_where_a_beam_ends() -> None:
    rng = np.random.default_rng(4)
    place = rng.integers(0, BINS // 3, 40)
    crowd = [(float(UNIT[i, 0]), float(UNIT[i, 1])) for i in place]
    weight = np.bincount(place, minlength=BINS) / len(place)
    end = beam(Ellipse(0.1, 0.1), crowd, most=MOST)[-1]
    assert best_focus(weight, at(0.1, 0.0), MOST) == pytest.approx([end.focus_x, end.focus_y], abs=0.01)


@pytest.fixture(scope="module")
def plant() -> Plant:
    return deployed(make_settings(*SMALL, *LEARNING)[0]).plant


def test_the_map_of_other_antennas_is_that_which_is_computed_anew(plant: Plant) -> None:
    losses = losses_of(plant.cells, plant.air, plant.radio)
    rng = np.random.default_rng(1)
    for _ in range(3):
        focus = rng.uniform(-0.5, 0.5, (len(plant.cells.site), 2))
        cells = with_foci(plant.cells, focus)
        expected = make_map(cells, plant.air, 2500.0, plant.radio.cell.shape[1])
        found = map_of(cells, plant.air, losses, plant.radio)
        assert (found.cell == expected.cell).all()
        assert (found.power == expected.power).all()
        assert foci(cells)[cells.kind == ELLIPSE] == pytest.approx(focus[cells.kind == ELLIPSE], abs=1e-12)
    assert (found.cell != plant.radio.cell).any()


@pytest.mark.parametrize("threshold", [-110.0, -85.0])
def test_what_an_antenna_learns_is_the_traffic_of_a_plain_loop(threshold: float) -> None:
    how = f"generator.network.propagation.threshold_dbm={threshold}"
    plant = deployed(make_settings(*SMALL, *LEARNING, how)[0]).plant
    cells, air, radio = plant.cells, plant.air, plant.radio
    losses = losses_of(cells, air, radio)
    traffic = np.random.default_rng(2).exponential(1.0, len(radio.cell))
    found = learned((cells, air, radio), losses, traffic, LearningSettings(step=0.1, margin_db=6.0))
    middles, sites = pixel_middles(radio), [set(each.pixel.tolist()) for each in losses]
    gains = [
        [antenna_gain_db(c, *away(middle, cells, c), cells, air) for c in range(len(cells.site))] for middle in middles
    ]
    for cell in range(0, len(cells.site), 3):
        site = int(cells.site[cell])
        mates = range(cells.first[site], cells.first[site + 1])
        reachable = served = counted = gain = 0.0
        for pixel, much in enumerate(traffic):
            heard = dict(zip(radio.cell[pixel].tolist(), radio.power[pixel].tolist(), strict=True))
            heard.pop(-1, None)
            served += much * (bool(heard) and radio.cell[pixel, 0] == cell)
            if heard.get(cell, -math.inf) >= max(heard.values(), default=math.inf) - 6:
                counts = min(1.0, 10 ** ((air.threshold + 6 - heard[cell]) / 10))
            elif not heard and pixel in sites[site] and cell == max(mates, key=lambda mate: gains[pixel][mate]):
                counts = 1.0
            else:
                continue
            reachable, counted = reachable + much, counted + much * counts
            gain += much * counts * gains[pixel][cell]
        assert (found.traffic[cell], found.served[cell]) == pytest.approx((reachable, served))
        if cells.kind[cell] == ELLIPSE and reachable:
            assert found.gain_db[cell] == pytest.approx(gain / counted, abs=0.05)  # directions are counted in bins
            assert found.optimum_db[cell] >= found.gain_db[cell] - 1e-9
        else:
            assert (found.gain_db[cell], found.optimum_db[cell]) == (0, 0)


def away(middle: "np.ndarray[tuple[int], np.dtype[np.float64]]", cells: Cells, cell: int) -> tuple[float, float]:
    site = cells.site[cell]
    return float(middle[0] - cells.x[site]), float(middle[1] - cells.y[site])


def test_antennas_that_cannot_learn_are_reported_all_at_once() -> None:
    settings, _ = make_settings(*LEARNING)
    assert not list(faults_of(settings, "generator"))
    antenna = settings.network.antenna
    antenna.pattern, antenna.lobes, antenna.normalise, antenna.eccentricity = "sector", 2.0, "peak", 0.9
    messages = [str(each) for each in faults_of(settings, "generator")]
    assert len(messages) == 4
    assert messages[0].startswith("generator.network.antenna.pattern must be ellipse where antennas learn")
    assert messages[1].startswith("generator.network.antenna.lobes must be 0")
    assert messages[2].startswith("generator.network.antenna.normalise must be mean")
    assert messages[3].startswith("generator.network.antenna.learning.most_eccentricity must be at least")
