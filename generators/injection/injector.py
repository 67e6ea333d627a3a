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
"""As the device of an edit: the one that the caller's SIM is in when the incident begins, as long as that lasts."""
ENOUGH = 12
"""Incidents that a type is parted into, where they need not get too small for that."""


Figures = Mapping[str, tuple[float, float] | None]
"""Figures reported for each incident, by name (`generators.truth.incident_figures.MEASURES`), and their ranges."""
USUAL: Figures = {"calls": None, "callers": None, "callees": None, "span_s": None}
"""Of types that name none."""


@dataclass(frozen=True)
class Incidents:
    """What an injector plans: incidents, and the edits that carry them out."""

    edits: Intents
    incident: Any
    """Shape (edits,): int64: number of the incident of each edit, from 0."""
    parameters: Sequence[Mapping[str, Any]]
    """What each does to cells, as JSON values; empty where figures are counted from records."""
    holdings: Holdings = field(default_factory=Holdings.none)
    """Who holds which SIM and device meanwhile; of each user one at most."""
    holding_incident: Any = field(default_factory=lambda: np.empty(0, np.int64))
    """Shape (holdings,): int64: number of the incident of each."""
    actors: Sequence[Any] | None = None
    """Who acts in each incident, arrays of users; those whose calls are edited when None."""
    faults: Sequence[CellFault] = ()
    """What happens to cells; `incident` is the number of the incident."""
    cells: Sequence[Any] | None = None
    """The cells that each incident holds, arrays, where its level is that of cells."""

    @staticmethod
    def joined(parts: "Sequence[Incidents]") -> "Incidents":
        """Return the incidents of all parts of one type, numbered on."""
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
    """Return what parts of one type say of each incident; None where they say nothing."""
    return None if None in parts else [each for part in parts for each in part or ()]


class Injector(Protocol):
    """A type of anomaly: its settings, and how it edits the plan.

    `figures` names the figures that are reported of its incidents (`generators.truth.incident_figures`), with the range
    that every incident keeps at every difficulty; types of cells have a property `bounds` with these ranges instead
    (counted by `generators.truth.cell_incident_figures`). A type whose `difficulty` has no effect sets `dial = False`.

    It should also have `touches`, words of `bench.audit.marks.marks_list.TOUCHABLE` (in groups in
    `generators.injection.touches`): what it changes in a call, or chooses calls by. The audit tests that all else
    looks as in the actor's normal calls. For a type without `touches`, the audit tests only the form of values and the
    agreement between tables.
    """

    share: float
    """Part of the anomalous calls, relative to the other types."""
    difficulty: float
    """From 0 (crude, a rule finds it) to 1 (mimics its actor's own habits)."""
    schedule: Schedule
    """When its incidents happen."""
    level: str
    """call | user | cell | group. The home level, at which it is first judged, follows (`bench.evaluation.home`):
    calls, days of users (`user`, `group`), quarters of cells; a type that is better judged at another level says so in
    `home`."""
    adds: bool
    """Whether it adds calls; else it alters calls of normal life."""
    least: int
    """The fewest calls of an incident by the entry of the type."""

    def plan(self, editable: "EditablePlan", calls: int, rng: np.random.Generator) -> Incidents:
        """Plan incidents that make, alter or remove so many calls.

        Calls that other people make because of an incident (`Intents.innocent`) do not count.

        Raises
        ------
        NoRoom
            When normal life has no room for them.
        """


def skewed(low: float, high: float, draws: Any, towards_high: float) -> Any:
    """Return values in [low, high]: uniform at 0.5, nearer to `low` at 0 and to `high` at 1."""
    return low + (high - low) * draws ** (3.0 ** (1.0 - 2.0 * towards_high))


def between(crude: float, mimic: float, difficulty: float) -> float:
    """Return a positive figure on its way, in equal ratios, from difficulty 0 to difficulty 1."""
    return float(crude * (mimic / crude) ** difficulty)


def around(crude: float, mimic: float, difficulty: float) -> tuple[float, float]:
    """Return a range around the figure of a difficulty, by a factor of 1.5 either way, within its two ends."""
    middle, (low, high) = between(crude, mimic, difficulty), sorted((crude, mimic))
    return max(middle / 1.5, low), min(middle * 1.5, high)


def parted(
    calls: int, bounds: tuple[int, int], entry: tuple[int, int], rng: np.random.Generator, incidents: int | None = None
) -> Any:
    """Cut a number of calls into incidents, none smaller or larger than the entry of its type allows.

    Parameters
    ----------
    calls
        How many there are in all.
    bounds
        The fewest and the most calls of an incident at the difficulty. A dozen incidents are wanted: they are as
        small as that asks for, within these bounds.
    entry
        The fewest and the most by the entry of the type: those of the only incidents where the calls do not part
        into others.
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
    """Return so many sizes within bounds that add up to `calls`, which the bounds allow; shape (count,)."""
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
    """Return answered calls to be added; whether the caller moves is left to chance, as in normal life."""
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
    """Return incidents that do nothing but bring faults to cells.

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
    """Return an incident for each of these edits."""
    return of_records(edits, np.arange(len(edits.user)), len(edits.user))


def of_records(edits: Intents, incident: Any, count: int, **more: Any) -> Incidents:
    """Return so many incidents that do nothing to cells; `more` as of `Incidents`."""
    return Incidents(edits, incident, [{}] * count, **more)
