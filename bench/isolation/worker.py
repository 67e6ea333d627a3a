"""Fit and score one detector in a process without labels; `bench.isolation.detector_process` starts it.

`bench.isolation.confined` begins it. It imports modules that its detector will probably need, and reads from its
channel an open file for what it prints, and two lines: which detector it is to construct in its folder,
and, later, the path of a job. It leaves `scores.f8` and `cost.json`, or `error.json`.
"""

import gc

gc.disable()  # until the libraries are there: looking for garbage among what is imported takes a quarter of the time

import json
import os
import random
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from hydra.errors import InstantiationException
from hydra.utils import get_method, instantiate

from bench.dataset import Clock, Dataset, Window
from bench.detector import Detector, Examples, Level, Supervised
from bench.faults import UserError
from bench.host.memory import own_peak_mib
from bench.isolation.fitting import fitted_and_scored
from bench.isolation.place import CONSTRUCTED, DATA, OUT
from bench.isolation.returned import COST, ERROR, SCORES, packed
from bench.isolation.staging import LABELS, NORMAL

FAILED = 1


def work(place: Path, modules: Sequence[str]) -> None:
    """Import modules, then do the job that comes in.

    Parameters
    ----------
    place
        Its own folder.
    modules
        What to import while nothing else is to be done.
    """
    _imported(modules)
    channel = socket.socket(fileno=os.dup(sys.stdin.fileno()))
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    _, files, *_ = socket.recv_fds(channel, 1, 1)
    lines = channel.makefile()
    where = lines.readline()
    if not where:  # it is not needed, or its parent has gone
        return
    description = json.loads(where)
    _print_to(*files)
    os.chdir(place / DATA)
    try:
        _imported(description["modules"])
        if description["look"]:
            _looked_at(description)
        detector = _constructed(description["detector"], description["seed"])
        (place / OUT / CONSTRUCTED).touch()
        _do(detector, Path(lines.readline().rstrip("\n")), place / OUT)
    except Exception as error:  # noqa: BLE001 - whatever a detector raises is the outcome of its run
        traceback.print_exc()
        aside = place / OUT / ".error"
        aside.write_text(json.dumps(_error_facts(error)))
        aside.rename(place / OUT / ERROR)
        sys.exit(FAILED)
    gc.freeze()  # else the end takes as long as an import


def _do(detector: Detector, job: Path, out: Path) -> None:
    """Do a job, and leave what came of it."""
    gc.freeze()
    gc.enable()
    description = json.loads(job.read_text())
    dataset = _opened(description["dataset"])
    examples = [_labelled(each, job.with_name(LABELS.format(n))) for n, each in enumerate(description["examples"])]
    scores, cost = fitted_and_scored(_fitting(detector, dataset, examples), dataset)
    (out / SCORES).write_bytes(packed(scores))
    facts = {"level": str(scores.level), "causal": scores.causal, **cost, "peak_mib": own_peak_mib()}
    (out / COST).write_text(json.dumps(facts))


def _print_to(log: int) -> None:
    """Let what is printed, by whatever, go to an open file."""
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    os.close(log)


def _looked_at(description: dict[str, Any]) -> None:
    try:
        get_method(description["look"])(description["detector"], description["trusted"])
    except UserError as error:
        raise InstantiationException("it is not to be constructed") from error


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
        with suppress(Exception):  # is reported when the detector is constructed
            import_module(module)


def _opened(description: dict[str, Any]) -> Dataset:
    """Return a data set that was described in a job."""
    return Dataset(
        Path(description["folder"]),
        Clock(**description["clock"]),
        Window(**description["history"]),
        Window(**description["window"]),
    )


def _labelled(description: dict[str, Any], labels: Path) -> Examples:
    """Return labelled examples that were described in a job."""
    with np.load(labels, allow_pickle=False) as arrays:
        of_type = {name: arrays[name] for name in arrays.files}
    return Examples(_opened(description), Level(description["level"]), of_type.pop(NORMAL), of_type)


def _fitting(detector: Detector, dataset: Dataset, examples: Sequence[Examples]) -> Callable[[], Detector]:
    """Return what fits the detector: without labels, or with labelled examples for a supervised baseline."""
    if not examples:
        return partial(detector.fit, dataset)
    if not isinstance(detector, Supervised):
        raise TypeError(f"role=supervised is for detectors with fit_labelled, which {type(detector).__name__} lacks")
    return partial(detector.fit_labelled, examples)


def _error_facts(error: Exception) -> dict[str, Any]:
    """Return the reason as one line: that of the constructor itself where Hydra wraps it.

    What our own constructors refuse is for the user to put right, and is given in full.
    """
    inner = error.__cause__ if isinstance(error, InstantiationException) and error.__cause__ else error
    if inner is not error and isinstance(inner, UserError):
        return {"out_of_memory": False, "refused": True, "reason": str(inner)}
    reason = traceback.format_exception_only(inner)[-1].strip().splitlines()[0]
    return {"out_of_memory": isinstance(inner, MemoryError), "refused": False, "reason": reason}
