"""The two ways in which the world's kernels are compiled."""

from collections.abc import Callable
from typing import TypeVar

from bench.host.compiled import compiled

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays, into those that call it too."""
    return compiled(function, forceinline=True)


def part(function: Function) -> Function:
    """Make a function a part of the one kernel that calls it: it is never compiled by itself.

    For what lies between a kernel and a large callee: compiled by itself, it would optimise that callee once more.
    """
    return compiled(function, inline="always")
