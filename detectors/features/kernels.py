"""How the kernels of features are compiled."""

from collections.abc import Callable
from typing import TypeVar

from bench.host.compiled import compiled

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays."""
    return compiled(function)
