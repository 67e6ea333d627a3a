"""Fitting and scoring in a process of its own that sees a folder without labels, under limits of time and memory."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np

from bench.arrays import BoolArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.faults import UserError
from bench.host.processes import Tree, killed_for_memory
from bench.isolation.prestarted import taken
from bench.isolation.staging import CONSTRUCTED, fill, lay_out
from bench.result import Status
from bench.settings import LimitSettings

WATCH_S, READY_S = 0.1, 0.02


@dataclass(frozen=True)
class Job:
    """What a detector's process is to do."""

    dataset: Dataset
    limits: LimitSettings
    labels: BoolArray | None = None
    """For a supervised baseline: whether each call of the history is anomalous. Nobody else gets to see them."""


@dataclass(frozen=True)
class Trial:
    """How a detector's process ended, and what it left."""

    status: Status
    reason: str = ""
    scores: Scores | None = None
    cost: dict[str, float] = field(default_factory=dict)
    """fit_seconds, score_seconds, and peak_mib of the whole process tree, start-up included."""


class Waiting:
    """A detector's process that has been started: it imports what its detector needs, and waits for its job.

    So it does while the world is looked for. To be used in a `with` statement, which ends the process with all that it
    started, and removes its folder.

    Parameters
    ----------
    detector
        The resolved configuration, whose `_target_`s name what to import.
    folder
        The run's folder. What the process prints goes to `detector.log` there; its own, temporary folder lies within,
        and holds nothing but the tables of data.
    seed
        Seed of the detector.
    threads
        How many threads numerical libraries may start.
    """

    def __init__(self, detector: Mapping[str, Any], folder: Path, seed: int, threads: int) -> None:
        self.place = lay_out(folder)
        log = folder.resolve() / "detector.log"
        log.write_bytes(b"")
        self.tree = Tree(taken(threads))
        where = {"place": str(self.place), "log": str(log), "modules": modules_in(detector)}
        self._tell(json.dumps({**where, "detector": dict(detector), "seed": seed}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tree.end()
        with suppress(OSError):  # what it was told last may be on its way still
            self.tree.process.stdin.close()  # type: ignore[union-attr]
        shutil.rmtree(self.place, ignore_errors=True)

    def require_constructed(self, limits: LimitSettings) -> None:
        """Wait until the detector is constructed; for one that takes longer than all its time, no more is waited.

        Raises
        ------
        UserError
            When its constructor refuses a setting.
        """
        ends_at = time.monotonic() + limits.seconds
        ready = self.place / CONSTRUCTED
        while not ready.exists() and self.tree.process.poll() is None and time.monotonic() < ends_at:
            time.sleep(READY_S)
        _require_accepted(_read(self.place / "error.json"))

    def tried(self, job: Job, tick: Callable[[], None]) -> Trial:
        """Hand it the job, and wait for the end or a limit.

        Parameters
        ----------
        job
            What to do.
        tick
            Called about ten times a second while the process runs.

        Raises
        ------
        UserError
            When the detector's constructor refuses a setting.
        """
        path = fill(self.place, job.dataset, job.labels)
        self._tell(str(path))
        killed = killed_for_memory()
        status = _watched(self.tree, job.limits, tick)
        code = self.tree.process.returncode
        self.tree.end()
        if status is Status.OK and code == -signal.SIGKILL and killed_for_memory() > killed:
            peak = {"peak_mib": self.tree.peak_mib}
            return Trial(Status.OOM, "the system ran out of memory and ended it", None, peak)
        return _judged(status, self.tree, self.place, job.limits)

    def _tell(self, line: str) -> None:
        with suppress(BrokenPipeError):  # it has ended already: that is told when it is waited for
            self.tree.process.stdin.write(f"{line}\n".encode())  # type: ignore[union-attr]
            self.tree.process.stdin.flush()  # type: ignore[union-attr]


def modules_in(node: object) -> list[str]:
    """Return the modules that the `_target_`s within a detector's configuration are in, each once."""
    if isinstance(node, list):
        return list(dict.fromkeys(module for item in node for module in modules_in(item)))
    if not isinstance(node, Mapping):
        return []
    own = [str(node["_target_"]).rpartition(".")[0]] if "_target_" in node else []
    return list(dict.fromkeys([*own, *(module for item in node.values() for module in modules_in(item))]))


def _watched(tree: Tree, limits: LimitSettings, tick: Callable[[], None]) -> Status:
    """Wait for the end or for a limit; return which."""
    ends_at = time.monotonic() + limits.seconds
    while tree.process.poll() is None:
        tree.look()
        if tree.peak_mib > limits.memory_mib:
            return Status.OOM
        if time.monotonic() > ends_at:
            return Status.TIMEOUT
        tick()
        with suppress(subprocess.TimeoutExpired):
            tree.process.wait(WATCH_S)
    return Status.OK


def _judged(ended: Status, tree: Tree, place: Path, limits: LimitSettings) -> Trial:
    """Return the outcome, from how the process ended and from the files that it left."""
    told = _read(place / "cost.json")
    left: dict[str, float] = told.get("cost", {})
    cost = {**left, "peak_mib": max(tree.peak_mib, left.get("peak_mib", 0.0))}
    if ended is Status.TIMEOUT:
        return Trial(ended, f"took longer than limits.seconds={limits.seconds:g}", None, cost)
    if ended is Status.OOM or cost["peak_mib"] > limits.memory_mib:
        return Trial(Status.OOM, f"took more than limits.memory_mib={limits.memory_mib:g}", None, cost)
    code = tree.process.returncode
    if code == 0 and told:
        values = np.load(place / "scores.npy", allow_pickle=False)
        return Trial(Status.OK, "", Scores(Level(told["level"]), values, told["threshold"], told["causal"]), cost)
    error = _read(place / "error.json")
    _require_accepted(error)
    return Trial(*_failure(code, error), None, cost)


def _require_accepted(error: Mapping[str, Any]) -> None:
    if error.get("refused"):
        raise UserError(error["reason"])


def _failure(code: int, error: dict[str, Any]) -> tuple[Status, str]:
    if error:
        return Status.OOM if error["out_of_memory"] else Status.ERROR, error["reason"]
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return Status.ERROR, f"its process {how} before it had given scores"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}
