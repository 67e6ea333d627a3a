"""What a run on recorded calls has found: whom to look at first, and what would be found of each type of anomaly."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from bench.evaluation.incidents_table import judged_level
from bench.evaluation.run_outcome import Outcome
from bench.run_tables import ALERTS, CURVES, FALSE_ALARM, read
from reports.run.enough_incidents import Ways, few_in, ways_of
from reports.wording import (
    ALL,
    LEVELS,
    NOTHING,
    count,
    duration,
    key,
    left_out_in,
    number,
    own_level,
    percent,
    types_in,
)

SHOWN = 25
"""The most callers that are shown."""
BUDGETS = (1, 10, 100, 1000)
"""Alerts a day for which the share of incidents found is shown."""
HALF, MOST = 0.5, 0.8
Row = dict[str, Any]


@dataclass(frozen=True)
class Lead:
    """Somebody with alerts, described by the highest."""

    who: str
    alerts: int
    first: Row
    """The alert with the highest score, as in the table of alerts."""
    when: str
    """Its start in local time."""


@dataclass(frozen=True)
class TypeFound:
    """What would be found of a type of anomaly."""

    name: str
    noun: str
    """What is judged: calls, days of users or quarter hours of cells."""
    cells: tuple[str, ...]
    """Incidents found, the 95 % interval, by chance, delay, alerts a day for half and for most of them, recall at each
    of `BUDGETS`."""
    is_judged: bool
    """Whether it has enough incidents."""


@dataclass(frozen=True)
class Findings:
    """Everything on the page of a run on recorded calls."""

    facts: tuple[str, ...]
    leads: tuple[Lead, ...]
    more: int
    """Number of further parties with alerts."""
    on_cells: bool
    """Whether parties are cells."""
    injected: bool
    """Whether incidents were injected into the records; alerts on these are not among the leads."""
    labelled: bool
    types: tuple[TypeFound, ...]
    left_out: tuple[tuple[str, str], ...]
    """Types that were asked for and not injected, and why."""
    ways: Ways | None
    """What to ask for so that types with too few incidents have enough."""


def findings_of(outcome: Outcome, folder: Path) -> Findings:
    """Return the findings of a run on recorded calls; its tables are in the folder."""
    asked = outcome.result.asked
    injected = bool(asked.get("anomaly_ratio"))
    alerts = read(folder, ALERTS)
    own = alerts.filter(pc.equal(alerts["level"], own_level(asked)))
    rows = [row for row in own.to_pylist() if not injected or row["verdict"] == FALSE_ALARM]
    party = "cell_id" if rows and rows[0]["user_id"] is None else "user_id"
    leads = list(_leads(rows, party, outcome))
    days = outcome.dataset.window.days
    return Findings(
        facts=tuple(_facts(outcome, len(rows), own.num_rows, days, injected)),
        leads=tuple(leads[:SHOWN]),
        more=max(len(leads) - SHOWN, 0),
        on_cells=party == "cell_id",
        injected=injected,
        labelled=outcome.labelled,
        types=tuple(_types(outcome, folder)) if outcome.labelled else (),
        left_out=tuple(left_out_in(asked)),
        ways=ways_of(outcome) if injected and few_in(outcome) else None,
    )


def _facts(outcome: Outcome, shown: int, alerts: int, days: float, injected: bool) -> Iterator[str]:
    clock, window = outcome.dataset.clock, outcome.dataset.window
    low, high = outcome.dataset.call_range(window)
    first, last = (_local(outcome, ms)[:10] for ms in (window.start_ms, window.end_ms - 1))
    scored = f"{high - low:,} calls from {first} to {last} ({clock.time_zone})"
    yield f"{scored} were scored by {outcome.result.asked['detector']}"
    line = f"{alerts:,} alerts, {alerts / days:,.3g} a day"
    yield f"{line}, of which {shown / days:,.3g} a day are not about injected calls" if injected else line


def _leads(rows: list[Row], party: str, outcome: Outcome) -> Iterator[Lead]:
    """Yield who has alerts, by the highest of each, which comes first."""
    whose: dict[str, list[Row]] = {}
    for row in rows:
        whose.setdefault(str(row[party]), []).append(row)
    for who, own in whose.items():
        yield Lead(who, len(own), own[0], _local(outcome, int(own[0]["start_ts"].timestamp() * 1000)))


def _local(outcome: Outcome, utc_ms: int) -> str:
    local = datetime.fromtimestamp(int(outcome.dataset.clock.local_ms(utc_ms)) / 1000, UTC)
    return f"{local:%Y-%m-%d %H:%M:%S %a}"


def _types(outcome: Outcome, folder: Path) -> Iterator[TypeFound]:
    values, curves = outcome.result.values, read(folder, CURVES)
    few = few_in(outcome)
    for name in types_in(values):
        level = str(judged_level(outcome, name)) if name != ALL else own_level(outcome.result.asked)
        recall = values.get(key("incident_recall", level, name))
        incidents = values.get(key("incidents", level, name))
        if recall is None or not incidents:
            continue
        here = pc.and_(pc.equal(curves["level"], level), pc.equal(curves["anomaly_type"], name))
        curve = curves.filter(here).select(["alerts_per_day", "incident_recall"]).to_pylist()
        low, high = (values.get(key(f"incident_recall_{end}", level, name)) for end in ("low", "high"))
        found = f"{number(recall * incidents, 0)} of {count(incidents)}"
        between = NOTHING if low is None or high is None else f"{percent(round(low, 2))} to {percent(round(high, 2))}"
        chance = percent(values.get(key("incident_recall_chance", level, name)))
        delay = duration(values.get(key("delay_seconds", level, name)))
        shares = [percent(_recall_at(curve, budget)) for budget in BUDGETS]
        takes = [_takes(curve, share) for share in (HALF, MOST)]
        cells = (found, between, chance, delay, *takes, *shares)
        yield TypeFound(name, LEVELS[level], cells, name not in few)


def _recall_at(curve: list[Row], budget: float) -> float:
    return max((point["incident_recall"] for point in curve if point["alerts_per_day"] <= budget), default=0.0)


def _takes(curve: list[Row], share: float) -> str:
    """Return how many alerts a day it takes to find a share of the incidents."""
    enough = [point["alerts_per_day"] for point in curve if point["incident_recall"] >= share]
    return f"{min(enough):,.3g}" if enough else NOTHING
