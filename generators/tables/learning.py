"""The tables of what the network of a world learned."""

import numpy as np
import pyarrow as pa

from bench.schema import ANTENNA_PATTERNS, NEIGHBOUR_LEARNING
from generators.model.clock import DAY_MS
from generators.sessions import neighbour_lists
from generators.sessions.learning_antennas import LearningAntennas, pattern_columns
from generators.sessions.neighbour_lists import NeighbourLists
from generators.tables.columns import coded, moments, rows_of
from generators.tables.names import Names


def pattern_table(learning: LearningAntennas, names: Names, epoch_ms: int) -> pa.Table:
    """Return the antenna of each cell on each day, `bench.schema.ANTENNA_PATTERNS`."""
    columns = pattern_columns(learning.patterns)
    day, cell = columns.pop("day"), columns.pop("cell")
    own = {"cell_id": coded(cell, names.cell), "window_start": moments(epoch_ms + day * DAY_MS)}
    return rows_of(ANTENNA_PATTERNS, own | {name: pa.array(values) for name, values in columns.items()})


def neighbour_table(lists: NeighbourLists, epoch_ms: int) -> pa.Table:
    """Return the requests of each hour, `bench.schema.NEIGHBOUR_LEARNING`."""
    hours = list(neighbour_lists.by_hour(lists))
    counts = np.array([each for _, each in hours])
    of = {
        "requests": neighbour_lists.REQUESTS,
        "covered": neighbour_lists.COVERED,
        "asked_broadcast": neighbour_lists.BROADCAST,
        "asked_geometry": neighbour_lists.GEOMETRY,
        "asked_learned": neighbour_lists.LEARNED,
        "missed": neighbour_lists.MISSED,
    }
    columns = {
        "window_start": moments(epoch_ms + np.array([start for start, _ in hours])),
        **{name: pa.array(counts[:, number]) for name, number in of.items()},
        "neighbours": pa.array(counts[:, neighbour_lists.NEIGHBOURS] / len(lists.lists.length)),
    }
    return rows_of(NEIGHBOUR_LEARNING, columns)
