"""Digest the source code of a package as it was when the program imported it.

A program runs the code that it imported, while somebody may edit the files. So the state of the files is recorded
before any code is used, and from the first change on nothing is stored under their digest.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from bench.faults import UserError
from bench.host.digests import sources_digest


class Sources:
    """The source files of one package; created when the package is imported."""

    def __init__(self, folder: Path, deed: str) -> None:
        """Record the state of the source files.

        Parameters
        ----------
        folder
            Folder of the package.
        deed
            What the code does, such as "makes worlds".
        """
        self._folder, self._deed = folder, deed
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
            told = f"the code that {self._deed} has changed since this program started: start it again"
            raise UserError(told)
        return self._imported if paths is None else _digest(self._folder, paths)

    def _on_disk(self) -> str:
        return _digest(self._folder, sorted(self._folder.rglob("*.py")))


def digest_of_plug_in(path: str) -> str:
    """Return a digest of the code of a class: of all files in its package's folder, or of its own file.

    Parameters
    ----------
    path
        Dotted path of the class. Its module is only located, since importing it may take seconds.
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
