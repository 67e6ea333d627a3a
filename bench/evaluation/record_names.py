"""Who, where and when: identifiers of the scored records, for the tables of a run."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.arrays import IntArray
from bench.detector import Level
from bench.evaluation.run_outcome import LevelOutcome, Outcome
from bench.schema import ORIGINS

COLUMNS = ("call_id", "caller_id", "callee_id", "first_cell_id", "call_start_ts")


@dataclass(frozen=True)
class RecordNames:
    """Identifies the entities of a run's levels."""

    outcome: Outcome

    def of(self, level: Level, entities: IntArray) -> dict[str, pa.Array]:
        """Return the columns start_ts, call_id, user_id, callee_id and cell_id of some entities; null where unknown."""
        here = self.outcome.levels[level]
        nothing = pa.nulls(entities.size, pa.string())
        columns = {"call_id": nothing, "user_id": nothing, "callee_id": nothing, "cell_id": nothing}
        if here.grid is None:
            calls = self._calls.take(pa.array(entities))
            names = dict(zip((*columns, "start_ts"), (calls[i] for i in (0, 1, 2, 3, 4)), strict=True))
            return {name: column.combine_chunks() for name, column in names.items()}
        named = here.grid.named(entities)
        if here.aggregated:
            call = self.rows(level, entities)
            columns["call_id"] = self._calls["call_id"].combine_chunks().take(pa.array(call, mask=call < 0))
        return columns | {here.grid.column: named[here.grid.column], "start_ts": named["begins"]}

    def origins(self, level: Level, entities: IntArray) -> dict[str, pa.Array]:
        """Return the columns of `bench.schema.ORIGINS` of the calls of some entities; null where there is none."""
        call = self.rows(level, entities)
        scores, origins = self.outcome.scores, self._origins
        if origins is None or scores is None or scores.level is not Level.CALL:
            return {column.name: pa.nulls(entities.size, column.type) for column in ORIGINS.columns}
        dataset = self.outcome.dataset
        at = pa.array(call + dataset.call_range(dataset.window)[0], mask=call < 0)
        return {name: origins[name].combine_chunks().take(at) for name in origins.column_names}

    def rows(self, level: Level, entities: IntArray) -> IntArray:
        """Return the entity of the detector's own level from which each score comes; -1 where there is none."""
        scores = self.outcome.scores
        if scores is None or level is scores.level:
            return entities
        here = self.outcome.levels[level]
        return self._highest(here)[entities] if here.aggregated else np.full(entities.size, -1)

    def _highest(self, here: LevelOutcome) -> IntArray:
        if here.grid is None or self.outcome.scores is None:
            raise ValueError("only levels above calls are aggregated")
        if here.grid.level not in self._found:
            self._found[here.grid.level] = here.grid.highest_call(self.outcome.scores.values)
        return self._found[here.grid.level]

    @cached_property
    def _found(self) -> dict[Level, IntArray]:
        return {}

    @cached_property
    def _origins(self) -> pa.Table | None:
        """File and row from which each call was read; None for a simulated world."""
        path = self.outcome.dataset.folder.parent / f"{ORIGINS.name}.parquet"
        if not path.exists():
            return None
        table = pq.read_table(path, partitioning=None)
        ORIGINS.check(table, str(path))
        return table

    @cached_property
    def _calls(self) -> pa.Table:
        dataset = self.outcome.dataset
        table = dataset.calls(dataset.window, list(COLUMNS)).unify_dictionaries()
        return pa.table([column if name == "call_start_ts" else column.cast(pa.string())
                         for name, column in zip(COLUMNS, table.columns, strict=True)], list(COLUMNS))  # fmt: skip
