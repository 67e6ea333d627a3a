"""A detector under test, with its results cached, so that checks share them."""

import random
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from threadpoolctl import threadpool_limits

from bench.arrays import FloatArray
from bench.dataset import Dataset, Window
from bench.detector import Detector, Level, Scores
from bench.levels import Grid
from detectors.checks.worlds import Worlds

SEED = 7
MOST_THREADS = numba.get_num_threads()
"""Upper limit of numba's threads: the number that it starts with."""


@cache
def worlds() -> Worlds:
    """Return the worlds of this process."""
    return Worlds()


class Subject:
    """A detector under test.

    Parameters
    ----------
    make
        Returns a new detector, not fitted, the same one each time.
    """

    def __init__(self, make: Callable[[], Detector]) -> None:
        self.make = make
        self._fitted: dict[str, Detector] = {}
        self._scores: dict[tuple[str, Window], Scores] = {}

    def anew(self, name: str) -> tuple[Detector, Scores]:
        """Construct the detector, fit it and score the window, with global generators seeded as in the harness."""
        random.seed(SEED)
        np.random.seed(SEED)  # noqa: NPY002
        dataset = worlds()[name]
        fitted = self.make().fit(dataset)
        return fitted, fitted.score(dataset)

    def with_threads(self, name: str, threads: int) -> Scores:
        """Construct the detector, fit it and score the window with at most so many threads."""
        before = numba.get_num_threads()
        numba.set_num_threads(min(threads, MOST_THREADS))
        try:
            with threadpool_limits(threads):
                return self.anew(name)[1]
        finally:
            numba.set_num_threads(before)

    def fitted(self, name: str) -> Detector:
        """Return the detector fitted on the history of a world."""
        if name not in self._fitted:
            self._fitted[name], scores = self.anew(name)
            self._scores[name, worlds()[name].window] = scores
        return self._fitted[name]

    def scores(self, name: str = "ordinary", window: Window | None = None) -> Scores:
        """Return the scores of the window of a world, or of another window of it."""
        fitted, dataset = self.fitted(name), worlds()[name]
        key = (name, window or dataset.window)
        if key not in self._scores:
            self._scores[key] = fitted.score(replace(dataset, window=key[1]))
        return self._scores[key]


def entities(level: Level, dataset: Dataset) -> int:
    """Return the number of entities of the window at a level."""
    low, high = dataset.call_range(dataset.window)
    return high - low if level is Level.CALL else Grid(level, dataset).size


def start_times(dataset: Dataset) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return the starts of the calls of the window [ms]."""
    return np.asarray(pc.cast(dataset.calls(dataset.window, ["call_start_ts"])["call_start_ts"], pa.int64()))


def of_kinds(
    level: Level, dataset: Dataset, kind: list[str]
) -> dict[str, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    """Return, for each kind of incident, which entities of the window it affects, and under "" which are normal."""
    low, high = dataset.call_range(dataset.window)
    kinds = np.array(kind[low:high])
    place = np.arange(high - low) if level is Level.CALL else Grid(level, dataset).of_calls
    found = {}
    for name in sorted(set(kind)):
        found[name] = np.zeros(entities(level, dataset), np.bool_)
        found[name][place[(kinds == name) & (place >= 0)]] = True
    found[""] = ~np.any([found[name] for name in found if name], axis=0)
    return found


def first_spans(level: Level, values: FloatArray, longer: Dataset, shorter: Dataset) -> FloatArray:
    """Return those scores of a window that are about a shorter window with the same start."""
    if level is Level.CALL:
        return values[: entities(level, shorter)]
    grids = Grid(level, longer), Grid(level, shorter)
    return values.reshape(-1, grids[0].spans)[:, : grids[1].spans].ravel()
