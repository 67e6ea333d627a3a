"""Where things are: towers by district, the cell that serves a place, homes and work places."""

from typing import Any, NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from generators.rng import Purpose, uniforms
from generators.settings import DISTRICTS, RegionSettings, WorldSettings
from generators.social.communities import NOBODY, Society

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of the mean radius of the Earth (6,371 km)."""
HOME_DISTRICTS = {"downtown": 0.15, "commercial": 0.15, "residential": 0.40, "suburban": 0.30}
WORK_DISTRICTS = {"downtown": 0.40, "commercial": 0.40, "residential": 0.15, "suburban": 0.05}
MOST_NEIGHBOURS = 4
OWN_HOME, OWN_WORK = 1, 1
SHARED = 0


class Towers(NamedTuple):
    """The towers, each with one cell; T of them."""

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


def make_towers(settings: WorldSettings) -> Towers:
    """Place the towers, uniformly within districts drawn by their shares."""
    draws = uniforms(settings.seed, Purpose.TOWER, settings.num_towers)
    shares = {name: box.share for name, box in settings.region.districts.items()}
    district, latitude, longitude = _places(settings.region, shares, draws)
    metres = _metres(settings.region, latitude, longitude)
    many = min(MOST_NEIGHBOURS, settings.num_towers - 1)
    neighbours = cKDTree(metres).query(metres, k=np.arange(2, many + 2))[1] if many else np.zeros((1, 0))
    macro = draws[:, 3] < settings.macro_share
    return Towers(latitude, longitude, district, macro, neighbours.astype(np.int32))


def homes_and_work(settings: WorldSettings, towers: Towers, family: Any, work: Any) -> tuple[Any, Any]:
    """Return each user's home cell and work cell; shape (N,), int32.

    Parameters
    ----------
    settings, towers
        The world.
    family, work
        Shape (N,): the number of a user's family and of its work group, -1 when it is in none. They share the place.
    """
    tree = cKDTree(_metres(settings.region, towers.latitude, towers.longitude))
    cells = []
    for purpose, shares, group in ((Purpose.HOME, HOME_DISTRICTS, family), (Purpose.WORK, WORK_DISTRICTS, work)):
        alone = uniforms(settings.seed, purpose, len(group), OWN_HOME)
        shared = uniforms(settings.seed, purpose, len(group), SHARED)[group]
        draws = np.where((group == NOBODY)[:, None], alone, shared)
        _, latitude, longitude = _places(settings.region, shares, draws)
        cells.append(tree.query(_metres(settings.region, latitude, longitude))[1].astype(np.int32))
    return cells[0], cells[1]


def group_numbers(society: Society, layer: int) -> Any:
    """Return the number of each user's group in a layer (where the group begins), -1 outside; shape (N,)."""
    return society.first[:, layer].astype(np.int64)


def _places(region: RegionSettings, shares: dict[str, float], draws: Any) -> tuple[Any, Any, Any]:
    """Return district, latitude and longitude for rows of three uniforms."""
    bounds = np.cumsum([shares[name] for name in DISTRICTS])
    district = np.searchsorted(bounds[:-1], draws[:, 0], side="right")
    boxes = [region.districts[name] for name in DISTRICTS]
    corners = np.array([[b.lat_min, b.lat_max, b.lon_min, b.lon_max] for b in boxes])[district]
    latitude = corners[:, 0] + draws[:, 1] * (corners[:, 1] - corners[:, 0])
    longitude = corners[:, 2] + draws[:, 2] * (corners[:, 3] - corners[:, 2])
    return district.astype(np.int8), latitude, longitude


def _metres(region: RegionSettings, latitude: Any, longitude: Any) -> Any:
    """Return positions on the tangent plane at the middle of the region; shape (n, 2) [m]."""
    boxes = list(region.districts.values())
    middle = (min(b.lat_min for b in boxes) + max(b.lat_max for b in boxes)) / 2
    return np.column_stack([longitude * np.cos(np.radians(middle)), latitude]) * METRES_PER_DEGREE
