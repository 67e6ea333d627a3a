"""The records of one level with their truth: the input of every metric of that level."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, IntArray
from bench.dataset import Dataset
from bench.levels import Grid
from bench.truth import CallLabels, Truth

ALL = "all"


@dataclass(frozen=True)
class Sample:
    """Entities of a level, which of them are normal, and which records incidents affect.

    A call belongs to one incident at most; a user's day or a cell's quarter can belong to several, of several types.
    Then it is a positive of all types together, but not of any single type: a detector that finds one type would get
    credit for the other. A record that an incident changed but that is not part of it (`collateral`) is neither
    positive nor normal.
    """

    types: tuple[str, ...]
    """The anomaly types of the world, in alphabetical order."""
    normal: BoolArray
    """Shape (entities,): whether the entity is neither anomalous nor changed by an incident."""
    cluster: IntArray
    """Shape (entities,): cluster of a normal entity: its user, or its cell and day."""
    entity: IntArray
    """Shape (parts,): an anomalous entity, in any order; unique in combination with the next two."""
    type_code: IntArray
    """Shape (parts,): index into `types`."""
    incident: IntArray
    """Shape (parts,): row of the incident in the table of incidents."""

    @property
    def classes(self) -> tuple[str, ...]:
        """`all`, and each type."""
        return (ALL, *self.types)

    def incident_parts(self, name: str) -> tuple[IntArray, IntArray]:
        """Return entity and incident of each record of a class; a single type excludes records of several types."""
        if name == ALL:
            return self.entity, self.incident
        its = (self.type_code == self.types.index(name)) & ~self._shared
        return self.entity[its], self.incident[its]

    def shared_share(self, name: str) -> float | None:
        """Return the share of a class's entities that belong to several types; None without entities."""
        its = np.full(self.entity.size, True) if name == ALL else self.type_code == self.types.index(name)
        every, shared = (np.unique(self.entity[kept]).size for kept in (its, its & self._shared))
        return shared / every if every else None

    @cached_property
    def _shared(self) -> BoolArray:
        """Shape (parts,): whether the entity belongs to several types."""
        many = max(len(self.types), 1)
        entity = np.unique(self.entity * many + self.type_code) // many
        return np.isin(self.entity, entity[1:][np.diff(entity) == 0])

    def positives(self, name: str) -> tuple[IntArray, IntArray]:
        """Return the positives of a class, without repetition, and the first incident of each."""
        entity, incident = self.incident_parts(name)
        order = np.lexsort((incident, entity))
        first = np.diff(entity[order], prepend=-1) > 0
        return entity[order][first], incident[order][first]

    @cached_property
    def anomalies(self) -> int:
        """Number of anomalous entities."""
        return int(np.unique(self.entity).size)


def sample_of_calls(labels: CallLabels, callers: IntArray) -> Sample:
    """Return the calls of a window as a sample.

    Parameters
    ----------
    labels
        The truth about these calls.
    callers
        Shape (calls,): number of each call's caller.
    """
    entity = np.flatnonzero(labels.type_code >= 0)
    normal = (labels.type_code < 0) & ~labels.collateral
    incident = labels.incident_code[entity].astype(np.int64)
    return Sample(
        types=labels.types,
        normal=normal,
        cluster=callers,
        entity=entity,
        type_code=labels.type_code[entity].astype(np.int64),
        incident=incident,
    )


def sample_of_grid(grid: Grid, labels: CallLabels, truth: Truth) -> Sample:
    """Return the days of users, or the quarter hours of cells, of a window as a sample.

    An entity is anomalous if a direct change affects it: a change of one of its calls (also a removed one), or of the
    user or cell itself (such as an outage). If only collateral changes affect it, it is neither anomalous nor normal.
    """
    touched = grid.of_calls
    calls = np.flatnonzero((touched >= 0) & (labels.incident_code >= 0))
    kinds = labels.type_code[calls].astype(np.int64)
    entity, kind, incident = (
        np.concatenate(each)
        for each in zip(
            (touched[calls], kinds, labels.incident_code[calls].astype(np.int64)),
            _effects_beyond_calls(grid, labels, truth),
            strict=True,
        )
    )
    normal = np.ones(grid.size, np.bool_)
    normal[entity] = False
    direct = kind >= 0
    parts = np.unique(np.column_stack([entity, kind, incident])[direct], axis=0)
    return Sample(labels.types, normal, grid.clusters, *parts.T)


def sample_of_held(grid: Grid, labels: CallLabels, truth: Truth) -> Sample:
    """Return a sample in which only entities affected directly are anomalous: quarter hours of faulty cells.

    An entity of which only calls are changed is neither anomalous nor normal: a neighbouring cell that takes over calls
    is not faulty.
    """
    level = grid.column.removesuffix("_id")
    entity, kind, incident = _effects_beyond_calls(grid, labels, truth, level)
    direct = kind >= 0
    parts = np.unique(np.column_stack([entity, kind, incident])[direct], axis=0)
    return replace(
        sample_of_grid(grid, labels, truth), **dict(zip(("entity", "type_code", "incident"), parts.T, strict=True))
    )


def callers_of(dataset: Dataset) -> IntArray:
    """Return the number of the caller of each call of the window, in order of appearance, shape (calls,).

    So the numbers do not depend on the callers' names or on how they are stored.
    """
    callers = dataset.calls(dataset.window, ["caller_id"]).unify_dictionaries()["caller_id"].combine_chunks()
    return np.asarray(callers.indices.dictionary_encode().indices).astype(np.int64)


def _effects_beyond_calls(
    grid: Grid, labels: CallLabels, truth: Truth, level: str = ""
) -> tuple[IntArray, IntArray, IntArray]:
    """Return entity, type (-1: collateral) and incident of effects outside the calls; of one level, if given."""
    table = truth.table("truth")
    table = table.filter(pc.is_valid(table[grid.column]))
    if level:
        table = table.filter(pc.equal(table["level"].cast(pa.string()), level))
    start_ms, end_ms = (np.asarray(pc.cast(table[name], pa.int64())) for name in ("start_ts", "end_ts"))
    entity, origin = grid.held(table[grid.column], start_ms, end_ms)
    kind = np.asarray(pc.index_in(table["anomaly_type"].cast(pa.string()), pa.array(labels.types, pa.string())))
    direct = np.asarray(pc.equal(table["cause"].cast(pa.string()), "direct"))
    known = truth.table("incidents")["incident_id"].combine_chunks()
    incident = np.asarray(pc.index_in(table["incident_id"].cast(pa.string()), known))
    return entity, np.where(direct, kind, -1)[origin].astype(np.int64), incident[origin].astype(np.int64)
