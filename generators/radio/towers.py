"""The towers: their positions by district, their neighbours, and the tower nearest to a point."""

from typing import Any, NamedTuple

import numpy as np

from generators.model.rng import Purpose, uniforms
from generators.radio.plane import make_plane, to_degrees, to_metres
from generators.radio.sites import place_sites
from generators.settings.world import DISTRICTS, RegionSettings, WorldSettings

HOME_DISTRICTS = {"downtown": 0.15, "commercial": 0.15, "residential": 0.40, "suburban": 0.30}
WORK_DISTRICTS = {"downtown": 0.40, "commercial": 0.40, "residential": 0.15, "suburban": 0.05}
MOST_NEIGHBOURS = 4


class Towers(NamedTuple):
    """The towers (sites), T of them; without a network each is one cell."""

    latitude: Any
    """Shape (T,), float64 [deg]."""
    longitude: Any
    """Shape (T,), float64 [deg]."""
    district: Any
    """Shape (T,), int8: index into `DISTRICTS`."""
    macro: Any
    """Shape (T,), bool."""
    neighbours: Any
    """Shape (T, at most 4), int32: the nearest other towers, nearest first; no column with a single tower."""
    metres: Any
    """Shape (T, 2), float64: position on the plane [m]."""


def make_towers(settings: WorldSettings) -> Towers:
    """Place the towers: uniformly within districts drawn by their shares, or as the site settings say.

    Raises
    ------
    UserError
        When a site file has a fault.
    """
    plane, placed = make_plane(settings.region, settings.network.wrap), settings.network.sites.placement
    if settings.network.radio and placed != "districts":
        metres = place_sites(settings.network.sites, plane, settings.num_towers, settings.seed)
        latitude, longitude = to_degrees(plane, metres)
        district = _district_of(settings.region, latitude, longitude)
    else:
        draws = uniforms(settings.seed, Purpose.TOWER, settings.num_towers)
        shares = {name: box.share for name, box in settings.region.districts.items()}
        district, latitude, longitude = draw_places(settings.region, shares, draws)
        metres = to_metres(plane, latitude, longitude)
    count = len(metres)
    many = min(MOST_NEIGHBOURS, count - 1)
    neighbours = _nearest(metres, metres, np.arange(2, many + 2)) if many else np.zeros((1, 0))
    macro = uniforms(settings.seed, Purpose.TOWER, count)[:, 3] < settings.macro_share
    return Towers(latitude, longitude, district, macro, neighbours.astype(np.int32), metres)


def nearest_towers(towers: Towers, points: Any) -> Any:
    """Return the tower nearest to each point [m]; shape (n,), int32."""
    return _nearest(towers.metres, points, 1).astype(np.int32)


def _nearest(places: Any, points: Any, rank: Any) -> Any:
    """Return the index of the first, second, ... nearest tower to each point; shape (n,), or (n, ranks)."""
    from scipy.spatial import cKDTree  # noqa: PLC0415 - takes a while

    return cKDTree(places).query(points, k=rank)[1]


def draw_places(region: RegionSettings, shares: dict[str, float], draws: Any) -> tuple[Any, Any, Any]:
    """Return district, latitude and longitude for rows of three uniforms."""
    bounds = np.cumsum([shares[name] for name in DISTRICTS])
    district = np.searchsorted(bounds[:-1], draws[:, 0], side="right")
    boxes = [region.districts[name] for name in DISTRICTS]
    corners = np.array([[b.lat_min, b.lat_max, b.lon_min, b.lon_max] for b in boxes])[district]
    latitude = corners[:, 0] + draws[:, 1] * (corners[:, 1] - corners[:, 0])
    longitude = corners[:, 2] + draws[:, 2] * (corners[:, 3] - corners[:, 2])
    return district.astype(np.int8), latitude, longitude


def _district_of(region: RegionSettings, latitude: Any, longitude: Any) -> Any:
    """Return the first district that holds each point, the last where none does; shape (n,), int8."""
    boxes = [region.districts[name] for name in DISTRICTS]
    holds = [
        (b.lat_min <= latitude) & (latitude <= b.lat_max) & (b.lon_min <= longitude) & (longitude <= b.lon_max)
        for b in boxes[:-1]
    ]
    return np.select(holds, list(range(len(holds))), default=len(boxes) - 1).astype(np.int8)
