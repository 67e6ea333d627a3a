"""Write files and folders aside and move them into place when complete, without losing other people's files."""

import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkdtemp

from bench.faults import UserError


def write_whole(path: Path, text: str) -> Path:
    """Write a text file so that nobody ever sees a part of it; return its path."""
    aside = path.with_name(f".{path.name}.partial")
    aside.write_text(text, encoding="utf-8")
    return aside.replace(path)


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
        place = Path(mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        new, old = place / "new", place / "old"
        try:
            new.mkdir()
            yield new
            gone = {*replaced, *(path.name for path in new.iterdir())}
            if out.exists():
                out.rename(old)
            new.rename(out)
            for path in old.iterdir() if old.exists() else ():
                path.unlink() if path.name in gone else path.rename(out / path.name)
        finally:
            shutil.rmtree(new, ignore_errors=True)
            for empty in (old, place):
                with suppress(OSError):
                    empty.rmdir()
    except OSError as error:
        raise UserError(f"out must be a folder that can be written, got {out} ({error})") from error
