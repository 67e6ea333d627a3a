"""Features of a call, by name: each uses the call itself and the calls that started before it, nothing later."""

import difflib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import get_num_threads

from bench.arrays import Array, FloatArray
from bench.dataset import Dataset, Window
from bench.faults import UserError
from detectors.features.calls.all_features import describe
from detectors.features.calls.kernel_arrays import CALL, GOT, FeatureColumn, Room, Wanted
from detectors.features.calls.packed_calls import Packed, packed
from detectors.features.calls.received_calls import called, crowded, grouped, seen_by_callees

Matrix = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True)
class Feature:
    """One number about a call, a user's day or a quarter hour of a cell: its name, unit and meaning."""

    name: str
    unit: str
    meaning: str


def call_features(dataset: Dataset, names: Sequence[str], part: Window) -> FloatArray:
    """Return the result of `call_matrix` in double precision, for further arithmetic."""
    return call_matrix(dataset, names, part).astype(np.float64)


def call_matrix(dataset: Dataset, names: Sequence[str], part: Window) -> Matrix:
    """Compute features of the calls that start within `part`, using all calls up to each of them.

    Parameters
    ----------
    dataset
        The calls; those before `part` are the past that features are computed from.
    names
        Names out of `FEATURES`, at least one.
    part
        The calls to compute features of.

    Returns
    -------
    Matrix
        Shape (calls of part, names), finite, of single precision: ten million calls have to fit into the memory.

    Raises
    ------
    UserError
        When a name is unknown, naming the nearest one that is.
    """
    check_names(names)
    past = packed(dataset, part.end_ms)
    return described(past, names, int(np.searchsorted(past.calls["start_ms"], part.start_ms)))


def described(past: Packed, names: Sequence[str], low: int) -> Matrix:
    """Compute features of packed calls from position `low` on, shape (calls from `low` on, names)."""
    calls, out = past.calls, np.empty((past.calls.size - low, len(names)), np.float32)
    want = Wanted(np.array([FeatureColumn[name] for name in names]), low, out)
    made = _sorted(calls["caller"], past.parties)
    got = np.zeros(past.parties + 1, np.int64), np.empty(calls.size, GOT)
    seen_by_callees(calls, *got)
    called(calls, *got)
    crowded(calls, *_sorted(calls["first"], len(past.cell_ids)), past.begin_ms)
    threads = get_num_threads()
    borders = np.searchsorted(made[0], np.linspace(0, calls.size, threads + 1))
    borders[[0, -1]] = 0, past.parties
    world = (past.zone, past.places_km)

    def share(begin: int, end: int) -> None:
        mine = slice(begin, end + 1)
        room = _room(np.diff(made[0][mine]), np.diff(got[0][mine]), len(past.cell_ids))
        describe(calls, (made[0][mine], made[1]), (got[0][mine], got[1]), world, room, want)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(share, borders[:-1], borders[1:]))
    return out if past.rows is None else _as_in_the_table(out, past.rows[low:] - low)


def _as_in_the_table(out: Matrix, rows: Array) -> Matrix:
    found = np.empty_like(out)
    found[rows] = out
    return found


def _sorted(key: Array, groups: int) -> tuple[Array, Array]:
    begins, order = np.zeros(groups + 1, np.int64), np.empty(key.size, np.int32)
    grouped(key, begins, order)
    return begins, order


def _room(made: Array, got: Array, cells: int) -> Room:
    most = max(int(made.max(initial=0)), 24)
    size = 1 << max(2, int(2 * np.max(made + got, initial=0)).bit_length())
    counts = np.zeros((size, 4), np.int32), np.zeros((cells, 2), np.int32)
    buffers = (
        np.empty(most, CALL),
        np.empty((most, len(FeatureColumn)), np.float32),
        np.empty(size, np.int32),
        np.empty(most, np.int64),
    )
    return Room(*buffers, *counts)


