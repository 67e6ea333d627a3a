"""From the asked ratio and the chosen types to the edits of every day."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from bench.arrays import IntArray
from bench.faults import Fault, SettingsError
from generators.injection.editable_plan import Draft
from generators.injection.injector import STAYS, USUAL, Figures, Incidents, Injector
from generators.model.plan import FOR_EVER, OWN, CellFault, Holdings, Intents, Members
from generators.model.records import Edits, no_edits
from generators.model.rng import Purpose, generator
from generators.model.sim_holdings import Swaps
from generators.social.possessions import Possessions, devices_at
from generators.social.subscriptions import NEVER, SECOND_MS, whole

HALVINGS = 6
"""How often the asked ratio is halved in search of one that there is room for."""
MOST_RATIO = 0.5
TOLERANCE = 0.05
"""Largest relative difference between the realised and the requested anomaly ratio."""
SPREAD = 3.0
"""Twice the standard deviation of how much users call, relative to the mean."""


@dataclass(frozen=True)
class Plan:
    """Everything that is to happen to a world beside normal life; I incidents."""

    edits: list[Edits]
    """One a day."""
    types: list[str]
    """The types that act, in order of name."""
    levels: list[str]
    """The level of each of them."""
    kind: IntArray
    """Shape (I,): index into `types`."""
    figures: list[Figures]
    """What is told of the incidents of each type."""
    parameters: list[Mapping[str, Any]]
    """What each does to cells."""
    start_ms: IntArray
    """Shape (I,): first start of an edited call, since the start of the world."""
    end_ms: IntArray
    """Shape (I,): last end of an edited call."""
    actors: Members
    """The users, or at the level of cells the cells, that act in each."""
    swaps: Swaps
    """Who holds which SIM and device meanwhile."""
    faults: list[CellFault]
    """What happens to cells."""
    cells: Members
    """The cells that each incident holds; those at the level of cells do."""
    calls: dict[str, int]
    """How many calls of each type were asked for."""

    def without(self, incidents: frozenset[int]) -> "Plan":
        """Return the plan in which some incidents do not happen; the others keep their numbers."""
        if not incidents:
            return self
        stays = [~np.isin(each.incident, list(incidents)) for each in self.edits]
        edits = [Edits(*(column[kept] for column in each)) for each, kept in zip(self.edits, stays, strict=True)]
        return replace(self, edits=edits, faults=[f for f in self.faults if f.incident not in incidents])


def no_plan(days: int) -> Plan:
    """Return the plan of a world without incidents."""
    none = np.empty(0, np.int64)
    nobody = Members.of([])
    return Plan([no_edits()] * days, [], [], none, [], [], none, none, nobody, Swaps(), [], nobody, {})


def meets_calls(anomaly: Injector) -> bool:
    """Return whether a type lets faults meet the calls there are, about so many, rather than choosing them."""
    return anomaly.level == "cell" and not anomaly.adds


def plan_incidents(
    draft: Draft,
    anomalies: Mapping[str, Injector],
    ratio: float,
    seed: int,
    of_faults: float = 1.0,
    owned: Possessions | None = None,
) -> Plan:
    """Let every type plan its part, so that `ratio` of all calls will be anomalous.

    Parameters
    ----------
    draft
        Normal life.
    anomalies
        The types.
    ratio
        The asked share of anomalous calls.
    seed
        Of the world.
    of_faults
        For how many times their part the types plan that meet calls, or all where there is none such: more where they
        turned out to come to too few.
    owned
        What users have; None where nobody knows.

    Raises
    ------
    SettingsError
        When the world is too small for whole incidents of a type, or has no room for so many, naming a way on.
    """
    faults = [fault for name, each in anomalies.items() if each.share for fault in _misplaced(name, each, draft)]
    if faults:
        raise SettingsError(faults)
    tried = _tried(draft, anomalies, ratio, seed, of_faults)
    if tried.short:
        raise SettingsError([_too_small(tried.short, draft, ratio)])
    if tried.full:
        lower = (ratio / 2**step for step in range(1, HALVINGS + 1))
        holds = (r for r in lower if not _tried(draft.fresh(), anomalies, r, seed, 1.0).refused)
        raise SettingsError([_too_full(tried.full, ratio, next(holds, None))])
    planned = [_staying(each, owned) for each in tried.planned.values()]
    plan = _gathered(draft, {name: anomalies[name] for name in tried.planned}, planned, tried.wanted)
    _enrol(draft, plan.swaps.holdings)
    return plan


class Short(NamedTuple):
    """What a type wants of which there is not a whole incident."""

    least: int
    """Its calls."""
    calls: float
    """How many times the calls would do."""
    people: float
    """How many times the users it needs, however they call."""


class Tried(NamedTuple):
    """What came of planning all types."""

    wanted: dict[str, int]
    planned: dict[str, Incidents]
    short: dict[str, Short]
    """The types of which there is not a whole incident."""
    full: list[str]
    """The types for which there is no room."""

    @property
    def refused(self) -> bool:
        """Whether any is."""
        return bool(self.short or self.full)


def _tried(draft: Draft, anomalies: Mapping[str, Injector], ratio: float, seed: int, of_faults: float) -> Tried:
    """Let every type plan its part."""
    wanted = _shared_out(draft, anomalies, ratio)
    adjusted = [name for name in wanted if meets_calls(anomalies[name])] or list(wanted)
    wanted |= {name: round(wanted[name] * of_faults) for name in adjusted}
    tried = Tried(wanted, {}, {}, [])
    for name in sorted(wanted):
        anomaly, calls = anomalies[name], wanted[name]
        rng, waves = (generator(seed, purpose, _stable_number(name)) for purpose in (Purpose.ANOMALY, Purpose.SCHEDULE))
        people = getattr(anomaly, "people", 1) / max(draft.num_users, 1)
        short = Short(anomaly.least, anomaly.least / max(calls, 0.5), people)
        if short.calls > 1 or short.people > 1:
            tried.short[name] = short
            continue
        incidents = _planned(draft, anomaly, calls, anomaly.schedule.spans(draft.days, waves), rng)
        if incidents is None:
            tried.full.append(name)
        else:
            tried.planned[name] = incidents
    return tried


def _misplaced(name: str, anomaly: Injector, draft: Draft) -> Iterator[Fault]:
    """Yield why a type cannot happen in a world, however large."""
    if anomaly.schedule.kind == "drift" and anomaly.schedule.from_day >= draft.days:
        key, rule = f"anomaly.{name}.schedule.from_day", f"be below generator.days ({draft.days})"
        yield Fault(key, rule, anomaly.schedule.from_day)
    if draft.callmap is None and anomaly.level == "cell":
        yield Fault("anomaly", draft.without_network, name)


def _planned(
    draft: Draft, anomaly: Injector, calls: int, spans: list[Any], rng: np.random.Generator
) -> Incidents | None:
    """Let a type plan its calls, as many in each of some spans of time as long as each holds a whole incident."""
    if calls < len(spans) * anomaly.least:
        spans = [np.concatenate(spans)]
    found = []
    for number, part in enumerate(spans):
        draft.spans = part
        here = calls * (number + 1) // len(spans) - calls * number // len(spans)
        incidents = anomaly.plan(draft, here, rng) if here >= anomaly.least else None
        if incidents is None:
            return None
        found.append(incidents)
    return Incidents.joined(found)


def _staying(incidents: Incidents, owned: Possessions | None) -> Incidents:
    """Find the devices of edits that are to stay as they are when their incident begins."""
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


def _enrol(draft: Draft, holdings: Holdings) -> None:
    """Let those of the reserve who hold a subscription have it from then on, and those of one box live in one place."""
    people, new = draft.habits.people, holdings.pick(holdings.user >= draft.num_users)
    people.active_from_ms[new.user] = new.from_ms
    moved = new.pick(new.home != new.user)
    for place in (people.home, people.work, people.home_m, people.work_m) if len(moved.user) else ():
        place[moved.user] = place[moved.home]


def _shared_out(draft: Draft, anomalies: Mapping[str, Injector], ratio: float) -> dict[str, int]:
    """Return how many calls each type changes.

    Types that add calls make the whole larger; of the calls that others alter, some would not have taken place.
    """
    lost = draft.suppressed_share()
    total = sum(a.share for a in anomalies.values())
    added = ratio * sum(a.share for a in anomalies.values() if a.adds) / total
    calls = draft.counts.sum(dtype=np.int64) * (1 - lost) / (1 - added) * ratio / total
    return {n: round(calls * a.share / (1 if a.adds else 1 - lost)) for n, a in anomalies.items() if a.share > 0}


def _stable_number(name: str) -> int:
    """Return a number for a type's name, so that a type draws the same whichever others are chosen."""
    return int.from_bytes(sha256(name.encode()).digest()[:7], "big")


