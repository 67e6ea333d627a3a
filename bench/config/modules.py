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
"""Packages that the harness itself imports: they contain no detector of a third party."""
STARTERS = (
    "subprocess", "os", "posix", "nt", "pty", "multiprocessing", "concurrent", "asyncio", "socket", "socketserver",
    "shutil", "ctypes", "runpy", "code", "pdb", "psutil", "pexpect", "ptyprocess", "sh", "plumbum", "invoke", "fabric",
    "paramiko", "joblib", "loky", "cffi",
)  # fmt: skip
"""Packages that start programs, open connections or remove files: nothing in them may be called, nor anything
derived from them, whatever is trusted."""
NEVER = frozenset({*STARTERS, *sys.stdlib_module_names})
"""Packages in which nothing may be called: those above, and the standard library."""
_sources_only: ContextVar[bool] = ContextVar("_sources_only", default=False)


class NotRunError(Exception):
    """A question that only an import could answer, about a module that must not be imported in this process."""


@contextmanager
def sources_only() -> Iterator[None]:
    """Allow imports of `RUN_ANYWAY` and of what the standard library has loaded already, within a context.

    Where another import is needed, `NotRunError` is raised.

    For the code of detectors, which may run only in their own process, without access to the truth.
    """
    before = _sources_only.set(True)
    try:
        yield
    finally:
        _sources_only.reset(before)


def imported(module: str, name: str = "") -> ModuleType:
    """Import a module for a name in it or raise `NotRunError`; ImportError or AttributeError if there is none."""
    root = module.split(".", maxsplit=1)[0]
    loaded = root in sys.stdlib_module_names and module in sys.modules  # nothing of it is run again
    if not _sources_only.get() or root in RUN_ANYWAY or loaded:
        return importlib.import_module(module)
    if _spec(module) is None:
        raise ImportError(f"No module named {module!r}")
    if name and (tree := tree_of(module)) is not None and not _may_have(tree, name):
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    raise NotRunError(module)


def _may_have(tree: ast.Module, name: str) -> bool:
    """Whether a module may get a name in a way other than a plain definition."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in (name, "globals"):
            return True
        if isinstance(node, ast.alias) and node.name == "*":
            return True
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name in ("__getattr__", name):
            return True
    return False


def names_in(module: str) -> list[str]:
    """Return the names at the top level of a module, as far as they can be known.

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
    """Return the syntax tree of a module; None if it is not written in Python."""
    source = source_of(module)
    return None if source is None else ast.parse(source.read_bytes())


def source_of(module: str) -> Path | None:
    """Return the Python file of a module; None if there is none."""
    spec = _spec(module)
    origin = None if spec is None else spec.origin
    return Path(origin) if origin is not None and origin.endswith(".py") else None


@cache
def _spec(module: str) -> ModuleSpec | None:
    """Find a module without running its parent packages."""
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
