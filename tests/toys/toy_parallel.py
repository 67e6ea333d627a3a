"""Detectors that use of a system what libraries use: processes, threads, locks, compiled code, and a file of theirs."""

import os
import tempfile
from multiprocessing import Pool, get_context
from pathlib import Path
from typing import Self

import joblib
import numpy as np
from numba import njit, prange
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor
from toy_detectors import Longest

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.host.compiled import compiled


def doubled(value: float) -> float:
    return 2 * value


@njit(cache=True, parallel=True)
def summed(values: np.ndarray) -> float:
    total = 0.0
    for k in prange(values.size):
        total += values[k]
    return total


@compiled
def halved(value: float) -> float:
    return value / 2


class Busy(Longest):
    """Scores by the length, if everything works that it tries."""

    def fit(self, dataset: Dataset) -> Self:
        rows = np.random.default_rng(0).random((3000, 3))
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(doubled)(k) for k in range(4)) == [0, 2, 4, 6]
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(np.sum)(np.ones(300_000)) for _ in range(2)) == [3e5, 3e5]
        with Pool(2) as pool:
            assert pool.map(doubled, [1, 2]) == [2, 4]
        with get_context("spawn").Pool(1) as pool:
            assert pool.map(doubled, [3]) == [6]
        assert summed(np.ones(1000)) == 1000
        assert halved(4.0) == 2
        IsolationForest(n_jobs=2, random_state=0).fit(rows).score_samples(rows)
        LocalOutlierFactor(n_jobs=2).fit(rows)
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "a").write_text("x")
            Path(folder, "a").rename(Path(folder, "b"))
        return self


class Reader(Longest):
    """Scores by the length, times a number that stands in a file."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.factor = float(Path(path).read_text())

    def score(self, dataset: Dataset) -> Scores:
        return Scores(Level.CALL, self.factor * super().score(dataset).values)


class Forger(Longest):
    """Leaves what it is told to in the place of scores, and ends before the harness's own program can."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how, self.out = how, Path.cwd().parent / "out"

    def score(self, dataset: Dataset) -> Scores:
        (self.out / "cost.json").write_text('{"level": "call", "causal": true}')
        getattr(self, self.how)(self.out / "scores.f8")
        os._exit(0)

    def link(self, place: Path) -> None:
        place.symlink_to("/etc/passwd")

    def pipe(self, place: Path) -> None:
        os.mkfifo(place)

    def folder(self, place: Path) -> None:
        place.mkdir()

    def huge(self, place: Path) -> None:
        with place.open("wb") as file:
            file.truncate(2**40)

    def odd(self, place: Path) -> None:
        place.write_bytes(b"123")

    def nothing(self, place: Path) -> None:
        place.write_bytes(b"")
        (self.out / "cost.json").write_text("[" * 100_000)

    def untrue(self, place: Path) -> None:
        place.write_bytes(b"")
        (self.out / "cost.json").write_text('{"level": ["call"], "causal": 1, "fit_seconds": -1}')

    def gone(self, place: Path) -> None:
        (self.out / "cost.json").unlink()
