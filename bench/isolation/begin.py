"""Run a module with all rights beside detectors' folders: `python -P -s begin.py FOLDERS MODULE ARGUMENT ...`.

Python imports `sitecustomize` and `usercustomize`, and runs `.pth` files, before the first line of a program: from
`PYTHONPATH`, so that must be empty here. Before it is confined a process finds the standard library, what is installed
and the packages of the harness, and nothing else: whatever lies beside a detector must not run, by whatever name.
"""

import os
import runpy
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
OWN = ("bench", "conf", "detectors", "generators", "reports")


class Harness(MetaPathFinder):
    """Finds the packages of the harness, and no other module that lies in the same folder."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return where a module is, if it is a package of the harness."""
        return PathFinder.find_spec(name, [str(ROOT)], target) if name in OWN else None


def begin() -> None:
    """Run the module that the command line names, as Python's own `-m` does."""
    folders, module, *arguments = sys.argv[1:]
    sys.path += [each for each in folders.split(os.pathsep) if each and each not in sys.path]
    sys.meta_path.insert(0, Harness())
    sys.argv[1:] = arguments
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    begin()
