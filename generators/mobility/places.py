"""Places known to each user: their positions, their number, and which of them a trip goes to.

Exploration and preferential return (Song et al., Nature Physics 6, 2010), as a function of the trip's number, so that
any moment can be computed directly: the number of known places is the model's mean, S' = exploration * S^-gamma a trip,
and a trip explores whenever that number passes a whole one. Each user began some trips ago.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.model.rng import Purpose, philox, uniform
from generators.radio.plane import Plane
from generators.settings.mobility import MobilitySettings

TRIPS_BEFORE = 400.0
"""Each user has made this many trips before the start of the world, and up to as many more."""
_FIRST_PLACES = 2.0
"""Number of places known from the beginning: home and work."""
_TRIES = 16
_AT = np.uint64(Purpose.PLACE_AT)


class MobilityParameters(NamedTuple):
    """Mobility settings as numbers, for the kernels."""

    waypoint: bool
    at_work: float
    another_trip: float
    growth: float
    """exploration * (1 + gamma)."""
    power: float
    """1 + gamma."""
    zipf: float
    beta: float
    r0: float
    """[m]."""
    farthest: float
    """[m]."""
    stay_beta: float
    stay_ms: tuple[float, float]
    speeds: tuple[float, float]
    """Walking and driving [m/ms]."""
    walk_up_to: float
    goal_m: float
    goal_ms: float


def make_mobility_parameters(settings: MobilitySettings) -> MobilityParameters:
    """Turn mobility settings into numbers for the kernels."""
    s = settings
    return MobilityParameters(
        waypoint=s.kind == "waypoint",
        at_work=s.at_work,
        another_trip=s.another_trip,
        growth=s.exploration * (1 + s.exploration_gamma),
        power=1 + s.exploration_gamma,
        zipf=s.visit_zipf if s.visit_zipf != 1 else 1 + 1e-9,
        beta=s.displacement_beta,
        r0=s.displacement_km * 1000,
        farthest=s.farthest_km * 1000,
        stay_beta=s.stay_beta,
        stay_ms=(s.shortest_stay_s * 1000, s.longest_stay_s * 1000),
        speeds=(s.walk_m_s / 1000, s.drive_m_s / 1000),
        walk_up_to=s.walk_up_to_m,
        goal_m=s.waypoint_m,
        goal_ms=s.waypoint_s * 1000,
    )


@kernel
def truncated_power(u: float, exponent: float, low: float, high: float) -> float:
    """Return the quantile at u in [0, 1) of the density x^-`exponent` between `low` and `high`; exponent not 1."""
    power = 1.0 - exponent
    bottom = low**power
    return float((bottom + u * (high**power - bottom)) ** (1.0 / power))


@kernel
def known_places(trips: float, ways: MobilityParameters) -> int:
    """Return the number of places that a user knows after so many trips; at least home and work."""
    return int((_FIRST_PLACES**ways.power + ways.growth * trips) ** (1.0 / ways.power))


@kernel
def choose_place(seed: Any, user: int, trip: float, u: float, ways: MobilityParameters) -> int:
    """Return the place to which trip number `trip` of the world goes; trips count from 1."""
    started = TRIPS_BEFORE * (1.0 + uniform(philox(seed, _AT, np.uint64(user), np.uint64(0), np.uint64(0))[3]))
    known = known_places(started + trip, ways)
    after = known_places(started + trip + 1.0, ways)
    if after > known:
        return after
    return int(truncated_power(u, ways.zipf, 1.0, known + 1.0))


@kernel
def place_at(
    seed: Any, user: int, place: int, home: tuple[float, float], world: tuple[MobilityParameters, Plane]
) -> tuple[float, float]:
    """Return the position of a user's place [m]; redrawn while it falls outside a bounded world.

    Parameters
    ----------
    seed
        Of the world.
    user, place
        Whose place, and its number from 1.
    home
        Where the user lives [m].
    world
        The settings, and the plane.
    """
    ways, plane = world
    x, y = home
    for attempt in range(_TRIES):
        words = philox(seed, _AT, np.uint64(user), np.uint64(place), np.uint64(attempt))
        away = truncated_power(uniform(words[0]), ways.beta, ways.r0, ways.farthest + ways.r0) - ways.r0
        direction = 2.0 * math.pi * uniform(words[1])
        x, y = home[0] + away * math.cos(direction), home[1] + away * math.sin(direction)
        if plane.wrap or (0.0 <= x <= plane.width and 0.0 <= y <= plane.height):
            return x, y
    return home
