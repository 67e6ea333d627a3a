"""The beginning and end of a sweep: its plan, its parent run in MLflow, and the summary.

`bench.host.launcher` runs the jobs; whether a job already has a result is decided by `bench.runs.run_job.run`.
"""

import atexit
import shlex
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from hydra.utils import get_method
from omegaconf import DictConfig

from bench.config.composition import combinations, refuse, settings_of
from bench.faults import UserError
from bench.host.exit_codes import FAILED, UNRECORDED
from bench.host.identity import own_identity
from bench.host.launcher import killed, while_waiting
from bench.host.processes import apart
from bench.host.processors import at_once
from bench.host.temporary import temporary
from bench.host.texts import printable
from bench.runs.run_record import SOURCE, note_recorded, recorded_ids, sending_later
from bench.settings import RunSettings, TrackingSettings
from bench.sweeps.preflight import sweep_overrides
from bench.sweeps.progress import SweepProgress
from bench.sweeps.repeated_settings import resuming
from bench.sweeps.sweep_folder import N_JOBS, Plan, SweepFolder


class Sweep(Callback):
    """Begin and end a multirun; a Hydra callback."""

    def __getstate__(self) -> dict[str, Any]:
        """Send nothing to other processes: Hydra sends callbacks along with every job."""
        return {}

    def on_multirun_start(self, config: DictConfig, **_: Any) -> None:
        """Write the plan, and create the tracking store and the parent run, before any job starts."""
        self.folder = SweepFolder(Path(config.hydra.sweep.dir))
        self.settings: RunSettings = settings_of(config)
        overrides = sweep_overrides(config)
        jobs = combinations(overrides)
        self.jobs = len(jobs)
        atexit.register(self._clean)
        try:
            self.folder.begin(_plan(config, overrides))
            self._start_parent(" ".join(sorted(config.hydra.overrides.task, key=lambda line: "," not in line)))
        except UserError as error:
            refuse(str(error))
        except OSError as error:
            refuse(f"store.runs must be a folder that can be written, got {self.folder.path} ({error})")
        at_a_time = min(self.jobs, at_once(config.hydra))
        self.progress = SweepProgress(self.folder, jobs, at_a_time)
        done = f", {self.progress.before} of them done" if self.progress.before else ""
        print(f"{self.jobs} runs{done}, {at_a_time} at a time, into {self.folder.path}", flush=True)
        while_waiting.append(self.progress.look)

    def on_multirun_end(self, config: DictConfig, **_: Any) -> None:
        """Print which runs succeeded, and which failed and why; end with code 1 if any failed."""
        atexit.unregister(self._clean)
        try:
            self._end()
        except (UserError, OSError) as error:  # Hydra would turn an exception into a warning, and end with code 0
            print(printable(f"{self.folder.path}: {error}"), file=sys.stderr)
            sys.exit(FAILED)

    def _end(self) -> None:
        self.progress.look()
        self.folder.tidy_jobs()
        if killed:
            import_module("bench.worlds.store").remove_unfinished(Path(self.settings.store.worlds))
        rows = self.folder.rows()
        failed = {number: rows.get(number, {}) for number in range(self.jobs) if not _well(rows.get(number))}
        print(f"\n{self.jobs - len(failed)} of {self.jobs} runs succeeded; {self.folder.path}")
        for number, row in failed.items():
            reason = row.get("reason", killed.get(number, ""))
            line = f"{row.get('name', '')}: {row.get('status', 'no result')}: {reason}"
            print(f"  {number}: {printable(line)}")
        if failed:
            print(f"to run these again: {self._resuming('failed=true')}")
        best = self._summary(list(rows.values()))
        recorded = self.settings.tracking.uri is None or self._finish(not failed, best)
        if failed or not recorded:
            sys.exit(FAILED if failed else UNRECORDED)

    def _start_parent(self, name: str) -> None:
        tracking = self.settings.tracking
        if tracking.uri is None:
            return
        import_module("bench.runs.tracking").import_store(tracking.uri)  # here, so that the jobs share it
        before = recorded_ids(self.folder.path).get(tracking.uri)
        # In a process of its own: the jobs are forked from this one, and a database connection must not be shared with
        # them.
        with apart() as process:
            begun = name or "sweep", {**SOURCE, "jobs": str(self.jobs)}
            run_id = process.submit(_begun, tracking, begun, own_identity(), before).result()
        if before is None:
            note_recorded(self.folder.path, tracking.uri, run_id)

    def _summary(self, rows: list[dict[str, Any]]) -> dict[str, str]:
        """Print which detector finds which type best, and where to see more; return the best of each type."""
        if self.settings.report.sweep is None:
            return {}
        text, best = get_method(self.settings.report.sweep)(rows)
        if text:
            print(f"\n{text}\nto look into it: cdrbench report runs={shlex.quote(str(self.folder.path))}\n")
        return dict(best)

    def _report(self, folder: Path) -> Path:
        """Write the page that compares the runs; return its path."""
        rows = [row | {"folder": str(self.folder.path / str(number))} for number, row in self.folder.rows().items()]
        written = get_method(self.settings.report.comparison)(rows, folder)
        return next(Path(path) for path in written if str(path).endswith(".html"))

    def _finish(self, well: bool, best: dict[str, str]) -> bool:
        """Complete the parent run with the results; return whether all is recorded."""
        uri, reason = str(self.settings.tracking.uri), ""
        try:
            with temporary("cdrbench-report-") as folder:
                tracker = _store(self.settings.tracking)
                page = self._report(folder) if best else None
                summary = {f"best/{name}": text for name, text in best.items()}
                tracker.finish_sweep(recorded_ids(self.folder.path)[tracker.uri], summary, page)
            self._ended(well)
        except UserError as error:
            reason = str(error)
        left = self.folder.unrecorded(uri)
        if left or reason:
            why = f" ({reason})" if reason else ""
            print(f"{len(left)} results are not in MLflow{why}; to send them: {sending_later(self.folder.path, uri)}")
            return False
        print(tracker.how_to_view)
        return True

    def _ended(self, well: bool) -> None:
        """End the parent run."""
        tracker = _store(self.settings.tracking)
        tracker.finish(recorded_ids(self.folder.path)[tracker.uri], well)

    def _resuming(self, *more: str) -> str:
        plan = self.folder.plan()
        return resuming(self.folder.path, plan.settings, plan.config_dir, more)

    def _clean(self) -> None:
        """After an interruption: remove jobs without a result, end the parent run, and print how to resume."""
        self.folder.tidy()
        import_module("bench.worlds.store").remove_unfinished(Path(self.settings.store.worlds))
        if self.settings.tracking.uri in recorded_ids(self.folder.path):
            self._ended(False)
        if self.folder.begun:
            print(f"to continue: {self._resuming()}", file=sys.stderr)


def _plan(config: DictConfig, overrides: list[str]) -> Plan:
    """Return the plan of the sweep, with which it can be resumed."""
    asked = config.hydra.overrides
    launcher = [each for each in asked.hydra if each.startswith(N_JOBS)]
    return Plan(list(asked.task), overrides, launcher, config_dir(config.hydra))


def config_dir(hydra: Any) -> str | None:
    """Return the user's own configuration folder, if the command line names one."""
    sources = hydra.runtime.config_sources
    return next((str(each.path) for each in sources if each.provider == "command-line"), None)


def _store(tracking: TrackingSettings) -> Any:
    return import_module("bench.runs.tracking").Tracker(tracking.uri, tracking)


def _begun(tracking: TrackingSettings, begun: tuple[str, dict[str, str]], owner: str, before: str | None) -> str:
    """Open the store, end abandoned runs in it, and start the parent run of the jobs, or continue it."""
    store = _store(tracking)
    store.end_abandoned()
    if before is None:
        return str(store.start_parent(*begun, owner))
    store.take_up(before, owner)
    return before


def _well(row: dict[str, Any] | None) -> bool:
    return row is not None and row["status"] == "OK"
