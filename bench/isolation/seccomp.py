"""A filter of system calls (Linux's seccomp): no sockets, no other processes' memory, no ways around file rules.

Landlock closes TCP only; a detector that could reach a socket in the file system, such as that of a container daemon,
or a name server, would have the disk, or somebody to tell. The filter is classic BPF, as in
https://docs.kernel.org/userspace-api/seccomp_filter.html; it holds for all that the process starts, and for good.
"""

import ctypes
import errno
import os
import platform
import sys
from collections.abc import Iterator
from typing import NamedTuple

from bench.isolation.landlock import no_new_privileges

SET_SECCOMP, GET_SECCOMP, FILTER = 22, 21, 2
ALLOW, REFUSE, PRETEND = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000
"""`PRETEND`: the call returns success, and nothing is done."""
LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NUMBER_AT, MACHINE_AT, ARGUMENTS_AT, ARGUMENT_SIZE = 0, 4, 16, 8
OTHER_CALLS = 0x40000000
"""From this number on the calls of x86-64 are those of a second table (x32)."""
KIND_OF_SOCKET, STREAM = 0xF, 1


class Machine(NamedTuple):
    """How one kind of machine numbers system calls."""

    audit: int
    """What the kernel calls it (`AUDIT_ARCH_...`)."""
    pair: int
    """The number of `socketpair`, which is left for streams: pipes of multiprocessing and asyncio are such."""
    refused: dict[str, int]
    set_times: int
    """The number of `utimensat`."""
    clone: int
    request: int
    """The number of `ioctl`."""
    pretended: tuple[int, ...]
    """Calls that return success without effect, by number: libraries take their failure for an error."""
    for_itself: dict[int, tuple[int, ...]]
    """Calls that change processes, by number: what their first arguments have to be, so that it is the caller."""


ANYWHERE = {
    **{"io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "pidfd_open": 434, "pidfd_getfd": 438},
    **{"process_madvise": 440, "setxattrat": 463, "removexattrat": 466, "memfd_secret": 447},
    **{"open_tree": 428, "move_mount": 429, "fsopen": 430, "fsmount": 432, "fspick": 433, "mount_setattr": 442},
}
CLONE3, NOT_THERE = 435, 0x00050000 | errno.ENOSYS
"""Its flags lie where a filter does not see them: the C library does without it, where there is none."""
NEW_SPACES = 0x7E020080
"""Flags of `clone` for namespaces of its own, in which a process has all capabilities."""
OF_FILES = (0x40086602, 0x401C5820, 0x40806685, 0x40087602, 0x800C6613)
"""Requests to `ioctl` that change a file though it is open for reading only: its flags, that it can be written, ..."""
SOCKETS = ("socket", "connect", "bind", "listen")
MEMORY = ("ptrace", "process_vm_readv", "process_vm_writev")
KERNEL = ("bpf", "perf_event_open", "mount", "unshare", "setns", "add_key", "request_key", "keyctl")
# What outlives a process, or is memory that no process is charged for.
SHARED = ("memfd_create", "shmget", "msgget", "semget", "mq_open", "mq_unlink")
ATTRIBUTES = ("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr")
# What happens in folders that it may not read.
WATCHES = ("inotify_init1", "fanotify_init")
NAMES = (*SOCKETS, *MEMORY, "open_by_handle_at", *KERNEL, *SHARED, *ATTRIBUTES, *WATCHES)
OLD = {"utime": 132, "utimes": 235, "futimesat": 261, "inotify_init": 253}
"""Older forms of `utimensat` and `inotify_init1`; aarch64 has none of them."""
# chmod, fchmod, fchmodat, chown, fchown, lchown, fchownat: of files outside, too, which Landlock leaves open, as
# libraries do when they copy. setpgid, setsid: what stays in the group of processes that it begins in is ended at once.
PRETENDED = {"x86_64": (90, 91, 268, 92, 93, 94, 260, 109, 112), "aarch64": (53, 52, 55, 54, 154, 157)}
PRETENDED_ANYWHERE = (452,)
"""fchmodat2."""
# prlimit64, sched_setaffinity, sched_setscheduler, sched_setparam, sched_setattr; setpriority, ioprio_set
ITSELF = ((0,), (0,), (0,), (0,), (0,), (0, 0), (1, 0))
MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        53,
        OLD
        | dict(
            zip(
                NAMES,
                (
                    *(41, 42, 49, 50, 101, 310, 311, 304, 321, 298, 165, 272, 308, 248, 249, 250),
                    *(319, 29, 68, 64, 240, 241, 188, 189, 190, 197, 198, 199, 294, 300),
                ),
                strict=True,
            )
        ),
        280,
        56,
        16,
        PRETENDED["x86_64"],
        dict(zip((302, 203, 144, 142, 314, 141, 251), ITSELF, strict=True)),
    ),
    "aarch64": Machine(
        0xC00000B7,
        199,
        dict(
            zip(
                NAMES,
                (
                    *(198, 203, 200, 201, 117, 270, 271, 265, 280, 241, 40, 97, 268, 217, 218, 219),
                    *(279, 194, 186, 190, 180, 181, 5, 6, 7, 14, 15, 16, 26, 262),
                ),
                strict=True,
            )
        ),
        88,
        220,
        29,
        PRETENDED["aarch64"],
        dict(zip((261, 122, 119, 118, 274, 140, 30), ITSELF, strict=True)),
    ),
}
"""From the kernel's `unistd.h` of each."""


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("filter", ctypes.POINTER(_Instruction)))


