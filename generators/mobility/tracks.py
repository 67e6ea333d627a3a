"""Movements of users over a span of time, as the points where they start, arrive and change direction."""

from typing import Any

import numpy as np

from bench.scene import Tracks
from generators.mobility.itinerary import (
    BEGINS,
    COUNT,
    ENDS,
    FROM_X,
    FROM_Y,
    TO_X,
    TO_Y,
    Residents,
    Trail,
    make_trail,
    on_leg,
    plan,
    position,
)
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel


def tracks(users: Any, start_ms: int, end_ms: int, folk: Residents) -> Tracks:
    """Return the movements of users within [start_ms, end_ms] [ms since the start of the world].

    Parameters
    ----------
    users
        Shape (n,), int64: numbers of the users.
    start_ms, end_ms
        The span.
    folk
        All users.
    """
    world, many = (folk, make_trail()), np.zeros(len(users), np.int64)
    _trace(users, (start_ms, end_ms), world, (np.zeros_like(many), *_room(0)), many)
    first = np.concatenate([[0], np.cumsum(many)])
    times, points = _room(int(first[-1]))
    _trace(users, (start_ms, end_ms), world, (first[:-1].copy(), times, points), many)
    return Tracks(first, times, points)


def _room(points: int) -> tuple[Any, Any]:
    return np.empty(points, np.int64), np.empty((points, 2), np.float32)


@kernel
def _trace(
    users: Any, span: tuple[int, int], world: tuple[Residents, Trail], out: tuple[Any, Any, Any], many: Any
) -> None:
    """Write the points of each user from its first place in `out` on, where there is room; fill in their number."""
    first, times, points = out
    for i in range(users.shape[0]):
        many[i] = _walk(users[i], span, world, (first[i], times, points))


@kernel
def _walk(user: int, span: tuple[int, int], world: tuple[Residents, Trail], out: tuple[int, Any, Any]) -> int:
    """Write the points of a user where there is room, and return their number."""
    start, end = span
    folk, trail = world
    many = _point(0, start, position(user, start, folk, trail), out)
    shift = folk.shift_ms[user]
    for day in range((start - shift) // DAY_MS, (end - shift) // DAY_MS + 1):
        midnight = day * DAY_MS + shift
        if start < midnight <= end:
            if folk.plane.wrap:  # the last way home of a day may end at home beyond the edge
                many = _point(many, midnight, position(user, midnight - 1, folk, trail), out)
            many = _point(many, midnight, (folk.home[user, 0], folk.home[user, 1]), out)
        plan(user, day, folk, trail)
        for leg in range(trail.of[COUNT]):
            many = _leg(many, leg, span, trail, out)
    return many


@kernel
def _leg(many: int, leg: int, span: tuple[int, int], trail: Trail, out: tuple[int, Any, Any]) -> int:
    """Write the beginning and the end of a leg, as far as they are within the span."""
    legs, (start, end) = trail.legs, span
    begins, ends = int(legs[leg, BEGINS]), int(legs[leg, ENDS])
    if ends <= start or begins >= end:
        return many
    if begins >= start:
        many = _point(many, begins, (legs[leg, FROM_X], legs[leg, FROM_Y]), out)
    if ends > end:
        return _point(many, end, on_leg(leg, end, trail), out)
    return _point(many, ends, (legs[leg, TO_X], legs[leg, TO_Y]), out)


@kernel
def _point(many: int, moment: int, where: tuple[float, float], out: tuple[int, Any, Any]) -> int:
    first, times, points = out
    if first + many < times.shape[0]:
        times[first + many] = moment
        points[first + many, 0], points[first + many, 1] = where
    return many + 1
