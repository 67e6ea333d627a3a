"""Columns of rendered calls, and of the changes that incidents make to the plan."""

from typing import Any, NamedTuple

import numpy as np


class Records(NamedTuple):
    """Rendered calls; shape (calls,) each."""

    caller: Any
    """int32."""
    callee: Any
    """int32: user, or external party."""
    start_ms: Any
    """int64: since the start of the world."""
    talk_ms: Any
    """int32."""
    outcome: Any
    """int8."""
    first_cell: Any
    """int32."""
    last_cell: Any
    """int32."""
    key: Any
    """uint64: stable key of the intent."""
    incident: Any
    """int32: incident that edited the intent, or that the session met; -1 for normal life."""
    setup_ms: Any
    """int32: from the start until the call was connected, or given up."""
    handovers: Any
    """int32: how often it changed cells."""
    events: Any
    """int32: how many session events it has."""
    sim: Any
    """int32: the user whose first SIM it shows, -1 for the one that the caller has then."""
    device: Any
    """int32: the user whose first device it shows, -1 for the one that the caller has then."""
    mark: Any
    """int64: a digest of its session's events, which shows whether they are the same in both worlds."""


class Edits(NamedTuple):
    """Changes that incidents make to the plan of one day, ordered by user; shape (edits,) each."""

    user: Any
    """int32."""
    slot: Any
    """int32: the slot that is altered, -1 for a call that is added."""
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
    """int32: the user whose whereabouts carry the call."""
    sim: Any
    """int32: the user whose first SIM it shows, -1 for the caller's own."""
    device: Any
    """int32: the user whose first device it shows, -1 for the caller's own."""
    leg: Any
    """bool: a leg, a call beside others of its line, which does not occupy the line."""
    gone: Any
    """bool: the slot is taken out of the plan."""
    innocent: Any
    """bool: made by somebody who is none of the incident's actors: what comes of it is collateral."""


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
    "innocent": np.bool_,
}
"""Types of the columns of `Edits`."""


def make_records(room: int) -> Records:
    """Make room for so many calls."""
    return Records(**{name: np.empty(room, kind) for name, kind in RECORD_TYPES.items()})


def no_edits() -> Edits:
    """Return the edits of a world without incidents."""
    return Edits(**{name: np.empty(0, kind) for name, kind in EDIT_TYPES.items()})
