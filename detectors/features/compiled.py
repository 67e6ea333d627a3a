"""How the kernels of features are compiled: without the global lock, kept on disk for the next process.

numba looks for changes in a kernel's own file only, but a kernel has all that it calls compiled into it. So the code is
kept under a digest of all sources of features: after a change of any of them, all kernels are compiled anew (some
seconds).
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
def _code_folder() -> str:
    """Return where code is kept: beside the sources, or in the user's cache when that cannot be written."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(HERE.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for parent in (HERE / "__pycache__", home / "cdrbench", Path(gettempdir()) / f"cdrbench-{os.getuid()}"):
        folder = parent / "features" / digest.hexdigest()
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
    """Compile a function when it is first called.

    A kernel allocates nothing, so numba may leave out its counting of references (`_nrt`, a flag that its documentation
    does not name; without it kernels are only slower).
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    numba: Any = config
    before, numba.CACHE_DIR = numba.CACHE_DIR, _code_folder()
    try:
        return cast("Function", njit(**options)(function))
    finally:
        numba.CACHE_DIR = before
