"""Hydra's launcher of sweeps: worker processes forked from the sweep's process, which share its imports.

A process takes one job after another. If one dies, only its current job is lost, and a new one is forked for the rest.
All end when the sweep's process ends, for whatever reason. A job that has a result already ends at once
(`bench.runs.run_job.run`).
"""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from io import FileIO
from multiprocessing import connection, get_context
from multiprocessing.context import ForkProcess
from multiprocessing.sharedctypes import RawValue
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.core.hydra_config import HydraConfig
from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn, run_job
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, open_dict

from bench.host.exit_codes import INTERRUPTED
from bench.host.job_order import spread
from bench.host.processes import forking, when_parent_ends
from bench.host.processors import THREAD_SETTINGS, at_once, share

NUMBER_BYTES = 4
NO_JOB = -1
AT_ONCE_S, TIDYING_S, WAIT_S = 0.5, 5.0, 0.25
killed: dict[int, str] = {}
"""Signal that killed a job's process, by the number of the job."""
while_waiting: list[Callable[[], None]] = []
"""Called a few times a second while jobs run, for example to print their progress."""


@dataclass
class LauncherSettings:
    """`hydra.launcher`: how the jobs of a multirun are run."""

    _target_: str = "bench.host.launcher.Forking"
    n_jobs: int = -1
    """Number of jobs at a time; -1: one per processor."""


class Forking(Launcher):
    """Hydra launcher that runs jobs in processes forked from this one.

    Parameters
    ----------
    n_jobs
        See `LauncherSettings`.
    """

    def __init__(self, n_jobs: int) -> None:
        self.n_jobs = n_jobs

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store what Hydra passes to a launcher."""
        self.context, self.task, self.config = hydra_context, task_function, config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> list[JobReturn]:
        """Run all jobs; their results are in their folders."""
        self.at_work: dict[int, Any] = {}
        self.jobs, self.first, self.order = job_overrides, initial_job_idx, spread(job_overrides)
        processes = min(len(job_overrides), at_once(self.config.hydra))
        _prepare(self.config)
        read, write = os.pipe()
        with FileIO(read, "r") as numbers, FileIO(write, "w") as sent:
            self._attended([self._forked(numbers, sent) for _ in range(processes)], numbers, sent)
        return []

    def _attended(self, processes: list[ForkProcess], numbers: FileIO, sent: FileIO) -> None:
        """Distribute the numbers of the jobs, wait for all processes, and replace those that are killed.

        All in one thread: a forked process could wait forever for a lock that another thread held at the fork.
        """
        os.set_blocking(sent.fileno(), False)
        restarts, number = len(self.jobs), 0
        try:
            while processes:
                number = handed_out(number, len(self.jobs), sent)
                ended = connection.wait([each.sentinel for each in processes], WAIT_S)
                for call in while_waiting:
                    call()
                for process in [each for each in processes if each.sentinel in ended]:
                    process.join()
                    processes.remove(process)
                    if process.exitcode == INTERRUPTED:
                        raise KeyboardInterrupt
                    self._note_killed(process)
                    if process.exitcode and restarts:
                        restarts -= 1
                        processes.append(self._forked(numbers, sent))
        finally:
            _end(processes)

    def _forked(self, numbers: FileIO, sent: FileIO) -> ForkProcess:
        at_work = RawValue("q", NO_JOB)
        process = get_context("fork").Process(target=self._work, args=(os.getpid(), numbers, sent, at_work))
        with forking():
            process.start()
        self.at_work[process.sentinel] = at_work
        return process

    def _note_killed(self, process: ForkProcess) -> None:
        """Record which job a process was running when a signal ended it."""
        job = self.at_work.pop(process.sentinel).value
        if (code := process.exitcode) and code < 0 and job != NO_JOB:
            killed[job] = f"killed by {_signal_name(-code)}"

    def _work(self, sweep: int, numbers: FileIO, sent: FileIO, at_work: Any) -> None:
        """Run jobs until there are none left; `at_work` is shared with the sweep's process."""
        sent.close()
        when_parent_ends(sweep, partial(os.kill, os.getpid(), signal.SIGKILL))
        try:
            while number := numbers.read(NUMBER_BYTES):
                place = int.from_bytes(number)
                at_work.value = self.first + self.order[place]
                self._do(place)
                at_work.value = NO_JOB
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)

    def _do(self, place: int) -> None:
        number = self.order[place]
        config = self.context.config_loader.load_sweep_config(self.config, list(self.jobs[number]))
        with open_dict(config):
            config.hydra.job.id = config.hydra.job.num = self.first + number
        HydraConfig.instance().set_config(config)
        where = "hydra.sweep.dir", "hydra.sweep.subdir"
        done = run_job(self.task, config, *where, hydra_context=self.context)
        try:
            _ = done.return_value
        except Exception:  # noqa: BLE001 - one that is not a result of the job: the others go on
            traceback.print_exc()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # signals without a name, such as real-time signals
        return f"signal {number}"


def register() -> None:
    """Make the launcher known to Hydra, as `hydra/launcher=forking`."""
    ConfigStore.instance().store(group="hydra/launcher", name="forking", node=LauncherSettings, provider="cdrbench")
    Plugins.instance().register(Forking)


def _prepare(config: DictConfig) -> None:
    """Import what every job needs, so that all processes share it; nothing here may start threads."""
    for name in THREAD_SETTINGS:
        os.environ.setdefault(name, str(share(config.hydra)))
    paths = [
        config.generator.get("_target_"),
        *(config.report.get(name) for name in ("run_figures", "findings", "reasons")),
    ]
    needed = ["bench.runs.run_job", *(path.rpartition(".")[0] for path in paths if path)]
    for module in [*needed, *(["bench.runs.tracking"] if config.tracking.uri else [])]:
        import_module(module)
    gc.collect()
    gc.freeze()  # pages that nobody writes to stay shared


def handed_out(number: int, jobs: int, sent: FileIO) -> int:
    """Write job numbers to a pipe that the processes read, starting from one number, until the pipe is full.

    Returns the first number that was not written; after the last, the pipe is closed.
    """
    while number < jobs:
        if sent.write(number.to_bytes(NUMBER_BYTES)) is None:
            return number
        number += 1
    sent.close()
    return number


def _end(processes: Sequence[ForkProcess]) -> None:
    """End processes that are still running, for example after a Ctrl-C, which may have reached them already."""
    for process in processes:
        process.join(AT_ONCE_S)
        if process.exitcode is None and process.pid is not None:
            os.kill(process.pid, signal.SIGINT)
    for process in processes:
        process.join(TIDYING_S)
        process.kill()
        process.join()
