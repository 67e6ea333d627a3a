"""Columns of rendered calls, and of the edits that incidents make to the plan."""

from typing import Any, NamedTuple

import numpy as np


class Records(NamedTuple):
    """Rendered calls; shape (calls,) each."""

    caller: Any
    """int32: number of the user who calls."""
    callee: Any
    """int32: number of a user or of an external party."""
    start_ms: Any
    """int64: since the start of the world."""
    talk_ms: Any
    """int32: talk time."""
    outcome: Any
    """int8: number of the outcome."""
    first_cell: Any
    """int32: cell in which the call begins."""
    last_cell: Any
    """int32: cell in which the call ends."""
    key: Any
    """uint64: stable key of the intent."""
    incident: Any
    """int32: incident that edited the intent or affected the session; -1 for normal life."""
    setup_ms: Any
    """int32: time from the start until the call was connected or given up."""
    ring_ms: Any
    """int32: time from the connection until the call was answered or given up; 0 if it was never connected."""
    handovers: Any
    """int32: number of changes of cell."""
    events: Any
    """int32: number of session events."""
    sim: Any
    """int32: the user whose first SIM the record shows; -1 for the SIM that the caller has at that time."""
    device: Any
    """int32: the user whose first device the record shows; -1 for the device that the caller has at that time."""
    mark: Any
    """int64: digest of the session's events, by which the two worlds are compared."""


class Edits(NamedTuple):
    """Edits that incidents make to the plan of one day, ordered by user; shape (edits,) each."""

    user: Any
    """int32."""
    slot: Any
    """int32: slot that is altered; -1 for an added call."""
    start_ms: Any
    """int64."""
    talk_ms: Any
    """int32."""
    callee: Any
    """int32."""
    outcome: Any
    """int8."""
    move: Any
    """float64."""
    goal: Any
    """float64."""
    key: Any
    """uint64."""
    incident: Any
    """int32."""
    phone: Any
    """int32: the user whose position the call is made from."""
    sim: Any
    """int32: the user whose first SIM the record shows; -1 for the caller's own."""
    device: Any
    """int32: the user whose first device the record shows; -1 for the caller's own."""
    leg: Any
    """bool: a leg, a call beside others of its line, which does not occupy the line."""
    gone: Any
    """bool: whether the call is removed from the plan."""
    collateral: Any
    """bool: whether the caller is not an actor of the incident: the call is collateral."""
    ring_ms: Any
    """int32: time from the connection until the call is answered or given up; -1 for one drawn as in normal life."""


RECORD_TYPES = {
    "caller": np.int32,
    "callee": np.int32,
    "start_ms": np.int64,
    "talk_ms": np.int32,
    "outcome": np.int8,
    "first_cell": np.int32,
    "last_cell": np.int32,
    "key": np.uint64,
    "incident": np.int32,
    "setup_ms": np.int32,
    "ring_ms": np.int32,
    "handovers": np.int32,
    "events": np.int32,
    "sim": np.int32,
    "device": np.int32,
    "mark": np.int64,
}
"""Types of the columns of `Records`."""
EDIT_TYPES = {
    "user": np.int32,
    "slot": np.int32,
    "start_ms": np.int64,
    "talk_ms": np.int32,
    "callee": np.int32,
    "outcome": np.int8,
    "move": np.float64,
    "goal": np.float64,
    "key": np.uint64,
    "incident": np.int32,
    "phone": np.int32,
    "sim": np.int32,
    "device": np.int32,
    "leg": np.bool_,
    "gone": np.bool_,
    "collateral": np.bool_,
    "ring_ms": np.int32,
}
"""Types of the columns of `Edits`."""


def make_records(room: int) -> Records:
    """Allocate records for a number of calls."""
    return Records(**{name: np.empty(room, kind) for name, kind in RECORD_TYPES.items()})


def no_edits() -> Edits:
    """Return the edits of a world without incidents."""
    return Edits(**{name: np.empty(0, kind) for name, kind in EDIT_TYPES.items()})
