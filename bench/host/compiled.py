"""Compile kernels with numba: strict arithmetic, no global lock, kept on disk for the next process.

numba looks for changes in a kernel's own file only, but a kernel has all that it calls compiled into it. So the code of
a module is kept under a digest of that module and of all that it imports from its own package: after a change, what the
change can reach is compiled anew, and nothing else.
"""

import ast
import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar, cast

from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher

from bench.host.console import tell_of_compiling
from bench.host.digests import sources_digest
from bench.host.private import cache_folder

Function = TypeVar("Function", bound=Callable[..., object])
TOLD_AFTER_S = 5.0
"""Who waits so long for what is compiled is told."""
_begun: list[float] = []
_waiting: list[threading.Timer] = []
KEPT = 8
"""So many states of a module are kept compiled, those used last: several checkouts may be worked in at a time."""


def reach(name: str) -> list[str]:
    """Return a module's name and those of all that it builds on within its package, in order."""
    found, ahead = {name}, [name]
    while ahead:
        new = _imports(ahead.pop()) - found
        found |= new
        ahead += new
    return sorted(found)


def compiled(function: Function, **options: Any) -> Function:
    """Compile a function when it is first called, by numba's `options` besides those that all kernels share.

    A kernel allocates nothing, so it counts no references either (`_nrt`, a flag that numba's documentation does not
    name): a call that hands on forty arrays would else spend ten times as long on counting as on working.
    """
    if config.DISABLE_JIT:  # type: ignore[attr-defined] # numba's own way to follow a kernel in a debugger
        return function
    every = {"nopython": True, "nogil": True, "error_model": "numpy", "_nrt": False, **options}
    kernel: Any = _Kernel(function, targetoptions=every)
    kernel._cache = _OnDisk(function)  # type: ignore[no-untyped-call] # as `cache=True` does, elsewhere
    return cast(Function, kernel)


def _tell_when_it_takes_long() -> None:
    """Tell who waits that something is compiled, as soon as all that was compiled has taken a while."""
    _begun.append(time.monotonic())
    left = max(TOLD_AFTER_S - (_begun[-1] - _begun[0]), 0.0)
    _waiting.append(threading.Timer(left, tell_of_compiling, ("the simulator",)))
    _waiting[-1].daemon = True
    _waiting[-1].start()


class _Kernel(CPUDispatcher):
    """A compiled function: whole for Python that calls it, and a building block for the kernels that call it.

    By itself, numba optimises each function, makes machine code of it and wraps it for Python, and then optimises it
    once more within each of its callers. Two of three kernels are never called from Python, so this halves the time.
    """

    def __init__(
        self, py_func: Callable[..., object], locals: Any = None, targetoptions: Any = None, **options: Any
    ) -> None:
        super().__init__(py_func, locals, targetoptions, **options)
        bare = {**targetoptions, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        self.block = CPUDispatcher(py_func, locals, bare, pipeline_class=_BlockCompiler)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Return the types of a call from another kernel."""
        return self.block.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        """Return what another kernel calls."""
        return self.block.get_overload(sig)

    def get_compile_result(self, sig: Any) -> Any:
        """Return what another kernel may hand on as a function."""
        return self.block.get_compile_result(sig)


class _BlockCompiler(Compiler):
    """Compiles a function for its callers only."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *others: Any) -> None:
        block: Any = _Block
        own = library or block(targetctx.codegen(), "block")
        super().__init__(typingctx, targetctx, own, *others)  # type: ignore[no-untyped-call]


class _Block(JITCodeLibrary):
    """Code that is linked into its callers as it is, and optimised there; no machine code is made of it."""

    def finalize(self) -> None:
        """Link what it calls, and leave the optimisation to the callers."""
        for library in dict.fromkeys(self._linking_libraries):
            self._reload_init.update(library._reload_init)
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)
        self._final_module.verify()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return the null pointer, numba's sign that there is no machine code."""
        return 0

    @property
    def codegen(self) -> Any:
        """What is asked to tell the machine code about its environment."""
        return _NoMachineCode


class _NoMachineCode:
    """Stands for machine code that is not there."""

    @staticmethod
    def set_env(env_name: str, env: object) -> None:
        """Do nothing: there is no variable to set."""


class _Folder(_CacheLocator):
    """Where numba finds the code of a function, whether or not it may write there."""

    def __init__(self, function: Callable[..., object], file: str) -> None:
        self.function = function

    @classmethod
    def from_function(cls, function: Callable[..., object], file: str) -> "_Folder":
        return cls(function, file)

    def get_cache_path(self) -> str:
        return _code_folder(self.function.__module__)

    def get_source_stamp(self) -> tuple[int, int]:
        return 0, 0  # the folder is that of a state of the sources, whoever has them and since when

    def get_disambiguator(self) -> str:
        return str(self.function.__code__.co_firstlineno)


class _CodeIn(CompileResultCacheImpl):
    _locator_classes = [_Folder]  # noqa: RUF012 - numba's own form


class _OnDisk(FunctionCache):
    """The code of a function on disk. A detector's process reads it only: what it wrote, others would execute."""

    _impl_class = _CodeIn

    def load_overload(self, *arguments: Any) -> Any:
        found = super().load_overload(*arguments)  # type: ignore[no-untyped-call]
        if found is None:
            _tell_when_it_takes_long()
        return found

    def save_overload(self, *arguments: Any) -> None:
        if _waiting:
            _waiting.pop().cancel()
        try:
            super().save_overload(*arguments)  # type: ignore[no-untyped-call]
        except PermissionError:
            print(f"{self._py_func.__qualname__} was compiled for this process only: conf.KERNELS does not do it ahead")


@cache
def _source(name: str) -> Path | None:
    """Return the file of a module; None for a script."""
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return None
    return Path(spec.origin) if spec and spec.origin else None


@cache
def _imports(name: str) -> frozenset[str]:
    """Return the modules of its own package that a module imports itself."""
    source, package = _source(name), name.split(".", maxsplit=1)[0]
    if source is None:
        return frozenset()
    nodes = [node for node in ast.walk(ast.parse(source.read_bytes())) if isinstance(node, ast.ImportFrom)]
    return frozenset(node.module for node in nodes if node.module and node.module.startswith(f"{package}."))


@cache
def _code_folder(module: str) -> str:
    """Return where a module's code is kept, in the user's private cache: numba unpickles what it finds there."""
    sources = [(name, source) for name in [__name__, *reach(module)] if (source := _source(name))]
    folder = cache_folder() / "kernels" / module / sources_digest(sources)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except PermissionError:  # a detector's process only reads
        return str(folder)
    with suppress(OSError):
        os.utime(folder)
    used = sorted(folder.parent.iterdir(), key=_last_used)
    for old in used[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)
    return str(folder)


def _last_used(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:  # another process has removed it
        return 0.0
