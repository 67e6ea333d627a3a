"""The radio map: for each pixel of the plane, the cells that a phone hears there, strongest first.

As in network planning tools, the power in a pixel is that at its centre, also for phones. The map makes signal reports
cheap to compute, and it is exact: a cell that is not in a pixel's list is below the threshold there, or weaker than all
in a full list.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from generators.model.compiled import kernel
from generators.radio.cells import Air, Cells, antenna_gain_db, could_reach, site_loss_db
from generators.radio.plane import shortest, wrapped

NO_CELL = -1
BAND = 32
"""Number of rows of pixels computed at a time."""
ROUNDING_DB = 1e-3
"""Upper bound of the rounding error of a power in single precision."""
_FURTHEST_M = 1e6


class RadioMap(NamedTuple):
    """The cells heard in each pixel, with their powers; P pixels in rows from the south-west."""

    cell: Any
    """Shape (P, K), int32: strongest first, of equal ones the lower number first; `NO_CELL` beyond the last."""
    power: Any
    """Shape (P, K), float32 [dBm]; minus infinity beyond the last."""
    columns: int
    rows: int
    width: float
    height: float
    wrap: bool


class Reach(NamedTuple):
    """Upper bounds of the range and power of each site, whatever the direction of its antennas; shape (S,) each."""

    far_m: Any
    """float64: largest distance at which a phone could hear the site [m]."""
    sent_dbm: Any
    """float64: largest power that any of its antennas radiates in any direction [dBm]."""


def make_map(cells: Cells, air: Air, resolution_m: float, candidates: int, workers: int = 2) -> RadioMap:
    """Compute the power of every cell in each pixel where it could be heard.

    Parameters
    ----------
    cells, air
        The network.
    resolution_m
        Edge of a pixel, at most [m].
    candidates
        The most cells that are kept of a pixel (K).
    workers
        Threads.
    """
    plane = air.plane
    columns, rows = (max(1, math.ceil(size / resolution_m - 1e-9)) for size in (plane.width, plane.height))
    cell = np.full((rows * columns, candidates), NO_CELL, np.int32)
    power = np.full((rows * columns, candidates), -np.inf, np.float32)
    radio = RadioMap(
        cell=cell, power=power, columns=columns, rows=rows, width=plane.width, height=plane.height, wrap=plane.wrap
    )
    reach = make_reach(cells, air)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(partial(_fill_band, cells, air, reach, radio), range(0, rows, BAND)))
    return radio


def make_reach(cells: Cells, air: Air) -> Reach:
    """Return the largest distance at which a phone could hear each site, by bisection to a metre."""
    far, sent = np.empty(len(cells.x)), cells.eirp[cells.first[:-1]] + air.most_gain_db
    _reach(cells, air, air.most_gain_db, far)
    return Reach(far, sent)


@kernel
def _reach(cells: Cells, air: Air, most_gain_db: float, out: Any) -> None:
    for site in range(out.shape[0]):
        near, far = 0.0, _FURTHEST_M
        while far - near > 1.0:
            middle = (near + far) / 2.0
            if could_reach(site, middle, cells, air, most_gain_db):
                near = middle
            else:
                far = middle
        out[site] = far


def _fill_band(cells: Cells, air: Air, reach: Reach, radio: RadioMap, first_row: int) -> None:
    """Fill some rows of the map, from the sites within reach of them."""
    last_row = min(first_row + BAND, radio.rows)
    edge = radio.height / radio.rows
    middle = (first_row + last_row) / 2 * edge
    away = np.abs(cells.y - middle)
    if radio.wrap:
        away = np.minimum(away, radio.height - away)
    near = np.flatnonzero(away <= reach.far_m + (last_row - first_row) / 2 * edge)
    _fill(near, first_row, last_row, (cells, air, reach, radio))


@kernel
def _fill(near: Any, first_row: int, last_row: int, network: tuple[Cells, Air, Reach, RadioMap]) -> None:
    cells, _, _, radio = network
    for row in range(first_row, last_row):
        for column in range(radio.columns):
            pixel = row * radio.columns + column
            for i in range(near.shape[0]):
                hear(near[i], away_from(near[i], pixel, cells, radio), pixel, network)


@kernel
def away_from(site: int, pixel: int, cells: Cells, radio: RadioMap) -> tuple[float, float]:
    """Return how far east and north of a site the centre of a pixel is [m]."""
    x = (pixel % radio.columns + 0.5) * radio.width / radio.columns
    y = (pixel // radio.columns + 0.5) * radio.height / radio.rows
    dx = shortest(x - cells.x[site], radio.width, radio.wrap)
    return dx, shortest(y - cells.y[site], radio.height, radio.wrap)


@kernel
def hear(site: int, away: tuple[float, float], row: int, network: tuple[Cells, Air, Reach, RadioMap]) -> None:
    """Insert the cells of a site into a row of the map, computing the power only where it may matter.

    Parameters
    ----------
    site
        The site of the cells.
    away
        Position relative to the site, east and north [m].
    row
        Row of the map.
    network
        The network, and the map.
    """
    (dx, dy), (cells, air, reach, radio) = away, network
    if dx * dx + dy * dy > reach.far_m[site] ** 2:
        return
    names, powers = radio.cell[row], radio.power[row]
    most = reach.sent_dbm[site] - max(air.threshold, float(powers[-1]) - ROUNDING_DB)
    loss = site_loss_db(site, away, most, cells, air)
    if loss > most:
        return
    for cell in range(cells.first[site], cells.first[site + 1]):
        power = cells.eirp[cell] + antenna_gain_db(cell, dx, dy, cells, air) - loss
        if power >= air.threshold and not _is_in(cell, names):
            insert(names, powers, cell, np.float32(power))


@kernel
def _is_in(cell: int, names: Any) -> bool:
    found = False
    for i in range(names.shape[0]):
        found = found or names[i] == cell
    return found


@kernel
def insert(names: Any, powers: Any, cell: int, power: Any) -> None:
    """Insert a cell into a full-length list sorted by falling power, then by number; the weakest is removed."""
    i = names.shape[0] - 1
    if not _before(cell, power, names[i], powers[i]):
        return
    while i > 0 and _before(cell, power, names[i - 1], powers[i - 1]):
        names[i], powers[i] = names[i - 1], powers[i - 1]
        i -= 1
    names[i], powers[i] = cell, power


@kernel
def _before(cell: int, power: Any, other: int, others: Any) -> bool:
    return bool(power > others or (power == others and (cell < other or other == NO_CELL)))


@kernel
def pixel_at(x: float, y: float, radio: RadioMap) -> int:
    """Return the pixel of a point [m]; the nearest one for a point beyond a bounded region."""
    x, y = wrapped(x, radio.width, radio.wrap), wrapped(y, radio.height, radio.wrap)
    column = min(int(x * radio.columns / radio.width), radio.columns - 1)
    row = min(int(y * radio.rows / radio.height), radio.rows - 1)
    return row * radio.columns + column


@kernel
def _look_up(points: Any, radio: RadioMap, out: Any) -> None:
    for i in range(points.shape[0]):
        out[i] = pixel_at(points[i, 0], points[i, 1], radio)


def pixels_at(points: Any, radio: RadioMap) -> Any:
    """Return the pixel of each point; shape (n,), int64."""
    out = np.empty(len(points), np.int64)
    _look_up(points, radio, out)
    return out


def pixel_middles(radio: RadioMap) -> Any:
    """Return the centre of each pixel; shape (P, 2) [m]."""
    row, column = np.divmod(np.arange(radio.rows * radio.columns), radio.columns)
    return np.column_stack([(column + 0.5) * radio.width / radio.columns, (row + 0.5) * radio.height / radio.rows])
