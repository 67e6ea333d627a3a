"""Session events: one row for each message that the network records."""

from typing import Any

import numpy as np

STATES = ("CONNECT", "RECONNECT", "END", "FAIL")
CONNECT, RECONNECT, END, FAIL = range(len(STATES))
CAUSES = ("", "setup", "blocked", "timeout", "no_coverage", "drop")
NO_CAUSE, SETUP, FULL, TIMEOUT, NO_COVERAGE, DROP = range(len(CAUSES))


EVENT = np.dtype(
    [
        ("time_ms", np.int64),
        ("x", np.int32),
        ("y", np.int32),
        ("cell", np.int32),
        ("power", np.float32),
        ("previous", np.int32),
        ("held_ms", np.int32),
        ("talk_ms", np.int32),
        ("state", np.int8),
        ("cause", np.int8),
    ]
)
"""One event, as the kernels write it; those of a call follow each other.

- `time_ms`: since the start of the world;
- `x`, `y`: position of the phone [m];
- `cell`: that the message went to; -1 when none was heard;
- `power`: of that cell, as last reported [dBm];
- `previous`: cell that served before, of RECONNECT; -1 else;
- `held_ms`: how long the connection that ends here lasted; 0 where none does;
- `talk_ms`: talk time of the call, of END and of a drop; 0 else;
- `state`, `cause`: index into `STATES` and `CAUSES`.
"""


def make_events(room: int) -> Any:
    """Make room for so many events; shape (room,) of `EVENT`."""
    return np.empty(room, EVENT)
