"""The frozen list of features that audits test, one at a time, as detectors of each type of anomaly."""

from collections.abc import Iterator

import numpy as np

from bench.arrays import FloatArray
from bench.dataset import Dataset
from detectors.features.calls.call_features import call_matrix
from detectors.features.graph import call_graph
from detectors.features.graph.call_graph import CallGraph
from detectors.features.sequence.timeline import Timeline
from detectors.features.tables.frozen import require_version

PLAIN = (
    "duration", "duration_ratio", "unanswered", "unanswered_share",
    "hour", "night", "weekend", "hour_share", "night_share",
    "gap", "burstiness", "overlap", "calls_last_hour", "calls_last_day",
    "received_last_hour", "received_last_day", "callee_received_last_hour",
    "contacts_last_hour", "contacts_last_day", "contact_entropy", "outside",
    "new_device", "new_sim",
    "moved", "handovers", "new_cell", "cell_share", "cells_last_day", "jump_km", "speed", "usual_km", "gyration_km",
    "cell_calls_last_hour", "cell_surge",
)  # fmt: skip
"""Features from the call itself and from the volume, times, number of contacts, devices and places of its two parties
and its cell."""
OF_CONTACTS = ("new_contact", "contact_share", "reciprocated", "reciprocity")
"""Features that need the earlier calls between the same parties."""
OF_GRAPH = tuple(name for name, _, _ in call_graph.FEATURES)
"""Features of the graph of who called whom."""
RESOLUTION, SEED = 1.0, 0
VERSION = 1
AT_ONCE = 40_000_000
"""Number of features computed together, in single precision; each further group reads all calls again."""


class Audited:
    """A versioned list of features; any change of the list gets a new version.

    The features of calls are computed from all earlier calls; those of the graph from the history's call graph and its
    Leiden communities.

    Raises
    ------
    SettingsError
        When there is no such version.
    """

    def __init__(self, version: int = VERSION) -> None:
        self.version = require_version("audit.features", version, VERSION)

    @property
    def names(self) -> dict[str, bool]:
        """Names in their order, and whether each needs the call graph."""
        return {**dict.fromkeys(PLAIN, False), **dict.fromkeys((*OF_CONTACTS, *OF_GRAPH), True)}

    def columns(self, dataset: Dataset) -> Iterator[tuple[str, FloatArray]]:
        """Yield each feature with its values for the calls of the window, shape (calls,), finite."""
        names = (*PLAIN, *OF_CONTACTS)
        low, high = dataset.call_range(dataset.window)
        together = max(AT_ONCE // max(high - low, 1), 1)
        for first in range(0, len(names), together):
            some = names[first : first + together]
            for name, values in zip(some, call_matrix(dataset, some, dataset.window).T, strict=True):
                yield name, values.astype(np.float64)
        past = slice(*dataset.call_range(dataset.history))
        timeline = Timeline(dataset)
        parties, caller, callee = timeline.parties
        calls = caller[past], callee[past], timeline.start_ms[past]
        known = CallGraph(parties, *calls, resolution=RESOLUTION, seed=SEED)
        matrix = known.features(caller[low:high], callee[low:high])
        for column, name in enumerate(OF_GRAPH):
            yield name, matrix[:, column]
