"""The interface of a type of anomaly: it plans incidents by editing intended calls, never finished records.

A type of anomaly is one module in `generators.anomalies`: a dataclass with its settings and a method that plans
incidents. This module holds what those modules share. It is light, since settings are read before anything happens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from generators.injection.planning_errors import NoRoom
from generators.injection.schedule import Schedule
from generators.model.clock import DAY_MS
from generators.model.plan import ADDED, CellFault, Holdings, Intents

if TYPE_CHECKING:
    from generators.injection.editable_plan import EditablePlan

STAYS = -2
"""Placeholder for the device of an edit: the device in use when the incident begins, for as long as it lasts."""
ENOUGH = 12
"""Number of incidents into which the calls of a type are divided, if they do not become too small."""


Figures = Mapping[str, tuple[float, float] | None]
"""Figures reported for each incident, by name (`generators.truth.incident_figures.MEASURES`), and their ranges."""
USUAL: Figures = {"calls": None, "callers": None, "callees": None, "span_s": None}
"""Figures of types that declare none."""


@dataclass(frozen=True)
class Incidents:
    """The result of an injector: incidents, and the edits that carry them out."""

    edits: Intents
    incident: Any
    """Shape (edits,): int64: number of the incident of each edit, from 0."""
    parameters: Sequence[Mapping[str, Any]]
    """Effect of each incident on cells, as JSON values; empty where figures are counted from records."""
    holdings: Holdings = field(default_factory=Holdings.none)
    """SIMs and devices that numbers use during incidents; at most one holding for each user."""
    holding_incident: Any = field(default_factory=lambda: np.empty(0, np.int64))
    """Shape (holdings,): int64: number of the incident of each."""
    actors: Sequence[Any] | None = None
    """Users who act in each incident, arrays; None: those whose calls are edited."""
    faults: Sequence[CellFault] = ()
    """Faults of cells; their `incident` is the number of the incident."""
    cells: Sequence[Any] | None = None
    """Cells that each incident affects, arrays, for types at the level of cells."""

    @staticmethod
    def joined(parts: "Sequence[Incidents]") -> "Incidents":
        """Return the incidents of all parts of one type, numbered consecutively."""
        first = np.cumsum([0, *(len(part.parameters) for part in parts)]).tolist()
        numbered = list(zip(parts, first, strict=False))
        return Incidents(
            edits=Intents.joined([part.edits for part in parts]),
            incident=np.concatenate([part.incident + n for part, n in numbered]),
            parameters=[parameters for part in parts for parameters in part.parameters],
            holdings=Holdings.joined([part.holdings for part in parts]),
            holding_incident=np.concatenate([part.holding_incident + n for part, n in numbered]),
            actors=_all_of([part.actors for part in parts]),
            faults=[fault._replace(incident=fault.incident + n) for part, n in numbered for fault in part.faults],
            cells=_all_of([part.cells for part in parts]),
        )


def _all_of(parts: "Sequence[Sequence[Any] | None]") -> Sequence[Any] | None:
    """Return a value for each incident, over all parts of one type; None where a part has none."""
    return None if None in parts else [each for part in parts for each in part or ()]


class Injector(Protocol):
    """A type of anomaly: its settings, and how it edits the plan.

    `figures` names the figures that are reported of its incidents (`generators.truth.incident_figures`), with the range
    that every incident keeps at every difficulty; types of cells have a property `bounds` with these ranges instead
    (counted by `generators.truth.cell_incident_figures`). A type whose `difficulty` has no effect sets
    `has_difficulty = False`.

    It should also have `touches`, words of `bench.audit.marks.marks_list.TOUCHABLE` (in groups in
    `generators.injection.touches`): what it changes in a call, or chooses calls by. The audit tests that all else
    looks as in the actor's normal calls. For a type without `touches`, the audit tests only the form of values and the
    agreement between tables.
    """

    share: float
    """This type's part of the anomalous calls, relative to the parts of the other types."""
    difficulty: float
    """From 0 (crude, a rule finds it) to 1 (mimics its actor's own habits)."""
    schedule: Schedule
    """When its incidents happen."""
    level: str
    """call | user | cell | group. The home level, at which it is first judged, follows (`bench.evaluation.home`):
    calls, days of users (`user`, `group`), quarters of cells; a type that is better judged at another level says so in
    `home`."""
    adds: bool
    """Whether the type adds calls, rather than altering normal ones."""
    least: int
    """The fewest calls of an incident by the entry of the type."""

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Plan incidents that add, alter or remove `calls` calls.

        Calls that other people make because of an incident (`Intents.collateral`) do not count.

        Raises
        ------
        NoRoom
            When normal life has no room for them.
        """


def skewed(low: float, high: float, draws: Any, towards_high: float) -> Any:
    """Return values in [low, high]: uniform at 0.5, nearer to `low` at 0 and to `high` at 1."""
    return low + (high - low) * draws ** (3.0 ** (1.0 - 2.0 * towards_high))


def between(crude: float, mimic: float, difficulty: float) -> float:
    """Return a positive value between those at difficulty 0 and 1, interpolated geometrically."""
    return float(crude * (mimic / crude) ** difficulty)


def around(crude: float, mimic: float, difficulty: float) -> tuple[float, float]:
    """Return a range of a factor 1.5 either way around the value at a difficulty, within the values at 0 and 1."""
    middle, (low, high) = between(crude, mimic, difficulty), sorted((crude, mimic))
    return max(middle / 1.5, low), min(middle * 1.5, high)


def parted(
    calls: int, bounds: tuple[int, int], entry: tuple[int, int], rng: np.random.Generator, incidents: int | None = None
) -> Any:
    """Divide a number of calls into incidents of sizes that the entry of their type allows.

    Parameters
    ----------
    calls
        Total number of calls.
    bounds
        The fewest and the most calls of an incident at the difficulty. Sizes are chosen within these bounds so that
        there are about a dozen incidents.
    entry
        The fewest and the most calls by the entry of the type, used where no sizes within `bounds` add up to the calls.
    rng
        Random generator.
    incidents
        The most incidents that there can be; any number when None.

    Returns
    -------
    array
        Calls of each incident, shape (incidents,), which add up to `calls`.

    Raises
    ------
    NoRoom
        When no whole incidents add up to `calls`.
    """
    for fewest, most in (bounds, entry):
        usual = max(fewest, min((fewest + most) // 2, calls // ENOUGH))
        least, highest = -(-calls // most), min(calls // fewest, incidents or calls)
        if calls and least <= highest:
            return _sizes(calls, min(max(round(calls / usual), least), highest), (fewest, most), rng)
    raise NoRoom


def _sizes(calls: int, count: int, bounds: tuple[int, int], rng: np.random.Generator) -> Any:
    """Return `count` sizes within bounds that add up to `calls`; shape (count,)."""
    fewest, most = bounds
    mean = calls / count
    spread = min(mean - fewest, most - mean) * (2 * rng.random(count) - 1)
    sizes = np.clip(np.rint(mean + spread).astype(np.int64), fewest, most)
    while rest := calls - int(sizes.sum()):
        room = np.flatnonzero(sizes < most if rest > 0 else sizes > fewest)
        sizes[rng.permutation(room)[: abs(rest)]] += np.sign(rest)
    return sizes


def bounds_around(crude: int, mimic: int, difficulty: float) -> tuple[int, int]:
    """Return the fewest and the most calls of an incident at a difficulty, as `around`."""
    low, high = around(crude, mimic, difficulty)
    return round(low), round(high)


def new_calls(user: Any, start_ms: Any, talk_ms: Any, callee: Any, rng: np.random.Generator) -> Intents:
    """Return answered calls to be added; whether the caller moves is random, as in normal life."""
    calls = Intents.room(user, start_ms // DAY_MS, np.full(len(user), ADDED, np.int64))
    key = rng.integers(0, 2**64, len(user), dtype=np.uint64)
    return calls._replace(
        start_ms=start_ms,
        talk_ms=talk_ms,
        callee=callee,
        outcome=np.zeros(len(user), np.int64),
        move=rng.random(len(user)),
        goal=rng.random(len(user)),
        key=key,
    )


def on_cells(faults: Sequence[Sequence[CellFault]], parameters: Sequence[Mapping[str, Any]]) -> Incidents:
    """Return incidents that consist of faults of cells only.

    Parameters
    ----------
    faults
        Those of each incident, at least one.
    parameters
        What was drawn for each.
    """
    cells = [np.unique([fault.cell for fault in each]) for each in faults]
    numbered = [fault._replace(incident=number) for number, each in enumerate(faults) for fault in each]
    return Incidents(Intents.none(), np.empty(0, np.int64), parameters, actors=cells, faults=numbered, cells=cells)


def each_its_own(edits: Intents) -> Incidents:
    """Return one incident for each of these edits."""
    return of_records(edits, np.arange(len(edits.user)), len(edits.user))


def of_records(edits: Intents, incident: Any, count: int, **more: Any) -> Incidents:
    """Return incidents without faults of cells; `more` as in `Incidents`."""
    return Incidents(edits, incident, [{}] * count, **more)
