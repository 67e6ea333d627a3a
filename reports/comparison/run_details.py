"""Details of a run for the page, from the tables in its folder: curves, incidents, alerts.

Older runs do not have these tables; then the page says that there are no details.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.arrays import FloatArray
from bench.evaluation.home import homes_in
from bench.evaluation.incidents import chance_recall
from bench.faults import UserError
from bench.host.plain_files import require_plain
from bench.host.processes import apart
from bench.host.texts import printable
from bench.run_tables import ALERTS, CURVES, FALSE_ALARM, INCIDENTS_FOUND, read
from bench.schema import Table
from reports.comparison.grouping import Comparison
from reports.wording import ALL, LEVELS, Row, home_level, key, own_level, settings_of

BUDGETS = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10000)
"""Alerts a day at which curves are evaluated."""
SCORES = "scores.parquet"
SHARES = ("recall", "precision", "incident_recall")
RECALLS = np.linspace(0, 1, 21)
"""Recalls at which the precision is read too, so that curves of worlds of different sizes can be averaged."""
THOUSAND = 1000
FALSE_ALARMS = 5
LEAST_PRECISION = 1e-12
LONGEST = 300
"""The most characters of a detector's reasons."""
AT_ONCE = 10
"""Runs whose contents the other process returns together."""
Curve = dict[str, list[int | None]]
"""Values in thousandths, one for each of `BUDGETS`; `precision_at`, one for each of `RECALLS`."""


INCIDENT_COLUMNS = ("anomaly_type", "incident_id", "records", "found_probability", "delay_s", "best_rank", "reasons")
CURVE_COLUMNS = ("level", "anomaly_type", "alerts_per_day", *SHARES)
ALARM_COLUMNS = ("rank", "score", "start_ts", "user_id", "callee_id", "cell_id", "reasons")


@dataclass(frozen=True)
class Contents:
    """What the page may show of the tables in a run's folder."""

    curves: dict[tuple[str, str], Curve]
    """By level and type."""
    incidents: pa.Table | None
    """`INCIDENT_COLUMNS` of the table of incidents."""
    alarms: dict[str, list[dict[str, Any]]]
    """The highest false alarms of each level."""
    scored: int
    """Number of records that were scored, at the detector's own level; 0 if unknown."""
    omissions: list[str]
    """Of each table that cannot be read, one line that says why."""


NOTHING_LEFT = Contents({}, None, {}, 0, [])
"""Of a run without tables."""


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run, and what is to be read of its tables."""

    row: Row
    """Of the run's row, what its level follows from, and `folder`."""
    homes: dict[str, set[str]]
    """All home levels of each type: in worlds with other settings, a type may have another one."""
    with_alarms: bool

    def contents(self) -> Contents:
        """Read the tables."""
        omissions: list[str] = []
        curves = self._table(CURVES, CURVE_COLUMNS, omissions)
        incidents = self._table(INCIDENTS_FOUND, INCIDENT_COLUMNS, omissions)
        alerts = self._table(ALERTS, ("level", "verdict", *ALARM_COLUMNS), omissions) if self.with_alarms else None
        return Contents(
            curves={} if curves is None else dict(self._curves(curves)),
            incidents=incidents,
            alarms={} if alerts is None else _false_alarms(alerts, _levels_of(self.row)),
            scored=self._scored(),
            omissions=omissions,
        )

    def _scored(self) -> int:
        try:
            return int(pq.read_metadata(require_plain(Path(str(self.row["folder"])), SCORES)).num_rows)
        except (UserError, pa.ArrowException, OSError):
            return 0

    def _table(self, table: Table, columns: Sequence[str], omissions: list[str]) -> pa.Table | None:
        """Return a table; None if it is missing or cannot be read, which `omissions` then says."""
        folder = Path(str(self.row["folder"]))
        if not os.path.lexists(folder / f"{table.name}.parquet"):
            return None
        try:
            return read(folder, table, columns)
        except UserError as error:
            omissions.append(str(error))
            return None

    def _curves(self, table: pa.Table) -> Iterator[tuple[tuple[str, str], Curve]]:
        """Yield the curve of each type, evaluated at `BUDGETS`, at the levels at which it may be shown."""
        names = pc.binary_join_element_wise(table["level"], table["anomaly_type"], "/").combine_chunks()
        names = pc.run_end_encode(names)
        columns = {name: table[name].to_numpy() for name in CURVE_COLUMNS[2:]}
        low = 0
        for place, high in zip(names.values.to_pylist(), names.run_ends.to_pylist(), strict=True):
            level, _, name = place.partition("/")
            if name == ALL or level == level_of(self.row, name) or level in self.homes.get(name, ()):
                yield (level, name), _read_at_budgets({column: values[low:high] for column, values in columns.items()})
            low = high


@dataclass(frozen=True)
class RunDetails:
    """What is shown of one run."""

    row: Row
    contents: Contents

    @property
    def curves(self) -> dict[str, Curve]:
        """The curve of each type, at the level at which it is shown."""
        return {name: curve for (level, name), curve in self.contents.curves.items() if level == self.level(name)}

    def level(self, name: str) -> str:
        """Return the level at which a type is shown."""
        return level_of(self.row, name)

    def chances(self, name: str) -> list[int | None]:
        """Return which share of a type's incidents random alerts would find, at each of `BUDGETS`; empty if unknown.

        It is known where the detector scores the type's own level, and the threshold is a number of alerts a day.
        """
        level = own_level(self.row)
        alerts, budget = self.row.get(key("alerts", level, ALL)), _budget(self.row)
        table, records = self.contents.incidents, self.contents.scored
        if table is None or budget <= 0 or home_level(self.row, name) != level or not isinstance(alerts, int | float):
            return []
        its = table.filter(pc.and_(pc.equal(table["anomaly_type"], name), pc.greater(table["records"], 0)))["records"]
        sizes = np.minimum(its.to_numpy(), records)
        if not sizes.size or not 0 < alerts < records:
            return []
        asked = np.minimum(np.array(BUDGETS) * alerts / budget, records)
        return _thousandths(np.array([chance_recall(sizes, records=records, alerts=each) for each in asked.tolist()]))


