"""The code that makes worlds: part of every recipe, so that a change of it never finds an old world.

A program works with the code that it has imported, while somebody may be editing it on disk. So what the code was is
noted before any of it is imported, and a recipe is refused from the first change on: else a world of the old code would
be kept under the name of the new one, or a world and its clean twin be of two codes.
"""

from collections.abc import Iterable
from pathlib import Path

from bench.faults import UserError
from bench.host.digests import sources_digest

HERE = Path(__file__).parent
CHANGED = "the code that makes worlds has changed since this program started: start it again"


def _on_disk() -> str:
    return _digest(sorted(HERE.rglob("*.py")))


def _digest(paths: Iterable[Path]) -> str:
    return sources_digest((path.relative_to(HERE).as_posix(), path) for path in paths)


_IMPORTED = _on_disk()


def world_code(paths: Iterable[Path] | None = None) -> str:
    """Return a digest of the code that makes worlds.

    Parameters
    ----------
    paths
        The files in question, all of this package; None: every one.

    Raises
    ------
    UserError
        When any file of the package has changed since it was imported.
    """
    if _on_disk() != _IMPORTED:
        raise UserError(CHANGED)
    return _IMPORTED if paths is None else _digest(paths)
