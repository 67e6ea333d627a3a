"""Counts for the picture of a data set, in one pass over the calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.dataset import Clock, Dataset
from bench.spans import DAY_MS, HOUR_MS
from bench.truth import CallLabels, Truth

Counts = np.ndarray[Any, np.dtype[np.int64]]
OUTCOMES = ("answered", "missed", "busy", "failed")
COLUMNS = ("call_start_ts", "call_duration", "outcome")
PART = 1_000_000
"""Number of calls read at a time."""
LONGEST_S = 86_400


def duration_edges() -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return edges [s] between whole seconds, about sixteen to a factor of ten, from 0.5 s to a day.

    Durations are whole seconds; edges between these avoid empty and doubled bins for short durations.
    """
    wanted = np.geomspace(1, LONGEST_S, 80)
    return np.asarray(np.unique(np.concatenate([[0.5], np.floor(wanted) + 0.5])))


@dataclass(frozen=True)
class DatasetCounts:
    """Counts of calls by kind (rows), and by hour, day, duration and outcome.

    The first row counts normal calls, the last collateral ones; between them there is one row for each type.
    """

    clock: Clock
    types: tuple[str, ...]
    incidents: tuple[int, ...]
    """Incidents of each type that have a call in the table; others only removed calls, or affected a cell."""
    hours: Counts
    """Shape (types + 2, 24): counts by local hour of the start."""
    days: Counts
    """Shape (types + 2, days): counts by local day of the start."""
    durations: Counts
    """Shape (types + 2, bins of `duration_edges`): counts of answered calls by talk time."""
    outcomes: Counts
    """Shape (types + 2, 4): counts by `OUTCOMES`."""

    @cached_property
    def calls(self) -> Counts:
        """Shape (types + 2,): number of calls of each kind."""
        return np.asarray(self.hours.sum(axis=1))

    @property
    def anomalous(self) -> slice:
        """The rows of the anomaly types."""
        return slice(1, 1 + len(self.types))


def tally(dataset: Dataset, truth: Truth) -> DatasetCounts:
    """Count the calls of a whole data set; at 5 % anomalies that takes about 20 bytes of memory a call."""
    source = dataset.open_table("calls")
    labels = truth.call_labels(0, source.metadata.num_rows)
    kinds = _kinds(labels)
    clock, rows = dataset.clock, len(labels.types) + 2
    edges = duration_edges()
    days = int(-(-(clock.local_ms(clock.end_ms) - clock.local_ms(clock.start_ms)) // DAY_MS))
    counts = [np.zeros((rows, width), np.int64) for width in (24, days, edges.size - 1, len(OUTCOMES))]
    low = 0
    for batch in source.iter_batches(PART, columns=list(COLUMNS)):
        kind = kinds[low : low + batch.num_rows].astype(np.int64)
        low += batch.num_rows
        for index, (which, column) in enumerate(_columns(batch, clock, edges)):
            width = counts[index].shape[1]
            cell = kind[which] * width + np.clip(column, 0, width - 1)
            counts[index] += np.bincount(cell, minlength=rows * width).reshape(rows, width)
    return DatasetCounts(clock, labels.types, _incidents(labels), *counts)


def _incidents(labels: CallLabels) -> tuple[int, ...]:
    """Return how many incidents of each type have a call."""
    its = labels.anomalous
    pairs = np.unique(np.column_stack([labels.type_code[its], labels.incident_code[its]]), axis=0)
    return tuple(np.bincount(pairs[:, 0], minlength=len(labels.types)).tolist())


def _kinds(labels: CallLabels) -> np.ndarray[Any, np.dtype[np.int16]]:
    kinds = labels.type_code + np.int16(1)
    kinds[labels.collateral & ~labels.anomalous] = len(labels.types) + 1
    return kinds


def _columns(batch: pa.RecordBatch, clock: Clock, edges: Any) -> Iterator[tuple[Any, Any]]:
    """Yield which calls are counted, and their column, for hours, days, durations and outcomes."""
    local_ms = clock.local_ms(pc.cast(batch["call_start_ts"], pa.int64()).to_numpy())
    since = local_ms - clock.local_ms(clock.start_ms)
    every = slice(None)
    yield every, since // HOUR_MS % 24
    yield every, since // DAY_MS
    outcome = pc.index_in(batch["outcome"].cast(pa.string()), pa.array(OUTCOMES)).to_numpy()
    answered = outcome == OUTCOMES.index("answered")
    yield answered, np.searchsorted(edges, batch["call_duration"].to_numpy()[answered]) - 1
    yield every, outcome
