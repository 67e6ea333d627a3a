"""How the kernels of the world are compiled: strict arithmetic, no global lock, kept on disk for the next process.

numba looks for changes in a kernel's own file only, but a kernel has all that it calls compiled into it. So the code of
a module is kept under a digest of that module and of all that it imports from this package: after a change, what the
change can reach is compiled anew, and nothing else.
"""

import ast
import hashlib
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any, TypeVar, cast

from numba import config, njit

Function = TypeVar("Function", bound=Callable[..., object])
HERE = Path(__file__).parent


@cache
def sources_digest() -> str:
    """Return a digest of the code that makes worlds, so that a change of it never finds old code or an old world."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(HERE.rglob("*.py")):
        digest.update(path.relative_to(HERE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of this package that a module imports itself."""
    source = (HERE.parent / name.replace(".", "/")).with_suffix(".py")
    if not source.exists():
        return frozenset()
    nodes = [node for node in ast.walk(ast.parse(source.read_bytes())) if isinstance(node, ast.ImportFrom)]
    return frozenset(node.module for node in nodes if node.module and node.module.startswith(f"{HERE.name}."))


def reach(name: str) -> list[str]:
    """Return a module's name and those of all that it builds on within this package, in order."""
    found, ahead = {name}, [name]
    while ahead:
        new = _imports(ahead.pop()) - found
        found |= new
        ahead += new
    return sorted(found)


@cache
def _digest(name: str) -> str:
    """Return a digest of all sources that a module's compiled code was made from."""
    digest = hashlib.blake2b(digest_size=16)
    for module in reach(name):
        source = (HERE.parent / module.replace(".", "/")).with_suffix(".py")
        digest.update(module.encode() + b"\0" + (source.read_bytes() if source.exists() else b"") + b"\0")
    return digest.hexdigest()


@cache
def _code_folder(module: str) -> str:
    """Return where a module's code is kept: beside the sources, or in the user's cache when that cannot be written."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for parent in (HERE / "__pycache__", home / "cdrbench", Path(gettempdir()) / f"cdrbench-{os.getuid()}"):
        folder = parent / "kernels" / module / _digest(module)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        for old in folder.parent.iterdir():
            if old != folder:
                shutil.rmtree(old, ignore_errors=True)
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays.

    A kernel allocates nothing, so it counts no references either (`_nrt`): a call that hands on forty arrays would
    else spend ten times as long on counting as on working.
    """
    return _compiled(function, forceinline=True)


def part(function: Function) -> Function:
    """Make a function a part of the one kernel that calls it: it is never compiled by itself.

    For what lies between a kernel and a large callee: compiled by itself, it would optimise that callee once more.
    """
    return _compiled(function, inline="always")


def _compiled(function: Function, **more: Any) -> Function:
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False, **more}
    numba: Any = config
    before, numba.CACHE_DIR = numba.CACHE_DIR, _code_folder(function.__module__)
    try:
        return cast(Function, njit(**options)(function))
    finally:
        numba.CACHE_DIR = before
