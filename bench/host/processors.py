"""Number of processors that may be used."""

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hydra.conf import HydraConf

THREAD_SETTINGS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


def usable() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def at_once(hydra: "HydraConf") -> int:
    """Return the number of jobs of a multirun that run at the same time."""
    jobs = int(hydra.launcher.get("n_jobs", 1))
    return jobs if jobs > 0 else usable()


def share(hydra: "HydraConf") -> int:
    """Return the number of processors of one job: all of them, or its share in a multirun."""
    multirun = hydra.mode is not None and hydra.mode.name == "MULTIRUN"
    return max(1, usable() // at_once(hydra)) if multirun else usable()
