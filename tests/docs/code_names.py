"""Which files, functions, classes and members there are in the repository, from its sources, importing nothing."""

import ast
import re
from collections.abc import Iterator
from functools import cache

from shown_commands import ROOT

ROOMS = ("bench", "generators", "detectors", "reports", "conf", "benchmarks", "docs", "tests", "examples")
PLACE = re.compile(r"[\w./-]*(?:/|\.(?:py|yaml|md|csv|toml|js))")
"""The path of a file, or of a folder with a slash behind it."""


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names at the top of a module, and those of its classes' members with the class before them."""
    found = set[str]()
    for node in statements(ast.parse((ROOT / path).read_text())):
        found |= set(named(node))
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}" for member in node.body for name in named(member)}
            found |= {f"{node.name}.{name}" for name in set_in_methods(node)}
    return frozenset(found)


def statements(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements at the top of a module, those within `if` and `try` among them."""
    for node in tree.body:
        yield from (
            (each for each in ast.walk(node) if isinstance(each, ast.stmt))
            if isinstance(node, ast.If | ast.Try)
            else (node,)
        )


def named(node: ast.stmt) -> Iterator[str]:
    """Yield what a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name))


def set_in_methods(node: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes that the methods of a class set."""
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.ctx, ast.Store):
            yield each.attr


def is_there(path: str) -> bool:
    """Whether a file or folder is in the repository; NAME stands for any name."""
    return any(ROOT.glob(path.rstrip("/").replace("NAME", "*")))


def leads_somewhere(dotted: str) -> bool:
    """Whether a dotted path is that of a package, a module, or of something in one."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        place, name = "/".join(parts[:end]), ".".join(parts[end:])
        for path in (f"{place}.py", f"{place}/__init__.py"):
            if (ROOT / path).exists():
                return not name or name in names_in(path)
        if (ROOT / place).is_dir():
            return not name
    return False


@cache
def members() -> frozenset[str]:
    """Return the members of all classes, each with its class and a full stop before it."""
    modules = (str(path.relative_to(ROOT)) for room in ROOMS for path in (ROOT / room).rglob("*.py"))
    return frozenset(name for path in modules for name in names_in(path) if "." in name)
