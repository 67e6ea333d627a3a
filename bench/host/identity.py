"""Identify a process (machine, boot, number, start), so that others know later whether it has ended.

The start of a process is counted from the start of the system, since the wall clock may be changed in between. Nothing
heavy is imported: detectors' processes use this before they are confined.
"""

import os
import socket
from functools import cache
from hashlib import blake2b
from pathlib import Path

MACHINE, NUMBER = "/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid"


def own_identity() -> str:
    """Return the identity of this process: machine, boot, number and start."""
    return f"{_machine()}|{os.getpid()}@{_start(os.getpid())}"


def has_ended(identity: str) -> bool:
    """Whether a process of this machine (see `own_identity`) has ended; False, since unknown, for other machines."""
    machine, _, rest = identity.rpartition("|")
    number, _, start = rest.partition("@")
    return machine == _machine() and number.isdecimal() and start != _start(int(number))


def own_tag() -> str:
    """Return the identity of this process in a form for file names."""
    return f"{_machine_tag()}-{os.getpid()}-{_start(os.getpid())}"


def has_ended_by_tag(tag: str) -> bool:
    """Whether the process of a tag (see `own_tag`) has ended; False, since unknown, for other machines."""
    machine, number, start = tag.split("-")
    return machine == _machine_tag() and start != _start(int(number))


def stat_fields(number: int) -> list[bytes]:
    """Return the fields of `/proc/NUMBER/stat` after the name of a process: its state, its parent, and so on."""
    return Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()


def _start(number: int) -> str:
    """Return the start of a process, in a unit of the system's; "" if there is no such process."""
    try:
        return stat_fields(number)[19].decode()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _start_elsewhere(number)


def _start_elsewhere(number: int) -> str:
    """Return the start of a process on systems without `/proc`."""
    import psutil  # noqa: PLC0415 - takes a while, and is not needed on Linux

    try:
        return f"{100 * psutil.Process(number).create_time():.0f}"
    except psutil.NoSuchProcess:
        return ""


@cache
def _machine() -> str:
    """Return the identity of this machine and of its boot, since process numbers start again with each boot."""
    try:
        run = f"{Path(MACHINE).read_text().strip()} {Path(NUMBER).readlink()}"
    except OSError:
        run = ""
    return f"{socket.gethostname()}|{run}"


def _machine_tag() -> str:
    return blake2b(_machine().encode(), digest_size=4).hexdigest()
