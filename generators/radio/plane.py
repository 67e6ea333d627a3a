"""The plane of a world: a rectangle in metres, bounded or wrapped around, and its position on the globe."""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.settings.world import RegionSettings

METRES_PER_DEGREE = 111_195.0
"""Metres per degree of latitude, on a sphere with the mean radius of the Earth (6,371 km)."""


class Plane(NamedTuple):
    """A rectangle whose south-western corner is the origin; x grows eastwards, y northwards [m]."""

    latitude: float
    """Latitude of the origin [deg]."""
    longitude: float
    """Longitude of the origin [deg]."""
    metres_per_degree_east: float
    width: float
    height: float
    wrap: bool
    """Whether the opposite edges meet (a torus)."""


def make_plane(region: RegionSettings, wrap: bool) -> Plane:
    """Return the rectangle around all districts, on the tangent plane at its middle."""
    boxes = list(region.districts.values())
    south, north = min(b.lat_min for b in boxes), max(b.lat_max for b in boxes)
    west, east = min(b.lon_min for b in boxes), max(b.lon_max for b in boxes)
    scale = METRES_PER_DEGREE * math.cos(math.radians((south + north) / 2))
    return Plane(south, west, scale, (east - west) * scale, (north - south) * METRES_PER_DEGREE, wrap)


def to_metres(plane: Plane, latitude: Any, longitude: Any) -> Any:
    """Return positions on the plane; shape (n, 2) [m]."""
    east = (longitude - plane.longitude) * plane.metres_per_degree_east
    return np.column_stack([east, (latitude - plane.latitude) * METRES_PER_DEGREE])


def to_degrees(plane: Plane, metres: Any) -> tuple[Any, Any]:
    """Return latitude and longitude [deg] of positions on the plane; shape (n,) each."""
    latitude = plane.latitude + metres[:, 1] / METRES_PER_DEGREE
    return latitude, plane.longitude + metres[:, 0] / plane.metres_per_degree_east


@kernel
def shortest(difference: float, period: float, wrap: bool) -> float:
    """Return a difference of coordinates along the shortest way: on a torus, to the nearest image."""
    if not wrap:
        return difference
    return difference - period * math.floor(difference / period + 0.5)


@kernel
def wrapped(coordinate: float, period: float, wrap: bool) -> float:
    """Return a coordinate moved into [0, period): by whole periods on a torus, else to the nearest bound."""
    if wrap:
        inside = coordinate - period * math.floor(coordinate / period)
        return inside if 0.0 <= inside < period else 0.0
    return min(max(coordinate, 0.0), period)


@kernel
def bearing_deg(dx: float, dy: float) -> float:
    """Return the direction of a vector, clockwise from north, in (-180, 180] [deg]."""
    return math.degrees(math.atan2(dx, dy))
