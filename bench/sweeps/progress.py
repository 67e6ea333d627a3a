"""Print one line per finished job of a sweep, with the estimated time left."""

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from bench.host.job_order import spread
from bench.host.texts import printable
from bench.runs.run_record import ROW
from bench.sweeps.sweep_folder import SweepFolder
from bench.sweeps.time_left import Ended, time_left


class SweepProgress:
    """Prints one line for each finished job; `look` is called a few times a second.

    Parameters
    ----------
    folder
        Folder of the sweep.
    jobs
        The overrides of each job, by number.
    at_a_time
        Number of jobs that run at the same time.
    """

    def __init__(self, folder: SweepFolder, jobs: Sequence[Sequence[str]], at_a_time: int) -> None:
        self.folder = folder
        self.jobs = len(jobs)
        self.order = spread(jobs)
        self.ordered = [jobs[number] for number in self.order]
        self.at_a_time = at_a_time
        self.reported = folder.ended()
        self.before = len(self.reported)
        self.took: dict[int, Ended] = {}
        self.began: dict[int, float] = {}
        for number in self.reported & set(self.order):
            self._note(number, folder.row(number))

    def look(self) -> None:
        """Print the jobs that have finished since the last call."""
        for number in (self.folder.ended() & set(self.order)) - self.reported:
            self.reported.add(number)
            self._report(number, self.folder.row(number))
        left = [place for place, number in enumerate(self.order) if number not in self.reported]
        for place in left[: self.at_a_time]:
            self.began.setdefault(place, time.monotonic())

    def _report(self, number: int, row: dict[str, Any]) -> None:
        self._note(number, row)
        later = "" if (left := self._left()) is None else f", {duration(left)} left"
        reason = f": {row['reason']}" if row["reason"] else ""
        line = printable(f"{number}: {row['name']}: {row['status']}{reason}")
        print(f"[{len(self.reported)}/{self.jobs}{later}] {line}", flush=True)

    def _note(self, number: int, row: dict[str, Any]) -> None:
        """Record how long a job took: from its start, as in its row, until the row was written."""
        seconds = 0.0
        with suppress(OSError, ValueError, KeyError):
            end = (self.folder.path / str(number) / ROW).stat().st_mtime
            seconds = end - datetime.fromisoformat(str(row["started_at"])).timestamp()
        self.took[self.order.index(number)] = Ended(seconds, float(row.get("world_seconds") or 0.0))

    def _left(self) -> float | None:
        if len(self.reported) == self.jobs:
            return None
        begun = {place: time.monotonic() - at for place, at in self.began.items() if place not in self.took}
        return time_left(self.ordered, self.took, begun, self.at_a_time)


def duration(seconds: float) -> str:
    """Return a duration as text, such as `2 h 24 min`.

    >>> duration(40), duration(100), duration(7300)
    ('40 s', '2 min', '2 h 2 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
