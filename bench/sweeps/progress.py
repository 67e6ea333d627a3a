"""Print one line per finished job of a sweep, with the estimated time left."""

import time
from typing import Any

from bench.host.texts import printable
from bench.sweeps.sweep_folder import SweepFolder


class SweepProgress:
    """Prints one line for each finished job; `look` is called a few times a second."""

    def __init__(self, folder: SweepFolder, jobs: int) -> None:
        self.folder = folder
        self.jobs = jobs
        self.told = folder.ended()
        self.before = len(self.told)
        self.began = time.monotonic()

    def look(self) -> None:
        """Print the jobs that have ended since the last call."""
        for number in self.folder.ended() - self.told:
            self.told.add(number)
            self._tell(number, self.folder.row(number))

    def _tell(self, number: int, row: dict[str, Any]) -> None:
        seconds = time.monotonic() - self.began
        left = self.jobs - len(self.told)
        later = f", {duration(seconds / (len(self.told) - self.before) * left)} left" if left else ""
        reason = f": {row['reason']}" if row["reason"] else ""
        line = printable(f"{number}: {row['name']}: {row['status']}{reason}")
        print(f"[{len(self.told)}/{self.jobs}{later}] {line}", flush=True)


def duration(seconds: float) -> str:
    """Return a duration as text, such as `2 h 24 min`.

    >>> duration(40), duration(100), duration(7300)
    ('40 s', '2 min', '2 h 2 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
