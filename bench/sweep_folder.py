"""The folder of a sweep: what it is to do, what is done, and what is left to do after it was cut short."""

import json
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.faults import UserError
from bench.record_of_run import ROW, marks

PLAN = "sweep.json"


@dataclass(frozen=True)
class SweepFolder:
    """A folder with one folder a job, by its number."""

    path: Path

    @property
    def begun(self) -> bool:
        """Whether this sweep was started before."""
        return (self.path / PLAN).exists()

    def begin(self, command: Sequence[str], overrides: Sequence[str]) -> None:
        """Note what is to be done; when it was begun before, it has to be the same.

        Parameters
        ----------
        command
            The command line that does it.
        overrides
            What it asks for.

        Raises
        ------
        UserError
            When the folder is that of another sweep.
        """
        if self.begun:
            if self.plan()["overrides"] != list(overrides):
                raise UserError(f"{self.path} is the folder of another sweep: {' '.join(self.plan()['overrides'])}")
            return
        aside = self.path / f".{PLAN}.partial"
        aside.write_text(json.dumps({"command": list(command), "overrides": list(overrides)}, indent=1) + "\n")
        aside.replace(self.path / PLAN)

    def plan(self) -> dict[str, Any]:
        """Read what is to be done: `command` and `overrides`.

        Raises
        ------
        UserError
            When this is no folder of a sweep.
        """
        try:
            plan: dict[str, Any] = json.loads((self.path / PLAN).read_text())
            return {"command": plan["command"], "overrides": plan["overrides"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"folder must be that of a sweep, with its {PLAN}, got {self.path} ({error})") from error

    def ended(self) -> set[int]:
        """Return which jobs have a result."""
        return {int(path.parent.name) for path in self.path.glob(f"*/{ROW}") if path.parent.name.isdigit()}

    def row(self, number: int) -> dict[str, Any]:
        """Return the result row of a job that has ended."""
        row: dict[str, Any] = json.loads((self.path / str(number) / ROW).read_text())
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
                shutil.rmtree(self.path / str(number))

    def tidy(self) -> None:
        """Remove the folders of jobs without a result and the locks; and the folder itself when there is no result."""
        for lock in self.path.glob(".*.lock"):
            lock.unlink()
        jobs = [folder for folder in self.path.glob("*") if folder.is_dir()]
        unfinished = [folder for folder in jobs if not (folder / ROW).exists()]
        for folder in unfinished if len(unfinished) < len(jobs) else [self.path]:
            discard(folder)


def discard(folder: Path) -> None:
    """Remove the folder of a run that has no result, and the folders above it that this leaves empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        for parent in list(folder.parents)[:2]:
            parent.rmdir()
