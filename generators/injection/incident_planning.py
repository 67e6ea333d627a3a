"""Planning the incidents of all types, from the requested anomaly ratio to the edits of every day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bench.arrays import IntArray
from bench.faults import Fault
from bench.host.texts import rounded_up
from generators.injection.editable_plan import EditablePlan
from generators.injection.injector import STAYS, USUAL, Figures, Incidents, Injector
from generators.injection.planning_errors import NoRoom, TypesRefused
from generators.model.plan import FOR_EVER, OWN, CellFault, Holdings, Intents, Members
from generators.model.records import Edits, no_edits
from generators.model.rng import Purpose, generator
from generators.model.sim_holdings import SimHoldings
from generators.social.possessions import Possessions, devices_at
from generators.social.subscriptions import NEVER, SECOND_MS, whole

HALVINGS = 6
"""How often the requested ratio is halved in search of one for which there is room."""
MOST_RATIO = 0.5
TOLERANCE = 0.05
"""Largest relative difference between the realised and the requested anomaly ratio."""
SPREAD = 3.0
"""Twice the standard deviation of the users' numbers of calls, relative to the mean."""


@dataclass(frozen=True)
class IncidentPlan:
    """All incidents of a world, and their edits of normal life; I incidents."""

    edits: list[Edits]
    """Edits of each day."""
    types: list[str]
    """Names of the types that have incidents, sorted."""
    levels: list[str]
    """Level of each of these types."""
    kind: IntArray
    """Shape (I,): index into `types`."""
    figures: list[Figures]
    """Figures reported for the incidents of each type."""
    parameters: list[Mapping[str, Any]]
    """Parameters of the faults of each incident."""
    start_ms: IntArray
    """Shape (I,): first start of an edited call, since the start of the world."""
    end_ms: IntArray
    """Shape (I,): last end of an edited call."""
    actors: Members
    """Users, or at the level of cells the cells, that act in each incident."""
    sim_holdings: SimHoldings
    """SIMs and devices that numbers use during incidents."""
    faults: list[CellFault]
    """Faults of cells."""
    cells: Members
    """Cells that each incident affects, for incidents at the level of cells."""
    calls: dict[str, int]
    """Number of calls requested of each type."""

    def without(self, incidents: frozenset[int]) -> "IncidentPlan":
        """Return the plan without some of the incidents; the others keep their numbers."""
        if not incidents:
            return self
        stays = [~np.isin(each.incident, list(incidents)) for each in self.edits]
        edits = [Edits(*(column[kept] for column in each)) for each, kept in zip(self.edits, stays, strict=True)]
        return replace(self, edits=edits, faults=[f for f in self.faults if f.incident not in incidents])


def no_plan(days: int) -> IncidentPlan:
    """Return the plan of a world without incidents."""
    none = np.empty(0, np.int64)
    nobody = Members.of([])
    return IncidentPlan(
        edits=[no_edits()] * days,
        types=[],
        levels=[],
        kind=none,
        figures=[],
        parameters=[],
        start_ms=none,
        end_ms=none,
        actors=nobody,
        sim_holdings=SimHoldings(),
        faults=[],
        cells=nobody,
        calls={},
    )


def meets_calls(anomaly: Injector) -> bool:
    """Return whether a type places faults that affect about a number of calls, rather than choosing calls."""
    return anomaly.level == "cell" and not anomaly.adds


def ratio_is_met(got: float, asked: float) -> bool:
    """Return whether a share of anomalous calls is within `TOLERANCE` of the one that is asked for."""
    return abs(got - asked) <= TOLERANCE * asked


