"""Fits and scores one detector, in a process that knows no labels: what `bench.isolation.detector_process` starts.

Run as `python -m bench.isolation.worker PARENT MODULE ...`. It imports the modules, which are a guess, and reads two
lines from its standard input: where it is to work and which detector it is to construct there, and, later, the path of
a job. It leaves `scores.npy` and `cost.json` beside the job, or `error.json`. It ends with its parent.
"""

import gc

from bench.arrays import FloatArray

gc.disable()  # until the libraries are there: looking for garbage among what is imported takes a quarter of the time

import json
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from hydra.errors import InstantiationException
from hydra.utils import instantiate

from bench.dataset import Clock, Dataset, Window
from bench.detector import Detector, Scores, Supervised, with_own_facts
from bench.faults import UserError
from bench.host.processes import when_parent_ends
from bench.isolation.staging import CONSTRUCTED, DATA, TEMPORARY

FAILED = 1


def main() -> None:
    """Do the job that comes in."""
    _imported(sys.argv[2:])
    lines = os.fdopen(os.dup(sys.stdin.fileno()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    where = lines.readline()
    if not where:  # it is not needed
        return
    told = json.loads(where)
    _settle(told)
    place = Path(told["place"])
    try:
        detector = _constructed(told["detector"], told["seed"])
        (place / CONSTRUCTED).touch()
        _do(detector, Path(lines.readline().rstrip("\n")))
    except Exception as error:  # noqa: BLE001 - whatever a detector raises is the outcome of its run
        traceback.print_exc()
        aside = place / ".error"
        aside.write_text(json.dumps(_told(error)))
        aside.rename(place / "error.json")
        sys.exit(FAILED)
    gc.freeze()  # else the end takes as long as an import


def _do(detector: Detector, path: Path) -> None:
    """Do a job, and leave what came of it."""
    gc.freeze()
    gc.enable()
    scores, cost = fitted_and_scored(detector, json.loads(path.read_text()))
    np.save(path.parent / "scores.npy", scores.values, allow_pickle=False)
    facts = {**cost, "peak_mib": own_peak_mib()}
    told = {"level": str(scores.level), "threshold": scores.threshold, "causal": scores.causal, "cost": facts}
    (path.parent / "cost.json").write_text(json.dumps(told))


def _settle(told: dict[str, Any]) -> None:
    """Move to the folder that this process is to work in, and import what it will need there."""
    place, log = Path(told["place"]), os.open(told["log"], os.O_WRONLY | os.O_APPEND)
    when_parent_ends(int(sys.argv[1]), lambda: _vanish(place))
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.environ["TMPDIR"] = str(place / TEMPORARY)
    os.chdir(place / DATA)
    _imported(told["modules"])


def _constructed(config: dict[str, Any], seed: int) -> Detector:
    # A third party's detector may draw from the global generators: then it, too, gives the same scores again.
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    detector = instantiate(config, _convert_="all")
    if not isinstance(detector, Detector):
        raise TypeError(f"{config.get('_target_')} is no detector: it needs level, causal, fit and score")
    return detector


def _imported(modules: Sequence[str]) -> None:
    for module in modules:
        with suppress(Exception):  # is told when the detector is constructed
            import_module(module)


def fitted_and_scored(detector: Detector, job: dict[str, Any]) -> tuple[Scores, dict[str, float]]:
    """Fit and score a detector; return its scores, and what each step took [s]."""
    dataset = Dataset(Path(job["folder"]), Clock(**job["clock"]), Window(**job["history"]), Window(**job["window"]))
    fit = _fitting(detector, dataset, Path(job["folder"]).parent / "labels.npy" if job["labelled"] else None)
    began = time.perf_counter()
    fitted = fit()
    between = time.perf_counter()
    scores = fitted.score(dataset)
    ended = time.perf_counter()
    values: FloatArray = np.asarray(scores.values, np.float64)
    if values.ndim != 1:
        raise ValueError(f"scores must have one dimension, got shape {values.shape}")
    told = with_own_facts(Scores(scores.level, values), fitted)
    return told, {"fit_seconds": between - began, "score_seconds": ended - between}


def _fitting(detector: Detector, dataset: Dataset, labels: Path | None) -> Callable[[], Detector]:
    """Return what fits the detector: without labels, or with those of the history for a supervised baseline."""
    if labels is None:
        return partial(detector.fit, dataset)
    if not isinstance(detector, Supervised):
        raise TypeError(f"role=supervised is for detectors with fit_labelled, which {type(detector).__name__} lacks")
    return partial(detector.fit_labelled, dataset, np.load(labels, allow_pickle=False))


def own_peak_mib() -> float:
    """Return the largest resident memory that this process has had [MiB]; 0 where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)


def _told(error: Exception) -> dict[str, Any]:
    """Return the reason as one line: that of the constructor itself where Hydra wraps it.

    What our own constructors refuse is for the user to put right, and is told in full.
    """
    inner = error.__cause__ if isinstance(error, InstantiationException) and error.__cause__ else error
    if inner is not error and isinstance(inner, UserError):
        return {"out_of_memory": False, "refused": True, "reason": str(inner)}
    reason = traceback.format_exception_only(inner)[-1].strip().splitlines()[0]
    return {"out_of_memory": isinstance(inner, MemoryError), "refused": False, "reason": reason}


def _vanish(folder: Path) -> None:
    """Remove the folder of the job, and end this process with all that it started."""
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    main()
