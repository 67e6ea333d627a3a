"""Session events as they happen: one row a message that the network records."""

from typing import Any, NamedTuple

import numpy as np

STATES = ("CONNECT", "RECONNECT", "END", "FAIL")
CONNECT, RECONNECT, END, FAIL = range(len(STATES))
CAUSES = ("", "setup", "blocked", "timeout", "no_coverage", "drop")
NO_CAUSE, SETUP, FULL, TIMEOUT, NO_COVERAGE, DROP = range(len(CAUSES))


class Events(NamedTuple):
    """Events; those of a call follow each other, calls as they were rendered; shape (events,) each."""

    time_ms: Any
    """int64: since the start of the world."""
    state: Any
    """int8: index into `STATES`."""
    cause: Any
    """int8: index into `CAUSES`."""
    x: Any
    """int32: position of the phone [m]."""
    y: Any
    """int32 [m]."""
    cell: Any
    """int32: cell that the message went to; -1 when none was heard."""
    power: Any
    """float32: of that cell, as last reported [dBm]."""
    previous: Any
    """int32: cell that served before, of RECONNECT; -1 else."""
    held_ms: Any
    """int32: how long the connection that ends here lasted; 0 where none does."""
    talk_ms: Any
    """int32: talk time of the call, of END and of a drop; 0 else."""


def make_events(room: int) -> Events:
    """Make room for so many events."""
    kinds = (
        np.int64, np.int8, np.int8, np.int32, np.int32, np.int32, np.float32, np.int32, np.int32, np.int32,
    )  # fmt: skip
    return Events(*(np.empty(room, kind) for kind in kinds))
