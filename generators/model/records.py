"""Calls as they are rendered, and what incidents change in the plan that they are rendered from."""

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
    """int64: a digest of its events."""


class Edits(NamedTuple):
    """What incidents change in the plan of one day, ordered by user; shape (edits,) each."""

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
    """bool: a concurrent leg, which neither needs nor takes the line."""
    gone: Any
    """bool: the slot is taken out of the plan."""
    innocent: Any
    """bool: made by somebody who is none of the incident's actors: what comes of it is collateral."""


def make_records(room: int) -> Records:
    """Make room for so many calls."""
    kinds = (
        np.int32, np.int32, np.int64, np.int32, np.int8, np.int32, np.int32, np.uint64, np.int32, np.int32, np.int32,
        np.int32, np.int32, np.int32, np.int64,
    )  # fmt: skip
    return Records(*(np.empty(room, kind) for kind in kinds))


def no_edits() -> Edits:
    """Return the edits of a world without incidents."""
    kinds = (
        np.int32, np.int32, np.int64, np.int32, np.int32, np.int8, np.float64, np.float64, np.uint64, np.int32,
        np.int32, np.int32, np.int32, np.bool_, np.bool_, np.bool_,
    )  # fmt: skip
    return Edits(*(np.empty(0, kind) for kind in kinds))