def plan_incidents(
    editable: EditablePlan,
    anomalies: Mapping[str, Injector],
    ratio: float,
    seed: int,
    of_faults: float = 1.0,
    owned: Possessions | None = None,
) -> IncidentPlan:
    """Plan the incidents of every type, so that `ratio` of all calls will be anomalous.

    Parameters
    ----------
    editable
        Normal life.
    anomalies
        The types.
    ratio
        The asked share of anomalous calls.
    seed
        Of the world.
    of_faults
        Factor on the number of calls that types with faults of cells plan to affect (all types, if there is none of
        these): above 1 if they turned out to affect too few.
    owned
        SIMs and devices of the users; None if unknown.

    Raises
    ------
    TypesRefused
        When the world is too small for whole incidents of a type, or has no room for so many, naming a way on.
    """
    wrong = {name: list(_misplaced(name, each, editable)) for name, each in anomalies.items() if each.share}
    if any(wrong.values()):
        reasons = {name: "; ".join(fault.rule for fault in faults) for name, faults in wrong.items() if faults}
        raise TypesRefused([fault for faults in wrong.values() for fault in faults], reasons)
    tried = _tried(editable, anomalies, ratio, seed, of_faults)
    if tried.short:
        raise TypesRefused([_too_small(tried.short, editable, ratio)], _needs(tried.short, editable.normal.num_users))
    if tried.full:
        lower = (ratio / 2**step for step in range(1, HALVINGS + 1))
        holds = (r for r in lower if not _tried(editable.fresh(), anomalies, r, seed, 1.0).refused)
        no_room = dict.fromkeys(tried.full, "there is no room for its incidents")
        raise TypesRefused([_too_full(tried.full, ratio, next(holds, None))], no_room)
    planned = [_staying(each, owned) for each in tried.planned.values()]
    plan = _gathered(editable, {name: anomalies[name] for name in tried.planned}, planned, tried.wanted)
    held = plan.sim_holdings.holdings
    editable.life.enrol(held.pick(held.user >= editable.normal.num_users))
    return plan


class Short(NamedTuple):
    """A type whose share is too small for one whole incident."""

    least: int
    """Calls of its smallest incident."""
    calls: float
    """Factor on the number of calls that would suffice."""
    people: float
    """Factor on the number of users that it needs, whatever they call."""


class Tried(NamedTuple):
    """The result of an attempt to plan all types."""

    wanted: dict[str, int]
    planned: dict[str, Incidents]
    short: dict[str, Short]
    """Types whose calls do not suffice for one whole incident."""
    full: list[str]
    """Types for which there is no room."""

    @property
    def refused(self) -> bool:
        """Whether any type is refused."""
        return bool(self.short or self.full)


def _tried(
    editable: EditablePlan, anomalies: Mapping[str, Injector], ratio: float, seed: int, of_faults: float
) -> Tried:
    """Plan the incidents of every type."""
    wanted = _shared_out(editable, anomalies, ratio)
    adjusted = [name for name in wanted if meets_calls(anomalies[name])] or list(wanted)
    wanted |= {name: round(wanted[name] * of_faults) for name in adjusted}
    tried = Tried(wanted, {}, {}, [])
    for name in sorted(wanted):
        anomaly, calls = anomalies[name], wanted[name]
        rng, waves = (generator(seed, purpose, _stable_number(name)) for purpose in (Purpose.ANOMALY, Purpose.SCHEDULE))
        people = getattr(anomaly, "people", 1) / max(editable.normal.num_users, 1)
        short = Short(anomaly.least, anomaly.least / max(calls, 0.5), people)
        if short.calls > 1 or short.people > 1:
            tried.short[name] = short
            continue
        spans = anomaly.schedule.spans(editable.normal.days, waves)
        try:
            tried.planned[name] = _planned(editable, anomaly, calls, spans, rng)
        except NoRoom:
            tried.full.append(name)
    return tried


def _misplaced(name: str, anomaly: Injector, editable: EditablePlan) -> Iterator[Fault]:
    """Yield the reasons why a type cannot happen in a world of any size."""
    if anomaly.schedule.kind == "drift" and anomaly.schedule.from_day >= editable.normal.days:
        key, rule = f"anomaly.{name}.schedule.from_day", f"be below generator.days ({editable.normal.days})"
        yield Fault(key, rule, anomaly.schedule.from_day)
    if editable.life.expected_calls is None and anomaly.level == "cell":
        yield Fault("anomaly", editable.life.without_network, name)


