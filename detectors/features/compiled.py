"""How the kernels of features are compiled: without the global lock, kept on disk for the next process.

A kernel allocates nothing, so numba may leave out its counting of references (`_nrt`, a flag that its documentation
does not name; without it kernels are only slower). Kernels that call each other stand in one file, since numba looks
for changes in a kernel's own file only.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function when it is first called."""
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
    return cast("Function", njit(**options)(function))
