"""Fitting and scoring in a process of its own that sees a folder without labels, under limits of time and memory."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.result import Status
from bench.schema import DATA_TABLES
from bench.settings import LimitSettings

WATCH_S = 0.05
MIB = 2**20
THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


@dataclass(frozen=True)
class Job:
    """What a detector's process is to do."""

    detector: Mapping[str, Any]
    """The resolved configuration: `_target_` and its parameters, as JSON values."""
    dataset: Dataset
    seed: int
    limits: LimitSettings
    threads: int
    """How many threads numerical libraries may start."""


@dataclass(frozen=True)
class Trial:
    """How a detector's process ended, and what it left."""

    status: Status
    reason: str = ""
    scores: Scores | None = None
    cost: dict[str, float] = field(default_factory=dict)
    """fit_seconds, score_seconds, and peak_mib of the whole process tree, start-up included."""


def tried(job: Job, folder: Path, tick: Callable[[], None]) -> Trial:
    """Fit and score in a process of its own.

    Parameters
    ----------
    job
        What to do.
    folder
        The run's folder. What the process prints goes to `detector.log` there; its own, temporary folder lies within,
        and holds nothing but the tables of data.
    tick
        Called about twenty times a second while the process runs.
    """
    place = folder.resolve() / ".detector"
    place.mkdir(parents=True)
    try:
        _stage(job, place)
        with (folder / "detector.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.worker", str(place / "job.json")],
                cwd=place / "data",
                env=_environment(job, place),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            status, peak_mib = _watched(process, job.limits, tick)
        finally:
            _end(process)
        return _judged(status, process.returncode, peak_mib, place, job.limits)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _stage(job: Job, place: Path) -> None:
    """Lay out the tables of data and the job; there is no way from here to the truth."""
    data = place / "data"
    (place / "tmp").mkdir()
    data.mkdir()
    for name in (*(f"{table}.parquet" for table in DATA_TABLES), "clock.json"):
        source = job.dataset.folder / name
        if source.exists():
            _linked(source.resolve(), data / name)
    content = {
        "detector": dict(job.detector),
        "folder": str(data),
        "clock": asdict(job.dataset.clock),
        "history": asdict(job.dataset.history),
        "window": asdict(job.dataset.window),
        "seed": job.seed,
        "parent": os.getpid(),
    }
    (place / "job.json").write_text(json.dumps(content))


def _linked(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, target)


def _environment(job: Job, place: Path) -> dict[str, str]:
    paths = [str(Path(path).resolve()) for path in sys.path if path]
    threads = {name: str(job.threads) for name in THREAD_SETTINGS if name not in os.environ}
    own = {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(place / "tmp"), "PYTHONHASHSEED": str(job.seed)}
    return {**os.environ, **threads, **own}


def _watched(process: subprocess.Popen[bytes], limits: LimitSettings, tick: Callable[[], None]) -> tuple[Status, float]:
    """Wait for the end or for a limit; return which, and the peak of resident memory seen [MiB]."""
    ends_at = time.monotonic() + limits.seconds
    peak_mib = 0.0
    while process.poll() is None:
        peak_mib = max(peak_mib, _resident_mib(process.pid))
        if peak_mib > limits.memory_mib:
            return Status.OOM, peak_mib
        if time.monotonic() > ends_at:
            return Status.TIMEOUT, peak_mib
        tick()
        time.sleep(WATCH_S)
    return Status.OK, peak_mib


def _resident_mib(pid: int) -> float:
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        return total / MIB
    return total / MIB


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _judged(ended: Status, code: int, peak_mib: float, place: Path, limits: LimitSettings) -> Trial:
    """Return the outcome, from how the process ended and from the files that it left."""
    left = _read(place / "cost.json").get("cost", {})
    cost = {**left, "peak_mib": max(peak_mib, left.get("peak_mib", 0.0))}
    if ended is Status.TIMEOUT:
        return Trial(ended, f"took longer than limits.seconds={limits.seconds:g}", None, cost)
    if ended is Status.OOM or cost["peak_mib"] > limits.memory_mib:
        return Trial(Status.OOM, f"took more than limits.memory_mib={limits.memory_mib:g}", None, cost)
    if code == 0:
        told = _read(place / "cost.json")
        values = np.load(place / "scores.npy", allow_pickle=False)
        return Trial(Status.OK, "", Scores(Level(told["level"]), values, told["threshold"], told["causal"]), cost)
    return Trial(*_failure(code, _read(place / "error.json")), None, cost)


def _failure(code: int, error: dict[str, Any]) -> tuple[Status, str]:
    if error:
        return Status.OOM if error["out_of_memory"] else Status.ERROR, error["reason"]
    if code == -signal.SIGKILL:
        return Status.OOM, "killed by the system, most likely for want of memory"
    return Status.ERROR, f"its process ended with code {code} before it had given scores"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}