def _planned(
    editable: EditablePlan, anomaly: Injector, calls: int, spans: list[Any], rng: np.random.Generator
) -> Incidents:
    """Let a type plan its calls, divided equally among spans of time as long as each holds a whole incident."""
    if calls < len(spans) * anomaly.least:
        spans = [np.concatenate(spans)]
    found = []
    for number, part in enumerate(spans):
        editable.normal.spans = part
        here = calls * (number + 1) // len(spans) - calls * number // len(spans)
        if here < anomaly.least:
            raise NoRoom
        found.append(anomaly.plan(editable, here, rng))
    return Incidents.joined(found)


def _staying(incidents: Incidents, owned: Possessions | None) -> Incidents:
    """Fill in the device of edits that keep the device in use when their incident begins."""
    edits, incident = incidents.edits, incidents.incident
    stays = np.flatnonzero(edits.device == STAYS)
    if not len(stays):
        return incidents
    device = edits.device.copy()
    device[stays] = OWN
    if owned is not None:
        begin = np.full(len(incidents.parameters), NEVER)
        np.minimum.at(begin, incident[stays], edits.start_ms[stays])
        found = np.empty(len(stays), np.int64)
        devices_at(edits.user[stays], begin[incident[stays]], owned, found)
        device[stays] = found
    return replace(incidents, edits=edits._replace(device=device))


def _shared_out(editable: EditablePlan, anomalies: Mapping[str, Injector], ratio: float) -> dict[str, int]:
    """Return the number of calls that each type changes.

    Types that add calls increase the total; some of the calls that others alter would not have taken place.
    """
    lost = editable.life.suppressed_share()
    total = sum(a.share for a in anomalies.values())
    added = ratio * sum(a.share for a in anomalies.values() if a.adds) / total
    calls = editable.life.counts.sum(dtype=np.int64) * (1 - lost) / (1 - added) * ratio / total
    return {n: round(calls * a.share / (1 if a.adds else 1 - lost)) for n, a in anomalies.items() if a.share > 0}


def _stable_number(name: str) -> int:
    """Return a number for a type's name, so that its draws do not depend on the other types chosen."""
    return int.from_bytes(sha256(name.encode()).digest()[:7], "big")


def _too_small(short: Mapping[str, Short], editable: EditablePlan, ratio: float) -> Fault:
    """Return the fault of a world too small for whole incidents of some types, with settings that would do."""
    needs = ", ".join(f"{name} ({each.least:,} calls or more)" for name, each in short.items())
    users = enough_users(editable.normal.num_users, max(max(each.calls, each.people) for each in short.values()))
    ways = [f"about {users} users for {editable.normal.days} days do"] if editable.life.can_grow else []
    higher = ratio * 1.05 * max(each.calls for each in short.values())
    if higher <= MOST_RATIO and all(each.people <= 1 for each in short.values()):
        ways.append(f"a ratio of {np.ceil(higher * 1000) / 1000:g} does")
    rule = f"leave room for whole incidents of {needs}: {', or '.join(ways) or 'leave them out'}"
    return Fault("generator.anomaly_ratio", rule, ratio)


def _needs(short: Mapping[str, Short], users: int) -> dict[str, str]:
    """Return what a whole incident of each type needs, the least satisfied type first."""
    farthest = sorted(short, key=lambda name: max(short[name].calls, short[name].people), reverse=True)
    return {
        name: f"an incident takes {short[name].least:,} calls or more"
        + (f" and {short[name].people * users:,.0f} users" if short[name].people > 1 else "")
        for name in farthest
    }


def enough_users(users: int, times: float) -> int:
    """Return the number of users `times` as large, rounded up, with a margin for uneven activity."""
    wanted = users * times
    wanted *= 1 + SPREAD / np.sqrt(users) + SPREAD / np.sqrt(wanted)
    return rounded_up(wanted)


