"""What every sink of a stream does, and what sinks that write files share."""

import errno
import fcntl
import os
import sys
from collections.abc import Sequence
from typing import Protocol

from bench.faults import UserError
from bench.host.texts import printable
from bench.stream.chunk import Chunk


class Sink(Protocol):
    """Takes the messages of one stream, in order and without gaps."""

    def begin(self, stream: str, towers: Sequence[str]) -> int:
        """Prepare for a stream with these sites; return the number of its last message that is there already, or -1."""

    def put(self, chunk: Chunk) -> None:
        """Take the next messages."""

    def flush(self) -> None:
        """Make sure that what was put is where others can read it; called often below the highest speed."""

    def close(self, complete: bool) -> None:
        """Finish; `complete` says whether the last message of the stream has been put."""


def hold(place: int, setting: str, what: object) -> None:
    """Lock an open file or folder until it is closed or the process ends.

    Raises
    ------
    UserError
        When another process has it.
    """
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UserError(f"{setting} must not be in use by another process, got {what}") from error
    except OSError:
        return  # a file system without locks


def not_written(path: object, error: OSError, last: int) -> UserError:
    """Return what to say when a stream cannot be written any further."""
    reached = f"{last + 1:,} messages are there, and the same command goes on after them"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(f"stream.path={path}: the disk is full ({os.strerror(error.errno)}); {reached}")
    return UserError(f"stream.path must be a place that can be written, got {path} ({error}); {reached}")


def report(text: str) -> None:
    """Print a remark to stderr: stdout may be the stream."""
    print(printable(text), file=sys.stderr, flush=True)
