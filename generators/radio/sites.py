"""Positions of sites in patterns over the whole rectangle, or from a file."""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.faults import UserError
from generators.model.numerics import normal_quantiles
from generators.model.rng import Purpose, uniforms
from generators.radio.plane import METRES_PER_DEGREE, Plane, to_metres, wrapped
from generators.settings.radio import SiteSettings

OPENCELLID = (
    "radio", "mcc", "net", "area", "cell", "unit", "lon", "lat", "range", "samples", "changeable", "created",
    "updated", "averageSignal",
)  # fmt: skip
_LON, _LAT = OPENCELLID.index("lon"), OPENCELLID.index("lat")
_ROW_SPACING = math.sqrt(3) / 2
"""Distance of the rows of a hexagonal lattice, relative to the distance of neighbours."""


def place_sites(settings: SiteSettings, plane: Plane, count: int, seed: int) -> Any:
    """Return the positions of sites; shape (n, 2) [m].

    Parameters
    ----------
    settings
        Site settings with any placement but `districts`.
    plane
        The plane.
    count
        Number of sites; with a file, at most.
    seed
        Of the world.

    Raises
    ------
    UserError
        When a site file cannot be read or has a fault, naming its rows and columns.
    """
    if settings.placement == "file":
        return read_sites(Path(settings.file), plane)[:count]
    draws = uniforms(seed, Purpose.SITE, count)
    if settings.placement == "poisson":
        return draws[:, :2] * [plane.width, plane.height]
    if settings.placement == "clustered":
        return _clustered(settings.cluster_km * 1000, plane, draws)
    if settings.placement == "hexagonal":
        return _hexagonal(plane, count)
    return _grid(settings, plane, draws)


def _grid(settings: SiteSettings, plane: Plane, draws: Any) -> Any:
    """Return rows of sites, equally far from each other and from the edges; each site, or each step, is jittered."""
    count = len(draws)
    columns = settings.columns or max(1, round(math.sqrt(count * plane.width / plane.height)))
    rows = -(-count // columns)
    number = np.arange(count)
    steps = np.column_stack([number % columns + 1, number // columns + 1])
    spacing = np.array([plane.width / (columns + 1), plane.height / (rows + 1)])
    if settings.spacing_m:
        spacing[:] = settings.spacing_m
    furthest = steps.max(axis=0) * spacing
    if not plane.wrap and (furthest[0] > plane.width or furthest[1] > plane.height):
        size = f"{plane.width / 1000:.1f} x {plane.height / 1000:.1f} km"
        raise UserError(
            f"generator.network.sites.spacing_m must leave {count} sites in rows of {columns} within {size}, "
            f"got {settings.spacing_m:g}"
        )
    moved = settings.jitter_m * (2 * draws[:, :2] - 1)
    if settings.jitter_of == "step":
        firsts = np.cumsum(moved[::columns], axis=0)
        moved = np.concatenate([
            first + np.cumsum(np.vstack([np.zeros(2), row[1:]]), axis=0)
            for first, row in zip(firsts, np.split(moved, range(columns, count, columns)), strict=True)
        ])  # fmt: skip
    return _inside(steps * spacing + moved, plane)


def _hexagonal(plane: Plane, count: int) -> Any:
    """Return the points nearest the centre of a triangular lattice with the density of the sites."""
    apart = math.sqrt(plane.width * plane.height / count / _ROW_SPACING)
    reach = int(max(plane.width, plane.height) / apart / _ROW_SPACING) + 2
    across, up = (axis.ravel() for axis in np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1)))
    points = np.column_stack([apart * (across + 0.5 * (up % 2)), apart * _ROW_SPACING * up])
    relative = np.abs(points / [plane.width, plane.height])
    order = np.lexsort((points[:, 0], points[:, 1], relative.max(axis=1).round(9)))
    return _inside(points[order[:count]] + [plane.width / 2, plane.height / 2], plane)


def _clustered(spread: float, plane: Plane, draws: Any) -> Any:
    """Return sites from a normal distribution around the centre, held within the bounds."""
    normal = normal_quantiles(draws[:, :2].ravel().copy()).reshape(-1, 2)
    return _inside(spread * normal + [plane.width / 2, plane.height / 2], plane)


def _inside(points: Any, plane: Plane) -> Any:
    sizes = (plane.width, plane.height)
    return np.array([[wrapped(float(v), size, plane.wrap) for v, size in zip(p, sizes, strict=True)] for p in points])


def read_sites(path: Path, plane: Plane) -> Any:
    """Return the sites of a file with OpenCelliD's columns; cells at the same place are one site; shape (n, 2) [m].

    Raises
    ------
    UserError
        When it cannot be read, is empty, or has a fault: the first row at fault is named, with its column.
    """
    try:
        with path.open(newline="") as lines:
            found = list(dict.fromkeys(_positions(path, csv.reader(lines), plane)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"generator.network.sites.file must be a readable CSV file, got {path} ({error})") from error
    if not found:
        raise UserError(f"{path}: a site file must have at least one row below its header")
    degrees = np.array(found)
    return to_metres(plane, degrees[:, 1], degrees[:, 0])


def _positions(path: Path, rows: Iterator[list[str]], plane: Plane) -> Iterator[tuple[float, float]]:
    """Yield longitude and latitude of each row."""
    header = next(rows, [])
    if tuple(header) != OPENCELLID:
        raise UserError(f"{path}, row 1: the columns must be {','.join(OPENCELLID)}, got {','.join(header)!r}")
    east = plane.longitude + plane.width / plane.metres_per_degree_east
    north = plane.latitude + plane.height / METRES_PER_DEGREE
    for number, row in enumerate(rows, start=2):
        if len(row) != len(OPENCELLID):
            raise UserError(f"{path}, row {number}: must have {len(OPENCELLID)} columns, got {len(row)}")
        lon = _number(row[_LON], f"{path}, row {number}, column lon", plane.longitude, east)
        lat = _number(row[_LAT], f"{path}, row {number}, column lat", plane.latitude, north)
        yield lon, lat


def _number(text: str, where: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise UserError(f"{where} must be in [{low:.6f}, {high:.6f}], which is the world, got {text!r}")
    return value
