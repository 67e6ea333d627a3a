"""Movements of a user during a day: the legs between places, and the position at any moment.

A user's day runs from midnight to midnight on its own clock, and begins and ends at home. Nothing is stored: a day is a
function of (seed, user, day), computed when needed and kept until another day is needed.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.mobility.places import MobilityParameters, choose_place, place_at, truncated_power
from generators.model.clock import DAY_MS, HOUR_MS
from generators.model.compiled import kernel
from generators.model.rng import Purpose, philox, uniform
from generators.radio.plane import Plane, shortest

MOST_LEGS = 64
STANDING = -1
BEGINS, ENDS, FROM_X, FROM_Y, TO_X, TO_Y = range(6)
USER, DAY, COUNT = range(3)
MOST_TRIPS = 8
USUAL_TRIPS = 2
"""Assumed number of trips per day, from which the number of known places follows."""
_TRIP = np.uint64(Purpose.TRIP)
_DAY_OFFSET = 1 << 20
_WORK_FROM_H, _WORK_LATEST_H = 6.0, 9.5
_FREE_FROM_H, _FREE_LATEST_H = 15.5, 18.5
_IDLE_FROM_H, _IDLE_LATEST_H = 8.0, 15.0
_LAST_TRIP_H, _HOME_BY_H = 21.0, 22.5


class Residents(NamedTuple):
    """Homes, work places and clocks of all users, which determine their movements; N users."""

    seed: Any
    home: Any
    """Shape (N, 2), float64 [m]."""
    work: Any
    """Shape (N, 2), float64 [m]."""
    shift_ms: Any
    """Shape (N,), int64: by how much each user's clock is behind the world's."""
    still: Any
    """Shape (N,), bool: whether each user never leaves home."""
    first_weekday: int
    """Day of the week of day 0; 0 is Monday."""
    ways: MobilityParameters
    plane: Plane


class Trail(NamedTuple):
    """Work space for the legs of one user's day; each thread has its own."""

    legs: Any
    """Shape (most, 6), float64: begin and end [ms], from x and y, to x and y [m]."""
    of: Any
    """Shape (3,), int64: the user, the day, and the number of legs."""


def make_trail() -> Trail:
    """Allocate the work space for one user's day."""
    return Trail(np.empty((MOST_LEGS, 6)), np.full(3, STANDING, np.int64))


@kernel
def locate(user: int, moment: int, folk: Residents, trail: Trail) -> tuple[int, int]:
    """Return the leg on which a user is at a moment [ms], and until when that is so.

    Returns
    -------
    tuple
        Number of the leg in `trail`, or `STANDING`; and the end of the leg, or of the stay (within the user's day).
    """
    day = (moment - folk.shift_ms[user]) // DAY_MS
    if trail.of[USER] != user or trail.of[DAY] != day:
        plan(user, day, folk, trail)
    for leg in range(trail.of[COUNT]):
        if moment < trail.legs[leg, BEGINS]:
            return STANDING, int(trail.legs[leg, BEGINS])
        if moment < trail.legs[leg, ENDS]:
            return leg, int(trail.legs[leg, ENDS])
    return STANDING, int((day + 1) * DAY_MS + folk.shift_ms[user])


@kernel
def position(user: int, moment: int, folk: Residents, trail: Trail) -> tuple[float, float]:
    """Return the position of a user at a moment [m]; on a torus it may lie beyond the edge."""
    leg, _ = locate(user, moment, folk, trail)
    if leg != STANDING:
        return on_leg(leg, moment, trail)
    x, y = folk.home[user, 0], folk.home[user, 1]
    for before in range(trail.of[COUNT]):
        if trail.legs[before, ENDS] <= moment:
            x, y = trail.legs[before, TO_X], trail.legs[before, TO_Y]
    return x, y


@kernel
def on_leg(leg: int, moment: int, trail: Trail) -> tuple[float, float]:
    """Return the position of a user on a leg at a moment [m]."""
    legs = trail.legs
    share = (moment - legs[leg, BEGINS]) / (legs[leg, ENDS] - legs[leg, BEGINS])
    x = legs[leg, FROM_X] + share * (legs[leg, TO_X] - legs[leg, FROM_X])
    return x, legs[leg, FROM_Y] + share * (legs[leg, TO_Y] - legs[leg, FROM_Y])


@kernel
def plan(user: int, day: int, folk: Residents, trail: Trail) -> None:
    """Compute the legs of a user's day."""
    trail.of[USER], trail.of[DAY], trail.of[COUNT] = user, day, 0
    if folk.still[user]:
        return
    if folk.ways.waypoint:
        _wander(user, day, folk, trail)
    else:
        _live(user, day, folk, trail)


