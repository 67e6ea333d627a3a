"""Digest the source code of a package as it was when the program imported it.

A program works with the code that it has imported, while somebody may be editing it on disk. So what the code was is
noted before any of it is used, and nothing is kept under its digest from the first change on.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from bench.faults import UserError
from bench.host.digests import sources_digest


class Sources:
    """The code of one package; made when the package is imported."""

    def __init__(self, folder: Path, deed: str) -> None:
        """Note what the code is.

        Parameters
        ----------
        folder
            Of the package.
        deed
            What the code does, as "makes worlds".
        """
        self._folder, self._deed = folder, deed
        self._imported = self._on_disk()

    def digest(self, paths: Iterable[Path] | None = None) -> str:
        """Return a digest of the code.

        Parameters
        ----------
        paths
            The files in question, all of the package; None: every one.

        Raises
        ------
        UserError
            When any file of the package has changed since it was imported.
        """
        if self._on_disk() != self._imported:
            told = f"the code that {self._deed} has changed since this program started: start it again"
            raise UserError(told)
        return self._imported if paths is None else _digest(self._folder, paths)

    def _on_disk(self) -> str:
        return _digest(self._folder, sorted(self._folder.rglob("*.py")))


def digest_of_plug_in(path: str) -> str:
    """Return a digest of the code of a class: all files in the folder of its package, or its own if it is in none.

    Parameters
    ----------
    path
        Dotted path of the class. Its module is looked for, and not imported: that may take seconds.
    """
    module = path.rpartition(".")[0]
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise UserError(f"the module {module} must have a file")
    file = Path(spec.origin)
    packaged = (file.parent / "__init__.py").exists()
    return _digest(file.parent, sorted(file.parent.glob("*.py")) if packaged else [file])


def _digest(folder: Path, paths: Iterable[Path]) -> str:
    return sources_digest((path.relative_to(folder).as_posix(), path) for path in paths)
