"""What surrounds the jobs of a multirun: the parent run they are recorded under, and the summary at the end."""

import atexit
import json
import os
import shutil
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from bench.composition import combinations, refuse, settings_of
from bench.faults import UserError
from bench.processors import at_once
from bench.settings import RunSettings

PARENT = "CDRBENCH_PARENT_RUN"
"""Environment variable that hands the parent run to the jobs."""
ROW = "result.json"


def discard(folder: Path) -> None:
    """Remove the folder of a run that has no result, and the folders above it that this leaves empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        for parent in list(folder.parents)[:2]:
            parent.rmdir()


class Sweep(Callback):
    """Begins and ends a multirun; a Hydra callback."""

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Create the tracking store and the parent run before any job starts."""
        self.folder = Path(config.hydra.sweep.dir)
        self.settings: RunSettings = settings_of(config)
        overrides = list(config.hydra.overrides.task)
        self.jobs = len(combinations(overrides))
        self.tracker: Any = None
        atexit.register(self._clean)
        try:
            self._start_parent(" ".join(overrides))
        except UserError as error:
            refuse(str(error))
        print(f"{self.jobs} runs, {min(self.jobs, at_once(config.hydra))} at a time, into {self.folder}", flush=True)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Tell what ran and what failed, and why; end with code 1 when anything failed."""
        atexit.unregister(self._clean)
        rows = {int(path.parent.name): json.loads(path.read_text()) for path in self.folder.glob(f"*/{ROW}")}
        failed = {number: rows.get(number, {}) for number in range(self.jobs) if not _well(rows.get(number))}
        print(f"\n{self.jobs - len(failed)} of {self.jobs} runs went well; {self.folder}")
        for number, row in failed.items():
            print(f"  {number}: {row.get('name', '')}: {row.get('status', 'no result')}: {row.get('reason', '')}")
        if self.tracker is not None:
            self.tracker.finish(os.environ[PARENT], not failed)
            opened = f"run `{self.tracker.command}` here, then open " if self.tracker.command else ""
            print(f"in MLflow    {opened}{self.tracker.link}")
        if failed:
            sys.exit(1)

    def _start_parent(self, name: str) -> None:
        tracking = self.settings.tracking
        if tracking.uri is None:
            return
        self.tracker = import_module("bench.tracking").Tracker(tracking.uri, tracking)
        tags = {"mlflow.source.name": "bench.run", "mlflow.source.type": "LOCAL", "jobs": str(self.jobs)}
        os.environ[PARENT] = self.tracker.start_parent(name or "sweep", tags)

    def _clean(self) -> None:
        """After an interruption: remove what has no result, and end the parent run."""
        if self.tracker is not None and PARENT in os.environ:
            self.tracker.finish(os.environ[PARENT], False)
        jobs = [folder for folder in self.folder.glob("*") if folder.is_dir()]
        unfinished = [folder for folder in jobs if not (folder / ROW).exists()]
        for folder in unfinished if len(unfinished) < len(jobs) else [self.folder]:
            discard(folder)
        import_module("bench.store").remove_unfinished(Path(self.settings.store.worlds))


def _well(row: dict[str, Any] | None) -> bool:
    return row is not None and row["status"] == "OK"
