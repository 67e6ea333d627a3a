"""Features of a user-day and of a cell quarter: totals over its calls, also relative to earlier days or quarters.

Each is computed from the calls up to the end of the day or quarter, nothing later. Without a call all of its sums,
means and maxima are 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset, Window
from bench.detector import Level
from bench.levels import Grid
from bench.spans import DAY_MS, HOUR_MS
from detectors.features.calls.call_features import Feature, call_matrix

HOURS = 24


@dataclass(frozen=True)
class Total(Feature):
    """A feature of a level above calls."""

    how: str
    """`count`, `sum`, `mean`, `max` of a feature of its calls; `received`; `status`: a column of `tower_status`;
    `against`: ln of another one, +1, over its mean before, +1."""
    of: str = ""


USER_DAY = (
    Total("calls", "calls", "calls made", "count"),
    Total("received", "calls", "calls received", "received"),
    Total("talk", "s", "talk time of the calls made", "sum", "duration"),
    Total("log_duration", "ln s", "mean of ln(1 + talk time)", "mean", "log_duration"),
    Total("longest", "s", "longest talk time", "max", "duration"),
    Total("unanswered", "1", "share of the calls that nobody answered", "mean", "unanswered"),
    Total("night_calls", "calls", "calls that start 00:00-05:00 local", "sum", "night"),
    Total("hour_share", "1", "mean share of the user's calls before in the hours of its calls", "mean", "hour_share"),
    Total("log_gap", "ln s", "mean of ln(1 + time since the call before)", "mean", "log_gap"),
    Total("busiest_hour", "calls", "most calls in the 60 min before a call", "max", "calls_last_hour"),
    Total("burstiness", "1", "mean burstiness of the gaps till then", "mean", "burstiness"),
    Total("overlaps", "calls", "calls that start before an earlier one has ended", "sum", "overlap"),
    Total("contacts", "parties", "most different parties within 24 h before a call", "max", "contacts_last_day"),
    Total("new_contacts", "calls", "calls to parties never called before", "sum", "new_contact"),
    Total("contact_entropy", "nat", "largest entropy of the parties within 24 h", "max", "contact_entropy"),
    Total("reciprocated", "1", "share of the calls to parties that have called the user", "mean", "reciprocated"),
    Total("outside_calls", "calls", "calls to parties that are no subscribers", "sum", "outside"),
    Total("crowded_callee", "calls", "most calls that a callee got in an hour", "max", "callee_received_last_hour"),
    Total("new_devices", "calls", "calls with another device than the call before", "sum", "new_device"),
    Total("new_sims", "calls", "calls with another SIM than the call before", "sum", "new_sim"),
    Total("new_cells", "calls", "calls from cells never used before", "sum", "new_cell"),
    Total("cells", "cells", "most different cells within 24 h before a call", "max", "cells_last_day"),
    Total("speed", "km/h", "highest speed between calls", "max", "speed"),
    Total("usual_km", "km", "farthest from the mean place of the calls before", "max", "usual_km"),
    Total("gyration_km", "km", "largest radius of gyration till then", "max", "gyration_km"),
    Total("calls_against_past", "ln", "calls against the mean of the user's days before", "against", "calls"),
    Total("received_against_past", "ln", "received against the mean of the days before", "against", "received"),
    Total("talk_against_past", "ln", "talk against the mean of the days before", "against", "talk"),
    Total("contacts_against_past", "ln", "new_contacts against the mean of the days before", "against", "new_contacts"),
)
"""Features of a user-day, in the order of the docs."""

CELL_QUARTER = (
    Total("calls", "calls", "calls that began here", "count"),
    Total("log_duration", "ln s", "mean of ln(1 + talk time)", "mean", "log_duration"),
    Total("unanswered", "1", "share of the calls that nobody answered", "mean", "unanswered"),
    Total("new_callers", "calls", "calls by users who never began one here before", "sum", "new_cell"),
    Total("usual_km", "km", "mean distance from the callers' mean places before", "mean", "usual_km"),
    Total("left", "1", "share of the calls that ended in another cell", "mean", "moved"),
    Total("handovers", "handovers", "handovers of those calls", "sum", "handovers"),
    Total("surge", "ln", "largest surge at one of the calls", "max", "cell_surge"),
    Total("hellos", "hellos", "Hellos received", "status", "hellos"),
    Total("fails", "hellos", "Hellos refused", "status", "fails"),
    Total("timeouts", "hellos", "Hellos not answered", "status", "timeouts"),
    Total("drops", "calls", "calls lost while connected", "status", "drops"),
    Total("failure_share", "1", "refused or unanswered Hellos of all; 0 without one", "status", "failure_share"),
    Total("handovers_in", "calls", "calls taken over", "status", "handovers_in"),
    Total("handovers_out", "calls", "calls handed on", "status", "handovers_out"),
    Total("traffic", "erlang", "mean number of live connections", "status", "traffic_erlang"),
    Total("calls_against_past", "ln", "calls against the mean of this hour of day before", "against", "calls"),
    Total("hellos_against_past", "ln", "hellos against the mean of this hour of day before", "against", "hellos"),
    Total("fails_against_past", "ln", "fails against the mean of this hour of day before", "against", "fails"),
    Total("timeouts_against_past", "ln", "timeouts against that mean", "against", "timeouts"),
    Total("traffic_against_past", "ln", "traffic against that mean", "against", "traffic"),
)
"""Features of a cell quarter, in the order of the docs; those of the network are 0 without one."""

TOTALS = {Level.USER_DAY: {t.name: t for t in USER_DAY}, Level.CELL_QUARTER: {t.name: t for t in CELL_QUARTER}}


def total_features(dataset: Dataset, level: Level, names: Sequence[str], part: Window) -> FloatArray:
    """Compute features of the entities of a level within `part`, using all data up to each of them.

    Parameters
    ----------
    dataset
        The calls; those before `part` are the past that features are computed from.
    level
        `Level.USER_DAY` or `Level.CELL_QUARTER`.
    names
        Names out of `TOTALS[level]`.
    part
        The part to compute features of.

    Returns
    -------
    FloatArray
        Shape (entities, names), finite; entities in the order of `bench.levels.Grid`.
    """
    whole = Window(min(dataset.clock.start_ms, part.start_ms), part.end_ms)
    totals = Totals(Grid(level, replace(dataset, window=whole)))
    described = Grid(level, replace(dataset, window=part))
    first = described.first - totals.grid.first
    columns = totals.of([TOTALS[level][name] for name in names])
    return np.column_stack([column[:, first : first + described.spans].ravel() for column in columns])


@dataclass(frozen=True)
class Totals:
    """Totals over the calls of each span of each subject (user or cell) of a grid."""

    grid: Grid

    @property
    def shape(self) -> tuple[int, int]:
        """Number of subjects and of spans."""
        return len(self.grid.subjects), self.grid.spans

    def of(self, wanted: Sequence[Total]) -> list[FloatArray]:
        """Return the requested features, shape (subjects, spans)."""
        level = TOTALS[self.grid.level]
        everything = [*wanted, *(level[each.of] for each in wanted if each.how == "against")]
        calls = sorted({each.of for each in everything if each.how in ("sum", "mean", "max")})
        dataset, entity = self.grid.dataset, self.grid.of_calls
        values = call_matrix(dataset, calls, dataset.window) if calls else np.empty((entity.size, 0), np.float32)
        columns = dict(zip(calls, values.T, strict=True))
        return [self._one(each, entity, columns) for each in wanted]

    def _one(self, total: Total, entity: IntArray, columns: dict[str, "np.ndarray[Any, Any]"]) -> FloatArray:
        if total.how == "against":
            return self._against_past(self._one(TOTALS[self.grid.level][total.of], entity, columns))
        if total.how == "status":
            return self._status(total.of)
        if total.how == "received":
            return self._summed(self._callees(), None)
        if total.how == "max":
            return self._largest(entity, columns[total.of])
        summed = self._summed(entity, None if total.how == "count" else columns[total.of])
        return summed / np.maximum(self._summed(entity, None), 1) if total.how == "mean" else summed

    def _summed(self, entity: IntArray, values: "np.ndarray[Any, Any] | None") -> FloatArray:
        kept = entity >= 0
        weights = None if values is None else values[kept]
        found = np.bincount(entity[kept], weights, minlength=self.grid.size)
        return found.astype(np.float64).reshape(self.shape)

    def _largest(self, entity: IntArray, values: "np.ndarray[Any, Any]") -> FloatArray:
        kept = entity >= 0
        found = np.full(self.grid.size, -np.inf)
        np.maximum.at(found, entity[kept], values[kept])
        return np.where(np.isneginf(found), 0.0, found).reshape(self.shape)

    def _callees(self) -> IntArray:
        """Return the user-day of the callee of each call, -1 for callees outside the network."""
        dataset = self.grid.dataset
        calls = dataset.calls(dataset.window, ["callee_id", "call_start_ts"]).unify_dictionaries()
        found = calls["callee_id"].combine_chunks()
        subject = _rows(found.dictionary, self.grid.subjects)[np.asarray(found.indices)]
        return self._entities(subject, np.asarray(pc.cast(calls["call_start_ts"], pa.int64())))

    def _status(self, column: str) -> FloatArray:
        """Return a column of `tower_status`, 0 where there is no entry."""
        found = np.zeros(self.grid.size)
        if (self.grid.dataset.folder / "tower_status.parquet").exists():
            table = self.grid.dataset.table("tower_status", ["cell_id", "window_start", column])
            subject = _rows(table["cell_id"].cast(pa.string()).combine_chunks(), self.grid.subjects)
            entity = self._entities(subject, np.asarray(pc.cast(table["window_start"], pa.int64())))
            values = np.asarray(pc.fill_null(table[column], 0), np.float64)
            found[entity[entity >= 0]] = values[entity >= 0]
        return found.reshape(self.shape)

    def _entities(self, subject: IntArray, time_ms: IntArray) -> IntArray:
        span = self.grid.span_of(time_ms) - self.grid.first
        return np.where((subject >= 0) & (span >= 0) & (span < self.grid.spans), subject * self.grid.spans + span, -1)

    def _against_past(self, values: FloatArray) -> FloatArray:
        """Return ln((x + 1) / (mean before + 1)); of cells, the mean over the same local hour of day."""
        slot = np.zeros(self.grid.spans, np.int64)
        if self.grid.level is Level.CELL_QUARTER:
            begin_ms = (self.grid.first + np.arange(self.grid.spans)) * self.grid.span_ms
            slot = self.grid.dataset.clock.local_ms(begin_ms) % DAY_MS // HOUR_MS
        mean = np.zeros_like(values)
        for hour in range(HOURS):
            those = np.flatnonzero(slot == hour)
            before = np.cumsum(values[:, those], axis=1) - values[:, those]
            mean[:, those] = before / np.maximum(np.arange(those.size), 1)
        return np.log((values + 1) / (mean + 1))


def _rows(texts: pa.Array, among: pa.Array) -> IntArray:
    return np.asarray(pc.fill_null(pc.index_in(texts, among), -1)).astype(np.int64)
