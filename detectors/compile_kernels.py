"""Compiles every kernel of features: `python -m detectors.compile_kernels`.

A detector's process may read compiled code and not keep any: what it left, others would run. So they are compiled
here, from a small world that is described in every way.
"""

from bench.detector import Level
from detectors.checks.worlds import Worlds
from detectors.features.calls.call_features import FEATURES, call_features
from detectors.features.sequence.timeline import Timeline
from detectors.features.tables.totals import TOTALS, total_features


def main() -> None:
    """Compute all features of a small world, which compiles the kernels."""
    worlds = Worlds()  # whose folder is there as long as it is
    dataset = worlds["ordinary"]
    call_features(dataset, list(FEATURES), dataset.window)
    for level in (Level.USER_DAY, Level.CELL_QUARTER):
        total_features(dataset, level, list(TOTALS[level]), dataset.window)
    _ = Timeline(dataset).order


if __name__ == "__main__":
    main()