def _too_full(full: list[str], ratio: float, lower: float | None) -> Fault:
    names = ", ".join(full)
    if lower is None:
        return Fault("anomaly", f"leave out {names}, for which this world has no room at any ratio", names)
    return Fault("generator.anomaly_ratio", f"leave room for {names}: a ratio of {lower:g} does", ratio)


def _gathered(
    editable: EditablePlan, types: Mapping[str, Injector], planned: list[Incidents], wanted: dict[str, int]
) -> IncidentPlan:
    """Sort the incidents of all types by time, and their edits by day and user."""
    sizes = [len(incidents.parameters) for incidents in planned]
    firsts = np.cumsum([0, *sizes])[:-1]
    edits = Intents.joined([i.edits for i in planned])
    incident = np.concatenate([i.incident + first for i, first in zip(planned, firsts, strict=True)])
    holding = np.concatenate([i.holding_incident + first for i, first in zip(planned, firsts, strict=True)])
    count = int(sum(sizes))
    start = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(start, incident, edits.start_ms)
    end = np.zeros(count, np.int64)
    np.maximum.at(end, incident, edits.start_ms + editable.normal.lasting(edits))
    with_faults = [(f, f.incident + int(n)) for i, n in zip(planned, firsts, strict=True) for f in i.faults]
    for fault, of in with_faults:
        start[of], end[of] = min(start[of], fault.begin_ms), max(end[of], fault.end_ms)
    actors = Members.joined([_actors(i) for i in planned], firsts)
    cells = Members.joined([Members.of(i.cells or []) for i in planned], firsts)
    leader = actors.member[np.searchsorted(actors.incident, np.arange(count))]
    kind = np.repeat(np.arange(len(planned)), sizes)
    order = np.lexsort((leader, kind, start))
    number = np.empty(count, np.int64)
    number[order] = np.arange(count)
    parameters = [p for i in planned for p in i.parameters]
    return IncidentPlan(
        edits=_by_day(edits, number[incident], editable.normal.days),
        types=list(types),
        levels=[each.level for each in types.values()],
        kind=kind[order],
        figures=[getattr(each, "figures", USUAL) for each in types.values()],
        parameters=[parameters[i] for i in order.tolist()],
        start_ms=start[order],
        end_ms=end[order],
        actors=actors.renumbered(number),
        sim_holdings=_swaps([i.holdings for i in planned], number[holding]),
        faults=[fault._replace(incident=int(number[of])) for fault, of in with_faults],
        cells=cells.renumbered(number),
        calls=wanted,
    )


def _actors(incidents: Incidents) -> Members:
    """Return the actors of each incident: those that it declares, else the users whose calls it edits."""
    if incidents.actors is not None:
        return Members.of(incidents.actors)
    users = int(incidents.edits.user.max(initial=0)) + 1
    incident, user = np.divmod(np.unique(incidents.incident * users + incidents.edits.user), users)
    return Members(user, incident)


def _swaps(holdings: list[Holdings], incident: IntArray) -> SimHoldings:
    held = Holdings.joined(holdings)
    last = np.where(held.to_ms >= FOR_EVER, held.to_ms, whole(held.to_ms + SECOND_MS - 1))
    held = held._replace(from_ms=whole(held.from_ms), to_ms=last)  # starts of calls are recorded in whole seconds
    order = np.lexsort((held.from_ms, held.user))
    return SimHoldings(held.pick(order), incident[order])


def _by_day(edits: Intents, incident: IntArray, days: int) -> list[Edits]:
    order = np.lexsort((edits.start_ms, edits.user, edits.day))
    bounds = np.searchsorted(edits.day[order], np.arange(days + 1))
    columns = {**edits._asdict(), "incident": incident}
    typed = [columns[name][order].astype(room.dtype) for name, room in no_edits()._asdict().items()]
    return [Edits(*(c[low:high] for c in typed)) for low, high in pairwise(bounds)]
