"""From the asked ratio and the chosen types to the edits of every day."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np

from bench.faults import Fault, SettingsError
from generators.calls.records import Edits, no_edits
from generators.draft import Draft
from generators.injection import Incidents, Injector
from generators.plan import CellFault, Holdings, Intents, Members
from generators.realised import USUAL, Figures
from generators.rng import IntArray, Purpose, generator
from generators.swaps import Swaps


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


def no_plan(days: int) -> Plan:
    """Return the plan of a world without incidents."""
    none = np.empty(0, np.int64)
    nobody = Members.of([])
    return Plan([no_edits()] * days, [], [], none, [], [], none, none, nobody, Swaps(), [], nobody, {})


def meets_calls(anomaly: Injector) -> bool:
    """Return whether a type lets faults meet the calls there are, about so many, rather than choosing them."""
    return anomaly.level == "cell" and not anomaly.adds


def plan_incidents(
    draft: Draft, anomalies: Mapping[str, Injector], ratio: float, seed: int, of_faults: float = 1.0
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
        For how many times their part the types plan that meet calls: more where they turned out to meet too few.

    Raises
    ------
    SettingsError
        When the world is too small for a type, naming what it would need.
    """
    wanted = _shared_out(draft, anomalies, ratio)
    wanted |= {name: round(calls * of_faults) for name, calls in wanted.items() if meets_calls(anomalies[name])}
    planned: list[Incidents] = []
    names: list[str] = []
    faults = []
    for name in sorted(wanted):
        rng, waves = (generator(seed, purpose, _stable_number(name)) for purpose in (Purpose.ANOMALY, Purpose.SCHEDULE))
        spans = anomalies[name].schedule.spans(draft.days, waves)
        if not spans:
            key, rule = f"anomaly.{name}.schedule.from_day", f"be below generator.days ({draft.days})"
            faults.append(Fault(key, rule, anomalies[name].schedule.from_day))
            continue
        if draft.callmap is None and anomalies[name].level == "cell":
            rule = "be 0 where there is no network (generator/network=none)"
            faults.append(Fault(f"anomaly.{name}.share", rule, anomalies[name].share))
            continue
        incidents = _planned(draft, anomalies[name], wanted[name], spans, rng)
        if incidents is None:
            faults.append(_too_small(name, anomalies[name], wanted[name], draft, ratio))
            continue
        planned.append(incidents)
        names.append(name)
    if faults:
        raise SettingsError(faults)
    plan = _gathered(draft, {name: anomalies[name] for name in names}, planned, wanted)
    _enrol(draft, plan.swaps.holdings)
    return plan


def _planned(
    draft: Draft, anomaly: Injector, calls: int, spans: list[Any], rng: np.random.Generator
) -> Incidents | None:
    """Let a type plan its calls, as many in each of some spans of time as long as that does not get too few."""
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


def _enrol(draft: Draft, holdings: Holdings) -> None:
    """Let those of the reserve who hold a subscription have it from then on."""
    new = holdings.user >= draft.num_users
    draft.habits.people.active_from_ms[holdings.user[new]] = holdings.from_ms[new]


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


def _too_small(name: str, anomaly: Injector, calls: int, draft: Draft, ratio: float) -> Fault:
    factor = max(2.0, anomaly.least / max(calls, 1))
    size = f"about {int(np.ceil(draft.num_users * factor))} users for {draft.days} days"
    rule = f"leave room for {name}, which needs {anomaly.least} calls or more and {size} at this ratio"
    return Fault("generator.anomaly_ratio", rule, ratio)


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
    order = np.lexsort((held.from_ms, held.user))
    return Swaps(held.pick(order), incident[order])


def _by_day(edits: Intents, incident: IntArray, days: int) -> list[Edits]:
    order = np.lexsort((edits.start_ms, edits.user, edits.day))
    bounds = np.searchsorted(edits.day[order], np.arange(days + 1))
    columns = {**edits._asdict(), "incident": incident}
    typed = [columns[name][order].astype(room.dtype) for name, room in no_edits()._asdict().items()]
    return [Edits(*(c[low:high] for c in typed)) for low, high in pairwise(bounds)]
