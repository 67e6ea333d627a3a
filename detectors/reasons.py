"""Choice of the features that explain alerts: those that a detector uses, at the level of its scores.

For a detector on feature tables these are its `features`. Other detectors name the features closest to their method in
`reasons`, a tuple of texts in the class. It is read from the source code, so no code of a detector is run here.
"""

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Level
from detectors.features.tables.feature_levels import FEATURES, matrix

DEFAULT: Mapping[Level, tuple[str, ...]] = {
    Level.CALL: ("log_duration", "night", "hour_share", "log_gap", "calls_last_hour", "new_contact"),
    Level.USER_DAY: ("calls", "received", "talk", "night_calls", "new_contacts", "calls_against_past"),
    Level.CELL_QUARTER: ("calls", "unanswered", "fails", "timeouts", "calls_against_past", "traffic_against_past"),
}
"""Features that explain the alerts of a detector that declares none."""


def explaining_features(detector: Mapping[str, Any], level: Level) -> list[str]:
    """Return the features that explain a detector's alerts.

    Parameters
    ----------
    detector
        Its resolved configuration.
    level
        Level of its scores; features of other levels are left out.
    """
    chosen = [*(detector.get("features") or ()), detector.get("feature")]
    own = [name for name in chosen if name is not None] or declared(str(detector.get("_target_", "")))
    return [name for name in own if name in FEATURES[level] or name in _graphs().NAMES[level]] or list(DEFAULT[level])


def declared(target: str) -> tuple[str, ...]:
    """Return the `reasons` that the class of a dotted path declares in its source; none if it declares none."""
    module, _, name = target.rpartition(".")
    try:
        origin = getattr(find_spec(module), "origin", None) if module else None
    except ImportError:
        return ()
    if not str(origin).endswith(".py"):
        return ()
    classes = [node for node in ast.parse(Path(str(origin)).read_bytes()).body if isinstance(node, ast.ClassDef)]
    fields = [node for each in classes if each.name == name for node in each.body if isinstance(node, ast.Assign)]
    found = [node.value for node in fields if ast.unparse(node.targets[0]) == "reasons"]
    return tuple(ast.literal_eval(found[0])) if found else ()


def described(dataset: Dataset, level: Level, names: list[str]) -> Iterator[tuple[list[str], FloatArray, FloatArray]]:
    """Yield features with their values for the entities of the history and of the window, (entities, features) each."""
    plain = [name for name in names if name in FEATURES[level]]
    of_graph = [name for name in names if name not in FEATURES[level]]
    if plain:
        yield plain, *_of_both(dataset, level, plain)
    if of_graph:
        yield of_graph, *_graphs().of_both(dataset, level, of_graph)


def _of_both(dataset: Dataset, level: Level, names: list[str]) -> tuple[FloatArray, FloatArray]:
    """Return features of the history and the window; features of calls in one pass if one follows the other."""
    history, window = dataset.history, dataset.window
    if level is not Level.CALL or history.end_ms != window.start_ms:
        return matrix(dataset, level, names, history), matrix(dataset, level, names, window)
    low, high = dataset.call_range(history)
    whole = matrix(dataset, level, names, Window(history.start_ms, window.end_ms))
    return whole[: high - low], whole[high - low :]


def _graphs() -> Any:
    return import_module("detectors.graph_reasons")  # takes a while, and most detectors need none of it
