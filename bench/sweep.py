"""What surrounds the jobs of a multirun: its plan, the run they are recorded under, and the summary at the end."""

import atexit
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from bench.composition import combinations, refuse, settings_of
from bench.faults import UserError
from bench.guard import sweep_overrides
from bench.processors import at_once
from bench.record_of_run import SOURCE, mark, marks, sending_later
from bench.reporter import Reporter
from bench.settings import RunSettings
from bench.sweep_folder import SweepFolder

FAILED, UNRECORDED = 1, 3
"""Exit codes: a run failed; all went well, but a result could not be recorded."""


class Sweep(Callback):
    """Begins and ends a multirun; a Hydra callback."""

    def __getstate__(self) -> dict[str, Any]:
        """Leave all that it holds in the sweep's own process: Hydra sends callbacks along with every job."""
        return {}

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Note the plan, and create the tracking store and the parent run, before any job starts."""
        self.folder = SweepFolder(Path(config.hydra.sweep.dir))
        self.settings: RunSettings = settings_of(config)
        overrides = sweep_overrides(config)
        self.jobs = len(combinations(overrides))
        self.tracker: Any = None
        atexit.register(self._clean)
        try:
            self.folder.begin(sys.argv[1:], overrides)
            self._start_parent(" ".join(config.hydra.overrides.task))
        except UserError as error:
            refuse(str(error))
        except OSError as error:
            refuse(f"store.runs must be a folder that can be written, got {self.folder.path} ({error})")
        self.reporter = Reporter(self.folder, self.jobs)
        done = f", {self.reporter.before} of them done" if self.reporter.before else ""
        at_a_time = min(self.jobs, at_once(config.hydra))
        print(f"{self.jobs} runs{done}, {at_a_time} at a time, into {self.folder.path}", flush=True)
        self.reporter.start()

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Tell what ran and what failed, and why; end with code 1 when anything failed."""
        atexit.unregister(self._clean)
        self.reporter.stop()
        self.folder.tidy()
        rows = self.folder.rows()
        failed = {number: rows.get(number, {}) for number in range(self.jobs) if not _well(rows.get(number))}
        print(f"\n{self.jobs - len(failed)} of {self.jobs} runs went well; {self.folder.path}")
        for number, row in failed.items():
            print(f"  {number}: {row.get('name', '')}: {row.get('status', 'no result')}: {row.get('reason', '')}")
        if failed:
            print(f"to run these again: python -m bench.resume folder={self.folder.path} failed=true")
        recorded = self.tracker is None or self._finish(not failed)
        if failed or not recorded:
            sys.exit(FAILED if failed else UNRECORDED)

    def _start_parent(self, name: str) -> None:
        tracking = self.settings.tracking
        if tracking.uri is None:
            return
        self.tracker = import_module("bench.tracking").Tracker(tracking.uri, tracking)
        if tracking.uri not in marks(self.folder.path):
            tags = {**SOURCE, "jobs": str(self.jobs)}
            mark(self.folder.path, tracking.uri, self.tracker.start_parent(name or "sweep", tags))

    def _finish(self, well: bool) -> bool:
        """End the parent run; return whether all is recorded."""
        uri, told = self.tracker.uri, ""
        try:
            self.tracker.finish(marks(self.folder.path)[uri], well)
        except UserError as error:
            told = str(error)
        left = self.folder.unrecorded(uri)
        if left or told:
            print(f"{len(left)} results are not in MLflow {told}; to send them: {sending_later(self.folder.path, uri)}")
            return False
        opened = f"run `{self.tracker.command}` here, then open " if self.tracker.command else ""
        print(f"in MLflow    {opened}{self.tracker.link}")
        return True

    def _clean(self) -> None:
        """After an interruption: remove what has no result, end the parent run, and tell how to go on."""
        self.folder.tidy()
        import_module("bench.store").remove_unfinished(Path(self.settings.store.worlds))
        if self.tracker is not None and self.folder.begun:
            self.tracker.finish(marks(self.folder.path)[self.tracker.uri], False)
        if self.folder.begun:
            print(f"to do the rest: python -m bench.resume folder={self.folder.path}", file=sys.stderr)


def _well(row: dict[str, Any] | None) -> bool:
    return row is not None and row["status"] == "OK"