def folders_of(compared: Iterable[Comparison]) -> list[RunFolder]:
    """Return the folders of all runs that succeeded; false alarms are shown of the first run of a detector."""
    runs = [(row, place == 0) for each in compared for who in each.contenders for place, row in enumerate(who.good)]
    homes: dict[str, set[str]] = defaultdict(set)
    for text in {str(row.get("home_levels") or "") for row, _ in runs}:
        for name, level in homes_in(text).items():
            homes[name].add(level)
    slim = [({key: row.get(key) for key in ("folder", "home_levels", "level")}, first) for row, first in runs]
    return [RunFolder(row, homes, first) for row, first in slim if row["folder"]]


@contextmanager
def read_beside(folders: Sequence[RunFolder]) -> Iterator[Callable[[], dict[str, Contents]]]:
    """Read the tables in a process beside this one; the function waits for it, and returns contents by folder."""
    with apart() as process:
        found = process.map(RunFolder.contents, folders, chunksize=AT_ONCE)
        yield lambda: {str(each.row["folder"]): mine for each, mine in zip(folders, found, strict=True)}


def level_of(row: Row, name: str) -> str:
    """Return the level at which a type is shown: its home level or, without scores there, the detector's own."""
    home = home_level(row, name)
    return home if home in _levels_of(row) else own_level(row)


def _levels_of(row: Row) -> tuple[str, ...]:
    own = own_level(row)
    return tuple(LEVELS) if own == "call" else (own,)


def _budget(row: Row) -> float:
    """Return the alerts a day of a run's threshold; 0 if it is not such a number."""
    budget = (settings_of(row).get("threshold") or {}).get("alerts_per_day")
    return float(budget) if row.get("threshold_policy") == "budget" and isinstance(budget, int | float) else 0.0


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Return the mean of the curves of repeats; empty if one of them is."""
    if len(curves) == 1:
        return curves[0]

    def mean(values: tuple[int | None, ...]) -> int | None:
        known = [value for value in values if value is not None]
        return round(sum(known) / len(known)) if len(known) == len(values) else None

    return {name: [mean(values) for values in zip(*(each[name] for each in curves), strict=True)] for name in curves[0]}


def _read_at_budgets(curve: Mapping[str, FloatArray]) -> Curve:
    """Evaluate a curve at `BUDGETS`, interpolating between two thresholds by a random share of the new alerts.

    Beyond the end of the curve everything is found, but the precision is unknown.
    """
    alerts, recall = (np.append(0, curve[name]) for name in ("alerts_per_day", "recall"))
    precise = np.append(0, curve["precision"])
    # false alarms relative to the number of positives
    false = np.where(precise > 0, recall * (1 / np.maximum(precise, LEAST_PRECISION) - 1), 0)
    hits, wrong = np.interp(BUDGETS, alerts, recall), np.interp(BUDGETS, alerts, false)
    found = np.interp(BUDGETS, alerts, np.append(0, curve["incident_recall"]))
    precision = np.where(hits > 0, hits / np.maximum(hits + wrong, LEAST_PRECISION), 0)
    ends = int(np.searchsorted(BUDGETS, alerts[-1], side="right"))
    return {
        "recall": _thousandths(hits),
        "precision": [*_thousandths(precision[:ends]), *[None] * (len(BUDGETS) - ends)],
        "incident_recall": _thousandths(found),
        "precision_at": _thousandths(_precision_at(RECALLS, recall, false, float(precise[1]))),
    }


def _precision_at(recalls: FloatArray, recall: FloatArray, false: FloatArray, first: float) -> FloatArray:
    """Return the precision at given recalls; between thresholds, false alarms grow in proportion to the recall.

    At a recall of 0 it is that of the first threshold.
    """
    wrong = np.interp(recalls, recall, false)
    return np.where(recalls > 0, recalls / np.maximum(recalls + wrong, LEAST_PRECISION), first)


def _thousandths(shares: FloatArray) -> list[int | None]:
    return [round(THOUSAND * share) for share in shares.tolist()]


def _false_alarms(table: pa.Table, levels: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    table = table.filter(pc.equal(table["verdict"], FALSE_ALARM))
    return {level: list(_first_alarms(table, level)) for level in levels}


def _first_alarms(table: pa.Table, level: str) -> Iterable[dict[str, Any]]:
    for alarm in table.filter(pc.equal(table["level"], level)).slice(0, FALSE_ALARMS).select(ALARM_COLUMNS).to_pylist():
        texts = {
            name: printable(str(alarm[name] or ""))[:LONGEST] for name in ("user_id", "callee_id", "cell_id", "reasons")
        }
        when = alarm["start_ts"].strftime("%Y-%m-%d %H:%M")
        yield {"rank": alarm["rank"], "score": float(f"{alarm['score']:.5g}"), "when": when, **texts}
