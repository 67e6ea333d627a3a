"""The code that makes worlds: part of every recipe, so that a change of it never finds an old world."""

from pathlib import Path

HERE = Path(__file__).parent


def world_sources() -> list[tuple[str, Path]]:
    """Return all files of this package, with their places in it, in order."""
    return [(path.relative_to(HERE).as_posix(), path) for path in sorted(HERE.rglob("*.py"))]
