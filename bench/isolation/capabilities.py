"""Give up a process's capabilities (the superuser's rights) for good, for its children too."""

import ctypes

DROP_FROM_BOUND, AMBIENT, CLEAR_ALL = 24, 47, 4
VERSION = 0x20080522
MOST = 64
"""No system has more of them: their sets are numbers of 64 bits."""


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("process", ctypes.c_int))


def give_up_all() -> None:
    """Empty all sets of capabilities, and the bound of what a program may bring; others than root have none to lose.

    Raises
    ------
    OSError
        When the kernel refuses to take them.
    """
    library = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    for each in range(MOST):
        if library.prctl(DROP_FROM_BOUND, ctypes.c_ulong(each), zero, zero, zero):
            break  # there is no such capability, nor a later one
    library.prctl(AMBIENT, ctypes.c_ulong(CLEAR_ALL), zero, zero, zero)
    if library.capset(ctypes.byref(_Header(VERSION, 0)), (ctypes.c_uint32 * 6)()):
        raise OSError(ctypes.get_errno(), "capset")
