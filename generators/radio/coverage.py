"""The radio map: for each pixel of the plane the cells that a phone hears there, strongest first.

Planning tools work like this, and so do phones here: power is that of the pixel's middle. The map is what makes signal
reports cheap, and it is exact: a cell that is not in a pixel's list is below the threshold there, or weaker than all in
a full list.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from generators.compiled import kernel
from generators.radio.cells import Air, Cells, antenna_gain_db, could_reach, site_loss_db
from generators.radio.plane import shortest, wrapped

NO_CELL = -1
BAND = 32
"""Rows of pixels worked on at a time."""
_FURTHEST_M = 1e6


class RadioMap(NamedTuple):
    """Who is heard where; P pixels in rows from the south-west."""

    cell: Any
    """Shape (P, K), int32: strongest first, the lower number where two are equal; `NO_CELL` beyond the last."""
    power: Any
    """Shape (P, K), float32 [dBm]; minus infinity beyond the last."""
    columns: int
    rows: int
    width: float
    height: float
    wrap: bool


def make_map(cells: Cells, air: Air, resolution_m: float, candidates: int, workers: int = 2) -> RadioMap:
    """Measure every cell everywhere it could be heard.

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
    radio = RadioMap(cell, power, columns, rows, plane.width, plane.height, plane.wrap)
    reach = reach_m(cells, air)
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(partial(_fill_band, cells, air, reach, radio), range(0, rows, BAND)))
    return radio


def reach_m(cells: Cells, air: Air) -> Any:
    """Return how far away a phone could hear each site in the best case, by bisection to a metre; shape (S,) [m]."""
    most = -10 * math.log10(1 - air.eccentricity) + 10 * math.log10(max(air.ellipse_scale, 1.0))
    out = np.empty(len(cells.x))
    _reach(cells, air, most, out)
    return out


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


def _fill_band(cells: Cells, air: Air, reach: Any, radio: RadioMap, first_row: int) -> None:
    """Fill some rows; only sites that reach them are asked."""
    last_row = min(first_row + BAND, radio.rows)
    edge = radio.height / radio.rows
    middle = (first_row + last_row) / 2 * edge
    away = np.abs(cells.y - middle)
    if radio.wrap:
        away = np.minimum(away, radio.height - away)
    near = np.flatnonzero(away <= reach + (last_row - first_row) / 2 * edge)
    _fill(near, first_row, last_row, (cells, air, reach, radio))


@kernel
def _fill(near: Any, first_row: int, last_row: int, network: tuple[Cells, Air, Any, RadioMap]) -> None:
    cells, _, reach, radio = network
    for row in range(first_row, last_row):
        y = (row + 0.5) * radio.height / radio.rows
        for column in range(radio.columns):
            x = (column + 0.5) * radio.width / radio.columns
            for i in range(near.shape[0]):
                site = near[i]
                dx = shortest(x - cells.x[site], radio.width, radio.wrap)
                dy = shortest(y - cells.y[site], radio.height, radio.wrap)
                if dx * dx + dy * dy <= reach[site] ** 2:
                    _hear(site, dx, dy, row * radio.columns + column, network)


@kernel
def _hear(site: int, dx: float, dy: float, pixel: int, network: tuple[Cells, Air, Any, RadioMap]) -> None:
    """Put the cells of a site into a pixel's list."""
    cells, air, _, radio = network
    loss = site_loss_db(site, dx, dy, cells, air)
    for cell in range(cells.first[site], cells.first[site + 1]):
        power = cells.eirp[cell] + antenna_gain_db(cell, dx, dy, cells, air) - loss
        if power >= air.threshold:
            insert(radio.cell[pixel], radio.power[pixel], cell, np.float32(power))


