"""Features of graphs that explain alerts: of calls, or days, against the graph of earlier calls."""

from collections.abc import Mapping

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Level
from detectors.features.graph import user_day_graph
from detectors.features.graph.graph_features import NAMES as OF_CALLS
from detectors.features.graph.graph_features import features_against
from detectors.features.graph.user_day_graph import days_against

OF_DAYS = tuple(name for name, _, _ in user_day_graph.FEATURES)
NAMES: Mapping[Level, tuple[str, ...]] = {Level.CALL: OF_CALLS, Level.USER_DAY: OF_DAYS, Level.CELL_QUARTER: ()}
"""Features that need a graph of earlier calls; they have other names than those that need none."""


def of_both(dataset: Dataset, level: Level, names: list[str]) -> tuple[FloatArray, FloatArray]:
    """Return features of the history and of the window.

    The window is described against the graph of the history, and the later half of the history against the graph of the
    earlier half, as graph detectors do.
    """
    history, window, values = dataset.history, dataset.window, features_against if level is Level.CALL else _of_days
    middle = (history.start_ms + history.end_ms) // 2
    earlier, later = Window(history.start_ms, middle), Window(middle, history.end_ms)
    return values(dataset, earlier, later, names), values(dataset, history, window, names)


def _of_days(dataset: Dataset, known: Window, part: Window, names: list[str]) -> FloatArray:
    return days_against(dataset, known, part)[:, [OF_DAYS.index(name) for name in names]]
