"""Compile the kernels of features before a confined process starts, which may read compiled code only.

`conf.KERNELS` names the programs that do so. Each runs once for each state of its sources, of numba and of the
processor's kind; a kernel that none of them compiles is compiled anew in every process that uses it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

import conf
from bench.host.digests import sources_digest
from bench.host.private import cache_folder
from bench.isolation import begin


def pending() -> bool:
    """Whether a process that starts now will compile first: nobody has done so for the present state."""
    return not all(_done_file(module).exists() for module in conf.KERNELS)


def compile_ahead(installed: Sequence[str]) -> None:
    """Run what has not been run yet, and wait for it; where it fails, nothing is compiled ahead.

    Parameters
    ----------
    installed
        Folders of installed packages. It finds nothing else: what lies beside a detector must not run here.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for module in conf.KERNELS:
        done = _done_file(module)
        if done.exists():
            continue
        command = [sys.executable, "-P", "-s", begin.__file__, os.pathsep.join(installed), module]
        if subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode == 0:
            done.parent.mkdir(parents=True, exist_ok=True)
            done.touch()


def _done_file(module: str) -> Path:
    return cache_folder() / "kernels" / module / f"{_state(module)}.done"


def _state(module: str) -> str:
    """Return a digest of what decides whether compiled code can be used."""
    sources = sources_digest((path.name, path) for path in _sources(module))
    return blake2b(f"{_processor()} {sources}".encode(), digest_size=16).hexdigest()


def _sources(module: str) -> Iterator[Path]:
    yield Path(__file__).parents[1] / "host" / "compiled.py"
    for name, files in ((module, "**/*.py"), ("numba", "_version.py")):
        spec = find_spec(name)
        if spec is not None and spec.origin is not None:
            yield from sorted(Path(spec.origin).parent.glob(files))


def _processor() -> str:
    """Return what kind of processor this is, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return ""
    return next((line for line in lines if line.startswith(("model name", "CPU part"))), "")
