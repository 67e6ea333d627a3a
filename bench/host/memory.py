"""Measure the resident memory of a group of processes on Linux, counting shared memory once."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

KIB, MIB = 2**10, 2**20
SHARED_OBJECTS = ("/dev/zero", "/dev/shm/", "/memfd:", "/SYSV")
"""Prefix of the names of shared memory in `/proc/PID/maps`."""
SHARED_MEMORY = "dev/shm"


def memory_mib(processes: Iterable[int], shared_before: int) -> float:
    """Return the resident memory of processes, including their shared memory [MiB].

    Parameters
    ----------
    processes
        Process numbers; ended processes count nothing.
    shared_before
        Shared memory of all processes of this system when the first of these began (`shared_by_all`) [bytes]. Shared
        memory that none of the processes has mapped counts at most by the growth of the system's shared memory since
        then, because only its size is known.
    """
    numbers = list(processes)
    facts = [_of_process(number) for number in numbers]
    own = sum(resident - shared for resident, shared in facts)
    shared = max((each for _, each in facts), default=0)
    taken = shared_by_all() - shared_before
    if taken > max(shared, MIB):
        shared = max(shared, min(_held(numbers), taken))
    return (own + shared) / MIB


def own_peak_mib() -> float:
    """Return the peak resident memory of this process [MiB]; 0 if the system does not report it."""
    return _fields(Path("/proc/self/status"), "VmHWM:").get("VmHWM:", 0) / MIB


def shared_by_all() -> int:
    """Return the shared memory of all processes of this system [bytes]; 0 if unknown."""
    return _fields(Path("/proc/meminfo"), "Shmem:").get("Shmem:", 0)


def killed_for_memory() -> int:
    """Return the number of processes that the system has killed for lack of memory since boot; 0 if unknown."""
    try:
        lines = Path("/proc/vmstat").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)


def _of_process(number: int) -> tuple[int, int]:
    """Return the resident memory of a process, and how much of it is shared memory [bytes]."""
    found = _fields(Path(f"/proc/{number}/status"), "VmRSS:", "RssShmem:")
    return found.get("VmRSS:", 0), found.get("RssShmem:", 0)


def _fields(path: Path, *names: str) -> dict[str, int]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    return {line.split()[0]: int(line.split()[1]) * KIB for line in lines if line.startswith(names)}


def _held(numbers: Iterable[int]) -> int:
    """Return the total size of the shared memory of processes, each object once, and of their own `/dev/shm`."""
    sizes: dict[str, int] = {}
    for number in numbers:
        for name, size in _objects(number).items():
            sizes[name] = max(size, sizes.get(name, 0))
    places = dict(place for number in numbers for place in _own_places(number))
    return sum(sizes.values()) + sum(places.values())


def _objects(number: int) -> dict[str, int]:
    """Return the size of each shared memory object of a process [bytes], by device and inode."""
    sizes: dict[str, int] = defaultdict(int)
    with suppress(OSError):
        for line in Path(f"/proc/{number}/maps").read_text().splitlines():
            span, rights, _, device, inode, *name = line.split(maxsplit=5)
            if rights.endswith("s") and name and name[0].startswith(SHARED_OBJECTS):
                begin, _, end = span.partition("-")
                sizes[f"{device} {inode}"] += int(end, 16) - int(begin, 16)
    return sizes


def _own_places(number: int) -> Iterator[tuple[int, int]]:
    """Yield device and content of the `/dev/shm` that a process sees, if it differs from this process's."""
    place = Path(f"/proc/{number}/root", SHARED_MEMORY)
    with suppress(OSError):
        device = place.stat().st_dev
        if device != Path("/", SHARED_MEMORY).stat().st_dev:
            room = os.statvfs(place)
            yield device, (room.f_blocks - room.f_bfree) * room.f_frsize
