"""Kernels: calls grouped by callee or cell, and how many each callee and cell received lately."""

import numpy as np

from bench.arrays import Array
from bench.spans import HOUR_MS
from detectors.features.kernels import kernel


@kernel
def grouped(key: Array, begins: Array, order: Array) -> None:
    """Sort rows by group, stably: the rows of group g are `order[begins[g] : begins[g + 1]]`.

    Parameters
    ----------
    key
        Shape (rows,): group of each row, from 0.
    begins
        Shape (groups + 1,), zeros; filled in.
    order
        Shape (rows,), int32; filled in.
    """
    for row in range(key.size):
        begins[key[row] + 1] += 1
    for group in range(1, begins.size):
        begins[group] += begins[group - 1]
    for row in range(key.size):
        order[begins[key[row]]] = row
        begins[key[row]] += 1
    for group in range(begins.size - 1, 0, -1):
        begins[group] = begins[group - 1]
    begins[0] = 0


@kernel
def seen_by_callees(calls: Array, begins: Array, got: Array) -> None:
    """Sort calls by callee, then by time, into `got`, shape (calls,) of `GOT`."""
    for row in range(calls.size):
        begins[calls[row].callee + 1] += 1
    for party in range(1, begins.size):
        begins[party] += begins[party - 1]
    for row in range(calls.size):
        at = begins[calls[row].callee]
        got[at].start_ms, got[at].caller, got[at].row = calls[row].start_ms, calls[row].caller, row
        begins[calls[row].callee] += 1
    for party in range(begins.size - 1, 0, -1):
        begins[party] = begins[party - 1]
    begins[0] = 0


@kernel
def first_since(calls: Array, begin: int, since_ms: int) -> int:
    """Return the first position from `begin` on whose call does not start before a moment."""
    while begin < calls.size and calls[begin].start_ms < since_ms:
        begin += 1
    return begin


@kernel
def called(calls: Array, begins: Array, got: Array) -> None:
    """Count for each call the calls that its callee received in the hour before."""
    for party in range(begins.size - 1):
        mine, hour = got[begins[party] : begins[party + 1]], 0
        for k in range(mine.size):
            hour = first_since(mine, hour, mine[k].start_ms - HOUR_MS)
            calls[mine[k].row].callee_received = k - hour


@kernel
def crowded(calls: Array, begins: Array, order: Array, begin_ms: int) -> None:
    """Count for each call the calls started in its cell in the hour before, also relative to the cell's mean so far."""
    for cell in range(begins.size - 1):
        rows, hour = order[begins[cell] : begins[cell + 1]], 0
        for k in range(rows.size):
            now_ms = calls[rows[k]].start_ms
            while calls[rows[hour]].start_ms < now_ms - HOUR_MS:
                hour += 1
            usual = k * HOUR_MS / max(now_ms - begin_ms, HOUR_MS)
            calls[rows[k]].cell_calls = k - hour
            calls[rows[k]].cell_surge = np.log((k - hour + 1) / (usual + 1))
