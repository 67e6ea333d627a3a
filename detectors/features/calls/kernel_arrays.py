"""Arrays that the feature kernels read and fill: calls, columns and work space."""

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from bench.arrays import Array
from bench.spans import DAY_MS

WEEK_MS = 7 * DAY_MS

CALL = np.dtype(
    [
        *[
            ("start_ms", "i8"),
            ("caller", "i4"),
            ("callee", "i4"),
            ("duration_s", "i4"),
            ("first", "i4"),
            ("last", "i4"),
        ],
        *[("device", "i4"), ("sim", "i4"), ("handovers", "i2"), ("answered", "?"), ("outside", "?")],
        *[("callee_received", "i4"), ("cell_calls", "i4"), ("cell_surge", "f4")],
    ]
)
"""Fields of a call that features are computed from; texts are coded as numbers, and the last three fields are computed
first."""

GOT = np.dtype([("start_ms", "i8"), ("caller", "i4"), ("row", "i4")])
"""A received call: its start, its caller and its position."""

OFFSET = np.dtype([("from_ms", "i8"), ("offset_ms", "i8")])
"""Offset of local time from UTC, and the moment (UTC) from which it holds."""


class FeatureColumn(IntEnum):
    """Numbers of the features, in the order of `detectors.features.calls.call_features.FEATURES`."""

    duration = 0
    log_duration = 1
    duration_ratio = 2
    unanswered = 3
    hour = 4
    hour_sin = 5
    hour_cos = 6
    night = 7
    weekend = 8
    hour_share = 9
    night_share = 10
    gap = 11
    log_gap = 12
    burstiness = 13
    overlap = 14
    unanswered_share = 15
    calls_last_hour = 16
    calls_last_day = 17
    received_last_hour = 18
    received_last_day = 19
    callee_received_last_hour = 20
    new_contact = 21
    contact_share = 22
    contacts_last_hour = 23
    contacts_last_day = 24
    contact_entropy = 25
    reciprocated = 26
    reciprocity = 27
    outside = 28
    new_device = 29
    new_sim = 30
    moved = 31
    handovers = 32
    moved_km = 33
    new_cell = 34
    cell_share = 35
    cells_last_day = 36
    jump_km = 37
    speed = 38
    usual_km = 39
    gyration_km = 40
    cell_calls_last_hour = 41
    cell_surge = 42


class Wanted(NamedTuple):
    """Request to the kernel: which features, of which calls, and the array for the result."""

    columns: Array
    """Shape (columns,): number of the feature in each column of the result."""
    low: int
    """Position of the first call whose features are computed."""
    out: Array
    """Shape (described calls, columns), float32."""


class Room(NamedTuple):
    """Work space of the kernel, reused for each caller; `cells` is all zeros between callers."""

    mine: Array
    """Shape (most calls of a caller,), of `CALL`: the calls of the current caller."""
    features: Array
    """Shape (most calls of a caller, features), float32: the features of these calls."""
    key: Array
    """Shape (a power of 2, more than twice the most contacts of a party,): hash table of the caller's contacts."""
    slot: Array
    """Shape (most calls of a caller,): slot of each call's contact in the hash table."""
    contacts: Array
    """Shape (as `key`, 4): for each contact the calls in the last hour, in the last day and ever, and whether it ever
    called."""
    cells: Array
    """Shape (cells, 2): calls that the caller started in each cell, ever and in the last day."""
