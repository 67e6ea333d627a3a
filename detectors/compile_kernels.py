"""Compiles every kernel of detectors: `python -m detectors.compile_kernels`.

A detector's process may read compiled code and not keep any: what it left, others would run. So they are compiled
here, from a small world that is described in every way.
"""

import numpy as np

from bench.detector import Level
from detectors.calls.half_space_trees import Forest, prequential_mass
from detectors.checks.worlds import Worlds
from detectors.features.calls.call_features import FEATURES, call_features
from detectors.features.sequence.timeline import Timeline
from detectors.features.tables.totals import TOTALS, total_features
from detectors.models.hyperspheres import Inne


def main() -> None:
    """Compute all features of a small world, and fit the models with kernels, which compiles these."""
    worlds = Worlds()  # whose folder is there as long as it is
    dataset = worlds["ordinary"]
    call_features(dataset, list(FEATURES), dataset.window)
    for level in (Level.USER_DAY, Level.CELL_QUARTER):
        total_features(dataset, level, list(TOTALS[level]), dataset.window)
    _ = Timeline(dataset).order
    prequential_mass(Forest(1, 1, 1, seed=0), np.zeros((2, 1)), 1)
    Inne(1, 2).fit(np.eye(3))


if __name__ == "__main__":
    main()
