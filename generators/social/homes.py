"""Homes, work places and meeting places of users as points on the plane; ties fall with the square of the distance."""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.mobility.places import truncated_power
from generators.model.compiled import kernel
from generators.model.rng import Purpose, philox, uniform, uniforms
from generators.radio.plane import Plane, make_plane, shortest, to_metres, wrapped
from generators.radio.towers import HOME_DISTRICTS, WORK_DISTRICTS, draw_places
from generators.settings.world import WorldSettings

OWN, SHARED = 1, 0
WORK_PLACES_SEEN = 8
NEAR_M2 = 1e6
"""Square of the distance within which the length of the way to work does not matter [m^2]."""
CURVE_BITS = 16
"""Bits per coordinate of the Hilbert curve, which passes 2^16 x 2^16 points."""
_MEETING = np.uint64(Purpose.MEETING)


def home_places(settings: WorldSettings, family: Any) -> Any:
    """Return the position of each user's home [m]; members of a family share a home.

    Parameters
    ----------
    settings
        The world.
    family
        Shape (N,): number of each user's family, -1 when it is in none.
    """
    alone = uniforms(settings.seed, Purpose.HOME, len(family), OWN)
    shared = uniforms(settings.seed, Purpose.HOME, len(family), SHARED)[family]
    draws = np.where((family < 0)[:, None], alone, shared)
    return _on_plane(settings, HOME_DISTRICTS, draws)


def work_places(settings: WorldSettings, home_m: Any) -> Any:
    """Return each user's work place [m]: one of some candidates, weighted by inverse squared distance."""
    plane = make_plane(settings.region, settings.network.wrap)
    near, pull = settings.communities.reach_km, np.zeros(len(home_m))
    place = np.empty_like(home_m)
    for look in range(WORK_PLACES_SEEN if near else 1):
        draws = uniforms(settings.seed, Purpose.WORK, len(home_m), OWN + look)
        there = _on_plane(settings, WORK_DISTRICTS, draws)
        new = 1.0 / (NEAR_M2 + _squares(there, home_m, plane))
        pull += new
        taken = draws[:, 3] * pull < new
        place[taken] = there[taken]
    return place


def _squares(a: Any, b: Any, plane: Plane) -> Any:
    """Return the squared distance between points [m^2]; shape (n,)."""
    apart = np.abs(a - b)
    if plane.wrap:
        apart = np.minimum(apart, np.array([plane.width, plane.height]) - apart)
    return (apart * apart).sum(axis=1)


def _on_plane(settings: WorldSettings, shares: dict[str, float], draws: Any) -> Any:
    _, latitude, longitude = draw_places(settings.region, shares, draws)
    return to_metres(make_plane(settings.region, settings.network.wrap), latitude, longitude)


def along_curve(settings: WorldSettings, points: Any) -> Any:
    """Return the position of each point along a Hilbert curve: points close on the curve are close; shape (n,)."""
    out = np.empty(len(points), np.int64)
    _follow(points, make_plane(settings.region, settings.network.wrap), out)
    return out


def meeting_places(settings: WorldSettings, home_m: Any, number: int, company: Any) -> Any:
    """Return each user's meeting place for one purpose, at a power-law distance from home; shape (N, 2) [m].

    The distance between two who meet then falls as a power, too, and since there are d times as many people at a
    distance d, the chance of a tie falls by one power more: about d^-2 (Lambiotte et al., Physica A 387, 2008).

    Parameters
    ----------
    settings
        The world.
    home_m
        Shape (N, 2): where users live [m].
    number
        Of the purpose.
    company
        Shape (N,): with whom a user goes there, when not alone; itself at least.
    """
    least, most = settings.communities.reach_km
    out = np.empty_like(home_m)
    plane = make_plane(settings.region, settings.network.wrap)
    outing = Outing(
        seed=np.uint64(settings.seed),
        number=np.uint64(number),
        exponent=settings.communities.reach_exponent,
        least_m=least * 1000.0,
        most_m=most * 1000.0,
        together=settings.communities.together,
    )
    _go_out(outing, home_m, company, plane, out)
    return out


class Outing(NamedTuple):
    """Parameters of the meeting places for one purpose."""

    seed: Any
    """uint64."""
    number: Any
    """uint64: number of the purpose."""
    exponent: float
    """Exponent of the power law of the distance from home."""
    least_m: float
    most_m: float
    together: float
    """Share of users with companions who go to the companions' place."""


@kernel
def _go_out(outing: Outing, home_m: Any, company: Any, plane: Plane, out: Any) -> None:
    seed, number = outing.seed, outing.number
    for user in range(home_m.shape[0]):
        words = philox(seed, _MEETING, np.uint64(user), number, np.uint64(0))
        if company[user] != user and uniform(words[2]) < outing.together:
            words = philox(seed, _MEETING, np.uint64(company[user]), number, np.uint64(0))
        away = truncated_power(uniform(words[0]), outing.exponent, outing.least_m, outing.most_m)
        direction = 2.0 * math.pi * uniform(words[1])
        x, y = home_m[user, 0] + away * math.cos(direction), home_m[user, 1] + away * math.sin(direction)
        out[user, 0], out[user, 1] = _folded(x, plane.width, plane.wrap), _folded(y, plane.height, plane.wrap)


@kernel
def _folded(coordinate: float, length: float, wrap: bool) -> float:
    """Return a coordinate moved into the world: reflected at its edges, or by whole periods on a torus."""
    if wrap:
        return wrapped(coordinate, length, wrap)
    return abs(shortest(coordinate, 2.0 * length, True))


@kernel
def _follow(points: Any, plane: Plane, out: Any) -> None:
    cells = 1 << CURVE_BITS
    for i in range(points.shape[0]):
        x = min(max(int(points[i, 0] / plane.width * cells), 0), cells - 1)
        y = min(max(int(points[i, 1] / plane.height * cells), 0), cells - 1)
        out[i] = hilbert(x, y)


@kernel
def hilbert(x: int, y: int) -> int:
    """Return the position of a cell of a grid of 2^16 x 2^16 on the Hilbert curve (Math. Annalen 38, 1891)."""
    place, side = 0, 1 << (CURVE_BITS - 1)
    while side > 0:
        right, upper = int((x & side) > 0), int((y & side) > 0)
        place += side * side * ((3 * right) ^ upper)
        if not upper:
            if right:
                x, y = side - 1 - (x & (side - 1)), side - 1 - (y & (side - 1))
            x, y = y & (side - 1), x & (side - 1)
        side >>= 1
    return place
