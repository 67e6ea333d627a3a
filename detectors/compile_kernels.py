"""Compile every kernel of the detectors: `python -m detectors.compile_kernels`.

A detector's process may read cached compiled code but not write any, since others would run it. So kernels are compiled
here, by computing all features of a small world.
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
    """Compute all features of a small world, and fit the models with kernels, which compiles them."""
    worlds = Worlds()  # kept, because the folder is removed with this object
    dataset = worlds["ordinary"]
    call_features(dataset, list(FEATURES), dataset.window)
    for level in (Level.USER_DAY, Level.CELL_QUARTER):
        total_features(dataset, level, list(TOTALS[level]), dataset.window)
    _ = Timeline(dataset).order
    prequential_mass(Forest(1, 1, 1, seed=0), np.zeros((2, 1)), 1)
    Inne(1, 2).fit(np.eye(3))


if __name__ == "__main__":
    main()