def check_names(names: Sequence[str]) -> None:
    """Raise `UserError` unless at least one name is given, and each is one of `FEATURES`."""
    if not names:
        raise UserError(f"features must name at least one of {', '.join(FEATURES)}")
    for name in names:
        if name not in FEATURES:
            nearest = difflib.get_close_matches(name, FEATURES, n=1, cutoff=0.5)
            hint = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(FEATURES)}"
            raise UserError(f"{name!r} is not a feature of calls; {hint}")


FEATURES = {
    feature.name: feature
    for feature in (
        Feature("duration", "s", "talk time; 0 unless answered"),
        Feature("log_duration", "ln s", "ln(1 + talk time)"),
        Feature("duration_ratio", "ln", "talk time against the caller's mean before"),
        Feature("unanswered", "0/1", "nobody answered"),
        Feature("hour", "h", "local time of day, 0 to 24"),
        Feature("hour_sin", "1", "sine of the local time of day"),
        Feature("hour_cos", "1", "cosine of the local time of day"),
        Feature("night", "0/1", "starts 00:00-05:00 local"),
        Feature("weekend", "0/1", "starts on a Saturday or Sunday (local)"),
        Feature("hour_share", "1", "share of the caller's calls before in this hour of day, +1 of +24"),
        Feature("night_share", "1", "share of the caller's calls before that started 00:00-05:00"),
        Feature("gap", "s", "time since the start of the caller's previous call, 7 days at most"),
        Feature("log_gap", "ln s", "ln(1 + gap)"),
        Feature("burstiness", "1", "(sigma - mu) / (sigma + mu) of the gaps between the caller's calls before"),
        Feature("overlap", "0/1", "starts before an earlier call of the caller has ended"),
        Feature("unanswered_share", "1", "share of the caller's calls before that nobody answered"),
        Feature("calls_last_hour", "calls", "calls of the caller in the 60 min before"),
        Feature("calls_last_day", "calls", "calls of the caller in the 24 h before"),
        Feature("received_last_hour", "calls", "calls to the caller in the 60 min before"),
        Feature("received_last_day", "calls", "calls to the caller in the 24 h before"),
        Feature("callee_received_last_hour", "calls", "calls to the callee in the 60 min before"),
        Feature("new_contact", "0/1", "the caller has not called this party before"),
        Feature("contact_share", "1", "share of the caller's calls before that went to this party"),
        Feature("contacts_last_hour", "parties", "different parties that the caller called in the 60 min before"),
        Feature("contacts_last_day", "parties", "different parties that the caller called in the 24 h before"),
        Feature("contact_entropy", "nat", "entropy of the parties that the caller called in the 24 h before"),
        Feature("reciprocated", "0/1", "the callee has called the caller before"),
        Feature("reciprocity", "1", "share of the parties that the caller called before that have called it"),
        Feature("outside", "0/1", "the callee is no subscriber of the network"),
        Feature("new_device", "0/1", "another device (IMEI) than in the caller's previous call"),
        Feature("new_sim", "0/1", "another SIM (IMSI) than in the caller's previous call"),
        Feature("moved", "0/1", "ended in another cell than it began in"),
        Feature("handovers", "handovers", "how often the call changed cells"),
        Feature("moved_km", "km", "from the cell that it began in to the one that it ended in"),
        Feature("new_cell", "0/1", "the caller has not begun a call in this cell before"),
        Feature("cell_share", "1", "share of the caller's calls before that began in this cell"),
        Feature("cells_last_day", "cells", "different cells that the caller began calls in within the 24 h before"),
        Feature("jump_km", "km", "from the cell where the caller's previous call ended to this one"),
        Feature("speed", "km/h", "jump_km over the time since the previous call ended, 10,000 at most"),
        Feature("usual_km", "km", "from the mean place of the caller's calls before to this cell"),
        Feature("gyration_km", "km", "radius of gyration of the places of the caller's calls before"),
        Feature("cell_calls_last_hour", "calls", "calls that began in the cell in the 60 min before"),
        Feature("cell_surge", "ln", "those, +1, against the cell's mean an hour since the data begin, +1"),
    )
}
"""Every feature of calls, in the order of the docs. Distances of cells without a known position are 0."""