def turned_rows(cell: int, cells: Cells, air: Air, radio: RadioMap) -> tuple[Any, Any, Any]:
    """Return what is heard where one cell's antenna looks elsewhere.

    Parameters
    ----------
    cell
        Whose antenna it is.
    cells
        The network with the antenna turned.
    air, radio
        The air, and the map of the normal network.

    Returns
    -------
    tuple
        Pixels in which anything is heard otherwise, shape (n,); the cells heard there and their powers, shape (n, K).
    """
    pixels = radio.columns * radio.rows
    power = np.full(pixels, -np.inf, np.float32)
    reach = reach_m(cells, air)
    _hear_one(cell, (cells, air, reach, radio), power)
    names, powers = radio.cell[:pixels], radio.power[:pixels]
    place = (names == cell).argmax(axis=1)
    listed = names[np.arange(pixels), place] == cell
    before = np.where(listed, powers[np.arange(pixels), place], -np.inf)
    changed = np.flatnonzero((power != before) & (listed | (power > powers[:, -1])))
    names, powers = names[changed], powers[changed]
    lost = listed[changed] & (names[:, -1] != NO_CELL) & (power[changed] < powers[:, -1])
    _put(cell, power[changed], names, powers)
    _hear_all(changed, lost, (cells, air, reach, radio._replace(cell=names, power=powers)))
    return changed, names, powers


@kernel
def _hear_one(cell: int, network: tuple[Cells, Air, Any, RadioMap], power: Any) -> None:
    """Measure one cell in every pixel in which it could be heard."""
    cells, air, reach, radio = network
    site = cells.site[cell]
    for pixel in range(power.shape[0]):
        dx, dy = _away(pixel, site, cells, radio)
        if dx * dx + dy * dy <= reach[site] ** 2:
            loss = site_loss_db(site, dx, dy, cells, air)
            heard = cells.eirp[cell] + antenna_gain_db(cell, dx, dy, cells, air) - loss
            if heard >= air.threshold:
                power[pixel] = np.float32(heard)


@kernel
def _away(pixel: int, site: int, cells: Cells, radio: RadioMap) -> tuple[float, float]:
    """Return how far east and north of a site the middle of a pixel is [m]."""
    x = (pixel % radio.columns + 0.5) * radio.width / radio.columns
    y = (pixel // radio.columns + 0.5) * radio.height / radio.rows
    dx = shortest(x - cells.x[site], radio.width, radio.wrap)
    return dx, shortest(y - cells.y[site], radio.height, radio.wrap)


@kernel
def _put(cell: int, power: Any, names: Any, powers: Any) -> None:
    """Give a cell another power in each list."""
    for i in range(power.shape[0]):
        kept = 0
        for j in range(names.shape[1]):
            if names[i, j] != cell:
                names[i, kept], powers[i, kept] = names[i, j], powers[i, j]
                kept += 1
        for j in range(kept, names.shape[1]):
            names[i, j], powers[i, j] = NO_CELL, -np.inf
        if power[i] > -np.inf:
            insert(names[i], powers[i], cell, power[i])


@kernel
def _hear_all(pixels: Any, chosen: Any, network: tuple[Cells, Air, Any, RadioMap]) -> None:
    """Fill some lists anew: those whose weakest cell gave way to one that was in none."""
    cells, _, reach, radio = network
    for i in range(pixels.shape[0]):
        if not chosen[i]:
            continue
        radio.cell[i, :], radio.power[i, :] = NO_CELL, -np.inf
        for site in range(reach.shape[0]):
            dx, dy = _away(pixels[i], site, cells, radio)
            if dx * dx + dy * dy <= reach[site] ** 2:
                _hear(site, dx, dy, i, network)


@kernel
def insert(names: Any, powers: Any, cell: int, power: Any) -> None:
    """Put a cell into a full-length list by falling power, then by number; the weakest falls out."""
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
    """Return the pixel of a point [m]; beyond a bounded region, the nearest."""
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
    """Return the middle of each pixel; shape (P, 2) [m]."""
    row, column = np.divmod(np.arange(radio.rows * radio.columns), radio.columns)
    return np.column_stack([(column + 0.5) * radio.width / radio.columns, (row + 0.5) * radio.height / radio.rows])
