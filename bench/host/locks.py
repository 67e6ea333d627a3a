"""File locks, which are released when their process ends; failure to get one is a one-line error."""

import errno
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bench.faults import UserError


@contextmanager
def held(path: Path, way_on: str) -> Iterator[None]:
    """Hold a lock within a context; wait while another process has it.

    Parameters
    ----------
    path
        The lock file; it is created if missing, and stays.
    way_on
        What the user can do if the lock is not available, as the end of a message.

    Raises
    ------
    UserError
        When the file cannot be opened or created; the message names its owner.
    """
    lock = FileLock(path)
    try:
        lock.acquire()
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise  # a full disk has a message of its own
        raise UserError(f"the lock {path} cannot be taken: {_whose(path)} ({error}); {way_on}") from error
    try:
        yield
    finally:
        lock.release()


def taken_at_once(path: Path) -> FileLock | None:
    """Return a lock that is now held, for `release`; None if another process has it, or it is not available."""
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except (Timeout, OSError, NotImplementedError):  # NotImplementedError: a file system without locks
        return None
    return lock


def _whose(path: Path) -> str:
    """Return the owner of a lock file, or of the folder where it would be."""
    for place in (path, path.parent):
        try:
            number = place.lstat().st_uid
        except OSError:
            continue
        try:
            name = pwd.getpwuid(number).pw_name
        except KeyError:
            name = str(number)
        return f"it belongs to {name}" if place == path else f"its folder belongs to {name}"
    return "its folder is not there"
