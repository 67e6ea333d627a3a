"""How kernels are compiled: strict arithmetic, no global lock, kept on disk for the next process.

numba looks for changes in a kernel's own file only, but a kernel has all that it calls compiled into it. So the code of
a module is kept under a digest of that module and of all that it imports from its own package: after a change, what the
change can reach is compiled anew, and nothing else.
"""

import ast
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import config, njit

from bench.host.digests import sources_digest
from bench.host.private import cache_folder

Function = TypeVar("Function", bound=Callable[..., object])
KEPT = 8
"""So many states of a module are kept compiled, those used last: several checkouts may be worked in at a time."""


def reach(name: str) -> list[str]:
    """Return a module's name and those of all that it builds on within its package, in order."""
    found, ahead = {name}, [name]
    while ahead:
        new = _imports(ahead.pop()) - found
        found |= new
        ahead += new
    return sorted(found)


def compiled(function: Function, **options: Any) -> Function:
    """Compile a function when it is first called, by numba's `options` besides those that all kernels share.

    A kernel allocates nothing, so it counts no references either (`_nrt`, a flag that numba's documentation does not
    name): a call that hands on forty arrays would else spend ten times as long on counting as on working.
    """
    every = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False, **options}
    numba: Any = config
    before, numba.CACHE_DIR = numba.CACHE_DIR, _code_folder(function.__module__)
    try:
        return cast(Function, njit(**every)(function))
    finally:
        numba.CACHE_DIR = before


@cache
def _source(name: str) -> Path | None:
    """Return the file of a module; None for a script."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of its own package that a module imports itself."""
    source, package = _source(name), name.split(".", maxsplit=1)[0]
    if source is None:
        return frozenset()
    nodes = [node for node in ast.walk(ast.parse(source.read_bytes())) if isinstance(node, ast.ImportFrom)]
    return frozenset(node.module for node in nodes if node.module and node.module.startswith(f"{package}."))


@cache
def _code_folder(module: str) -> str:
    """Return where a module's code is kept, in the user's private cache: numba unpickles what it finds there."""
    sources = [(name, source) for name in [__name__, *reach(module)] if (source := _source(name))]
    folder = cache_folder() / "kernels" / module / sources_digest(sources)
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(OSError):
        os.utime(folder)
    used = sorted(folder.parent.iterdir(), key=_last_used)
    for old in used[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return str(folder)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process has removed it
        return 0.0
