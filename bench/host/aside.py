"""Write files and folders aside and move them into place when complete, without losing other people's files."""

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.faults import UserError
from bench.host.read_json import json_in
from bench.host.temporary import abandoned, make_temporary, remove

NEW, OLD, GONE = "new", "old", "gone.json"
"""In the folder aside: what is written, what was there before, and the names of what goes of that."""


def write_whole(path: Path, text: str) -> Path:
    """Write a text file so that nobody ever sees a part of it; return its path."""
    with partial(path) as aside:
        aside.write_text(text, encoding="utf-8")
    return path


@contextmanager
def partial(path: Path) -> Iterator[Path]:
    """Give a path to write a file to, which then takes the place of `path`; removed if that fails or is interrupted."""
    aside = path.with_name(f".{path.name}.partial")
    try:
        yield aside
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


@contextmanager
def written_aside(out: Path, replaced: Collection[str] = ()) -> Iterator[Path]:
    """Give a folder to write to, and put it in the place of `out` when all is written.

    Parameters
    ----------
    out
        The folder that is to be there in the end.
    replaced
        Names of files that go with an `out` that is there already, besides those that are written anew; what else is in
        it moves to the new one.

    Raises
    ------
    UserError
        When `out` cannot be written; what was there is there still.
    """
    out = out.absolute()
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
    """Bring to an end what calls of `written_aside` left undone that were killed: nothing that was in `out` is lost."""
    for place in abandoned(_kind(out), out.parent):
        _complete(place, out)


def _kind(out: Path) -> str:
    return f".{out.name}."


def _complete(place: Path, out: Path) -> None:
    """Bring back what was in `out` if nothing new is there, or what is not replaced; then remove the folder aside."""
    old = place / OLD
    if old.exists() and not out.exists():
        old.rename(out)
    if old.exists():
        gone = json_in(place / GONE)
        for path in old.iterdir():
            path.unlink() if path.name in gone else path.rename(out / path.name)
        old.rmdir()
    remove(place)
