"""How the kernels of the world are compiled: strict arithmetic, no global lock, kept on disk for the next process.

numba looks for changes in a kernel's own file only, but a kernel has all that it calls compiled into it. So the code is
kept under a digest of all sources of this package: after any change of them, everything is compiled anew.
"""

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
def _code_folder() -> str:
    """Return where compiled code is kept: beside the sources, or in the user's cache when that cannot be written."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for parent in (HERE / "__pycache__", home / "cdrbench", Path(gettempdir()) / f"cdrbench-{os.getuid()}"):
        folder = parent / "kernels" / sources_digest()
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
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False, "forceinline": True}
    numba: Any = config
    before, numba.CACHE_DIR = numba.CACHE_DIR, _code_folder()
    try:
        return cast(Function, njit(**options)(function))
    finally:
        numba.CACHE_DIR = before
