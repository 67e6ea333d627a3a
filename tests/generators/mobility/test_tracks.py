"""Movements as points and straight lines: the same positions as by the itinerary, at every moment."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import deployed
from small_worlds import make_settings

from bench.scene import Tracks
from generators.mobility.itinerary import positions
from generators.mobility.tracks import tracks
from generators.model.clock import DAY_MS

SMALL = "generator.num_users=300"
WORLDS = ((SMALL,), (SMALL, "generator.network.wrap=true"), ("generator=demo_2016",))
SHARES = st.lists(st.floats(0, 1), max_size=8)


@pytest.fixture(scope="module", params=WORLDS, ids=["bounded", "torus", "way-points"])
def folk(request: pytest.FixtureRequest) -> Any:
    return deployed(make_settings(*request.param)[0]).network.folk


def interpolated(found: Tracks, user: int, moment: int) -> Any:
    """Return where a user is, by a look at its points one by one."""
    low, high = int(found.first[user]), int(found.first[user + 1])
    last = max((i for i in range(low, high) if found.time_ms[i] <= moment), default=low)
    if last + 1 == high:
        return found.position_m[last]
    begins, ends = found.time_ms[last], found.time_ms[last + 1]
    share = (moment - begins) / (ends - begins)
    return found.position_m[last] + share * (found.position_m[last + 1] - found.position_m[last])


@given(st.integers(0, 99), st.integers(0, 5 * DAY_MS), st.integers(1, 2 * DAY_MS), SHARES)
@settings(max_examples=150, deadline=None)
def test_between_the_points_users_move_in_straight_lines(
    folk: Any, user: int, start: int, length: int, shares: list[float]
) -> None:
    found = tracks(np.array([user, (user + 1) % 100]), start, start + length, folk)
    for share in (0.0, *shares):
        moment = start + int(share * (length - 1))
        exact = positions(np.array([user]), np.array([moment]), folk)[0]
        assert interpolated(found, 0, moment) == pytest.approx(exact, abs=0.1)


def test_points_are_in_order_and_within_the_span(folk: Any) -> None:
    found = tracks(np.arange(100), DAY_MS // 3, 2 * DAY_MS, folk)
    assert found.first[0] == 0
    assert found.first[-1] == len(found.time_ms) == len(found.position_m)
    assert (found.time_ms[found.first[:-1]] == DAY_MS // 3).all()
    assert found.time_ms.max() <= 2 * DAY_MS
    steps = np.diff(found.time_ms)
    steps[found.first[1:-1] - 1] = 0
    assert (steps >= 0).all()


def test_the_movements_of_a_part_are_those_of_the_whole(folk: Any) -> None:
    """A day in two halves: a chunk does not depend on where the one before ended."""
    users, noon = np.arange(100), DAY_MS // 2
    whole, half = tracks(users, 0, DAY_MS, folk), tracks(users, noon, DAY_MS, folk)
    for user in range(100):
        for moment in range(noon, DAY_MS, DAY_MS // 7):
            assert interpolated(half, user, moment) == pytest.approx(interpolated(whole, user, moment), abs=0.5)
