"""The folder of a sweep: its plan, what is done, and what is left after an interruption."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.faults import UserError
from bench.host.aside import write_whole
from bench.host.plain_files import require_plain
from bench.host.read_json import UnreadableError, object_in
from bench.result import Status
from bench.runs.rows import row_in
from bench.runs.run_folder import NOTES, PLAN, RUNNING, clear, discard, made_here, remove_empty, remove_made
from bench.runs.run_record import MARK, ROW, marks

HYDRAS = "multirun.yaml"
"""Hydra's own note of the configuration."""


N_JOBS = "hydra.launcher.n_jobs="
"""The one setting of Hydra's that a sweep keeps."""
FORMAT = 2
"""Version of the plan's file."""


@dataclass(frozen=True)
class Plan:
    """What a sweep is to do: settings, not a command."""

    settings: list[str]
    """Those of the command line, each as setting=value."""
    asked: list[str]
    """The same, with the matrix of the suite before them."""
    launcher: list[str]
    """Those of them that say how many jobs go on at a time."""
    config_dir: str | None
    """The user's own folder of configuration."""


@dataclass(frozen=True)
class SweepFolder:
    """A folder with one folder a job, by its number."""

    path: Path

    @property
    def begun(self) -> bool:
        """Whether this sweep was started before."""
        return (self.path / PLAN).exists()

    def begin(self, plan: Plan) -> None:
        """Note what is to be done; when it was begun before, it has to be the same.

        Raises
        ------
        UserError
            When the folder is that of another sweep.
        """
        if self.begun:
            if (asked := self.plan().asked) != plan.asked:
                raise UserError(f"{self.path} is the folder of another sweep: {' '.join(asked)}")
            return
        write_whole(self.path / PLAN, json.dumps({"format": FORMAT, **asdict(plan)}, indent=1) + "\n")

    def plan(self) -> Plan:
        """Read what is to be done.

        Raises
        ------
        UserError
            When this is no folder of a sweep, or its plan is not one that this program writes.
        """
        try:
            content = object_in(require_plain(self.path, PLAN))
            if content.pop("format") != FORMAT:
                raise ValueError(f"it must have format {FORMAT}")
            plan = Plan(**content)
            lists = (plan.settings, plan.asked, plan.launcher)
            if not all(isinstance(each, list) and all(isinstance(text, str) for text in each) for each in lists):
                raise TypeError("not lists of texts")
            if plan.config_dir is not None and not isinstance(plan.config_dir, str):
                raise TypeError("config_dir is no text")
        except (UnreadableError, KeyError, TypeError, ValueError) as error:
            raise UnreadableError(
                f"folder must be that of a sweep, with its {PLAN}, got {self.path} ({error})"
            ) from error
        return plan

    def ended(self) -> set[int]:
        """Return which jobs have a result."""
        return {int(path.parent.name) for path in self.path.glob(f"*/{ROW}") if path.parent.name.isdigit()}

    def row(self, number: int) -> dict[str, Any]:
        """Return the result row of a job that has ended; that of a failure, where it cannot be read."""
        try:
            row: dict[str, Any] = row_in(self.path / str(number) / ROW, needed=("status",))
        except UnreadableError as error:
            return {"name": "", "status": str(Status.ERROR), "reason": str(error)}
        return row

    def rows(self) -> dict[int, dict[str, Any]]:
        """Return the result rows of the jobs that have ended, by number."""
        return {number: self.row(number) for number in sorted(self.ended())}

    def unrecorded(self, uri: str) -> list[int]:
        """Return which jobs have a result that is not in a store."""
        return [number for number in sorted(self.ended()) if uri not in marks(self.path / str(number))]

    def drop_failed(self) -> None:
        """Remove the results of the jobs that failed, so that they are run again."""
        for number, row in self.rows().items():
            if row["status"] != "OK":
                clear(self.path / str(number))

    def tidy_jobs(self) -> None:
        """Remove what jobs without a result left, and the locks; the plan stays, so that they can be done again."""
        for place in self.path.glob(".*.lock"):
            if place.name[1:-5].isdigit():
                place.unlink()
        for place in self.path.glob("*"):
            if place.name.isdigit() and (place / NOTES).is_dir() and not (place / ROW).exists():
                discard(place, of_sweep=True)

    def tidy(self, new: bool = False) -> None:
        """Remove what an interrupted sweep leaves: see `tidy_jobs`; if no job has a result, the whole new sweep.

        A sweep that was resumed keeps its plan; that of a new one is removed with its folder if nothing came of it.

        Parameters
        ----------
        new
            Whether the sweep is new although this process did not make its folder: a process that was killed did.
        """
        self.tidy_jobs()
        if not self.ended() and (new or made_here(self.path)):
            for name in (RUNNING, PLAN, f".{PLAN}.partial", HYDRAS, MARK, f".{MARK}.partial"):
                (self.path / name).unlink(missing_ok=True)
            remove_made(self.path)
            if new:
                remove_empty(self.path, self.path.parent)
