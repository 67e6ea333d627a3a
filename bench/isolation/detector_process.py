"""Fitting and scoring in a process of its own that sees a folder without labels, under limits of time and memory."""

import json
import math
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from bench.dataset import Dataset
from bench.detector import Examples, Scores
from bench.faults import UserError
from bench.host.console import report_compiling
from bench.host.memory import MIB, killed_for_memory
from bench.isolation import returned
from bench.isolation.ahead import pending
from bench.isolation.confinement import Reach
from bench.isolation.place import BEGINNING, CONSTRUCTED, JOB, OUT, READY
from bench.isolation.prestarted import taken
from bench.isolation.staging import fill
from bench.isolation.tree import Tree
from bench.result import Status
from bench.settings import LimitSettings

WATCH_S, READY_S = 0.1, 0.02
NO_SCORES = "its process did not leave a valid file of scores"


@dataclass(frozen=True)
class Subject:
    """The detector that a process is to construct."""

    detector: Mapping[str, Any]
    """The resolved configuration, whose `_target_`s name what to import."""
    seed: int
    look: str = ""
    """Dotted path of a function that looks at the configuration first, there, given it and `trusted`; none if empty."""
    trusted: Sequence[str] = ()
    """Packages of the user's own."""


@dataclass(frozen=True)
class Job:
    """The task of a detector's process."""

    dataset: Dataset
    limits: LimitSettings
    examples: Sequence[Examples] = ()
    """Labelled examples on which a supervised baseline is trained; no other detector gets labels."""


@dataclass(frozen=True)
class Trial:
    """How a detector's process ended, and its results."""

    status: Status
    reason: str = ""
    scores: Scores | None = None
    cost: dict[str, float] = field(default_factory=dict)
    """fit_seconds, score_seconds, and peak_mib of the whole process tree, start-up included."""
    isolation: str = ""
    """Restrictions of the process; empty if the harness itself provides the scores."""


class Waiting:
    """A detector's process that has been started: it imports what its detector needs, and waits for its job.

    So it does while the world is looked for. To be used in a `with` statement, which ends the process with all that it
    started, and removes its folder.

    Parameters
    ----------
    subject
        The detector.
    folder
        The run's folder. What the process prints goes to `detector.log` there.
    threads
        How many threads numerical libraries may start.
    reach
        What the process must not see, and what it may.
    """

    def __init__(self, subject: Subject, folder: Path, threads: int, reach: Reach) -> None:
        self.log = folder.resolve() / "detector.log"
        self.log.write_bytes(b"")
        self.started = taken(threads, reach)
        self.place = self.started.place
        self.tree = Tree(self.started.process)
        description = {**asdict(subject), "modules": modules_in(subject.detector)}
        with self.log.open("ab") as log, suppress(OSError):
            socket.send_fds(self.started.channel, [b"\0"], [log.fileno()])
        self._send(json.dumps(description))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.tree.end()
        with self.log.open("ab") as log, suppress(OSError, ValueError):
            log.write(returned.content(self.place / BEGINNING, MIB))
        self.started.tidy()

    def require_constructed(self, limits: LimitSettings) -> None:
        """Wait until the detector is constructed; for one that takes longer than all its time, no more is waited.

        Raises
        ------
        UserError
            When its constructor refuses a setting.
        """
        ends_at = time.monotonic() + limits.seconds
        ready = self.place / OUT / CONSTRUCTED
        self._report_compiling()
        while not ready.exists() and self.tree.process.poll() is None and time.monotonic() < ends_at:
            time.sleep(READY_S)
        _require_accepted(returned.facts_in(self.place / OUT / returned.ERROR))

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
        return replace(self._tried(job, tick), isolation=str(self.started.means))

    def _tried(self, job: Job, tick: Callable[[], None]) -> Trial:
        try:
            self._report_compiling()
            self._send(str(fill(self.place, job.dataset, job.examples)))
        except FileNotFoundError:
            return Trial(Status.ERROR, "it removed its own folder")
        killed = killed_for_memory()
        status = _watched(self.tree, self.place / JOB / READY, job.limits, tick)
        code = self.tree.process.returncode
        self.tree.end()
        if status is Status.OK and code == -signal.SIGKILL and killed_for_memory() > killed:
            peak = {"peak_mib": self.tree.peak_mib}
            return Trial(Status.OOM, "the system ran out of memory and ended it", None, peak)
        return _judged(status, self.tree, self.place / OUT, job.limits)

    def _report_compiling(self) -> None:
        """Tell the user where the process compiles before anything else."""
        if self.started.means.abi and not (self.place / OUT / CONSTRUCTED).exists() and pending():
            report_compiling("features of detectors")

    def _send(self, line: str) -> None:
        with suppress(OSError):  # it has ended already: that is reported when it is waited for
            self.started.channel.sendall(f"{line}\n".encode())


def modules_in(node: object) -> list[str]:
    """Return the modules that the `_target_`s within a detector's configuration are in, each once."""
    if isinstance(node, list):
        return list(dict.fromkeys(module for item in node for module in modules_in(item)))
    if not isinstance(node, Mapping):
        return []
    own = [str(node["_target_"]).rpartition(".")[0]] if "_target_" in node else []
    return list(dict.fromkeys([*own, *(module for item in node.values() for module in modules_in(item))]))


def _watched(tree: Tree, ready: Path, limits: LimitSettings, tick: Callable[[], None]) -> Status:
    """Wait for the end or a limit, and return which came; time counts from when `ready` exists."""
    ends_at = math.inf
    while tree.process.poll() is None:
        tree.look()
        if tree.peak_mib > limits.memory_mib:
            return Status.OOM
        if math.isinf(ends_at) and ready.exists():
            ends_at = time.monotonic() + limits.seconds
        if time.monotonic() > ends_at:
            return Status.TIMEOUT
        tick()
        with suppress(subprocess.TimeoutExpired):
            tree.process.wait(WATCH_S)
    return Status.OK


def _judged(ended: Status, tree: Tree, out: Path, limits: LimitSettings) -> Trial:
    """Return the outcome, from how the process ended and from the files that it left."""
    left = returned.cost(out)
    cost = {**left, "peak_mib": max(tree.peak_mib, left.get("peak_mib", 0.0))}
    if ended is Status.TIMEOUT:
        return Trial(ended, f"took longer than limits.seconds={limits.seconds:g}", None, cost)
    if ended is Status.OOM or cost["peak_mib"] > limits.memory_mib:
        return Trial(Status.OOM, f"took more than limits.memory_mib={limits.memory_mib:g}", None, cost)
    code, error = tree.process.returncode, returned.facts_in(out / returned.ERROR)
    if code == 0 and returned.facts_in(out / returned.COST):
        scores = returned.scores(out, int(limits.memory_mib * MIB))
        return Trial(Status.OK if scores else Status.ERROR, "" if scores else NO_SCORES, scores, cost)
    _require_accepted(error)
    return Trial(*_failure(code, error), None, cost)


def _require_accepted(error: Mapping[str, Any]) -> None:
    if error.get("refused"):
        raise UserError(str(error.get("reason")))


def _failure(code: int, error: Mapping[str, Any]) -> tuple[Status, str]:
    if error:
        return Status.OOM if error.get("out_of_memory") else Status.ERROR, str(error.get("reason"))
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return Status.ERROR, f"its process {how} before it had given scores"
