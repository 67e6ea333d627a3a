"""Resolve a dotted path from source code, without importing, so that typos are refused quickly.

A name is followed to its definition: `sklearn.ensemble.IsolationForest` to `sklearn.ensemble._iforest`. Where the
source does not show it (compiled modules, assigned names), the module is imported.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec, resolve_name
from types import ModuleType

from bench.config.modules import imported, source_of, tree_of

Source = ast.ClassDef | ast.FunctionDef
NO_ARGUMENTS = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
LONGEST_WAY = 10
"""The most imports from module to module through which a name is followed."""


@dataclass(frozen=True)
class Symbol:
    """A class or a function, with the module that defines it."""

    module: str
    name: str
    source: Source | None
    """None where only an import can show it."""

    @property
    def imported(self) -> object:
        """The object itself; its module is imported."""
        return getattr(imported(self.module, self.name), self.name)

    @property
    def is_class(self) -> bool:
        """Whether the object is a class."""
        return inspect.isclass(self.imported) if self.source is None else isinstance(self.source, ast.ClassDef)

    @property
    def is_function(self) -> bool:
        """Whether the object is a function."""
        return inspect.isroutine(self.imported) if self.source is None else isinstance(self.source, ast.FunctionDef)

    @property
    def home(self) -> str:
        """The module that the object names as its own."""
        own = self.module if self.source is not None else getattr(self.imported, "__module__", None)
        return str(own or self.module)

    def has(self, names: Sequence[str]) -> bool:
        """Whether objects of this class have all these attributes, as far as the source shows."""
        if set(names) <= set(self._attributes_in_source()):
            return True
        if self.source is not None and not self._is_open():
            return False
        return set(names) <= {*dir(self.imported), *self._attributes_in_source()}

    def ancestry(self, way: int = 0) -> Iterator[str]:
        """Yield the dotted paths of the class and its base classes, from source code where possible."""
        if self.source is None:
            above = getattr(self.imported, "__mro__", ())
            yield from (f"{each.__module__}.{each.__qualname__}" for each in above)
        for base in self.source.bases if isinstance(self.source, ast.ClassDef) and way < LONGEST_WAY else ():
            path = _path_of(self.module, ast.unparse(base).partition("[")[0])
            yield path
            module, _, name = path.rpartition(".")
            definite = definition(module, name) if module.partition(".")[0] not in sys.stdlib_module_names else None
            if definite is not None and definite.source is not None:
                yield from definite.ancestry(way + 1)

    def parameters(self) -> tuple[str, ...] | None:
        """Return the names of the parameters; None if any keyword is accepted."""
        takes = self._taking()
        if takes is None:
            return _imported_parameters(self.imported)
        if takes.kwarg is not None:
            return None
        return tuple(argument.arg for argument in (*takes.args, *takes.kwonlyargs) if argument.arg != "self")

    def _taking(self) -> ast.arguments | None:
        """Return the arguments of the function, or of the constructor that a class defines or inherits, if known."""
        if self.source is None or self.source.decorator_list:
            return None
        if isinstance(self.source, ast.FunctionDef):
            return self.source.args
        own = [node for node in self.source.body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
        bases = list(self._bases())
        if own or not bases:
            return own[0].args if own else NO_ARGUMENTS
        return bases[0]._taking() if len(bases) == 1 and bases[0] is not None else None

    def _bases(self) -> Iterator["Symbol | None"]:
        """Yield the base classes; None for one without source code."""
        for base in self.source.bases if isinstance(self.source, ast.ClassDef) else ():
            found = definition(self.module, base.id) if isinstance(base, ast.Name) else None
            yield found if found is not None and found.source is not None else None

    def _attributes_in_source(self, depth: int = 0) -> Iterator[str]:
        """Yield the attributes named in the source of the class and its bases, and those that methods set."""
        body = self.source.body if isinstance(self.source, ast.ClassDef) else []
        for node in body:
            if isinstance(node, ast.FunctionDef):
                yield node.name
            for inner in ast.walk(node):
                if isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                    yield inner.attr
                elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(inner, ast.Name):
                    yield inner.id
        for base in self._bases() if depth < LONGEST_WAY else ():
            if base is not None:
                yield from base._attributes_in_source(depth + 1)

    def _is_open(self) -> bool:
        """Whether the class may have attributes that its source does not show."""
        if isinstance(self.source, ast.ClassDef) and self.source.decorator_list:
            return True
        return any(base is None or base._is_open() for base in self._bases())


def found(path: str) -> Symbol:
    """Return the class or function, at the top level of a module, that a dotted path names.

    Raises
    ------
    ImportError, AttributeError
        When there is no such object, or it is something else.
    """
    module, _, name = path.rpartition(".")
    if not module:
        raise ImportError("it is no dotted path")
    definite = definition(module, name)
    if definite is None:
        raise ImportError(f"{name} is a module")
    if definite.source is None and not callable(definite.imported):
        raise ImportError("it is nothing that can be called")
    return definite


@cache
def definition(module: str, name: str, way: int = 0) -> Symbol | None:
    """Follow a name from a module to its definition; None for the name of a module."""
    for node in _statements(tree.body if (tree := tree_of(module)) else ()):
        if isinstance(node, Source) and node.name == name:
            return Symbol(module, name, node)
        if isinstance(node, ast.Import) and name in [
            (each.asname or each.name.partition(".")[0]) for each in node.names
        ]:
            return None
        if isinstance(node, ast.ImportFrom) and way < LONGEST_WAY:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _followed(node, module, alias.name, way)
    return Symbol(module, name, None)


def _path_of(module: str, name: str) -> str:
    """Return the dotted path of what a module knows by a name, which may contain dots."""
    first, _, rest = name.partition(".")
    if not rest:
        definite = definition(module, first)
        return f"{module}.{first}" if definite is None else f"{definite.module}.{definite.name}"
    for node in _statements(tree.body if (tree := tree_of(module)) else ()):
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if (alias.asname or alias.name) == first:
                return f"{_origin(node, module)}{alias.name}.{rest}"
    return name


def _origin(node: ast.stmt, module: str) -> str:
    """Return the module from which an import takes its names, with a dot at the end."""
    if not isinstance(node, ast.ImportFrom):
        return ""
    file = source_of(module)
    package = module if file is not None and file.name == "__init__.py" else module.rpartition(".")[0]
    return (resolve_name("." * node.level + (node.module or ""), package) if node.level else str(node.module)) + "."


def missing(path: str, optional: Sequence[str]) -> tuple[str, ...]:
    """Return the packages that the module of a dotted path imports immediately and that are not installed."""
    tree = tree_of(path.rpartition(".")[0] or path)
    imported = set(_imports(tree.body)) if tree else set()
    return tuple(package for package in optional if package in imported and find_spec(package) is None)


def _followed(node: ast.ImportFrom, module: str, name: str, way: int) -> Symbol | None:
    """Return the definition of a name that an import takes from another module."""
    source = _origin(node, module).removesuffix(".")
    if name != "*" and source_of(f"{source}.{name}") is not None:
        return None
    return definition(source, name, way + 1)


def _statements(nodes: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements at the top level of a module, including those within `if` and `try`."""
    for node in nodes:
        yield node
        if isinstance(node, ast.Try | ast.If):
            yield from _statements(node.body)


def _imports(nodes: Sequence[ast.stmt]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Try):
            yield from _imports(node.body)
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name.split(".", maxsplit=1)[0] for name in names)


def _imported_parameters(thing: object) -> tuple[str, ...] | None:
    if isinstance(thing, ModuleType) or not callable(thing):
        raise ImportError("it is nothing that can be called")
    try:
        signature = inspect.signature(thing)
    except ValueError:  # some compiled functions have no signature
        return None
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
        return None
    return tuple(signature.parameters)
