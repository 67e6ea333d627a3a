"""Digest source code as it was when the program imported it.

A program runs the code that it imported, while somebody may edit the files. So the state of the files is recorded
before any code is used, and from the first change on nothing is stored under their digest.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.faults import UserError
from bench.host.digests import sources_digest
from bench.host.imports import reach, source


class Sources:
    """The source files of one package, or of parts of it; created when the package is imported."""

    def __init__(self, folder: Path, deed: str, parts: Sequence[str] = ("**/*.py",)) -> None:
        """Record the state of the source files.

        Parameters
        ----------
        folder
            Folder of the package.
        deed
            What the code does, such as "makes worlds".
        parts
            Patterns of the files that matter.
        """
        self._folder, self._deed, self._parts = folder, deed, parts
        self._imported = self._on_disk()

    def digest(self, paths: Iterable[Path] | None = None) -> str:
        """Return a digest of the code.

        Parameters
        ----------
        paths
            Files of the package; None: all of them.

        Raises
        ------
        UserError
            When any file of the package has changed since it was imported.
        """
        if self._on_disk() != self._imported:
            message = f"the code that {self._deed} has changed since this program started: start it again"
            raise UserError(message)
        return self._imported if paths is None else _digest(self._folder, paths)

    def _on_disk(self) -> str:
        return _digest(self._folder, sorted({path for part in self._parts for path in self._folder.glob(part)}))


def digest_of_plug_in(path: str) -> str:
    """Return a digest of the code of a class: its own module, and all of its top-level package that this depends on.

    Parameters
    ----------
    path
        Dotted path of the class. Its module is only located, since importing it may take seconds.
    """
    module = path.rpartition(".")[0]
    if source(module) is None:
        raise UserError(f"the module {module} must have a file")
    return sources_digest((name, file) for name in reach(module) if (file := source(name)))


def _digest(folder: Path, paths: Iterable[Path]) -> str:
    return sources_digest((path.relative_to(folder).as_posix(), path) for path in paths)
