"""Confine a detector's process: which rights it gives up before it imports anything, and which it keeps.

It keeps its own folder, Python with what is installed, and what libraries need of the system. It gives up all other
files, memory that others share, sockets, other processes, and what the superuser may do: those rights do not come back,
for nothing that it starts either.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from bench.host.read_json import json_in
from bench.isolation import capabilities, landlock, seccomp, shared_memory
from bench.isolation.landlock import Right
from bench.isolation.place import DATA, IMPORTS, JOB, ORDER, OUT, TEMPORARY
from bench.result import UNCONFINED

READ = Right.EXECUTE | Right.READ_FILE | Right.READ_DIR
WRITE = (
    READ
    | Right.REMOVE_DIR
    | Right.REMOVE_FILE
    | Right.WRITE_FILE
    | Right.TRUNCATE
    | Right.REFER
    | Right.MAKE_REG
    | Right.MAKE_DIR
    | Right.MAKE_SYM
    | Right.MAKE_FIFO
    | Right.MAKE_SOCK
)
# For locks of multiprocessing and joblib, in a `/dev/shm` of the process's own.
SEMAPHORES = Right.READ_FILE | Right.WRITE_FILE | Right.TRUNCATE | Right.MAKE_REG | Right.REMOVE_FILE
OF_THE_KERNEL: Mapping[str, Right] = {
    **dict.fromkeys(("/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm"), READ),
    **dict.fromkeys(("/sys/devices/system", "/sys/fs/cgroup", "/sys/kernel/mm"), READ),
    **dict.fromkeys(("/dev/zero", "/dev/random", "/dev/urandom"), READ),
    "/dev/null": Right.READ_FILE | Right.WRITE_FILE | Right.TRUNCATE,
}
"""`/proc/self` is what it was when the rule was made: children do not see their own."""


@dataclass(frozen=True)
class Reach:
    """Files that a detector's process must not see, and files that it may also read; absolute paths, resolved."""

    hidden: frozenset[Path]
    """Folders of worlds and runs, and the store of runs: neither they nor folders that contain them are readable."""
    files: frozenset[Path] = frozenset()
    """Files and folders named in the detector's own settings."""
    confined: bool = True
    """Whether the process gives up any rights."""

    def covers(self, other: "Reach") -> bool:
        """Whether a process of this reach may be used where another is asked for."""
        hidden = all(any(each.is_relative_to(mine) for mine in self.hidden) for each in other.hidden)
        return hidden and other.files == self.files and other.confined == self.confined


@dataclass(frozen=True)
class Means:
    """Kernel features that confine a process: Landlock (files), seccomp (system calls), both or none."""

    abi: int = 0
    """Version of Landlock; 0: none."""
    filtered: bool = False
    """Whether system calls are filtered, so that there are no sockets."""

    def __str__(self) -> str:
        files = f"landlock abi {self.abi}" if self.abi else UNCONFINED
        if self.filtered:
            return f"{files}, no network"
        return f"{files}, no TCP" if self.abi >= landlock.TCP_FROM else files


def means_for(reach: Reach) -> Means:
    """Return the means that this kernel has; without any a process runs unconfined, and result rows say so."""
    return Means(landlock.version(), seccomp.available()) if reach.confined else Means()


@dataclass(frozen=True)
class Order:
    """Instructions to a new process: how to confine itself, and which rights to keep."""

    means: Means
    place: str
    """Its own folder."""
    readable: list[str]
    folders: list[str] = field(default_factory=list)
    """Module search path of the confined process."""
    installed: list[str] = field(default_factory=list)
    """Folders of that path with installed packages, which may be imported before."""

    def write(self) -> None:
        """Write it to its place: a list of what is readable may be longer than a command line can be."""
        (Path(self.place) / ORDER).write_text(json.dumps(asdict(self)))

    @classmethod
    def read(cls, place: Path) -> "Order":
        """Return what was written there."""
        facts = json_in(place / ORDER)
        return cls(**{**facts, "means": Means(**facts["means"])})


def obey(order: Order) -> None:
    """Give up all rights but those that the order grants; to be called before anything untrusted runs.

    Raises
    ------
    OSError
        When the kernel refuses, or when there are other threads, which would keep all: then nothing untrusted must run.
    """
    if order.means.abi and len(list(Path("/proc/self/task").iterdir())) > 1:
        raise OSError("it has threads already, which would keep all rights")
    if order.means.abi:
        shared = shared_memory.make_own()
        landlock.restrict(_rules(Path(order.place), order.readable, shared), order.means.abi)
        capabilities.give_up_all()
    if order.means.filtered:
        seccomp.restrict()


def _rules(place: Path, readable: Sequence[str], shared: bool) -> Iterator[tuple[str, Right]]:
    yield from ((path, READ) for path in readable)
    yield from OF_THE_KERNEL.items()
    if shared:  # else joblib does without processes, and multiprocessing has no locks
        yield shared_memory.PLACE, SEMAPHORES
    yield str(place), Right.READ_DIR
    yield from ((str(place / name), READ) for name in (DATA, JOB, IMPORTS))
    yield from ((str(place / name), WRITE) for name in (OUT, TEMPORARY))
