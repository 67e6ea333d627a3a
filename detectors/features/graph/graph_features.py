"""Features of calls in the graph of earlier calls, of the tie and of the caller."""

import difflib
from collections.abc import Sequence

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset, Window
from bench.faults import UserError
from detectors.features.graph.call_graph import FEATURES as OF_CALLS
from detectors.features.graph.call_graph import CallGraph
from detectors.features.graph.ego_networks import FEATURES as OF_PARTIES
from detectors.features.graph.ego_networks import Egos, ego_features
from detectors.features.sequence.timeline import Timeline

CALLER = "caller_"
FEATURES = OF_CALLS + tuple((CALLER + name, unit, f"of the caller: {meaning}") for name, unit, meaning in OF_PARTIES)
"""Name, unit and meaning of each feature."""
NAMES = tuple(name for name, _, _ in FEATURES)


def graph_features(graph: CallGraph, caller: IntArray, callee: IntArray, names: Sequence[str]) -> FloatArray:
    """Compute features of calls, by their names in `FEATURES`.

    Parameters
    ----------
    graph
        The graph of earlier calls.
    caller, callee
        Shape (calls,): codes of the parties of the calls to describe.
    names
        Which features, in which order.

    Returns
    -------
    FloatArray
        Shape (calls, names), finite.
    """
    parts = [graph.features(caller, callee)]
    if any(name.startswith(CALLER) for name in names):
        egos = Egos(graph)
        parts.append(ego_features(egos, egos.laws)[caller])
    return np.hstack(parts)[:, [NAMES.index(name) for name in names]]


def features_against(dataset: Dataset, known: Window, part: Window, names: Sequence[str]) -> FloatArray:
    """Compute features of the calls of a part of the time in the graph of those of an earlier one.

    Parameters
    ----------
    dataset
        The calls.
    known, part
        When the graph is known from, and which calls are described.
    names
        Which features, in which order.

    Returns
    -------
    FloatArray
        Shape (calls of `part`, names), finite.
    """
    timeline = Timeline(dataset)
    parties, caller, callee = timeline.parties
    past, those = (slice(*dataset.call_range(each)) for each in (known, part))
    graph = CallGraph(parties, caller[past], callee[past], timeline.start_ms[past])
    return graph_features(graph, caller[those], callee[those], names)


def check_graph_names(names: Sequence[str]) -> None:
    """Raise `UserError` unless at least one name is given, and each is one of `FEATURES`."""
    if not names:
        raise UserError(f"detector.features must name at least one of {', '.join(NAMES)}")
    for name in names:
        if name not in NAMES:
            nearest = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.5)
            hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(NAMES)}"
            raise UserError(f"{name!r} is not a feature of the call graph; {hint}")
