"""Isolation by nearest-neighbour ensembles (INNE): by the smallest hypersphere that contains a row."""

from concurrent.futures import ThreadPoolExecutor
from typing import Self

import numpy as np
from numba import get_num_threads

from bench.arrays import Array, FloatArray
from bench.faults import Fault, SettingsError
from detectors.features.kernels import kernel

LEAST = float(np.finfo(float).eps)
SEEDS = np.iinfo(np.int32).max


class Inne:
    """Mean isolation of a row over sets of hyperspheres around fitted rows (Bandaragoda et al. 2018).

    Each set has some rows, drawn at random, as centres; a sphere reaches to the nearest other centre. The isolation of
    a row is that of the smallest sphere that contains it: 1 minus the squared ratio of the radius of the sphere at the
    nearest other centre to its own radius; 1 outside all spheres. Random draws and scores equal those of PyOD's `INNE`,
    except for rows exactly at the edge of a sphere.

    Parameters
    ----------
    n_estimators
        Number of sets, at least 1.
    max_samples
        Centres of a set, at least 2; all fitted rows where these are fewer.
    contamination
        Share of the fitted rows whose score is at or below `offset_`; greater than 0, at most 0.5.
    random_state
        Seed of the draws.

    Raises
    ------
    SettingsError
        When a number is out of its range.
    """

    def __init__(
        self, n_estimators: int = 200, max_samples: int = 16, contamination: float = 0.1, random_state: int = 0
    ) -> None:
        rules = {
            "n_estimators": ("be at least 1", n_estimators, n_estimators >= 1),
            "max_samples": ("be at least 2", max_samples, max_samples >= 2),
            "contamination": ("be in (0, 0.5]", contamination, 0 < contamination <= 0.5),
        }
        faults = [
            Fault(f"detector.model.{name}", rule, value) for name, (rule, value, holds) in rules.items() if not holds
        ]
        if faults:
            raise SettingsError(faults)
        self.n_estimators, self.max_samples = n_estimators, max_samples
        self.contamination, self.random_state = contamination, random_state

    def fit(self, rows: FloatArray) -> Self:
        """Draw the centres from the fitted rows, shape (rows, features)."""
        seeds = np.random.RandomState(self.random_state).randint(SEEDS, size=self.n_estimators)
        size = min(self.max_samples, len(rows))
        drawn = [np.random.RandomState(seed).choice(len(rows), size, replace=False) for seed in seeds]
        sets = [_spheres(rows[each]) for each in drawn]
        self.centres, self.reach, self.isolation = (np.stack(each) for each in zip(*sets, strict=True))
        self.offset_ = float(np.percentile(self.score_samples(rows), 100 * self.contamination))
        return self

    def score_samples(self, rows: FloatArray) -> FloatArray:
        """Score rows; lower means more anomalous, as scikit-learn has it, shape (rows,)."""
        rows, found = np.ascontiguousarray(rows, np.float64), np.zeros(len(rows))
        edges = np.linspace(0, len(rows), get_num_threads() + 1).astype(np.int64).tolist()

        def score(low: int, high: int) -> None:
            isolate(rows[low:high], self.centres, self.reach, self.isolation, found[low:high])

        with ThreadPoolExecutor(get_num_threads()) as pool:
            list(pool.map(score, edges[:-1], edges[1:]))
        return -found / self.n_estimators


def _spheres(centres: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return centres, squared radii and isolation of the spheres around some rows, the smallest sphere first."""
    apart = np.zeros((len(centres), len(centres)))
    for column in centres.T:  # summed in the same order as in `isolate`, so that edges are met exactly
        apart += (column[:, None] - column) ** 2
    np.fill_diagonal(apart, np.inf)
    reach, nearest = apart.min(axis=1), apart.argmin(axis=1)
    isolation = 1 - (reach[nearest] + LEAST) / (reach + LEAST)
    order = np.argsort(reach, kind="stable")
    return centres[order], reach[order], isolation[order]


@kernel
def isolate(rows: Array, centres: Array, reach: Array, isolation: Array, found: Array) -> None:
    """Add to `found`, shape (rows,), the isolation of each row in each set.

    Parameters
    ----------
    rows
        Shape (rows, features).
    centres, reach, isolation
        Spheres of each set, the smallest first: centres, shape (sets, spheres, features); squared radii and isolation,
        shape (sets, spheres).
    found
        Filled in.
    """
    for row in range(rows.shape[0]):
        for number in range(centres.shape[0]):
            alone = 1.0
            for sphere in range(centres.shape[1]):
                limit = reach[number, sphere]
                apart = 0.0
                for feature in range(rows.shape[1]):
                    apart += (rows[row, feature] - centres[number, sphere, feature]) ** 2
                    if apart > limit:
                        break
                if apart <= limit:
                    alone = isolation[number, sphere]
                    break
            found[row] += alone