def available() -> bool:
    """Whether this system can filter calls, and is a machine whose calls are known."""
    if sys.platform != "linux" or platform.machine() not in MACHINES or sys.maxsize < 2**32:
        return False
    return int(ctypes.CDLL(None).prctl(GET_SECCOMP, 0, 0, 0, 0)) >= 0


def restrict() -> None:
    """Refuse the calls of `NAMES` and `ANYWHERE` from now on, with EPERM, and do nothing for those of `PRETENDED`.

    Raises
    ------
    OSError
        When the kernel refuses.
    """
    program = list(_program(MACHINES[platform.machine()]))
    instructions = (_Instruction * len(program))(*(_Instruction(*each) for each in program))
    asked = _Program(len(program), instructions)
    no_new_privileges()
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(SET_SECCOMP, ctypes.c_ulong(FILTER), ctypes.byref(asked), ctypes.c_ulong(0), ctypes.c_ulong(0)):
        raise OSError(ctypes.get_errno(), f"seccomp: {os.strerror(ctypes.get_errno())}")


def _program(machine: Machine) -> Iterator[tuple[int, int, int, int]]:
    """Yield the instructions: code, how many to skip if so and if not, and an operand."""
    yield LOAD, 0, 0, MACHINE_AT
    yield EQUAL, 1, 0, machine.audit
    yield RETURN, 0, 0, REFUSE
    yield LOAD, 0, 0, NUMBER_AT
    yield AT_LEAST, 0, 1, OTHER_CALLS
    yield RETURN, 0, 0, REFUSE
    for number in (*machine.refused.values(), *ANYWHERE.values()):
        yield EQUAL, 0, 1, number
        yield RETURN, 0, 0, REFUSE
    for number in (*machine.pretended, *PRETENDED_ANYWHERE):
        yield EQUAL, 0, 1, number
        yield RETURN, 0, 0, PRETEND
    yield EQUAL, 0, 1, CLONE3
    yield RETURN, 0, 0, NOT_THERE
    yield EQUAL, 0, 5, machine.clone
    yield LOAD, 0, 0, ARGUMENTS_AT
    yield AND, 0, 0, NEW_SPACES
    yield EQUAL, 0, 1, 0
    yield RETURN, 0, 0, ALLOW
    yield RETURN, 0, 0, REFUSE
    yield EQUAL, 0, 2 + 2 * len(OF_FILES), machine.request
    yield LOAD, 0, 0, ARGUMENTS_AT + ARGUMENT_SIZE
    for request in OF_FILES:
        yield EQUAL, 0, 1, request
        yield RETURN, 0, 0, REFUSE
    yield RETURN, 0, 0, ALLOW
    yield EQUAL, 0, 7, machine.set_times
    for half in (0, ARGUMENT_SIZE // 2):  # without times it is to be now, and Python makes the file if this fails
        yield LOAD, 0, 0, ARGUMENTS_AT + 2 * ARGUMENT_SIZE + half
        yield EQUAL, 1, 0, 0
        yield RETURN, 0, 0, PRETEND
    yield RETURN, 0, 0, REFUSE
    for number, allowed in machine.for_itself.items():
        yield EQUAL, 0, 3 * len(allowed) + 1, number
        for place, value in enumerate(allowed):
            yield LOAD, 0, 0, ARGUMENTS_AT + place * ARGUMENT_SIZE
            yield EQUAL, 1, 0, value
            yield RETURN, 0, 0, REFUSE
        yield RETURN, 0, 0, ALLOW
    yield EQUAL, 0, 4, machine.pair
    yield LOAD, 0, 0, ARGUMENTS_AT + ARGUMENT_SIZE
    yield AND, 0, 0, KIND_OF_SOCKET
    yield EQUAL, 1, 0, STREAM
    yield RETURN, 0, 0, REFUSE
    yield RETURN, 0, 0, ALLOW