def _too_small(short: Mapping[str, Short], draft: Draft, ratio: float) -> Fault:
    """Return what is to be told of a world too small for whole incidents of some types, with what would do."""
    needs = ", ".join(f"{name} ({each.least:,} calls or more)" for name, each in short.items())
    users = enough_users(draft.num_users, max(max(each.calls, each.people) for each in short.values()))
    ways = [f"about {users} users for {draft.days} days do"] if draft.can_grow else []
    higher = ratio * 1.05 * max(each.calls for each in short.values())
    if higher <= MOST_RATIO and all(each.people <= 1 for each in short.values()):
        ways.append(f"a ratio of {np.ceil(higher * 1000) / 1000:g} does")
    rule = f"leave room for whole incidents of {needs}: {', or '.join(ways) or 'leave them out'}"
    return Fault("generator.anomaly_ratio", rule, ratio)


def enough_users(users: int, times: float) -> int:
    """Return so many times the users, rounded up, with room for some calling more than others, here and there."""
    wanted = users * times
    wanted *= 1 + SPREAD / np.sqrt(users) + SPREAD / np.sqrt(wanted)
    step = 10 ** max(int(np.log10(wanted)) - 1, 0)
    return int(-(-wanted // step) * step)


def _too_full(full: list[str], ratio: float, lower: float | None) -> Fault:
    names = ", ".join(full)
    if lower is None:
        return Fault("anomaly", f"leave out {names}, for which this world has no room at any ratio", names)
    return Fault("generator.anomaly_ratio", f"leave room for {names}: a ratio of {lower:g} does", ratio)


def _gathered(draft: Draft, types: Mapping[str, Injector], planned: list[Incidents], wanted: dict[str, int]) -> Plan:
    """Put the incidents of all types in order of time, and their edits in order of day and user."""
    sizes = [len(incidents.parameters) for incidents in planned]
    firsts = np.cumsum([0, *sizes])[:-1]
    edits = Intents.joined([i.edits for i in planned])
    incident = np.concatenate([i.incident + first for i, first in zip(planned, firsts, strict=True)])
    holding = np.concatenate([i.holding_incident + first for i, first in zip(planned, firsts, strict=True)])
    count = int(sum(sizes))
    start = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(start, incident, edits.start_ms)
    end = np.zeros(count, np.int64)
    np.maximum.at(end, incident, edits.start_ms + edits.talk_ms)
    struck = [(f, f.incident + int(n)) for i, n in zip(planned, firsts, strict=True) for f in i.faults]
    for fault, of in struck:
        start[of], end[of] = min(start[of], fault.begin_ms), max(end[of], fault.end_ms)
    actors = Members.joined([_actors(i) for i in planned], firsts)
    cells = Members.joined([Members.of(i.cells or []) for i in planned], firsts)
    leader = actors.member[np.searchsorted(actors.incident, np.arange(count))]
    kind = np.repeat(np.arange(len(planned)), sizes)
    order = np.lexsort((leader, kind, start))
    number = np.empty(count, np.int64)
    number[order] = np.arange(count)
    parameters = [p for i in planned for p in i.parameters]
    return Plan(
        _by_day(edits, number[incident], draft.days),
        list(types),
        [each.level for each in types.values()],
        kind[order],
        [getattr(each, "figures", USUAL) for each in types.values()],
        [parameters[i] for i in order.tolist()],
        start[order],
        end[order],
        actors.renumbered(number),
        _swaps([i.holdings for i in planned], number[holding]),
        [fault._replace(incident=int(number[of])) for fault, of in struck],
        cells.renumbered(number),
        wanted,
    )


def _actors(incidents: Incidents) -> Members:
    """Return who acts in each incident: as it says, else those whose calls it edits."""
    if incidents.actors is not None:
        return Members.of(incidents.actors)
    users = int(incidents.edits.user.max(initial=0)) + 1
    incident, user = np.divmod(np.unique(incidents.incident * users + incidents.edits.user), users)
    return Members(user, incident)


def _swaps(holdings: list[Holdings], incident: IntArray) -> Swaps:
    held = Holdings.joined(holdings)
    last = np.where(held.to_ms >= FOR_EVER, held.to_ms, whole(held.to_ms + SECOND_MS - 1))
    held = held._replace(from_ms=whole(held.from_ms), to_ms=last)  # starts of calls are told in whole seconds
    order = np.lexsort((held.from_ms, held.user))
    return Swaps(held.pick(order), incident[order])


def _by_day(edits: Intents, incident: IntArray, days: int) -> list[Edits]:
    order = np.lexsort((edits.start_ms, edits.user, edits.day))
    bounds = np.searchsorted(edits.day[order], np.arange(days + 1))
    columns = {**edits._asdict(), "incident": incident}
    typed = [columns[name][order].astype(room.dtype) for name, room in no_edits()._asdict().items()]
    return [Edits(*(c[low:high] for c in typed)) for low, high in pairwise(bounds)]
