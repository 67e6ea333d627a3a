"""Find modules by name: their sources, and whether this process may import them."""

import ast
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

RUN_ANYWAY = ("bench", "generators", "reports", "pyod", "sklearn")
"""Packages that the harness runs itself: no detector of somebody's lies there."""
STARTERS = (
    "subprocess", "os", "posix", "nt", "pty", "multiprocessing", "concurrent", "asyncio", "socket", "socketserver",
    "shutil", "ctypes", "runpy", "code", "pdb", "psutil", "pexpect", "ptyprocess", "sh", "plumbum", "invoke", "fabric",
    "paramiko", "joblib", "loky", "cffi",
)  # fmt: skip
"""Packages that start programs, open connections or remove files: nothing of theirs is called, nor what is built on
it, whatever is trusted."""
NEVER = frozenset({*STARTERS, *sys.stdlib_module_names})
"""Packages of which nothing is called: those, and Python's own."""
_sources_only: ContextVar[bool] = ContextVar("_sources_only", default=False)


class NotRunError(Exception):
    """A question that only an import could answer, about a module that this process must not run."""


@contextmanager
def sources_only() -> Iterator[None]:
    """Run nothing within but `RUN_ANYWAY`; where that would be needed, `NotRunError` is raised.

    For what is a detector's: it is not to run but in its own process, which is kept from the truth.
    """
    before = _sources_only.set(True)
    try:
        yield
    finally:
        _sources_only.reset(before)


def imported(module: str, name: str = "") -> ModuleType:
    """Import a module for a name in it or raise `NotRunError`; ImportError or AttributeError where there is none."""
    if not _sources_only.get() or module.split(".", maxsplit=1)[0] in RUN_ANYWAY:
        return importlib.import_module(module)
    if _spec(module) is None:
        raise ImportError(f"No module named {module!r}")
    if name and (tree := tree_of(module)) is not None and not _may_have(tree, name):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    raise NotRunError(module)


def _may_have(tree: ast.Module, name: str) -> bool:
    """Whether a module may get a name in a way that is no plain definition."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in (name, "globals"):
            return True
        if isinstance(node, ast.alias) and node.name == "*":
            return True
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in ("__getattr__", name):
            return True
    return False


def names_in(module: str) -> list[str]:
    """Return what is at the top of a module, as far as that can be known.

    Raises
    ------
    ImportError
        When there is none.
    """
    try:
        return dir(imported(module))
    except NotRunError:
        nodes = tree.body if (tree := tree_of(module)) is not None else []
        return [each.name for each in nodes if isinstance(each, ast.ClassDef | ast.FunctionDef)]


@cache
def tree_of(module: str) -> ast.Module | None:
    """Return the source of a module; None where it is not in Python."""
    source = source_of(module)
    return None if source is None else ast.parse(source.read_bytes())


def source_of(module: str) -> Path | None:
    """Return a module's file of Python; None where there is none."""
    spec = _spec(module)
    origin = None if spec is None else spec.origin
    return Path(origin) if origin is not None and origin.endswith(".py") else None


@cache
def _spec(module: str) -> ModuleSpec | None:
    """Find a module without running the packages above it."""
    package, *rest = module.split(".")
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        return None
    for depth in range(len(rest)):
        if spec is None or spec.submodule_search_locations is None:  # with None, all of sys.path would be searched
            return None
        name = ".".join([package, *rest[: depth + 1]])
        places = spec.submodule_search_locations
        spec = next(filter(None, (finder.find_spec(name, places) for finder in sys.meta_path)), None)
    return spec