@kernel
def _live(user: int, day: int, folk: Residents, trail: Trail) -> None:
    """Add the legs of a daily routine: to work or not, then trips while there is time, then home."""
    midnight = day * DAY_MS + folk.shift_ms[user]
    words = philox(folk.seed, _TRIP, np.uint64(user), np.uint64(day + _DAY_OFFSET), np.uint64(0))
    now = midnight + _between(_IDLE_FROM_H, _IDLE_LATEST_H, uniform(words[1]))
    if (folk.first_weekday + day) % 7 < 5 and uniform(words[0]) < folk.ways.at_work:
        leaves = midnight + _between(_WORK_FROM_H, _WORK_LATEST_H, uniform(words[1]))
        there = _go(leaves, folk.work[user, 0], folk.work[user, 1], folk, trail)
        now = max(there, midnight + _between(_FREE_FROM_H, _FREE_LATEST_H, uniform(words[2])))
    for trip in range(MOST_TRIPS):
        words = philox(folk.seed, _TRIP, np.uint64(user), np.uint64(day + _DAY_OFFSET), np.uint64(1 + trip))
        if uniform(words[0]) >= folk.ways.another_trip or now >= midnight + _LAST_TRIP_H * HOUR_MS:
            break
        place = choose_place(folk.seed, user, float(day * USUAL_TRIPS + trip), uniform(words[1]), folk.ways)
        home = (folk.home[user, 0], folk.home[user, 1])
        x, y = place_at(folk.seed, user, place, home, (folk.ways, folk.plane))
        now = _go(now, x, y, folk, trail)
        stay = truncated_power(uniform(words[2]), 1.0 + folk.ways.stay_beta, folk.ways.stay_ms[0], folk.ways.stay_ms[1])
        now = max(now, min(now + int(stay), midnight + int(_HOME_BY_H * HOUR_MS)))
    if trail.of[COUNT] > 0:
        _go(now, folk.home[user, 0], folk.home[user, 1], folk, trail)


@kernel
def _between(low_h: float, high_h: float, u: float) -> int:
    return int((low_h + (high_h - low_h) * u) * HOUR_MS)


@kernel
def _go(leaves: int, x: float, y: float, folk: Residents, trail: Trail) -> int:
    """Add a leg to a place and return when it ends; nothing is added if the user is already there."""
    count, user = trail.of[COUNT], trail.of[USER]
    from_x, from_y = folk.home[user, 0], folk.home[user, 1]
    if count > 0:
        from_x, from_y = trail.legs[count - 1, TO_X], trail.legs[count - 1, TO_Y]
    dx = shortest(x - from_x, folk.plane.width, folk.plane.wrap)
    dy = shortest(y - from_y, folk.plane.height, folk.plane.wrap)
    distance = math.sqrt(dx * dx + dy * dy)
    if distance < 1.0:
        return leaves
    speed = folk.ways.speeds[0] if distance <= folk.ways.walk_up_to else folk.ways.speeds[1]
    end_of_day = (trail.of[DAY] + 1) * DAY_MS + folk.shift_ms[user]
    arrives = int(min(leaves + int(distance / speed) + 1, end_of_day))
    _add(leaves, arrives, (from_x, from_y), (from_x + dx, from_y + dy), trail)
    return arrives


@kernel
def _add(leaves: int, arrives: int, start: tuple[float, float], goal: tuple[float, float], trail: Trail) -> None:
    leg = trail.of[COUNT]
    trail.legs[leg, BEGINS], trail.legs[leg, ENDS] = leaves, arrives
    trail.legs[leg, FROM_X], trail.legs[leg, FROM_Y] = start
    trail.legs[leg, TO_X], trail.legs[leg, TO_Y] = goal
    trail.of[COUNT] = leg + 1


@kernel
def _wander(user: int, day: int, folk: Residents, trail: Trail) -> None:
    """Add legs from way-point to way-point without pauses, until the end of the day."""
    now = day * DAY_MS + folk.shift_ms[user]
    end = now + DAY_MS
    home = (folk.home[user, 0], folk.home[user, 1])
    here = home
    for leg in range(MOST_LEGS):
        words = philox(folk.seed, _TRIP, np.uint64(user), np.uint64(day + _DAY_OFFSET), np.uint64(leg))
        arrives = now + 1 + int(uniform(words[0]) * folk.ways.goal_ms)
        if leg == MOST_LEGS - 1 or arrives + folk.ways.goal_ms >= end:
            _add(now, end, here, home, trail)
            return
        dx = (2.0 * uniform(words[1]) - 1.0) * folk.ways.goal_m
        dy = (2.0 * uniform(words[2]) - 1.0) * folk.ways.goal_m
        goal = _inside(here[0] + dx, here[1] + dy, folk.plane)
        _add(now, arrives, here, goal, trail)
        now, here = arrives, goal


@kernel
def _inside(x: float, y: float, plane: Plane) -> tuple[float, float]:
    if plane.wrap:
        return x, y
    return min(max(x, 0.0), plane.width), min(max(y, 0.0), plane.height)


@kernel
def _positions(users: Any, moments: Any, folk: Residents, trail: Trail, out: Any) -> None:
    for i in range(users.shape[0]):
        out[i] = position(users[i], moments[i], folk, trail)


def positions(users: Any, moments: Any, folk: Residents) -> Any:
    """Return the positions of users at moments [ms since the start of the world]; shape (n, 2) [m]."""
    out = np.empty((len(users), 2))
    _positions(users, moments, folk, make_trail(), out)
    return out
