"""The processes of a multirun, started before its jobs are checked: they import what every job needs meanwhile."""

from contextlib import suppress
from importlib import import_module
from threading import Thread
from typing import Any
from warnings import filterwarnings

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from bench import watchdog
from bench.processors import at_once


class Workers(Callback):
    """Starts the processes that joblib will give the jobs to, and has them ended with this one; a Hydra callback."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave all that it holds in the sweep's own process: Hydra sends callbacks along with every job."""
        return {}

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Start them, and go on."""
        self.watchdog = watchdog.start()
        if at_once(config.hydra) > 1:
            Thread(target=_started, args=(int(config.hydra.launcher.n_jobs),), daemon=True).start()


def _started(jobs: int) -> None:
    """Have joblib start its processes, which it keeps for whoever next wants as many."""
    joblib = import_module("joblib")
    # When the program is interrupted meanwhile; the folder is empty, and removed all the same.
    filterwarnings("ignore", "Failed to delete temporary folder", UserWarning)
    with suppress(Exception):  # the program ended meanwhile; whatever else is wrong, the jobs will tell
        joblib.Parallel(n_jobs=jobs, backend="loky")(joblib.delayed(_ready)() for _ in range(joblib.cpu_count()))


def _ready() -> None:
    """Import what a job needs."""
    import_module("bench.job")
