"""Levels of scores (calls, days of users, quarter hours of cells), and aggregation from calls to the others.

The days of users and the quarters of cells are a full grid: every user of the table on every local day of the window,
every cell of the table in each of its quarter hours, whether or not anything happened then. So all detectors are
evaluated on the same entities. A call belongs to its caller on the local day, and to its first cell in the quarter, in
which it starts.

Scores of calls are aggregated by the maximum: an entity is as suspicious as its most suspicious call. An entity without
a call gets a score below all others, so it is an alert only when everything is.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level
from bench.spans import DAY_MS, QUARTER_MS

QUARTERS_A_DAY = DAY_MS // QUARTER_MS


@dataclass(frozen=True)
class Grid:
    """Entities of a level in a window: the days or quarter hours of each user or cell, in the order of their table."""

    level: Level
    dataset: Dataset

    @cached_property
    def subjects(self) -> pa.Array:
        """The users or cells; none if the data set has no such table."""
        name = "users" if self.level is Level.USER_DAY else "cells"
        if not (self.dataset.folder / f"{name}.parquet").exists():
            return pa.array([], pa.string())
        return self.dataset.table(name, [self.column])[self.column].cast(pa.string()).combine_chunks()

    @property
    def column(self) -> str:
        """Name of the column that identifies a user or cell in its own table, and in the truth."""
        return "user_id" if self.level is Level.USER_DAY else "cell_id"

    @property
    def span_ms(self) -> int:
        """Length of time of an entity [ms]."""
        return DAY_MS if self.level is Level.USER_DAY else QUARTER_MS

    def span_of(self, utc_ms: Any) -> Any:
        """Return the number of the day or quarter hour of a moment, counted from 1970."""
        return (self.dataset.clock.local_ms(utc_ms) if self.level is Level.USER_DAY else utc_ms) // self.span_ms

    def begin_ms(self, span: Any) -> Any:
        """Return the start of a day or quarter hour, in ms since the Unix epoch (UTC)."""
        begin_ms = span * self.span_ms
        return self.dataset.clock.utc_ms(begin_ms) if self.level is Level.USER_DAY else begin_ms

    @property
    def first(self) -> int:
        """Number of the day or quarter hour in which the window begins, counted from 1970."""
        return int(self.span_of(self.dataset.window.start_ms))

    @property
    def spans(self) -> int:
        """Number of days or quarter hours that overlap the window."""
        return int(self.span_of(self.dataset.window.end_ms - 1)) + 1 - self.first

    @property
    def size(self) -> int:
        """Number of entities."""
        return len(self.subjects) * self.spans

    @cached_property
    def of_calls(self) -> IntArray:
        """Shape (calls of the window,): entity of each call, -1 where its subject is not in the table."""
        column = "caller_id" if self.level is Level.USER_DAY else "first_cell_id"
        calls = self.dataset.calls(self.dataset.window, [column, "call_start_ts"]).unify_dictionaries()
        found = calls[column].combine_chunks()
        subject = _positions(found.dictionary, self.subjects)[np.asarray(found.indices)]
        start_ms = np.asarray(pc.cast(calls["call_start_ts"], pa.int64()))
        return self._entities(subject, self.span_of(start_ms))

    @cached_property
    def calls(self) -> IntArray:
        """Shape (size,): number of calls of each entity in the window."""
        return np.bincount(self.of_calls[self.of_calls >= 0], minlength=self.size)

    @property
    def clusters(self) -> IntArray:
        """Shape (size,): sampling unit of each entity: its user, or its cell and UTC day."""
        subject, span = np.divmod(np.arange(self.size), max(self.spans, 1))
        if self.level is Level.USER_DAY:
            return subject
        days = (self.first + span) // QUARTERS_A_DAY
        return np.asarray(subject * (self.spans // QUARTERS_A_DAY + 2) + days - self.first // QUARTERS_A_DAY)

    def named(self, entities: IntArray) -> dict[str, pa.Array]:
        """Return identifiers of some entities: the user or cell, under the name of its column, and the start (UTC)."""
        subject, span = np.divmod(entities, max(self.spans, 1))
        begins = pa.array(self.begin_ms(self.first + span)).cast(pa.timestamp("ms", tz="UTC"))
        return {self.column: self.subjects.take(pa.array(subject)), "begins": begins}

    @property
    def start_ms(self) -> IntArray:
        """Shape (size,): start of each entity, in ms since the Unix epoch (UTC)."""
        span = self.begin_ms(np.arange(self.first, self.first + self.spans))
        return np.tile(span, len(self.subjects))

    def aggregated(self, scores: FloatArray) -> FloatArray:
        """Return the highest score of each entity's calls, shape (size,); entities without a call get the lowest."""
        kept = self.of_calls >= 0
        highest = np.full(self.size, -np.inf)
        np.maximum.at(highest, self.of_calls[kept], scores[kept])
        highest[np.isneginf(highest)] = np.nextafter(scores.min(initial=0), -np.inf)
        return highest

    def highest_call(self, scores: FloatArray) -> IntArray:
        """Return the call with the highest score of each entity, the first of equal ones; -1 without a call."""
        calls = np.flatnonzero(self.of_calls >= 0)
        ascending = calls[np.argsort(-scores[calls], kind="stable")[::-1]]
        found = np.full(self.size, -1)
        found[self.of_calls[ascending]] = ascending  # assignment keeps the last value written
        return found

    def held(self, ids: pa.Array, start_ms: IntArray, end_ms: IntArray) -> tuple[IntArray, IntArray]:
        """Return the entities that some time spans of users or cells overlap, and the span that each entity comes from.

        A span is [start, end) in UTC; one of length 0 belongs to the entity in which it starts.

        Parameters
        ----------
        ids
            Shape (n,): the user or cell of each span.
        start_ms, end_ms
            Shape (n,): since the Unix epoch.

        Returns
        -------
        entity, origin
            Shape (m,): an entity of the window, and the position in `ids` that it comes from.
        """
        subject = _positions(ids, self.subjects)
        low = self.span_of(start_ms) - self.first
        high = self.span_of(np.maximum(end_ms - 1, start_ms)) - self.first
        low, high = np.maximum(low, 0), np.minimum(high, self.spans - 1)
        many = np.where(subject >= 0, np.maximum(high - low + 1, 0), 0)
        origin = np.repeat(np.arange(many.size), many)
        span = low[origin] + np.arange(origin.size) - np.repeat(np.cumsum(many) - many, many)
        return subject[origin] * self.spans + span, origin

    def _entities(self, subject: IntArray, span: IntArray) -> IntArray:
        span = span - self.first
        known = (subject >= 0) & (span >= 0) & (span < self.spans)
        return np.where(known, subject * self.spans + span, -1)


def grids(dataset: Dataset) -> list[Grid]:
    """Return the grids of the levels above calls for which a data set has tables."""
    every = (Grid(level, dataset) for level in (Level.USER_DAY, Level.CELL_QUARTER))
    return [grid for grid in every if grid.size]


def _positions(texts: pa.Array, among: pa.Array) -> IntArray:
    return np.asarray(pc.fill_null(pc.index_in(texts.cast(pa.string()), among), -1)).astype(np.int64)
