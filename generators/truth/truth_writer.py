"""Writes the ground truth of a world, collected while its calls are written.

The figures of an incident are counted from its records; only the parameters of faults of cells are copied from the
plan.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.schema import INCIDENTS, TIME, TRUTH
from bench.truth import CONFIGURED_FAILURE
from generators.injection.incident_planning import IncidentPlan
from generators.model.changes import ADDED, CHANGES, REMOVED, Changes, joined
from generators.model.plan import Members
from generators.model.records import Records
from generators.tables.columns import ParquetRows, conformed, moments
from generators.tables.identities import digits_for, numbered
from generators.tables.names import Names
from generators.truth.cell_incident_figures import CellFigures
from generators.truth.configured_failures import ConfiguredFailures
from generators.truth.incident_figures import RecordedValues, figures_of, spans_of

NOTHING_LEFT = {"calls": 0}
"""Figures of an incident that only took calls away: those that it was to make could not take place."""


class TruthWriter:
    """Collects the ground truth of a world day by day, and writes it."""

    def __init__(
        self,
        plan: IncidentPlan,
        names: Names,
        epoch_ms: int,
        users: int,
        of_cells: tuple[CellFigures | None, ConfiguredFailures | None] = (None, None),
    ) -> None:
        """`of_cells`: what counts the figures of incidents at the level of cells, injected and configured ones."""
        self.plan, self.names, self.epoch_ms, self.users = plan, names, epoch_ms, users
        self.cells, self.failures = of_cells
        self.figures: dict[int, dict[str, Any]] = {}
        """Figures of each incident that changed records; known once the truth is written."""
        self.calls = 0
        self.suppressed = 0
        self._parts: list[tuple[Changes, RecordedValues, pa.Array]] = []

    def add(self, changes: Changes, values: RecordedValues, calls: int, suppressed: int, digits: int) -> None:
        """Add one day; its calls are numbered from the end of the previous day."""
        removed = changes.change == REMOVED
        row = np.where(removed, -1, changes.row + self.calls)
        keys = pa.array([f"key_{key:016x}" for key in changes.key[removed].tolist()], pa.string())
        ids = pc.replace_with_mask(numbered("call_", np.maximum(row, 0), digits), pa.array(removed), keys)
        self._parts.append((changes._replace(row=row), values, ids))
        self.calls += calls
        self.suppressed += suppressed

    def add_cells(self, records: Records, events: Any, changes: Changes) -> None:
        """Count one day of the incidents at the level of cells."""
        if self.cells is not None:
            self.cells.add(records, events, changes)
        if self.failures is not None:
            self.failures.add(records, events)

    def write(self, folder: Path) -> None:
        """Write the tables `incidents` (those that changed any record, and configured failures) and `truth`."""
        plan, real = self.plan, self._real()
        kind, ids = pa.array(plan.kind[real]), self._ids(real)
        changes = joined([part[0] for part in self._parts])
        values = RecordedValues.joined([part[1] for part in self._parts])
        begin, end = self._spans(changes, values)
        figures = self._figures(changes, values)
        self.figures = {i: figures.get(i, NOTHING_LEFT) for i in real.tolist()}
        parameters = [json.dumps(each, sort_keys=True) for each in self.figures.values()]
        incidents = {
            "incident_id": ids[: len(real)],
            "anomaly_type": pa.array(plan.types, pa.string()).take(kind),
            "level": pa.array(plan.levels, pa.string()).take(kind),
            "start_ts": moments(self._utc_ms(begin[real])),
            "end_ts": moments(self._utc_ms(end[real])),
            "actors": self._actors(real, changes),
            "parameters": pa.array(parameters, pa.string()),
        }
        incident_rows = ParquetRows(folder / "incidents.parquet", INCIDENTS.arrow)
        incident_rows.write(conformed(pa.table(incidents), INCIDENTS.arrow))
        truth = ParquetRows(folder / "truth.parquet", TRUTH.arrow)
        for changes, _, calls in self._parts:
            truth.write(conformed(pa.table(self._truth(changes, calls, real)), TRUTH.arrow))
        truth.write(conformed(pa.table(self._held(real, begin, end)), TRUTH.arrow))
        if self.failures:
            where = ids[len(real) :], self.names, self.epoch_ms
            incident_rows.write(conformed(pa.table(self.failures.incidents(*where)), INCIDENTS.arrow))
            truth.write(conformed(pa.table(self.failures.truth(*where)), TRUTH.arrow))
        incident_rows.close()
        truth.close()

    def _ids(self, real: Any) -> pa.StringArray:
        """Return the ids of the injected incidents, then those of the configured failures."""
        count = len(real) + len(self.failures or ())
        return numbered("incident_", np.arange(count), digits_for(count, 4))

    def _utc_ms(self, since_ms: Any) -> Any:
        """Return moments since the start of the world as ms since the Unix epoch (UTC)."""
        return self.epoch_ms + since_ms

    def _spans(self, changes: Changes, values: RecordedValues) -> tuple[Any, Any]:
        """Return begin and end of each incident, by its records or its faults of cells [ms]."""
        begin, end = spans_of(changes, values, len(self.plan.kind))
        of_cells = np.unique(np.array([fault.incident for fault in self.plan.faults], np.int64))
        begin[of_cells], end[of_cells] = self.plan.start_ms[of_cells], self.plan.end_ms[of_cells]
        return begin, end

    def _figures(self, changes: Changes, values: RecordedValues) -> dict[int, dict[str, Any]]:
        """Return the figures of each incident that changed records."""
        removed, added = (int((changes.change == kind).sum()) for kind in (REMOVED, ADDED))
        usual = (self.calls - added + removed) / max(self.users * len(self.plan.edits), 1)
        found: dict[int, dict[str, Any]] = {}
        for kind, names in enumerate(self.plan.figures):
            mine = self.plan.kind[changes.incident] == kind
            if self.plan.levels[kind] == "cell" and self.cells is not None:
                befallen = np.unique(changes.incident[mine]).tolist()
                found |= {i: self.cells.of(i, self.plan.types[kind], self.plan.parameters[i]) for i in befallen}
                continue
            which, rows = figures_of(changes, values, mine, names, usual)
            found |= zip(which.tolist(), rows, strict=True)
        return found

    def counts(self) -> dict[str, Any]:
        """Return the counts for the manifest."""
        types, kind = self.plan.types, self.plan.kind
        calls = np.zeros(len(types), np.int64)
        removed = collateral = 0
        for changes, *_ in self._parts:
            there = changes.change != REMOVED
            calls += np.bincount(kind[changes.incident[there & changes.direct]], minlength=len(types))
            removed += int((~there).sum())
            collateral += int((there & ~changes.direct).sum())
        anomalous, incidents = int(calls.sum()), np.bincount(kind[self._real()], minlength=len(types))
        configured = {CONFIGURED_FAILURE: len(self.failures)} if self.failures else {}
        return {
            "calls": self.calls,
            "anomalous_calls": anomalous,
            "anomaly_ratio": anomalous / max(self.calls, 1),
            "calls_by_type": dict(zip(types, calls.tolist(), strict=True)) | dict.fromkeys(configured, 0),
            "incidents_by_type": dict(zip(types, incidents.tolist(), strict=True)) | configured,
            "collateral_calls": collateral,
            "removed_calls": removed,
            "suppressed_intents": self.suppressed,
        }

    def _real(self) -> Any:
        """Return the incidents that changed anything; the calls of the others would not have taken place anyway."""
        return np.unique(np.concatenate([np.unique(changes.incident) for changes, *_ in self._parts]))

    def _actors(self, real: Any, changes: Changes) -> pa.Array:
        """Return a list of ids for each incident, of users or of cells, in order of id."""
        member, number = _among(self._acting(changes), real)
        of_cells = np.isin(self.plan.levels, "cell")[self.plan.kind[real[number]]]
        ids = pa.concat_arrays([self.names.user, self.names.cell])
        rows = pa.table({"number": number, "id": ids.take(pa.array(member + len(self.names.user) * of_cells))})
        rows = rows.sort_by([("number", "ascending"), ("id", "ascending")])
        ends = np.searchsorted(number, np.arange(len(real) + 1)).astype(np.int32)
        return pa.ListArray.from_arrays(ends, rows["id"].combine_chunks())

    def _acting(self, changes: Changes) -> Members:
        """Return the actors of incidents, without users whose calls did not take place, unless it has no others.

        Users of the reserve stay, since the incident alone gives them a subscription.
        """
        planned, wide = self.plan.actors, len(self.names.user)
        of_users = ~np.isin(self.plan.levels, "cell")[self.plan.kind[planned.incident]]
        made = changes.incident[changes.direct].astype(np.int64) * wide + changes.caller[changes.direct]
        calling = np.isin(planned.incident * wide + planned.member, made)
        any_calls = np.isin(planned.incident, planned.incident[calling])
        kept = calling | ~any_calls | ~of_users | (planned.member >= self.users)
        return Members(planned.member[kept], planned.incident[kept])

    def _held(self, real: Any, begin: Any, end: Any) -> dict[str, pa.Array]:
        """Return the rows of the truth about cells that incidents affected."""
        held, number = _among(self.plan.cells, real)
        incident, many = real[number], len(held)
        cell = self.names.cell.take(pa.array(held))
        return {
            "level": pa.array(["cell"] * many, pa.string()),
            "entity_id": cell,
            "row": pa.array(np.full(many, -1)),
            "incident_id": self._ids(real).take(pa.array(number)),
            "anomaly_type": pa.array(self.plan.types, pa.string()).take(pa.array(self.plan.kind[incident])),
            "change": pa.array(["altered"] * many, pa.string()),
            "cause": pa.array(["direct"] * many, pa.string()),
            "user_id": pa.nulls(many, pa.string()),
            "cell_id": cell,
            "start_ts": moments(self._utc_ms(begin[incident])),
            "end_ts": moments(self._utc_ms(end[incident])),
        }

    def _truth(self, changes: Changes, ids: pa.Array, real: Any) -> dict[str, pa.Array]:
        """Return the rows of the truth about the calls of a day."""
        kind = pa.array(self.plan.kind[changes.incident])
        there = changes.change != REMOVED
        start = pa.array(self._utc_ms(changes.start_ms // 1000 * 1000), mask=there).cast(TIME)
        return {
            "level": pa.array(["call"] * len(changes.key), pa.string()),
            "entity_id": ids,
            "row": pa.array(changes.row),
            "incident_id": self._ids(real).take(pa.array(np.searchsorted(real, changes.incident))),
            "anomaly_type": pa.array(self.plan.types, pa.string()).take(kind),
            "change": pa.array(CHANGES).take(pa.array(changes.change)),
            "cause": pa.array(["collateral", "direct"]).take(pa.array(changes.direct.astype(np.int8))),
            "user_id": self.names.user.take(pa.array(changes.caller, mask=there)),
            "cell_id": self.names.cell.take(pa.array(changes.cell, mask=there)),
            "start_ts": start,
            "end_ts": start,
        }


def _among(members: Members, real: Any) -> tuple[Any, Any]:
    """Return the members of the given incidents (ascending), and the position of each one's incident among them."""
    kept = np.isin(members.incident, real)
    return members.member[kept], np.searchsorted(real, members.incident[kept])
