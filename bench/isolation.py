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

from bench.dataset import Dataset
from bench.detector import BoolArray, Level, Scores
from bench.processes import Tree, killed_for_memory
from bench.result import Status
from bench.schema import DATA_TABLES
from bench.settings import LimitSettings

WATCH_S = 0.05
STAGING = ".detector"
"""Folder within that of the run, which is there only while the detector's process is."""
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
    labels: BoolArray | None = None
    """For a ceiling: whether each call of the history is anomalous. Nobody else gets to see them."""


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
    place = folder.resolve() / STAGING
    place.mkdir(parents=True, exist_ok=True)
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
        tree, killed = Tree(process), killed_for_memory()
        try:
            status = _watched(tree, job.limits, tick)
        finally:
            tree.end()
        if status is Status.OK and process.returncode == -signal.SIGKILL and killed_for_memory() > killed:
            return Trial(Status.OOM, "the system ran out of memory and ended it", None, {"peak_mib": tree.peak_mib})
        return _judged(status, tree, place, job.limits)
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
            _copied(source, data / name)
    content = {
        "detector": dict(job.detector),
        "folder": str(data),
        "clock": asdict(job.dataset.clock),
        "history": asdict(job.dataset.history),
        "window": asdict(job.dataset.window),
        "seed": job.seed,
        "parent": os.getpid(),
        "labelled": job.labels is not None,
    }
    if job.labels is not None:
        np.save(place / "labels.npy", job.labels, allow_pickle=False)
    (place / "job.json").write_text(json.dumps(content))


def _copied(source: Path, target: Path) -> None:
    """Copy a table, where the file system can by sharing its blocks: a link would let a detector write to the world."""
    with source.open("rb") as read, target.open("wb") as written:
        left = os.fstat(read.fileno()).st_size
        try:
            while left and (done := os.copy_file_range(read.fileno(), written.fileno(), left)):
                left -= done
        except (AttributeError, OSError):  # another system, or between file systems that cannot
            written.seek(read.seek(0))
            shutil.copyfileobj(read, written)
    target.chmod(0o444)


def _environment(job: Job, place: Path) -> dict[str, str]:
    paths = [str(Path(path).resolve()) for path in sys.path if path]
    threads = {name: str(job.threads) for name in THREAD_SETTINGS if name not in os.environ}
    own = {"PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(place / "tmp"), "PYTHONHASHSEED": str(job.seed)}
    return {**os.environ, **threads, **own}


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
    return Trial(*_failure(code, _read(place / "error.json")), None, cost)


def _failure(code: int, error: dict[str, Any]) -> tuple[Status, str]:
    if error:
        return Status.OOM if error["out_of_memory"] else Status.ERROR, error["reason"]
    how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
    return Status.ERROR, f"its process {how} before it had given scores"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) if path.exists() else {}
