"""Folders of runs: what a run writes there has names that are known, and only that is ever removed.

Whatever else lies in a folder is somebody's, and stays. A folder goes only when this program made it and it is empty.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from bench.faults import Fault, SettingsError
from bench.runs.run_record import MARK, ROW

NOTES = ".hydra"
"""Folder of the composed configuration, which Hydra writes first."""
LOG, ERROR_LOG, TWIN = "detector.log", "error.log", "twin"
WRITTEN = (
    *(f"{NOTES}/{name}.yaml" for name in ("config", "hydra", "overrides")),
    *(LOG, f"{TWIN}/{LOG}", ERROR_LOG, ROW, f".{ROW}.partial", MARK, f".{MARK}.partial"),
    *("alerts.csv", ".alerts.csv.partial"),
    *("precision_recall.png", "scores.png", "at_threshold.png"),
)
"""Every file that a run leaves, as a path within its folder; a test holds it to be complete."""
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
        _remove_empty(folder / name)


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
        _remove_empty(folder)
    remove_made(folder)


def remove_made(folder: Path) -> None:
    """Remove a folder and those above it where this process made them and they are empty."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if place in _made:
            _remove_empty(place)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
