"""How the kernels of the world are compiled: strict arithmetic, no global lock, kept on disk for the next process."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays.

    A kernel allocates nothing, so it counts no references either (`_nrt`): a call that hands on forty arrays would
    else spend ten times as long on counting as on working.
    """
    options: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False, "forceinline": True}
    return cast(Function, njit(**options)(function))
