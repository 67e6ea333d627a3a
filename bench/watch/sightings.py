"""The places and movements of a world of which only the tables are known: between messages, positions are estimated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import Array, IntArray
from bench.realism.read_records import plane_of
from bench.scene import Heard, Plane, Tracks
from bench.watch.activity import Activity, Names, Sightings
from bench.watch.tables import WorldTables, places

SPEED_M_MS = 10 / 1000
"""Assumed speed of a phone on its way to where it is seen next [m/ms]."""
APART_MS = np.int64(1 << 42)
"""Longer than any world [ms]."""
MARGIN = 0.1
METRES_PER_DEGREE = 111_195.0
LEAST_M = 1000.0
STEP_M = 2000.0
"""Distance of cells whose positions nobody knows [m]."""
AROUND_M = 600.0
"""Largest distance of a phone from the cell that it is shown at, so that not all are at one point [m]."""
GOLDEN = np.pi * (3 - np.sqrt(5))
"""Angle by which points on a disc are spread evenly [rad]."""


@dataclass(frozen=True)
class SightedScene:
    """Places and movements as far as the tables show them (`bench.scene.Scene`).

    A phone stays where it sent its last message until it has to leave to be where it sends the next one.
    """

    plane: Plane
    site_m: Array
    heard: Heard | None
    points: Tracks
    """All points of all users."""
    user: pa.Array
    placed: bool
    """Whether the tables have positions of cells; if not, cells are laid out on a grid."""

    def tracks(self, users: Sequence[str], start_ms: int, end_ms: int) -> Tracks:
        """Return the movements of users within a span of time; of one that is never seen there are no points."""
        number = pc.index_in(pa.array(users, pa.string()), self.user).to_numpy()
        low, high = self.points.first[number], self.points.first[number + 1]
        keys = self._keys
        first = np.maximum(np.searchsorted(keys, number * APART_MS + start_ms, side="right") - 1, low)
        last = np.minimum(np.searchsorted(keys, number * APART_MS + end_ms) + 1, high)
        many = np.maximum(last - first, 0)
        begins = np.concatenate([[0], np.cumsum(many)])
        rows = np.repeat(first - begins[:-1], many) + np.arange(begins[-1])
        return Tracks(begins, self.points.time_ms[rows], self.points.position_m[rows])

    @cached_property
    def _keys(self) -> IntArray:
        """Shape (points,): times that rise over all users, by which all points are searched at once."""
        owner = np.repeat(np.arange(len(self.user)), np.diff(self.points.first))
        return owner * APART_MS + self.points.time_ms


def sighted_scene(tables: WorldTables, names: Names, activity: Activity) -> SightedScene:
    """Return what the tables of a world show of places and movements."""
    plane, site_m, placed = _sites(tables)
    heard = _heard(tables, names)
    seen = activity.sightings if len(activity.sightings.user) else _at_cells(activity, site_m)
    return SightedScene(plane, site_m, heard, _points(seen, plane, len(names.user)), names.user, placed)


def _sites(tables: WorldTables) -> tuple[Plane, Array, bool]:
    """Return the plane, the position of each cell on it, and whether the tables have positions."""
    cells = tables.table("cells", ["cell_id", "latitude", "longitude"])
    found = plane_of(tables.manifest, cells)
    size = _size(tables)
    if found is not None and size is not None:
        site_m = np.array([found.site_m.get(name, (np.nan, np.nan)) for name in cells["cell_id"].to_pylist()])
        return Plane(*size, wrap=found.wrap_m is not None), site_m, True
    degrees = np.column_stack([cells[name].to_numpy().astype(float) for name in ("longitude", "latitude")])
    placed = bool(np.isfinite(degrees).all(axis=1).any())
    return *_laid_out(_metres(degrees) if placed else _grid(len(degrees))), placed


def _metres(degrees: Array) -> Array:
    """Return positions in metres on the tangent plane at their middle."""
    metres = degrees * METRES_PER_DEGREE
    metres[:, 0] *= np.cos(np.radians(np.nanmean(degrees[:, 1])))
    return metres


def _grid(cells: int) -> Array:
    """Return positions of cells that nobody knows: in rows, in the order of their table."""
    row, column = np.divmod(np.arange(cells), max(round(cells**0.5), 1))
    return STEP_M * np.column_stack([column, row]).astype(np.float64)


def _laid_out(metres: Array) -> tuple[Plane, Array]:
    """Return a plane with an edge around some positions, and the positions on it."""
    low, high = np.nanmin(metres, axis=0), np.nanmax(metres, axis=0)
    edge = max(MARGIN * float((high - low).max()), LEAST_M)
    width, height = (high - low + 2 * edge).tolist()
    return Plane(width, height, wrap=False), metres - low + edge


def _size(tables: WorldTables) -> tuple[float, float] | None:
    """Return the size of the plane that the radio map covers [m]; None without one."""
    grid = tables.table("coverage", ["x", "y"])
    if not len(grid):
        return None
    axes = [np.unique(grid[name].to_numpy()) for name in ("x", "y")]
    steps = [float(axis[-1] - axis[0]) / max(len(axis) - 1, 1) for axis in axes]
    width, height = (len(axis) * (step or LEAST_M) for axis, step in zip(axes, steps, strict=True))
    return width, height


def _heard(tables: WorldTables, names: Names) -> Heard | None:
    grid = tables.table("coverage", ["x", "y", "cell_id", "power_dbm"])
    if not len(grid):
        return None
    columns, rows = (len(np.unique(grid[name].to_numpy())) for name in ("x", "y"))
    power = pc.fill_null(grid["power_dbm"], float("-inf")).to_numpy().astype(np.float32)
    return Heard(places(grid["cell_id"], names.cell)[:, None], power[:, None], columns, rows, complete=False)


def _at_cells(activity: Activity, site_m: Array) -> Sightings:
    """Return where callers are at the start of their calls: around the site of the cell that serves them."""
    cell = activity.calls.columns["cell"]
    known = (cell >= 0) & (activity.calls.columns["caller"] >= 0)
    known[known] = np.isfinite(site_m[cell[known]]).all(axis=1)
    user = activity.calls.columns["caller"][known].astype(np.int64)
    angle, far = GOLDEN * user, AROUND_M * np.sqrt((user * GOLDEN) % 1)
    around = np.column_stack([far * np.cos(angle), far * np.sin(angle)])
    x, y = (site_m[cell[known]] + around).astype(np.int64).T
    return Sightings(user, activity.calls.begin[known], x, y)


def _points(seen: Sightings, plane: Plane, users: int) -> Tracks:
    """Return the points between which phones move: each sighting, and each departure for the next one."""
    known = np.flatnonzero(seen.user >= 0)
    order = known[np.lexsort((seen.time_ms[known], seen.user[known]))]
    user, time_ms = seen.user[order].astype(np.int64), seen.time_ms[order]
    where = np.column_stack([seen.x[order], seen.y[order]]).astype(np.float64)
    where = _unwrapped(user, where, plane)
    leaves, same = _departures(user, time_ms, where)
    owner = np.concatenate([user, user[:-1][same]])
    moments = np.concatenate([time_ms, leaves])
    spots = np.concatenate([where, where[:-1][same]])
    place = np.concatenate([2 * np.arange(len(user)), 2 * np.flatnonzero(same) + 1])
    order = np.argsort(place)
    first = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=users))])
    return Tracks(first, moments[order], spots[order].astype(np.float32))


def _departures(user: IntArray, time_ms: IntArray, where: Array) -> tuple[IntArray, Array]:
    """Return when a phone leaves for its next sighting, and which sightings have a next one."""
    same = user[1:] == user[:-1]
    far = np.hypot(*np.diff(where, axis=0).T)
    leaves = np.maximum(time_ms[:-1], time_ms[1:] - np.ceil(far / SPEED_M_MS).astype(np.int64))
    return leaves[same], same


def _unwrapped(user: IntArray, where: Array, plane: Plane) -> Array:
    """Return positions such that each is on the shortest way from the one before, on a torus beyond the edge."""
    if not plane.wrap or not len(where):
        return where
    size = np.array([plane.width_m, plane.height_m])
    steps = np.diff(where, axis=0)
    steps -= size * np.floor(steps / size + 0.5)
    steps[user[1:] != user[:-1]] = 0
    begins = np.concatenate([[True], user[1:] != user[:-1]])
    sums = np.concatenate([[[0.0, 0.0]], np.cumsum(steps, axis=0)])
    origin = np.maximum.accumulate(np.where(begins, np.arange(len(user)), 0))
    return np.asarray(where[origin] + sums - sums[origin])
