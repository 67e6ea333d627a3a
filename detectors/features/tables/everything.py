"""Every column that a detector can read about calls, user-days and cell quarters, as one matrix for a supervised model.

Every feature of the level; of a call also those of its caller's day and its cell's quarter, of the call graph and of
its session's events, and how it agrees with the tables of users and subscriptions; of a day or a quarter also its
neighbours in time, and the lowest, the highest and the mean value of each feature over its calls. What is not known is
NaN. Columns about a day or a quarter look at all of it: they are not causal.
"""

from collections.abc import Iterator

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level
from bench.levels import Grid
from detectors.features.calls.answers_nearby import answers_nearby
from detectors.features.calls.call_features import FEATURES as OF_CALLS
from detectors.features.calls.call_features import call_features
from detectors.features.calls.returned_calls import returned_calls
from detectors.features.cells.cell_quarters import trailing_sum
from detectors.features.cells.radio_map import radio_map_deviations
from detectors.features.graph.graph_features import NAMES, features_against
from detectors.features.graph.user_day_graph import days_against
from detectors.features.tables.audited_cells import AuditedCells
from detectors.features.tables.call_summaries import over_calls
from detectors.features.tables.joins import has_rows, of_inventory, of_session
from detectors.features.tables.totals import TOTALS, total_features

AROUND = {Level.USER_DAY: (1, 7), Level.CELL_QUARTER: (4, 8, 32)}
"""Numbers of spans over which features of an entity are averaged, up to its own span and from its own span on."""


def everything(dataset: Dataset, level: Level) -> FloatArray:
    """Compute all features of the entities of the window, given the history, shape (entities, columns)."""
    parts = list(_of_calls(dataset) if level is Level.CALL else _of_spans(dataset, level))
    return np.hstack([part.reshape(len(part), -1) for part in parts])


def _of_calls(dataset: Dataset) -> Iterator[FloatArray]:
    yield of_single_calls(dataset)
    for level in (Level.USER_DAY, Level.CELL_QUARTER):
        grid = Grid(level, dataset)
        if has_rows(dataset, "users" if level is Level.USER_DAY else "cells"):
            columns = total_features(dataset, level, list(TOTALS[level]), dataset.window)
            yield taken(columns, grid.of_calls)


def of_single_calls(dataset: Dataset) -> FloatArray:
    """Compute all features of the calls of the window but those of days and quarters, shape (calls, features)."""
    own = call_features(dataset, list(OF_CALLS), dataset.window)
    of_graph = features_against(dataset, dataset.history, dataset.window, NAMES)
    nearby = np.column_stack([answers_nearby(dataset), returned_calls(dataset)])
    return np.hstack([own, of_graph, nearby, of_session(dataset), of_inventory(dataset)])


def _of_spans(dataset: Dataset, level: Level) -> Iterator[FloatArray]:
    grid = Grid(level, dataset)
    rows = total_features(dataset, level, list(TOTALS[level]), dataset.window)
    if level is Level.USER_DAY:
        rows = np.hstack([rows, days_against(dataset, dataset.history, dataset.window)])
    elif has_rows(dataset, "events"):
        rows = np.hstack([rows, np.column_stack([values for _, values in AuditedCells().columns(dataset)])])
        if has_rows(dataset, "coverage"):
            rows = np.hstack([rows, radio_map_deviations(dataset)])
    yield rows
    cubes = rows.reshape(len(grid.subjects), grid.spans, -1)
    for column in np.moveaxis(cubes, 2, 0):
        for spans in AROUND[level]:
            yield (trailing_sum(column, spans) / spans).ravel()
            yield (trailing_sum(column[:, ::-1], spans)[:, ::-1] / spans).ravel()
    yield over_calls(of_single_calls(dataset), grid.of_calls, grid.size)


def taken(rows: FloatArray, place: IntArray) -> FloatArray:
    """Return the rows at some positions, NaN at -1, shape (positions, columns)."""
    found = rows[np.maximum(place, 0)] if len(rows) else np.zeros((place.size, rows.shape[1]))
    found[place < 0] = np.nan
    return found
