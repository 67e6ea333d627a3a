"""The folder of a sweep: its plan, the finished jobs, and cleaning up after an interruption."""

import json
import re
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from bench.faults import UserError
from bench.host.aside import write_whole
from bench.host.plain_files import require_plain
from bench.host.read_json import UnreadableError, object_in
from bench.result import Status
from bench.runs.rows import row_in
from bench.runs.run_folder import NOTES, PLAN, RUNNING, clear, discard, made_here, not_plain, remove_empty, remove_made
from bench.runs.run_record import RECORDED_IDS, ROW, recorded_ids

HYDRAS = "multirun.yaml"
"""Hydra's own copy of the configuration."""


N_JOBS = "hydra.launcher.n_jobs="
"""The only setting of Hydra's own that a plan contains."""
FORMAT = 2
"""Version of the format of the plan's file."""
OWN = (RUNNING, PLAN, f".{PLAN}.partial", HYDRAS, RECORDED_IDS, f".{RECORDED_IDS}.partial")
"""What a sweep writes beside the folders of its jobs."""
NUMBER = re.compile(r"0|[1-9][0-9]*")
"""The name of a job's folder."""


@dataclass(frozen=True)
class Plan:
    """The plan of a sweep: settings, not a command."""

    settings: list[str]
    """Settings of the command line, each as setting=value."""
    asked: list[str]
    """The same settings, preceded by the matrix of the suite."""
    launcher: list[str]
    """Those of the settings that say how many jobs run at the same time."""
    config_dir: str | None
    """The user's own configuration folder."""


@dataclass(frozen=True)
class SweepFolder:
    """A folder with one subfolder per job, named by its number."""

    path: Path

    @property
    def begun(self) -> bool:
        """Whether this sweep was started before."""
        return (self.path / PLAN).exists()

    def begin(self, plan: Plan) -> None:
        """Write the plan; if the sweep was started before, the plan must be the same.

        Raises
        ------
        UserError
            When the folder belongs to another sweep.
        """
        if self.begun:
            if (asked := self.plan().asked) != plan.asked:
                raise UserError(f"{self.path} is the folder of another sweep: {' '.join(asked)}")
            return
        write_whole(self.path / PLAN, json.dumps({"format": FORMAT, **asdict(plan)}, indent=1) + "\n")

    def plan(self) -> Plan:
        """Read the plan.

        Raises
        ------
        UserError
            When the folder is not that of a sweep, or its plan is not one that this program writes.
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
        return {int(place.name) for place in self._jobs() if (place / ROW).exists()}

    def require_own(self) -> None:
        """Raise `UserError` where something that the sweep is to write, or to remove, may lead out of its folder."""
        locks = [place.name for place in self.path.glob(".*.lock") if NUMBER.fullmatch(place.name[1:-5])]
        jobs = [place for place in self.path.glob("*") if NUMBER.fullmatch(place.name)]
        links = [place for place in jobs if place.is_symlink() or not place.is_dir()]
        for path in chain(links, not_plain(self.path, [*OWN, *locks]), *map(not_plain, jobs)):
            raise UserError(f"{self.path} cannot be continued: {path} is a link, or not what a run writes there")

    def _jobs(self) -> list[Path]:
        """Return the folders of jobs."""
        return [place for place in self.path.glob("*") if NUMBER.fullmatch(place.name) and not place.is_symlink()]

    def row(self, number: int) -> dict[str, Any]:
        """Return the result row of a finished job; the row of a failure if it cannot be read."""
        try:
            row: dict[str, Any] = row_in(self.path / str(number) / ROW, needed=("status",))
        except UnreadableError as error:
            return {"name": "", "status": str(Status.ERROR), "reason": str(error)}
        return row

    def rows(self) -> dict[int, dict[str, Any]]:
        """Return the result rows of the finished jobs, by number."""
        return {number: self.row(number) for number in sorted(self.ended())}

    def unrecorded(self, uri: str) -> list[int]:
        """Return which jobs have a result that is not in a store."""
        return [number for number in sorted(self.ended()) if uri not in recorded_ids(self.path / str(number))]

    def drop_failed(self) -> None:
        """Remove the results of failed jobs, so that they run again."""
        for number, row in self.rows().items():
            if row["status"] != "OK":
                clear(self.path / str(number))

    def tidy_jobs(self) -> None:
        """Remove files of jobs without a result, and the locks; the plan stays, so that they can run again."""
        for place in self.path.glob(".*.lock"):
            if NUMBER.fullmatch(place.name[1:-5]):
                place.unlink()
        for place in self._jobs():
            if (place / NOTES).is_dir() and not (place / ROW).exists():
                discard(place, of_sweep=True)

    def tidy(self, new: bool = False) -> None:
        """Remove what an interrupted sweep left: see `tidy_jobs`; the whole new sweep if no job has a result.

        A resumed sweep keeps its plan; a new sweep without any result is removed with its folder.

        Parameters
        ----------
        new
            Whether the folder is that of a sweep which was killed before it had a result, so that it counts as new.
        """
        self.tidy_jobs()
        if not self.ended() and (new or made_here(self.path)):
            for name in OWN:
                (self.path / name).unlink(missing_ok=True)
            remove_made(self.path)
            if new:
                remove_empty(self.path, self.path.parent)
