"""Give a process a private `/dev/shm`, by Linux's mount namespaces, where users may have them.

The C library keeps semaphores there, for locks of multiprocessing and joblib. In the system's own, a detector could
leave something for another run, and read what other programs share. See
https://man7.org/linux/man-pages/man7/mount_namespaces.7.html.
"""

import ctypes
import os
from contextlib import suppress
from pathlib import Path

PLACE = "/dev/shm"
NEW_MOUNTS, NEW_USER = 0x00020000, 0x10000000
NO_SET_USER, NO_DEVICES, NO_PROGRAMS = 2, 4, 8
RECURSIVE, SLAVE = 0x4000, 1 << 19


def make_own() -> bool:
    """Put an empty file system of this process's own in the place of `/dev/shm`; return whether that worked.

    It is for a process with one thread. The superuser can do so at once; others where the system lets users make
    namespaces, in which they have all capabilities: see that they are given up.
    """
    library = ctypes.CDLL(None, use_errno=True)
    user, group = os.geteuid(), os.getegid()
    if library.unshare(NEW_MOUNTS):
        if library.unshare(NEW_USER | NEW_MOUNTS):
            return False
        with suppress(OSError):  # before Linux 3.19 there is no such file
            Path("/proc/self/setgroups").write_text("deny")
        try:
            Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
            Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        except OSError:
            return False
    if _mount(library, None, "/", None, RECURSIVE | SLAVE):
        return False
    return not _mount(library, "tmpfs", PLACE, "tmpfs", NO_SET_USER | NO_DEVICES | NO_PROGRAMS, "mode=700")


def _mount(
    library: ctypes.CDLL, what: str | None, place: str, kind: str | None, flags: int, options: str | None = None
) -> int:
    texts = [None if each is None else each.encode() for each in (what, place, kind, options)]
    return int(library.mount(*texts[:3], ctypes.c_ulong(flags), texts[3]))
