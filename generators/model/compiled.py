"""Compilation of the simulator's kernels, in two ways."""

from collections.abc import Callable
from typing import TypeVar

from bench.host.compiled import compiled

Function = TypeVar("Function", bound=Callable[..., object])


def kernel(function: Function) -> Function:
    """Compile a function of numbers and arrays, and inline it in other kernels that call it."""
    return compiled(function, forceinline=True)


def part(function: Function) -> Function:
    """Mark a function as part of the one kernel that calls it: it is never compiled by itself.

    For what lies between a kernel and a large callee: compiled by itself, it would optimise that callee once more.
    """
    return compiled(function, inline="always")
