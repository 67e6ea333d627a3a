"""Which modules of its own package a module depends on, found in the sources without importing anything."""

import ast
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def reach(name: str) -> list[str]:
    """Return the names of a module and of all modules of its top-level package that it depends on, in order."""
    found, ahead = {name}, [name]
    while ahead:
        new = _imports(ahead.pop()) - found
        found |= new
        ahead += new
    return sorted(found)


@cache
def source(name: str) -> Path | None:
    """Return the file of a module; None for a script."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of its own top-level package that a module imports directly, wherever the import stands."""
    file, package = source(name), name.split(".", maxsplit=1)[0]
    if file is None:
        return frozenset()
    nodes = ast.walk(ast.parse(file.read_bytes()))
    return frozenset(found for node in nodes for found in _named(node, package) if found != name)


def _named(node: ast.AST, package: str) -> Iterator[str]:
    """Yield the modules of a package that a statement imports: also those that are taken out of a package by name."""
    if isinstance(node, ast.Import):
        yield from (each.name for each in node.names if each.name.startswith(f"{package}."))
    elif isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(f"{package}."):
        yield node.module
        folder = source(node.module)
        if folder is not None and folder.name == "__init__.py":
            names = (each.name for each in node.names)
            yield from (f"{node.module}.{each}" for each in names if (folder.parent / f"{each}.py").is_file())
