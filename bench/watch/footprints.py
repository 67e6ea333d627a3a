"""Where cells are heard, as a map shows it: outlines at the receive threshold, and the area of each best server.

With shadowing, both are speckled at the size of a pixel. They are smoothed for display: a point belongs to a footprint
if the cell is heard in most of its neighbourhood, and to the area of the cell that is the best in most of it.
"""

import contourpy
import numpy as np
from scipy.ndimage import gaussian_filter

from bench.arrays import Array
from bench.scene import Heard, Plane
from bench.watch.binary import packed
from bench.watch.replay import Opened

SMOOTHED = 2.0
"""Standard deviation of the neighbourhood [pixels]."""
MARGIN = 8
"""So far beyond its pixels [pixels] can a smoothed area reach, at most."""
LEAST_SHARE = 0.02
"""A ring that encloses less than this share of what the largest ring of the cell encloses is left out."""


def coverage(world: Opened) -> bytes:
    """Return the best cell of each pixel, and the outline of each cell's footprint at the receive threshold.

    Outlines are closed rings of points in metres; `ring_cell` names the cell of each ring.
    """
    heard = world.scene.heard
    if heard is None:
        return packed({}, {"columns": 0, "rows": 0})
    rings = [
        (cell, ring) for cell in range(len(world.names.cell)) for ring in footprint(heard, cell, world.scene.plane)
    ]
    first = np.cumsum([0, *(len(ring) for _, ring in rings)])
    arrays: dict[str, Array] = {
        "best": best_areas(heard, world.scene.plane).astype(np.int16),
        "ring_cell": np.array([cell for cell, _ in rings], np.int32),
        "ring_first": first.astype(np.uint32),
        "ring_point": np.concatenate([np.empty((0, 2)), *(ring for _, ring in rings)]).astype(np.float32).ravel(),
    }
    return packed(arrays, {"columns": heard.columns, "rows": heard.rows})


def footprint(heard: Heard, cell: int, plane: Plane) -> list[Array]:
    """Return the outline of where a cell is heard, the largest part first: closed rings of points [m]."""
    here = (heard.cell == cell).any(axis=1).reshape(heard.rows, heard.columns)
    if not here.any():
        return []
    part, smooth = _smooth(here, plane.wrap)
    row, column = (axis.start + np.arange(-1, axis.stop - axis.start + 1) + 0.5 for axis in part)
    x, y = column * plane.width_m / heard.columns, row * plane.height_m / heard.rows
    rings = [np.asarray(ring) for ring in contourpy.contour_generator(x, y, np.pad(smooth, 1)).lines(0.5)]
    rings.sort(key=enclosed, reverse=True)
    return [ring for ring in rings if enclosed(ring) >= LEAST_SHARE * enclosed(rings[0])]


def enclosed(ring: Array) -> float:
    """Return the area within a closed ring of points, by the shoelace formula."""
    x, y = ring.T
    return float(abs(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2)


def best_areas(heard: Heard, plane: Plane) -> Array:
    """Return the cell that is the best in most of the neighbourhood of each pixel, -1 where no cell is heard."""
    best = heard.cell[:, 0].reshape(heard.rows, heard.columns)
    most, areas = np.zeros(best.shape, np.float32), np.full(best.shape, -1, np.int32)
    for cell in np.unique(best[best >= 0]).tolist():
        part, smooth = _smooth(best == cell, plane.wrap)
        wins = smooth > most[part]
        areas[part][wins], most[part][wins] = cell, smooth[wins]
    areas[best < 0] = -1
    return areas.ravel()


def _smooth(here: Array, wrap: bool) -> tuple[tuple[slice, slice], Array]:
    """Return the part of the map that a smoothed area may reach, and its share of the neighbourhood of each pixel."""
    part = slice(0, here.shape[0]), slice(0, here.shape[1])
    if not wrap:
        rows, columns = np.any(here, axis=1), np.any(here, axis=0)
        part = _reach(np.asarray(rows), here.shape[0]), _reach(np.asarray(columns), here.shape[1])
    mode = "wrap" if wrap else "nearest"
    return part, gaussian_filter(here[part].astype(np.float32), SMOOTHED, mode=mode, truncate=MARGIN / SMOOTHED)


def _reach(touched: Array, size: int) -> slice:
    places = np.flatnonzero(touched)
    return slice(max(int(places[0]) - MARGIN, 0), min(int(places[-1]) + MARGIN + 1, size))
