"""The processes that detectors run in; one may be started before it is known which detector it is for.

What every detector's process imports takes as long as composing the settings does, so on two processors it is free.
This module imports nothing heavy: it is read before anything else.
"""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from bench.host.processors import THREAD_SETTINGS, usable

LEAVES = Path(__file__).parents[2] / "conf" / "detector"
_ahead: "list[tuple[int, subprocess.Popen[bytes]]]" = []
"""The one that was started ahead, if it has not been taken, after the number of its threads."""


def start_ahead(arguments: Sequence[str]) -> None:
    """Start a process ahead, where a command line looks like that of a single run."""
    others = [each for each in arguments if each.startswith(("-", "suite=", "hydra."))]
    if all(each.startswith("--config-") for each in others):  # not --help, --cfg, --multirun, ...
        _ahead.append((usable(), _start(usable(), _likely(arguments))))


def taken(threads: int) -> "subprocess.Popen[bytes]":
    """Return a process that waits to be told where it is to work: the one that was started ahead, or a new one.

    Parameters
    ----------
    threads
        How many threads numerical libraries may start in it.
    """
    if _ahead and _ahead[0][0] == threads:
        return _ahead.pop()[1]
    return _start(threads)


def end_ahead() -> None:
    """End the process that was started ahead, if nobody has taken it."""
    while _ahead:
        _, process = _ahead.pop()
        process.kill()
        process.communicate()


def _likely(arguments: Sequence[str]) -> list[str]:
    """Return the modules that a shipped detector, named on the command line, is made of."""
    names = [each.removeprefix("detector=") for each in arguments if each.startswith("detector=")]
    leaf = LEAVES / f"{names[-1]}.yaml" if names and names[-1].isidentifier() else None
    targets = re.findall(r"_target_: *([\w.]+)", leaf.read_text()) if leaf is not None and leaf.exists() else []
    return [module for module in (path.rpartition(".")[0] for path in targets) if module]


def _start(threads: int, modules: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
    paths = [str(Path(path).resolve()) for path in sys.path if path]
    limited = {name: str(threads) for name in THREAD_SETTINGS}
    # OpenMP's threads wait for each other by turning in circles: for minutes where others want the processors too.
    given = {name: value for name, value in {**limited, "OMP_WAIT_POLICY": "PASSIVE"}.items() if name not in os.environ}
    # The order of sets is the same in every run; `-P`: the working directory is no place to import from.
    own = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": "0"}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "bench.isolation.worker", str(os.getpid()), *modules],
        env={**os.environ, **given, **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
