"""Detectors that behave, and detectors that misbehave in each way that the harness has a status for."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from bench.dataset import Dataset
from bench.detector import Examples, Level, Scores
from bench.faults import UserError


class Longest:
    """Scores a call by its length."""

    level = Level.CALL
    causal = True

    def __init__(self, power: float = 1.0) -> None:
        self.power = power

    def fit(self, dataset: Dataset) -> Self:
        return self

    def score(self, dataset: Dataset) -> Scores:
        print("heard from the detector")
        values = dataset.calls(dataset.window, ["call_duration"])["call_duration"].to_numpy()
        return Scores(Level.CALL, values.astype(float) ** self.power)


class Fussy(Longest):
    """Refuses to be constructed."""

    def __init__(self) -> None:
        raise UserError("detector.power must be more, got less")


class Raising(Longest):
    def fit(self, dataset: Dataset) -> Self:
        raise ValueError("no such luck")


class Bored(Longest):
    """Raises where there is nothing to find."""

    def score(self, dataset: Dataset) -> Scores:
        scores = super().score(dataset)
        if scores.values.max() < 3600:
            raise ValueError("nothing here")
        return scores


class Slow(Longest):
    """Sleeps, and so does a process of its own; their numbers go to a file for temporary things."""

    def __init__(self, note: str) -> None:
        super().__init__()
        self.note = Path(tempfile.gettempdir(), note)

    def fit(self, dataset: Dataset) -> Self:
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.note.write_text(f"{os.getpid()} {child.pid}")
        time.sleep(600)
        return self


class Greedy(Longest):
    """Takes memory until it is stopped, in a process that it starts."""

    def fit(self, dataset: Dataset) -> Self:
        code = "import time; held = bytearray(b'x') * 400_000_000; time.sleep(600)"
        subprocess.run([sys.executable, "-c", code], check=True)
        return self


class Modest(Longest):
    """Says that it has no memory left."""

    def fit(self, dataset: Dataset) -> Self:
        raise MemoryError


class Constant(Longest):
    def score(self, dataset: Dataset) -> Scores:
        low, high = dataset.call_range(dataset.window)
        return Scores(Level.CALL, np.ones(high - low))


class Holey(Longest):
    def score(self, dataset: Dataset) -> Scores:
        scores = super().score(dataset)
        scores.values[3] = np.nan
        return scores


class Short(Longest):
    def score(self, dataset: Dataset) -> Scores:
        return Scores(Level.CALL, super().score(dataset).values[:-1])


class Vanishing(Longest):
    def fit(self, dataset: Dataset) -> Self:
        os._exit(7)


class Killed(Longest):
    """Ends as if by the system."""

    def fit(self, dataset: Dataset) -> Self:
        os.kill(os.getpid(), signal.SIGKILL)
        return self


class Daemon(Longest):
    """Leaves a process of its own behind, in a session of its own."""

    def fit(self, dataset: Dataset) -> Self:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        time.sleep(0.5)
        return self


class Spoiling(Longest):
    """Tries to write to the tables that it is given."""

    def fit(self, dataset: Dataset) -> Self:
        path = dataset.folder / "calls.parquet"
        path.chmod(0o600)
        path.write_bytes(b"")
        return self


class Labelled(Longest):
    """Scores by the length, and fails unless it has learnt that long calls are anomalous."""

    def fit_labelled(self, examples: Sequence[Examples]) -> Self:
        for each in examples:
            durations = each.dataset.calls(each.dataset.window, ["call_duration"])["call_duration"].to_numpy()
            assert (each.anomalous == (durations >= 3600)).all()
        return self


class Nosy(Longest):
    """Lists what it can see around it, and fails with that as its reason."""

    def fit(self, dataset: Dataset) -> Self:
        seen = sorted(path.name for path in dataset.folder.rglob("*"))
        Path(tempfile.gettempdir(), "left-behind").write_text("x")
        raise LookupError(f"{Path.cwd() == dataset.folder} {' '.join(seen)}")


class Chancy(Longest):
    """Draws from NumPy's global generator."""

    def score(self, dataset: Dataset) -> Scores:
        low, high = dataset.call_range(dataset.window)
        return Scores(Level.CALL, np.random.rand(high - low))  # noqa: NPY002


class NoDetector:
    pass
