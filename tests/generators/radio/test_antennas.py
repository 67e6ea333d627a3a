"""Antennas against literal figures of the standard and of the seed, and steering against known optima."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.radio.antenna import Ellipse, ellipse_gain, mean_gain, sector_gain_db, shotgun
from generators.radio.steering import MOST_ECCENTRIC, beam, mean_gain_of_series, served_db, steer

WIDTHS = (65.0, 65.0)
ECCENTRICITY = st.floats(0, 0.97)
ANGLE = st.floats(-math.pi, math.pi)


def test_the_element_of_38901() -> None:
    assert sector_gain_db(0, 0, WIDTHS, 30) == 0
    assert sector_gain_db(60, 0, WIDTHS, 30) == sector_gain_db(-60, 0, WIDTHS, 30) == pytest.approx(-10.2, abs=0.05)
    assert sector_gain_db(32.5, 0, WIDTHS, 30) == sector_gain_db(0, 32.5, WIDTHS, 30) == pytest.approx(-3.0)
    assert sector_gain_db(180, 90, WIDTHS, 30) == -30


def test_the_seeds_default_antenna_has_a_beam_of_32_degrees_and_its_nulls() -> None:
    degrees = np.arange(-180, 180, 0.01)
    gains = np.array([ellipse_gain(math.radians(d), 0.9, 3) for d in degrees])
    half_power = degrees[gains >= 0.5]
    assert half_power.max() - half_power.min() == pytest.approx(32, abs=0.5)
    for null in (30, 90, 150):
        assert ellipse_gain(math.radians(null), 0.9, 3) < 1e-9
        assert ellipse_gain(math.radians(-null), 0.9, 3) < 1e-9


@given(ECCENTRICITY, ANGLE)
def test_the_plain_ellipse_normalised_is_its_closed_form(e: float, angle: float) -> None:
    closed = math.sqrt(1 - e * e) / (1 - e * math.cos(angle))
    assert Ellipse(e, 0.0).gain(angle) == pytest.approx(closed, rel=1e-12)


@given(st.floats(0.01, 0.97), st.integers(0, 8))
def test_the_mean_over_all_directions_is_one(e: float, twice_lobes: int) -> None:
    antenna = Ellipse(e * math.cos(1), e * math.sin(1), twice_lobes / 2)
    angles = np.linspace(-math.pi, math.pi, 4001)[:-1]
    mean = mean_gain(e, twice_lobes / 2)
    relative = [ellipse_gain(a, e, twice_lobes / 2) / mean for a in angles]
    assert np.mean(relative) == pytest.approx(1, rel=0.01)
    assert antenna.gain(1.0) == pytest.approx(relative[2000], rel=1e-4)


@given(st.floats(0, 40))
def test_front_to_back(decibels: float) -> None:
    e = shotgun(decibels)
    ratio = ellipse_gain(0, e, 0) / ellipse_gain(math.pi, e, 0)
    assert 10 * math.log10(ratio) == pytest.approx(decibels, abs=1e-6)
    assert ratio == pytest.approx((1 + e) / (1 - e), rel=1e-9)


def test_an_omnidirectional_antenna_falls_six_decibels_a_doubling() -> None:
    omni = Ellipse()
    assert omni.power_dbm(100, 0, 24, 1) - omni.power_dbm(0, -200, 24, 1) == pytest.approx(6.02, abs=0.001)
    assert omni.power_dbm(1, 0, 24, 1) == omni.power_dbm(0.1, 0, 24, 1) == pytest.approx(43.8, abs=0.01)
    heard = [r for r in range(1, 10_000) if omni.power_dbm(r, 0, 24, 1) >= -27.5]
    assert max(heard) == pytest.approx(3700, rel=0.01)  # the demo's reach


def test_scaled_to_its_peak_an_antenna_can_only_lose_to_omni() -> None:
    aimed = Ellipse(0.9, 0.0, normalise="peak")
    assert max(aimed.gain(a) for a in np.linspace(-3, 3, 101)) <= 1
    assert Ellipse(0.9, 0.0).gain(0.0) == pytest.approx(math.sqrt(19))


@given(st.floats(-0.6, 0.6), st.floats(-0.6, 0.6), st.floats(-2, 2), st.floats(-2, 2))
def test_steering_moves_the_second_focus_and_stays_an_ellipse(x: float, y: float, dx: float, dy: float) -> None:
    moved = steer(Ellipse(x, y), dx, dy)
    assert moved.eccentricity <= MOST_ECCENTRIC + 1e-12
    if math.hypot(x + dx, y + dy) <= MOST_ECCENTRIC:
        assert (moved.focus_x, moved.focus_y) == pytest.approx((x + dx, y + dy))
    elif math.hypot(x + dx, y + dy) > 1e-6:
        assert moved.boresight == pytest.approx(math.atan2(y + dy, x + dx))


@given(ANGLE, ECCENTRICITY, ANGLE)
def test_the_optimiser_gives_a_single_target_all_that_geometry_allows(aim: float, e: float, target: float) -> None:
    start = Ellipse(e * math.cos(aim), e * math.sin(aim))
    end = beam(start, [(500 * math.cos(target), 500 * math.sin(target))])[-1]
    best = math.sqrt((1 + MOST_ECCENTRIC) / (1 - MOST_ECCENTRIC))
    assert 10 * math.log10(best / end.gain(target)) < 0.05


@pytest.mark.parametrize("half_angle", [0.3, 0.7, 1.2])
def test_two_targets_get_all_that_geometry_allows(half_angle: float) -> None:
    """With targets at +-a, any focus whose component along the bisector is cos a is best: both then share 1 / sin a."""
    crowd = [(math.cos(half_angle), math.sin(half_angle)), (2 * math.cos(half_angle), -2 * math.sin(half_angle))]
    path = beam(Ellipse(0.1, 0.05), crowd)
    assert path[-1].focus_x == pytest.approx(math.cos(half_angle), abs=0.01)
    served = [served_db(a, [half_angle, -half_angle]) for a in path]
    assert served[-1] == pytest.approx(-10 * math.log10(math.sin(half_angle)), abs=0.01)
    assert served == sorted(served)


def best_by_brute_force(lobes: float, directions: "np.ndarray[tuple[int], np.dtype[np.float64]]", most: float) -> float:
    """Return the best mean gain of a crowd over 2,400 boresights and 30 eccentricities [dB]."""
    turn = directions[None, :] - np.linspace(0, 2 * math.pi, 2400, endpoint=False)[:, None]
    best = -math.inf
    for e in np.linspace(1e-3, most, 30).tolist():
        gain = np.abs(np.cos(lobes * turn)) * (1 - e) / (1 - e * np.cos(turn)) / mean_gain(e, lobes)
        best = max(best, float(10 * np.log10(np.maximum(gain, 1e-20)).mean(axis=1).max()))
    return best


@pytest.mark.parametrize(("lobes", "many"), [(0, 7), (0.5, 3), (1, 2), (2.5, 2), (3, 1), (3, 6)])
def test_a_beam_with_lobes_is_as_good_as_a_search_of_all_positions(lobes: float, many: int) -> None:
    rng = np.random.default_rng(many)
    directions = rng.uniform(-math.pi, math.pi, many)
    path = beam(Ellipse(0.3, 0.0, lobes), [(math.cos(a), math.sin(a)) for a in directions.tolist()], most=0.9)
    served = [served_db(antenna, directions.tolist()) for antenna in path]
    assert served[-1] > best_by_brute_force(lobes, directions, 0.9) - 0.5
    assert min(served) == served[0]
    assert path[0] == Ellipse(0.3, 0.0, lobes)


@given(st.floats(0, 0.98), st.integers(0, 12))
def test_the_mean_gain_of_the_series_is_that_of_the_pattern(e: float, half_lobes: int) -> None:
    assert mean_gain_of_series(e, half_lobes / 2) == pytest.approx(mean_gain(e, half_lobes / 2), rel=1e-4)
