"""End processes: a detector's with all its children, and those whose parent has ended."""

import os
import signal
import socket
import subprocess
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

MIB = 2**20
WATCH_S = 0.1


@dataclass
class Tree:
    """A process and all that it has started, even what has moved to a session of its own."""

    process: subprocess.Popen[bytes]
    """The first; it leads a session of its own."""
    peak_mib: float = 0.0
    """The largest sum of resident memory that was seen [MiB]."""
    seen: set[psutil.Process] = field(default_factory=set)

    def look(self) -> None:
        """Take note of its processes and their memory."""
        with suppress(psutil.NoSuchProcess):
            root = psutil.Process(self.process.pid)
            self.seen |= {root, *root.children(recursive=True)}
        total = 0
        for each in self.seen:
            with suppress(psutil.NoSuchProcess):
                total += each.memory_info().rss
        self.peak_mib = max(self.peak_mib, total / MIB)

    def end(self) -> None:
        """End them all."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        for each in self.seen:
            with suppress(psutil.NoSuchProcess):
                each.kill()


def own_identity() -> str:
    """Return what tells this process from any other, on any machine, before or after: machine, boot, number, start."""
    return _identity(psutil.Process())


def has_ended(identity: str) -> bool:
    """Whether a process (see `own_identity`) of this machine has ended; of another machine nobody knows: False."""
    machine, _, rest = identity.rpartition("|")
    number = rest.partition("@")[0]
    if machine != _machine() or not number.isdigit():
        return False
    try:
        return _identity(psutil.Process(int(number))) != identity
    except psutil.NoSuchProcess:
        return True


def _identity(process: psutil.Process) -> str:
    return f"{_machine()}|{process.pid}@{process.create_time():.2f}"


def _machine() -> str:
    """Return the name of this machine, and of its present run: numbers of processes begin anew with each."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        boot = f"{psutil.boot_time():.0f}"
    return f"{socket.gethostname()}|{boot}"


@contextmanager
def forking() -> Iterator[None]:
    """Fork while within: without Python's warning of other threads, which are libraries' own, never this program's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"This process .* is multi-threaded, use of fork\(\)", DeprecationWarning)
        yield


def killed_for_memory() -> int:
    """Return how many processes the system has killed for lack of memory since it started; 0 if unknown."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def when_parent_ends(parent: int, act: Callable[[], None]) -> None:
    """Watch in the background, and act as soon as the process that started this one is gone.

    Parameters
    ----------
    parent
        Number of that process.
    act
        Called once, within a tenth of a second.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        act()

    threading.Thread(target=watch, daemon=True).start()
