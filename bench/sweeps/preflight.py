"""Checks before anything starts: settings of every job, what a suite fixes, and the folder for the results."""

import atexit
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from bench.config.composition import combinations, explain, fault_lines, refuse
from bench.config.diagnosis import REFUSALS
from bench.config.hydra_patches import split_sweeps_by
from bench.config.repeated_jobs import split
from bench.faults import UserError
from bench.runs.run_folder import (
    NOTES,
    PLAN,
    RUNNING,
    abandoned_sweeps,
    clear_abandoned,
    clear_if_abandoned,
    discard,
    hold,
    make,
    require_unused,
)
from bench.sweeps.sweep_folder import SweepFolder
from bench.sweeps.variants import Variants

FIXED = ("generator", "anomaly", "protocol", "threshold", "seed", "suite", "role")
"""Settings that a suite fixes."""
JOB = "${hydra.job.num}"
"""Name of a job's folder within that of its sweep."""


def sweep_overrides(config: DictConfig) -> list[str]:
    """Return the overrides of a multirun: the matrix of its suite, replaced where the command line differs."""
    matrix = config.hydra.sweeper.get("params") or {}
    return [*(f"{key}={value}" for key, value in matrix.items()), *config.hydra.overrides.task]


class Preflight(Callback):
    """Checks every job's settings before the first one starts; a Hydra callback.

    Parameters
    ----------
    multirun
        Whether there may be several jobs.
    alone
        Whether the settings of a single job are checked here; else the job checks them.
    """

    def __init__(self, multirun: bool = True, alone: bool = True) -> None:
        self.multirun = multirun
        self.alone = alone

    def on_run_start(self, config: DictConfig, **_: Any) -> None:
        """Check the settings of the one job."""
        messages = fault_lines(config) if self.alone else []
        if messages:
            refuse("\n".join(messages))
        if self.multirun:  # else the folder of the run does not exist yet
            _prepare(Path(config.hydra.run.dir), config, "hydra.run.dir")
            atexit.register(_tidy, Path(config.hydra.run.dir).absolute())

    def on_multirun_start(self, config: DictConfig, config_name: str | None = None, **_: Any) -> None:
        """Compose and check the settings of every combination."""
        if not self.multirun:
            refuse("--multirun is for bench.run; start this once for each")
        if config.hydra.launcher.get("n_jobs") == 0:
            refuse("hydra.launcher.n_jobs must be how many runs go on at a time, or -1 for one a processor, got 0")
        overrides = [*config.hydra.overrides.hydra, *sweep_overrides(config)]
        messages: dict[str, None] = dict.fromkeys(_suite_faults(config))
        variants = Variants(str(config_name))
        for combination in combinations(overrides):
            try:
                messages.update(dict.fromkeys(fault_lines(variants.of(combination))))
            except REFUSALS as error:
                messages.update(dict.fromkeys(explain(str(config_name), combination, error).splitlines()))
        if messages:
            refuse("\n".join(messages))
        split_sweeps_by(split)
        place = Path(config.hydra.sweep.dir)
        if OmegaConf.to_container(config.hydra.sweep, resolve=False)["subdir"] != JOB:  # type: ignore[index,call-overload]
            refuse("hydra.sweep.subdir cannot be set: the folder of each job is its number")
        _prepare(place, config, "hydra.sweep.dir", begun=(place / PLAN).exists())


def _suite_faults(config: DictConfig) -> Iterator[str]:
    """Yield a message for each setting on the command line that a suite fixes."""
    if not config.suite.name:
        return
    for override in config.hydra.overrides.task:
        key = re.split("[=@]", override.lstrip("+~"))[0]
        if key.split(".")[0] in FIXED and key not in ("suite", "suite.world"):
            yield f"{key} is fixed by suite={config.suite.name}: leave it out, or do without the suite"


def _prepare(folder: Path, config: DictConfig, setting: str, *, begun: bool = False) -> None:
    """Create the folder of a run or sweep before Hydra does, which would fail with a traceback; refuse one in use."""
    if config.hydra.output_subdir not in (NOTES, None):
        refuse(f"hydra.output_subdir must be {NOTES} or null, got {config.hydra.output_subdir}")
    for sweep in abandoned_sweeps(Path(config.store.runs)):
        SweepFolder(sweep).tidy(new=True)
    clear_abandoned(Path(config.store.runs))
    try:
        if begun:
            SweepFolder(folder).require_own()
        clear_if_abandoned(folder)
        if not begun:
            require_unused(folder, setting)
        make(folder)
        hold(folder)
    except UserError as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"store.runs must be a folder that can be written, got {folder} ({error})")


def _tidy(folder: Path) -> None:
    """Remove the folder of a run that contains nothing but Hydra's notes."""
    if {each.name for each in folder.glob("*")} <= {NOTES, RUNNING}:
        discard(folder)
