"""Compile kernels with numba: strict arithmetic, without the global lock, cached on disk for later processes.

numba looks for changes only in a kernel's own file, although a kernel also contains the compiled functions that it
calls. So the code of a module is cached under a digest of the module and of everything that it imports from its own
package: after a change, exactly the modules that depend on it are compiled again.
"""

import os
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from numba.core import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.registry import CPUDispatcher

from bench.host.console import report_compiling
from bench.host.digests import sources_digest
from bench.host.imports import reach, source
from bench.host.private import cache_folder

Function = TypeVar("Function", bound=Callable[..., object])
REPORTED_AFTER_S = 5.0
"""A message about compilation is printed after so many seconds."""
_begun: list[float] = []
_waiting: list[threading.Timer] = []
KEPT = 8
"""Number of versions of a module whose code is kept, the latest used: there may be several checkouts."""


def compiled(function: Function, **options: Any) -> Function:
    """Compile a function when it is first called, with numba's `options` in addition to those of all kernels.

    Kernels allocate no memory, so they need no reference counting (`_nrt`, a flag that numba's documentation does not
    name): with it, a call that passes forty arrays takes ten times as long.
    """
    if config.DISABLE_JIT:  # type: ignore[attr-defined] # numba's own way to follow a kernel in a debugger
        return function
    every = {"nopython": True, "nogil": True, "error_model": "numpy", "_nrt": False, **options}
    kernel: Any = _Kernel(function, targetoptions=every)
    kernel._cache = _OnDisk(function)  # type: ignore[no-untyped-call] # as `cache=True` does, elsewhere
    return cast(Function, kernel)


def _report_when_it_takes_long() -> None:
    """Print that code is being compiled, once compilation has taken a while in total."""
    _begun.append(time.monotonic())
    left = max(REPORTED_AFTER_S - (_begun[-1] - _begun[0]), 0.0)
    _waiting.append(threading.Timer(left, report_compiling, ("the simulator",)))
    _waiting[-1].daemon = True
    _waiting[-1].start()


class _Kernel(CPUDispatcher):
    """A compiled function: with a Python wrapper if Python calls it, and as a building block for other kernels.

    By default, numba optimises each function, generates machine code and a Python wrapper for it, and then optimises it
    again within each of its callers. Two of three kernels are never called from Python, so this halves the time.
    """

    def __init__(
        self, py_func: Callable[..., object], locals: Any = None, targetoptions: Any = None, **options: Any
    ) -> None:
        super().__init__(py_func, locals, targetoptions, **options)
        bare = {**targetoptions, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        self.block = CPUDispatcher(py_func, locals, bare, pipeline_class=_BlockCompiler)

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Return the type signature of a call from another kernel."""
        return self.block.get_call_template(args, kws)

    def get_overload(self, sig: Any) -> Any:
        """Return the compiled code that another kernel calls."""
        return self.block.get_overload(sig)

    def get_compile_result(self, sig: Any) -> Any:
        """Return the compiled code that another kernel may pass on as a function."""
        return self.block.get_compile_result(sig)


class _BlockCompiler(Compiler):
    """Compile a function for its callers only."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *others: Any) -> None:
        block: Any = _Block
        own = library or block(targetctx.codegen(), "block")
        super().__init__(typingctx, targetctx, own, *others)  # type: ignore[no-untyped-call]


class _Block(JITCodeLibrary):
    """Code that is linked into its callers and optimised there, without machine code of its own."""

    def finalize(self) -> None:
        """Link the functions that it calls, and leave optimisation to the callers."""
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
        """The object that is asked to set the environment of the machine code."""
        return _NoMachineCode


class _NoMachineCode:
    """Stands in for machine code that does not exist."""

    @staticmethod
    def set_env(env_name: str, env: object) -> None:
        """Do nothing: there is no variable to set."""


class _Folder(_CacheLocator):
    """Location of a function's cached code for numba, whether or not this process may write there."""

    def __init__(self, function: Callable[..., object], file: str) -> None:
        self.function = function

    @classmethod
    def from_function(cls, function: Callable[..., object], file: str) -> "_Folder":
        return cls(function, file)

    def get_cache_path(self) -> str:
        return _code_folder(self.function.__module__)

    def get_source_stamp(self) -> tuple[int, int]:
        return 0, 0  # the folder's name is a digest of the sources, so neither owner nor time of the files matter

    def get_disambiguator(self) -> str:
        return str(self.function.__code__.co_firstlineno)


class _CodeIn(CompileResultCacheImpl):
    _locator_classes = [_Folder]  # noqa: RUF012 - numba's own form


class _OnDisk(FunctionCache):
    """Cached code of a function on disk. A detector's process only reads it, since others execute what is there."""

    _impl_class = _CodeIn

    def load_overload(self, *arguments: Any) -> Any:
        """Load without all that numba imports to compile, half a second's: what is compiled needs none of it."""
        found = None
        with self._guard_against_spurious_io_errors():
            found = self._load_overload(*arguments)  # type: ignore[no-untyped-call]
        if found is None:
            _report_when_it_takes_long()
        return found

    def save_overload(self, *arguments: Any) -> None:
        if _waiting:
            _waiting.pop().cancel()
        try:
            super().save_overload(*arguments)  # type: ignore[no-untyped-call]
        except PermissionError:
            print(f"{self._py_func.__qualname__} was compiled for this process only: conf.KERNELS does not do it ahead")


@cache
def _code_folder(module: str) -> str:
    """Return the folder of a module's code, in the user's private cache, since numba unpickles what it finds there."""
    sources = [(name, file) for name in [__name__, *reach(module)] if (file := source(name))]
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
