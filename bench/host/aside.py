"""Write files and folders under a temporary name and rename them when complete, without losing other people's files."""

import json
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.faults import UserError
from bench.host.read_json import json_in
from bench.host.temporary import abandoned, make_temporary, remove

NEW, OLD, GONE = "new", "old", "gone.json"
"""Names in the temporary folder: what is written, what was there before, and the list of files to replace."""


def write_whole(path: Path, text: str) -> Path:
    """Write a text file atomically, so that no reader sees an incomplete file; return its path."""
    with partial(path) as aside:
        aside.write_text(text, encoding="utf-8")
    return path


@contextmanager
def partial(path: Path) -> Iterator[Path]:
    """Give a temporary path that replaces `path` when the file is complete; removed on failure or interruption."""
    aside = path.with_name(f".{path.name}.partial")
    aside.unlink(missing_ok=True)  # it may be somebody's link to a file elsewhere
    try:
        yield aside
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


@contextmanager
def written_aside(out: Path, replaced: Collection[str] = ()) -> Iterator[Path]:
    """Give a temporary folder that replaces `out` when everything is written.

    Parameters
    ----------
    out
        The final folder.
    replaced
        Names of files of an existing `out` that are deleted, besides those that are written again; all other files in
        it are kept.

    Raises
    ------
    UserError
        When `out` cannot be written; its old content is kept.
    """
    out = Path(os.path.realpath(out))  # what a link leads to is replaced there, and the link stays
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        complete_killed(out)
        place = make_temporary(_kind(out), out.parent)
        try:
            (place / NEW).mkdir()
            yield place / NEW
            gone = {*replaced, *(path.name for path in (place / NEW).iterdir())}
            (place / GONE).write_text(json.dumps(sorted(gone)))
            if out.exists():
                out.rename(place / OLD)
            (place / NEW).rename(out)
        finally:
            _complete(place, out)
    except OSError as error:
        raise UserError(f"out must be a folder that can be written, got {out} ({error})") from error


def complete_killed(out: Path) -> None:
    """Complete or undo what killed calls of `written_aside` left behind; no file that was in `out` is lost."""
    for place in abandoned(_kind(out), out.parent):
        _complete(place, out)


def _kind(out: Path) -> str:
    return f".{out.name}."


def _complete(place: Path, out: Path) -> None:
    """Restore the old content of `out` if there is no new one, else the files to keep; remove the temporary folder."""
    old = place / OLD
    if old.exists() and not out.exists():
        old.rename(out)
    if old.exists():
        gone = json_in(place / GONE)
        for path in old.iterdir():
            path.unlink() if path.name in gone else path.rename(out / path.name)
        old.rmdir()
    remove(place)
