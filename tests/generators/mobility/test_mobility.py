"""Where people are: continuous, home at night, and as far about as published."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest
from small_networks import deployed
from small_worlds import make_settings

from generators.mobility.itinerary import BEGINS, COUNT, ENDS, FROM_X, TO_X, make_trail, plan, positions
from generators.mobility.places import choose_place, known_places, place_at
from generators.model.clock import DAY_MS, HOUR_MS

FASTEST_M_MS = 40 / 1000


@pytest.fixture(scope="module")
def folk() -> Any:
    return deployed(make_settings("generator.num_users=500")[0]).network.folk


@pytest.fixture(scope="module")
def wanderers() -> Any:
    return deployed(make_settings("generator=demo_2016")[0]).network.folk


@given(st.integers(0, 99), st.integers(0, 5 * DAY_MS), st.booleans())
@settings(max_examples=200, deadline=None)
def test_nobody_jumps(folk: Any, wanderers: Any, user: int, start: int, wanders: bool) -> None:
    people = wanderers if wanders else folk
    moments = start + np.arange(0, 2 * HOUR_MS, 30_000)
    found = positions(np.full(len(moments), user), moments, people)
    steps = np.hypot(*np.diff(found, axis=0).T)
    if wanders:  # on a torus the day may end at home by way of the edge
        steps = np.minimum(steps, np.abs(steps - people.plane.width))
    assert (steps <= FASTEST_M_MS * 30_000).sum() >= len(steps) - wanders


def test_everybody_is_home_at_its_own_midnight_and_often_at_work_by_day(folk: Any) -> None:
    everybody = np.arange(len(folk.home))
    midnight = 3 * DAY_MS + folk.shift_ms
    assert positions(everybody, midnight, folk) == pytest.approx(folk.home)
    assert positions(everybody, midnight + 12 * HOUR_MS, folk)[folk.still] == pytest.approx(folk.home[folk.still])
    users = np.flatnonzero(~folk.still)
    midnight = midnight[users]
    noon = positions(users, midnight + 12 * HOUR_MS, folk)  # a Thursday
    assert (np.hypot(*(noon - folk.work[users]).T) < 1).mean() == pytest.approx(0.7, abs=0.07)
    sunday = positions(users, midnight + 3 * DAY_MS + 12 * HOUR_MS, folk)
    assert (np.hypot(*(sunday - folk.work[users]).T) < 1).mean() < 0.05


def test_the_legs_of_a_day_follow_each_other_from_home_to_home(folk: Any) -> None:
    trail, with_legs = make_trail(), 0
    for user in range(500):
        plan(user, 2, folk, trail)
        legs = trail.legs[: trail.of[COUNT]]
        with_legs += len(legs) > 0
        assert (legs[:, BEGINS] < legs[:, ENDS]).all()
        assert (legs[1:, BEGINS] >= legs[:-1, ENDS]).all()
        assert legs[1:, FROM_X] == pytest.approx(legs[:-1, TO_X])
        if len(legs):
            assert (legs[0, FROM_X], legs[-1, TO_X]) == pytest.approx((folk.home[user, 0],) * 2)
    assert with_legs > 300


def test_places_lie_as_far_from_home_as_published(folk: Any) -> None:
    """Gonzalez 2008: density (r + 1.5 km)^-1.75; on a torus, where none is drawn again."""
    plane = folk.plane._replace(wrap=True)
    found = [place_at(folk.seed, u, p, (0.0, 0.0), (folk.ways, plane)) for u in range(200) for p in range(1, 11)]
    distance = np.hypot(*np.array(found).T)
    low, high = 1500**-0.75, 81_500**-0.75
    expected = 1 - (np.power(distance + 1500, -0.75) - high) / (low - high)
    assert kstest(expected, "uniform").pvalue > 0.001


def test_people_get_about_as_far_as_published(folk: Any) -> None:
    """Radius of gyration over four weeks, beside the 5.8 km scale of Gonzalez 2008."""
    moments = np.arange(0, 28 * DAY_MS, 2 * HOUR_MS)
    radii = []
    for user in range(200):
        found = positions(np.full(len(moments), user), moments, folk)
        radii.append(math.sqrt(found.var(axis=0).sum()) / 1000)
    assert 1 < np.median(radii) < 12
    assert np.percentile(radii, 90) > 2 * np.median(radii) * 0.8


def test_exploration_slows_down_as_published(folk: Any) -> None:
    """Song 2010: S grows as trips^(1 / 1.21); returns follow Zipf's law, so that few places get most visits."""
    known = [known_places(10.0**power, folk.ways) for power in (2, 3, 4, 5)]
    slopes = np.diff(np.log10(known))
    assert slopes[-1] == pytest.approx(1 / 1.21, abs=0.02)
    places = [choose_place(folk.seed, 3, float(trip), (trip * 0.618) % 1, folk.ways) for trip in range(2000)]
    visits = np.sort(np.unique(places, return_counts=True)[1])[::-1]
    assert visits[0] / len(places) > 0.15
    assert len(visits) > 100
