"""What a `_target_` may name, found out from its source, so that a typo is told without importing a heavy library."""

import ast
import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.faults import Fault
from bench.plug_ins import plugged_packages

TRUSTED = ("bench", "generators", "detectors", "reports", "pyod", "sklearn")
"""Packages that a configuration may name without further ado."""
OPTIONAL = ("torch",)
"""Packages that only an extra of the same name installs."""
HYDRA_KEYS = ("_target_", "_convert_", "_recursive_", "_partial_", "_args_")


def target_faults(node: object, key: str, trusted: Sequence[str]) -> Iterator[Fault]:
    """Walk plain mappings and lists, and yield what is wrong with each `_target_` and its keyword arguments."""
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from target_faults(item, f"{key}[{index}]", trusted)
    if not isinstance(node, Mapping):
        return
    if "_target_" in node:
        yield from _constructor_faults(node, key, trusted)
    for name, item in node.items():
        yield from target_faults(item, f"{key}.{name}" if key else str(name), trusted)


def path_faults(path: str, key: str, trusted: Sequence[str]) -> Iterator[Fault]:
    """Yield what is wrong with one dotted path: its package is not trusted, or it leads nowhere."""
    packages = (*TRUSTED, *plugged_packages(), *trusted)
    if path.split(".", maxsplit=1)[0] not in packages:
        yield Fault(key, f"be in one of the packages {', '.join(packages)} (or in trusted_packages)", path)
        return
    for package in _missing(path):
        yield Fault(key, f"have {package}, which is not installed (pip install 'cdrbench[{package}]')", path)
        return
    try:
        parameters(path)
    except (ImportError, AttributeError) as error:
        yield Fault(key, f"be something that can be imported ({error})", path, nearest_path(path))


@cache
def parameters(path: str) -> tuple[str, ...] | None:
    """Return the names of the parameters of a function or class; None when it takes any keyword.

    Raises
    ------
    ImportError, AttributeError
        When the path leads nowhere.
    """
    module, _, name = path.rpartition(".")
    if not module:
        raise ImportError("it is no dotted path")
    definition = _definition(module, name)
    if definition is None:
        return _imported_parameters(module, name)
    if definition.args.kwarg is not None:
        return None
    arguments = definition.args
    return tuple(argument.arg for argument in (*arguments.args, *arguments.kwonlyargs) if argument.arg != "self")


@cache
def _missing(path: str) -> tuple[str, ...]:
    """Return the optional packages that the module of a dotted path imports at once and that are not installed."""
    source = _source(path.rpartition(".")[0] or path)
    imported = set(_imports(ast.parse(source.read_bytes()).body)) if source else set()
    return tuple(package for package in OPTIONAL if package in imported and find_spec(package) is None)


def _imports(nodes: Sequence[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Try):
            yield from _imports(node.body)
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name.split(".", maxsplit=1)[0] for name in names)


def nearest_path(path: str) -> str:
    """Return the importable dotted path that is most like this one, or ""."""
    module, _, name = path.rpartition(".")
    if not module:
        return ""
    try:
        near = get_close_matches(name, dir(importlib.import_module(module)), 1)
    except ImportError:
        return ""
    return f"{module}.{near[0]}" if near else ""


def _constructor_faults(node: Mapping[Any, Any], key: str, trusted: Sequence[str]) -> Iterator[Fault]:
    path = str(node["_target_"])
    broken = list(path_faults(path, f"{key}._target_", trusted))
    yield from broken
    names = None if broken else parameters(path)
    if names is None:
        return
    for name in node:
        if name not in names and name not in HYDRA_KEYS:
            near = get_close_matches(str(name), names, 1)
            yield Fault(f"{key}.{name}", f"be a parameter of {path}", node[name], near[0] if near else "")


def _definition(module: str, name: str) -> ast.FunctionDef | None:
    """Return the source of a function, or of a class's own constructor; None where only an import can tell."""
    source = _source(module)
    for node in ast.parse(source.read_bytes()).body if source else ():
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return None if node.decorator_list else node
        if isinstance(node, ast.ClassDef) and node.name == name and not node.decorator_list:
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    return item
    return None


def _source(module: str) -> Path | None:
    """Find a module's file without running the packages above it."""
    package, *rest = module.split(".")
    spec = find_spec(package)
    for depth in range(len(rest)):
        if spec is None:
            return None
        name = ".".join([package, *rest[: depth + 1]])
        spec = PathFinder.find_spec(name, spec.submodule_search_locations)
    origin = None if spec is None else spec.origin
    return Path(origin) if origin is not None and origin.endswith(".py") else None


def _imported_parameters(module: str, name: str) -> tuple[str, ...] | None:
    found = getattr(importlib.import_module(module), name)
    if not callable(found):
        raise ImportError("it is nothing that can be called")
    try:
        signature = inspect.signature(found)
    except ValueError:  # some compiled functions do not tell
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
        return None
    return tuple(signature.parameters)
