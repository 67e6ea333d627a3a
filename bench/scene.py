"""What a world that can be shown on a map gives beside its tables: where users are, and which cells are heard where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from bench.arrays import Array, IntArray


class Tracks(NamedTuple):
    """Positions of users over a span of time, as points between which each moves in a straight line.

    Before the first point a user is there; after the last one too. Of two points of the same time the later one counts
    from then on.
    """

    first: IntArray
    """Shape (users + 1,): first point of each user; the last entry is the number of points."""
    time_ms: IntArray
    """Shape (points,): ms since the start of the world, rising for each user."""
    position_m: Array
    """Shape (points, 2), float32: east and north of the south-western corner; on a torus perhaps beyond the edge."""


class Heard(NamedTuple):
    """The cells that are heard in each pixel of the plane, in rows from the south-west; P pixels."""

    cell: Array
    """Shape (P, K), int32: place in the table of cells, strongest first; -1 beyond the last."""
    power_dbm: Array
    """Shape (P, K), float32."""
    columns: int
    rows: int
    complete: bool
    """Whether every cell above the threshold is listed; if not, only the strongest one is."""


@dataclass(frozen=True)
class Plane:
    """The rectangle that a map shows."""

    width_m: float
    height_m: float
    wrap: bool
    """Whether the opposite edges meet (a torus)."""


class Scene(Protocol):
    """Places and movements of a world."""

    @property
    def plane(self) -> Plane:
        """What a map shows."""

    @property
    def site_m(self) -> Array:
        """Shape (cells, 2), float64: position of each cell's site, in the order of their table; NaN if unknown."""

    @property
    def heard(self) -> Heard | None:
        """Which cells are heard where; None without a network."""

    def tracks(self, users: Sequence[str], start_ms: int, end_ms: int) -> Tracks:
        """Return the movements of users, by their ids, within [start_ms, end_ms] [ms since the start of the world]."""


@runtime_checkable
class Shown(Protocol):
    """A world that can say where its users are at any moment."""

    def scene(self) -> Scene | None:
        """Return its places and movements, exactly as its tables were simulated; None without a network."""

    def recipe(self) -> dict[str, Any]:
        """Return everything that determines the bytes of this world (`bench.generator.World`)."""
