"""Injects anomalies into a user's own records, by the same injectors as in a simulated world."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.dataset import Clock
from bench.faults import Fault, SettingsError, UserError
from bench.generator import LEFT_OUT
from generators.injection.editable_plan import EditablePlan
from generators.injection.incident_planning import MOST_RATIO, TOLERANCE, IncidentPlan, plan_incidents, ratio_is_met
from generators.injection.injector import Injector
from generators.injection.planning_errors import NoRoom, NotInRecords, TypesRefused
from generators.own_records.calls import CALL_DIGITS, UNKNOWN, Calls
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.pseudonyms import Naming, Pseudonyms
from generators.own_records.recorded_life import RecordedLife
from generators.own_records.records_by_user import RecordsByUser
from generators.own_records.rewriting import Rewriter, since_first_day
from generators.tables.identities import digits_for
from generators.truth.truth_writer import TruthWriter

NOTABLE = 0.02
"""Share of a type's calls that the records do not show, from which more are planned."""
LEAST_SHOWN = 0.5
"""Share of a type's calls that the records must show, else it is left out."""
CORRECTIONS = 2
"""How often incidents are planned again, with more or fewer calls, where the ratio is missed."""


@dataclass
class Asked:
    """An injector, and the reason why the records cannot carry it, if any."""

    injector: Any
    more: float = 1.0
    """Factor on its calls, where the records do not show all of them."""
    lacked: str = ""

    def __post_init__(self) -> None:
        self.share = self.injector.share * self.more

    def __getattr__(self, name: str) -> Any:
        return getattr(self.injector, name)

    def plan(self, editable: EditablePlan, calls: int, rng: Any) -> Any:
        """Plan incidents; record what is missing, and raise `NoRoom`, if the records lack something."""
        try:
            return self.injector.plan(editable, calls, rng)
        except NotInRecords as error:
            self.lacked = str(error)
            raise NoRoom from error


def plan_possible(
    records: RecordsByUser, anomalies: Mapping[str, Injector], ratio: float, seed: int, more: Mapping[str, float]
) -> tuple[IncidentPlan, dict[str, str]]:
    """Plan incidents of those types that the records can carry; return the plan, and why each other type is left out.

    Of types that have too few calls for one whole incident only the one that is farthest from it is left out at a time:
    the others get its calls.

    Parameters
    ----------
    records, anomalies, seed
        The records, the types and the seed of the injection.
    ratio
        Share of the calls that are to be anomalous.
    more
        Factor on the calls of some types, of which the records do not show all.

    Raises
    ------
    SettingsError
        When no type is left.
    """
    left_out: dict[str, str] = {}
    while True:
        asked = {name: Asked(each, more.get(name, 1.0)) for name, each in anomalies.items() if name not in left_out}
        whole = sum(each.share for each in asked.values()) / sum(each.injector.share for each in asked.values())
        try:
            planned = min(ratio * whole, MOST_RATIO)
            return plan_incidents(EditablePlan(RecordedLife(records)), asked, planned, seed), left_out
        except TypesRefused as error:
            lacking = {name: f"it needs {each.lacked}" for name, each in asked.items() if each.lacked}
            left_out |= lacking or dict([next(iter(error.reasons.items()))])
            if len(anomalies) == 1 and not lacking:
                raise
            if len(left_out) == len(anomalies):
                raise none_left(left_out) from error


@dataclass(frozen=True)
class Names:
    """Ids of users and cells in the ground truth."""

    user: pa.StringArray
    cell: pa.StringArray


class LocalTruthWriter(TruthWriter):
    """Writes the truth of records whose times are on a local clock, the offset of which may change."""

    clock: Clock

    def _utc_ms(self, since_ms: Any) -> Any:
        return since_first_day(self.clock, since_ms)


def injected(
    calls: Calls, settings: CdrFileSettings, anomalies: Mapping[str, Injector], naming: Naming, truth: Path
) -> tuple[Calls, dict[str, Any]]:
    """Return the records with anomalies, and counts for the manifest; write the truth to a folder.

    Raises
    ------
    SettingsError
        When each type needs something that records do not show, or more users or days than there are.
    UserError
        When the ratio is not met.
    """
    ratio, seed = settings.anomaly_ratio or 0.0, settings.seed or 0
    records = RecordsByUser.of(calls, with_reserve=isinstance(naming, Pseudonyms))
    unshown: dict[str, str] = {}
    more: dict[str, float] = {}
    counts: dict[str, Any] = {}
    corrected, tries = 1.0, 0
    while True:
        possible = {name: each for name, each in anomalies.items() if name not in unshown}
        try:
            plan, left_out = plan_possible(records, possible, ratio * corrected, seed, more)
        except (TypesRefused, SettingsError):
            if tries:
                _checked(counts, ratio)
            raise
        rewriter = Rewriter(calls, records, plan, naming, seed)
        after, changes, values, how_shown = rewriter.rewritten()
        shown = {name: each for name, each in how_shown.items() if each.share < 1 - NOTABLE}
        unshown |= {name: each.reason for name, each in shown.items() if each.share < LEAST_SHOWN}
        if len(unshown) == len(anomalies):
            raise none_left(unshown)
        if set(shown) - set(more) - set(left_out):
            more |= {name: 1 / each.share for name, each in shown.items() if name not in unshown}
            continue
        cells = after.texts["cell"] if len(after.texts["cell"]) else pa.array([UNKNOWN])
        names = Names(rewriter.written.users, cells)
        truth_writer = LocalTruthWriter(plan, names, calls.clock.start_ms, records.users)  # type: ignore[arg-type]
        truth_writer.clock = calls.clock
        truth_writer.add(changes, values, after.start_ms.size, 0, digits_for(after.start_ms.size, CALL_DIGITS))
        counts = truth_writer.counts()
        got = counts["anomaly_ratio"]
        if ratio_is_met(got, ratio) or _is_nearest(counts, ratio) or not got or tries == CORRECTIONS:
            break
        corrected, tries = corrected * ratio / got, tries + 1
    truth_writer.write(truth)
    return after, {**_checked(counts, ratio), LEFT_OUT: left_out | unshown}


def _is_nearest(counts: dict[str, Any], asked: float) -> bool:
    """Return whether the ratio lies between this number of anomalous calls and a neighbouring one."""
    return bool(abs(counts["anomalous_calls"] - asked * counts["calls"]) < 1)


def none_left(left_out: Mapping[str, str]) -> SettingsError:
    """Return the error about records that can carry none of the types."""
    rule = "leave out types that these records cannot carry ({})"
    return SettingsError([Fault("anomaly", rule.format(why), name) for name, why in left_out.items()])


def _checked(counts: dict[str, Any], asked: float) -> dict[str, Any]:
    got = counts["anomaly_ratio"]
    if not ratio_is_met(got, asked):
        if _is_nearest(counts, asked):
            raise UserError(
                f"generator.anomaly_ratio must be met within {TOLERANCE:.0%}, got {asked:g}: the nearest is "
                f"{counts['anomalous_calls']:,} of {counts['calls']:,} calls, so {got:.4g} does"
            )
        raise UserError(
            f"generator.anomaly_ratio must be met within {TOLERANCE:.0%}, got {got:.4g} where {asked:g} was asked: "
            "these records have no room for it (incidents give way to calls that run, and to each other)"
        )
    return counts
