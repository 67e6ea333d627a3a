"""Refuse to start when the address space is too limited (`ulimit -v`), since libraries then fail without a message."""

import resource

from bench.faults import UserError

MIB = 2**20
LEAST_MIB = 4096
"""A run of 300 users without a network, its kernels compiled, reserved 2,260 MiB (VmPeak); larger runs need more."""
SIGNS = (
    "cannot allocate memory",
    "failed to map segment",
    "can't start new thread",
    "shared object file",
    "out of memory",
)


def require_room() -> None:
    """Raise `UserError` where the address space is too small for this program's libraries."""
    limit = limit_mib()
    if limit is not None and limit < LEAST_MIB:
        raise UserError(_limit_message(limit))


def address_space_message(error: BaseException) -> str:
    """Return the message for an error caused by a limited address space; "" for any other error."""
    limit, causes = limit_mib(), [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)
    lacking = any(isinstance(each, MemoryError) or any(sign in str(each).lower() for sign in SIGNS) for each in causes)
    return "" if limit is None or not lacking else f"{_limit_message(limit)} ({' '.join(str(causes[-1]).split()):.100})"


def limit_mib() -> int | None:
    """Return the limit of the address space [MiB]; None if it is not limited."""
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft // MIB


def _limit_message(limit: int) -> str:
    return (
        f"the address space (ulimit -v) must be unlimited or at least {LEAST_MIB} MiB, got {limit} MiB; "
        "limits.memory_mib limits what a detector uses"
    )
