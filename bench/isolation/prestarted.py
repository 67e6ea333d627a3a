"""Start the processes that detectors run in, one of them before it is known which detector it is for.

What every detector's process imports takes as long as composing the settings does, so on two processors it is free.
This module imports nothing heavy: it is read before anything else.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.faults import SettingsError
from bench.host.processors import THREAD_SETTINGS, usable
from bench.host.temporary import remove
from bench.isolation import begin
from bench.isolation.confinement import Means, Order, Reach, means_for
from bench.isolation.place import BEGINNING, IMPORTS, TEMPORARY, lay_out
from bench.isolation.readable import importable, installed, is_there, lay_out_for_children, ordinary, real
from bench.isolation.supervisor import end_supervised

LEAVES = Path(__file__).parents[2] / "conf" / "detector"
PLACES = {
    "store.worlds": "worlds",
    "store.runs": "runs",
    "hydra.run.dir": "runs",
    "tracking.uri": "sqlite:///mlflow.db",
}
"""Settings that say where worlds and runs are, with their defaults."""
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "LD_PRELOAD")
KEPT_FAMILIES = re.compile(
    "(LC|PYTHON|OMP|GOMP|KMP|OPENBLAS|GOTO|BLIS|MKL|NUMBA|POLARS|ARROW|MALLOC|JOBLIB|LOKY|SKLEARN|SCIPY|TORCH|PYTORCH"
    "|CUDA|XDG|MPL|COV|COVERAGE)_?"
)
"""What a process finds of its parent's environment: the rest may name runs or their store, or be secret."""


@dataclass(frozen=True)
class Started:
    """A process that waits for its job."""

    process: "subprocess.Popen[bytes]"
    """The supervisor above it."""
    channel: socket.socket
    place: Path
    """Its own folder."""
    threads: int
    reach: Reach
    means: Means

    def discard(self) -> None:
        """End it, and remove its folder."""
        end_supervised(self.process)
        self.tidy()

    def tidy(self) -> None:
        """Remove what belongs to a process that has ended."""
        self.channel.close()
        remove(self.place)


_ahead: list[Started] = []
"""The one that was started ahead, if it has not been taken."""


def start_ahead(arguments: Sequence[str]) -> None:
    """Start a process ahead, where a command line looks like that of a single run."""
    others = [each for each in arguments if each.startswith(("-", "suite=", "hydra.")) and "hydra.run.dir=" not in each]
    if all(each.startswith("--config-") for each in others):  # not --help, --cfg, --multirun, ...
        with suppress(SettingsError):  # is reported when the process is needed
            _ahead.append(_start(usable(), _likely_reach(arguments), _likely(arguments)))


def taken(threads: int, reach: Reach) -> Started:
    """Return a process that waits for its working folder: the one that was started ahead, or a new one.

    Parameters
    ----------
    threads
        How many threads numerical libraries may start in it.
    reach
        What it may see; a process that may see more is not taken.
    """
    if _ahead and _ahead[0].threads == threads and _ahead[0].reach.covers(reach):
        return _ahead.pop()
    return _start(threads, reach)


def end_ahead() -> None:
    """End the process that was started ahead, if nobody has taken it."""
    while _ahead:
        _ahead.pop().discard()


def store_file(uri: str | None) -> str | None:
    """Return the file of a local store of runs."""
    return uri.removeprefix("sqlite:///") if uri is not None and uri.startswith("sqlite:///") else None


def _likely(arguments: Sequence[str]) -> list[str]:
    """Return the modules that a shipped detector, named on the command line, is made of."""
    names = [each.removeprefix("detector=") for each in arguments if each.startswith("detector=")]
    leaf = LEAVES / f"{names[-1]}.yaml" if names and names[-1].isidentifier() else None
    targets = re.findall(r"_target_: *([\w.]+)", leaf.read_text()) if leaf is not None and leaf.exists() else []
    return [module for module in (path.rpartition(".")[0] for path in targets) if module]


def _likely_reach(arguments: Sequence[str]) -> Reach:
    """Return what a command line seems to hide, and to let a detector read."""
    settings = {key: value for key, _, value in (each.partition("=") for each in arguments)}
    places = [settings.get(key, default) for key, default in PLACES.items()]
    named = [
        value for key, value in settings.items() if key.lstrip("+").startswith("detector.") and value.startswith("/")
    ]
    return Reach(
        frozenset(real(Path(store_file(each) or each)) for each in places),
        frozenset(real(Path(each)) for each in named if is_there(Path(each))),
        settings.get("limits.confined", "true").lower() != "false",
    )


def _start(threads: int, reach: Reach, modules: Sequence[str] = ()) -> Started:
    place, means = lay_out(), means_for(reach)
    folders = [str(Path(path).resolve()) for path in sys.path if path]
    readable: list[str] = []
    trusted = installed(folders)
    if means.abi:
        lay_out_for_children(place)
        replaced = list(importable(folders, place / IMPORTS, reach.hidden))
        folders = [folder for folder, _ in replaced]
        readable = [*ordinary(reach.hidden), *(path for _, paths in replaced for path in paths)]
        readable += [str(each) for each in reach.files]
    Order(means, str(place), readable, folders, trusted).write()
    # A socket and no pipe: an open file can be handed over by it, that of the log.
    ours, theirs = socket.socketpair()
    with theirs, (place / BEGINNING).open("wb") as printed:
        process = subprocess.Popen(
            [
                sys.executable,
                "-P",
                "-s",
                begin.__file__,
                os.pathsep.join(trusted),
                "bench.isolation.confined",
                str(os.getpid()),
                str(place),
                *modules,
            ],
            env=_environment(threads, place),
            stdin=theirs.fileno(),
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
    return Started(process, ours, place, threads, reach, means)


def _environment(threads: int, place: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or KEPT_FAMILIES.match(name)}
    limited = {name: str(threads) for name in THREAD_SETTINGS}
    # OpenMP's threads wait for each other by turning in circles: for minutes where others want the processors too.
    given = {**limited, "OMP_WAIT_POLICY": "PASSIVE", **kept}
    given.pop("PYTHONPATH", None)  # see `bench.isolation.begin`
    own = {"PYTHONHASHSEED": "0"}  # the order of sets is the same in every run
    temporary = str(place / TEMPORARY)
    return {**given, **own, **dict.fromkeys(("TMPDIR", "NUMBA_CACHE_DIR", "JOBLIB_TEMP_FOLDER"), temporary)}
