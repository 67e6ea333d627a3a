"""Folders of runs: the names of all files that a run writes, the only ones that are ever removed.

All other files of a folder belong to somebody and stay. A folder is removed only if this program made it and it is
empty.
"""

import atexit
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bench.faults import Fault, SettingsError
from bench.host.identity import has_ended, own_identity
from bench.host.plain_files import text_in
from bench.host.read_json import UnreadableError
from bench.run_tables import FILES as TABLES
from bench.runs.run_record import FIGURES, FINDINGS, RECORDED_IDS, ROW

NOTES = ".hydra"
"""Folder of the composed configuration, which Hydra writes first."""
LOG, ERROR_LOG, TWIN, PLAN = "detector.log", "error.log", "twin", "sweep.json"
RUNNING = ".running"
"""File that names the process of a run or sweep in progress, to recognise the remains of killed ones."""
WRITTEN = (
    *(f"{NOTES}/{name}.yaml" for name in ("config", "hydra", "overrides")),
    *(LOG, f"{TWIN}/{LOG}", ERROR_LOG, ROW, f".{ROW}.partial", RECORDED_IDS, f".{RECORDED_IDS}.partial"),
    RUNNING,
    *(f"{dot}{name}{end}" for name in TABLES for dot, end in (("", ""), (".", ".partial"))),
    *FIGURES,
    *(FINDINGS, f".{FINDINGS}.partial"),
)
"""Every file that a run writes, as a path within its folder; a test keeps the list complete."""
LONGEST_IDENTITY = 1000
"""Largest size of the file `RUNNING` [bytes]."""
OURS = re.compile(r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d-\d+")
"""Pattern of a folder within `store.runs` that this program named, and so created."""
RECENT = 2
"""Number of days of runs searched for abandoned ones; searching all of them would take longer every day."""
_made: list[Path] = []
"""Folders that this process created, each after its parents."""


def make(folder: Path) -> None:
    """Create a folder and its parents, and remember which of them did not exist before."""
    missing = [place for place in (folder.absolute(), *folder.absolute().parents) if not place.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    _made.extend(reversed(missing))


def made_here(folder: Path) -> bool:
    """Whether this process created a folder."""
    return folder.absolute() in _made


def hold(folder: Path) -> None:
    """Mark a folder as that of a run or sweep in progress, until this process ends."""
    (folder / RUNNING).write_text(f"{own_identity()}\n")
    atexit.register(_let_go, folder, os.getpid())


def clear_abandoned(runs: Path) -> None:
    """Remove the files of killed runs of the last days that have no result; see `clear_if_abandoned`."""
    for folder in _marked(runs):
        clear_if_abandoned(folder)
        if OURS.fullmatch(folder.relative_to(runs).as_posix()):
            remove_empty(folder, folder.parent)


def abandoned_sweeps(runs: Path) -> list[Path]:
    """Return the folders, named by this program, of sweeps of the last days that were killed."""
    ours = [each for each in _marked(runs) if OURS.fullmatch(each.relative_to(runs).as_posix())]
    return [each for each in ours if (each / PLAN).exists() and _is_abandoned(each)]


def _marked(runs: Path) -> list[Path]:
    days = sorted(path for path in runs.glob("????-??-??") if path.is_dir())[-RECENT:]
    return [path for day in days for path in day.iterdir() if (path / RUNNING).exists() and not path.is_symlink()]


def clear_if_abandoned(folder: Path) -> None:
    """Remove the files of a run whose process has ended, if it has no result; keep sweeps, which can be resumed.

    Processes of other machines, which may use the same folder, are not known to have ended: their folders stay.
    """
    if not _is_abandoned(folder):
        return
    if not (folder / ROW).exists() and not (folder / PLAN).exists():
        clear(folder)
    (folder / RUNNING).unlink(missing_ok=True)


def _is_abandoned(folder: Path) -> bool:
    """Whether the process that a folder's file `RUNNING` names has ended."""
    try:
        return has_ended(text_in(folder, RUNNING, LONGEST_IDENTITY).strip())
    except UnreadableError:
        return False


def _let_go(folder: Path, holder: int) -> None:
    if os.getpid() == holder:
        (folder / RUNNING).unlink(missing_ok=True)
        remove_made(folder)


def require_unused(folder: Path, setting: str) -> None:
    """Raise `SettingsError` if a folder contains anything: its files would be mixed with those of a run."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SettingsError([Fault(setting, "be a new folder or an empty one", str(folder))])


def not_plain(folder: Path, names: Sequence[str] = WRITTEN) -> Iterator[Path]:
    """Yield what has a name that is written in a folder and is a link, a pipe and the like: it may lead anywhere."""
    above = {(folder / name).parent for name in names}
    yield from (path for path in sorted(above) if path.is_symlink() or (path.exists() and not path.is_dir()))
    files = [folder / name for name in names]
    yield from (path for path in files if path.is_symlink() or (path.exists() and not path.is_file()))


def clear(folder: Path, keep: Sequence[str] = ()) -> None:
    """Remove the files that a run wrote in its folder, except those that begin with a path in `keep`."""
    linked = tuple(f"{name}/" for name in (TWIN, NOTES) if (folder / name).is_symlink())
    for name in WRITTEN:
        if not name.startswith((*keep, *linked)):
            (folder / name).unlink(missing_ok=True)
    for name in (TWIN, NOTES):
        remove_empty(folder / name)


def discard(folder: Path, *, of_sweep: bool = False) -> None:
    """Remove a run that has no result: its files, its folder, and the parents that it created.

    Parameters
    ----------
    folder
        The run's folder.
    of_sweep
        Whether it is the folder of a job, which Hydra creates below the sweep's folder, so nobody else did.
    """
    begun = (folder / NOTES).is_dir()
    clear(folder)
    if of_sweep and begun:
        remove_empty(folder)
    remove_made(folder)


def remove_made(folder: Path) -> None:
    """Remove a folder and its parents if this process created them and they are empty."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if place in _made:
            remove_empty(place)


def remove_empty(*folders: Path) -> None:
    """Remove those folders that are empty."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
