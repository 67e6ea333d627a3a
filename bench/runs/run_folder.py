"""Folders of runs: the names of all files that a run writes, the only ones that are ever removed.

Whatever else lies in a folder is somebody's, and stays. A folder goes only when this program made it and it is empty.
"""

import atexit
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.faults import Fault, SettingsError
from bench.host.identity import has_ended, own_identity
from bench.host.plain_files import text_in
from bench.host.read_json import UnreadableError
from bench.run_tables import FILES as TABLES
from bench.runs.run_record import FIGURES, MARK, ROW

NOTES = ".hydra"
"""Folder of the composed configuration, which Hydra writes first."""
LOG, ERROR_LOG, TWIN, PLAN = "detector.log", "error.log", "twin", "sweep.json"
RUNNING = ".running"
"""A file that names the process of a run or a sweep that goes on, so that what one left that was killed is known."""
WRITTEN = (
    *(f"{NOTES}/{name}.yaml" for name in ("config", "hydra", "overrides")),
    *(LOG, f"{TWIN}/{LOG}", ERROR_LOG, ROW, f".{ROW}.partial", MARK, f".{MARK}.partial"),
    RUNNING,
    *(f"{dot}{name}{end}" for name in TABLES for dot, end in (("", ""), (".", ".partial"))),
    *FIGURES,
)
"""Every file that a run leaves, as a path within its folder; a test holds it to be complete."""
LONGEST_MARK = 1000
"""Bytes of the mark of a run that goes on."""
OURS = re.compile(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d-\d+")
"""The path of a folder within `store.runs` that this program named, and so made."""
RECENT = 2
"""Days of runs that are looked through for abandoned ones: looking through all would take longer every day."""
_made: list[Path] = []
"""Folders that this process made, each after those above it."""


def make(folder: Path) -> None:
    """Make a folder and those above it, and remember which were not there before."""
    missing = [place for place in (folder.absolute(), *folder.absolute().parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    _made.extend(reversed(missing))


def made_here(folder: Path) -> bool:
    """Whether this process made a folder."""
    return folder.absolute() in _made


def hold(folder: Path) -> None:
    """Mark a folder as that of a run or a sweep that goes on, until this process ends."""
    (folder / RUNNING).write_text(f"{own_identity()}\n")
    atexit.register(_let_go, folder, os.getpid())


def clear_abandoned(runs: Path) -> None:
    """Remove what runs of the last days left that were killed, where they have no result; see `clear_if_abandoned`."""
    for folder in _marked(runs):
        clear_if_abandoned(folder)
        if OURS.fullmatch(folder.relative_to(runs).as_posix()):
            remove_empty(folder, folder.parent)


def abandoned_sweeps(runs: Path) -> list[Path]:
    """Return the folders of sweeps of the last days that were killed, where this program has named them."""
    ours = [each for each in _marked(runs) if OURS.fullmatch(each.relative_to(runs).as_posix())]
    return [each for each in ours if (each / PLAN).exists() and _is_abandoned(each)]


def _marked(runs: Path) -> list[Path]:
    days = sorted(path for path in runs.glob("????-??-??") if path.is_dir())[-RECENT:]
    return [path for day in days for path in day.iterdir() if (path / RUNNING).exists()]


def clear_if_abandoned(folder: Path) -> None:
    """Remove what a run wrote whose process is gone, if it has no result; a sweep stays, to be taken up again.

    Processes of other machines that keep their runs in the same place are not known to be gone: their folders stay.
    """
    if not _is_abandoned(folder):
        return
    if not (folder / ROW).exists() and not (folder / PLAN).exists():
        clear(folder)
    (folder / RUNNING).unlink(missing_ok=True)


def _is_abandoned(folder: Path) -> bool:
    """Whether the process is gone that the mark of a folder names."""
    try:
        return has_ended(text_in(folder, RUNNING, LONGEST_MARK).strip())
    except UnreadableError:
        return False


def _let_go(folder: Path, holder: int) -> None:
    if os.getpid() == holder:
        (folder / RUNNING).unlink(missing_ok=True)
        remove_made(folder)


def require_unused(folder: Path, setting: str) -> None:
    """Raise `SettingsError` when a folder holds anything: a run would be mixed with it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError([Fault(setting, "be a new folder or an empty one", str(folder))])


def clear(folder: Path, keep: Sequence[str] = ()) -> None:
    """Remove what a run wrote in its folder, but for what begins with a path in `keep`."""
    for name in WRITTEN:
        if not name.startswith(tuple(keep)):
            (folder / name).unlink(missing_ok=True)
    for name in (TWIN, NOTES):
        remove_empty(folder / name)


def discard(folder: Path, *, of_sweep: bool = False) -> None:
    """Remove a run that has no result: what it wrote, and its folder and those above that it had to make.

    Parameters
    ----------
    folder
        The run's.
    of_sweep
        Whether it is the folder of a job, which Hydra makes where the sweep says, so that nobody else did.
    """
    begun = (folder / NOTES).is_dir()
    clear(folder)
    if of_sweep and begun:
        remove_empty(folder)
    remove_made(folder)


def remove_made(folder: Path) -> None:
    """Remove a folder and those above it where this process made them and they are empty."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if place in _made:
            remove_empty(place)


def remove_empty(*folders: Path) -> None:
    """Remove folders where they are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
