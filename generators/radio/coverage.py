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
from generators.radio.cells import Air, Cells, antenna_gain_db, best_power_dbm, site_loss_db
from generators.radio.plane import shortest, wrapped

NO_CELL = -1
BAND = 32
"""Rows of pixels worked on at a time."""
RING_M = 100.0
"""Width of the rings in which an antenna's best case is known."""
OTHERWISE, LOST = 1, 2
"""What becomes of a pixel's list as an antenna turns: it changes, or is made anew, its weakest being unknown."""
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
    out = np.empty(len(cells.x))
    _reach(cells, air, _most_gain_db(air), out)
    return out


def _most_gain_db(air: Air) -> float:
    """Return a gain that no antenna exceeds [dB]."""
    return -10 * math.log10(1 - air.eccentricity) + 10 * math.log10(max(air.ellipse_scale, 1.0))


@kernel
def _reach(cells: Cells, air: Air, most_gain_db: float, out: Any) -> None:
    for site in range(out.shape[0]):
        near, far = 0.0, _FURTHEST_M
        while far - near > 1.0:
            middle = (near + far) / 2.0
            if best_power_dbm(site, middle, cells, air, most_gain_db) >= air.threshold:
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
    pixels, site = radio.columns * radio.rows, cells.site[cell]
    reach, radio = reach_m(cells, air), radio._replace(cell=radio.cell[:pixels], power=radio.power[:pixels])
    rings = np.empty(int(reach[site] / RING_M) + 1, np.float32)
    _best_case(site, cells, air, _most_gain_db(air), rings)
    power, what = np.empty(pixels, np.float32), np.zeros(pixels, np.int8)
    _hear_one(cell, (cells, air, reach, radio), rings, power, what)
    changed = np.flatnonzero(what)
    names, powers = radio.cell[changed], radio.power[changed]
    _put(cell, power[changed], names, powers)
    _hear_all(changed, what[changed] == LOST, (cells, air, reach, radio._replace(cell=names, power=powers)))
    return changed, names, powers


@kernel
def _best_case(site: int, cells: Cells, air: Air, most_gain_db: float, rings: Any) -> None:
    """Work out a power that nobody exceeds in each ring around a site."""
    for ring in range(rings.shape[0]):
        rings[ring] = np.float32(best_power_dbm(site, ring * RING_M, cells, air, most_gain_db))


@kernel
def _hear_one(cell: int, network: tuple[Cells, Air, Any, RadioMap], rings: Any, power: Any, what: Any) -> None:
    """Measure one cell where it is in a pixel's list, or could be; say what becomes of the list."""
    cells, air, reach, radio = network
    site, last = cells.site[cell], radio.cell.shape[1] - 1
    for pixel in range(power.shape[0]):
        before, weakest = np.float32(-np.inf), radio.power[pixel, last]
        for i in range(last + 1):
            if radio.cell[pixel, i] == cell:
                before = radio.power[pixel, i]
        listed, power[pixel] = before > -np.inf, -np.inf
        dx, dy = _away(pixel, site, cells, radio)
        away = dx * dx + dy * dy
        near = away <= reach[site] ** 2
        if near and (listed or rings[int(math.sqrt(away) / RING_M)] > weakest):
            loss = site_loss_db(site, dx, dy, cells, air)
            heard = cells.eirp[cell] + antenna_gain_db(cell, dx, dy, cells, air) - loss
            if heard >= air.threshold:
                power[pixel] = np.float32(heard)
        if power[pixel] != before and (listed or power[pixel] > weakest):
            full = radio.cell[pixel, last] != NO_CELL
            what[pixel] = LOST if listed and full and power[pixel] < weakest else OTHERWISE


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
