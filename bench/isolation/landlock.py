"""Linux's Landlock: a process gives up access to files, TCP and signals, with all that it starts, for good.

Three system calls, by ctypes: the packages on PyPI that wrap them are young, and none closes sockets as
`bench.isolation.seccomp` does. See https://docs.kernel.org/userspace-api/landlock.html, whose names these are. A
thread restricts itself and those that it starts, so this is done while there is only one.
"""

import ctypes
import os
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from enum import IntFlag

KNOWN = 7
"""The newest version of the interface that is known here; a kernel that has a later one has this one, too."""
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
VERSION, PATH_BENEATH = 1, 1
NO_NEW_PRIVILEGES = 38
TCP_FROM, SCOPES_FROM = 4, 6
"""The versions from which on TCP, and abstract sockets and signals, can be given up."""
EVERY_TCP, EVERY_SCOPE = 0b11, 0b11


class Right(IntFlag):
    """What may be done with a file, or with all that is below a folder."""

    EXECUTE = 1 << 0
    WRITE_FILE = 1 << 1
    READ_FILE = 1 << 2
    READ_DIR = 1 << 3
    REMOVE_DIR = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHAR = 1 << 6
    MAKE_DIR = 1 << 7
    MAKE_REG = 1 << 8
    MAKE_SOCK = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK = 1 << 11
    MAKE_SYM = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    IOCTL_DEV = 1 << 15


LATER = {Right.REFER: 2, Right.TRUNCATE: 3, Right.IOCTL_DEV: 5}
"""Rights that came with a later version than the first. What a version does not know is not given up."""
OF_FILES = Right.EXECUTE | Right.WRITE_FILE | Right.READ_FILE | Right.TRUNCATE | Right.IOCTL_DEV
"""What a rule about a file may allow."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the version of Landlock's interface (ABI) that this kernel has, at most `KNOWN`; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    return min(max(_call(CREATE_RULESET, None, 0, VERSION), 0), KNOWN)


def restrict(rules: Iterable[tuple[str, Right]], abi: int) -> None:
    """Give up all files but those that rules allow, and TCP, abstract sockets and signals to others where `abi` has it.

    Parameters
    ----------
    rules
        Paths, and what may be done there; one that does not exist is left out.
    abi
        The version of the interface, 1 to `KNOWN`.

    Raises
    ------
    OSError
        When the kernel refuses.
    """
    every = sum(right for right in Right if LATER.get(right, 1) <= abi)
    asked = _Ruleset(every, EVERY_TCP * (abi >= TCP_FROM), EVERY_SCOPE * (abi >= SCOPES_FROM))
    ruleset = _done(CREATE_RULESET, ctypes.byref(asked), ctypes.sizeof(asked), 0)
    try:
        for path, rights in rules:
            with suppress(FileNotFoundError):
                _allow(ruleset, path, rights & every)
        no_new_privileges()
        _done(RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def no_new_privileges() -> None:
    """Let nothing that is executed from now on have more rights than this process, as set-user-id programs do."""
    if _library().prctl(NO_NEW_PRIVILEGES, *(ctypes.c_ulong(each) for each in (1, 0, 0, 0))):
        raise OSError(ctypes.get_errno(), "prctl")


def _allow(ruleset: int, path: str, rights: Right) -> None:
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]
    try:
        allowed = rights if stat.S_ISDIR(os.fstat(place).st_mode) else rights & OF_FILES
        if allowed:
            _done(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(_PathBeneath(allowed, place)), 0)
    finally:
        os.close(place)


def _done(number: int, *arguments: object) -> int:
    """Make a system call; raise `OSError` when it fails."""
    result = _call(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number} of Landlock: {os.strerror(ctypes.get_errno())}")
    return result


def _call(number: int, *arguments: object) -> int:
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return int(_library().syscall(ctypes.c_long(number), *given))


def _library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    return library
