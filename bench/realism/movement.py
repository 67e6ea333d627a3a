"""Measures of movement: distances between calls, visits to new places, and the load of cells."""

import numpy as np
from scipy.optimize import minimize_scalar

from bench.arrays import FloatArray, IntArray
from bench.realism.families import akaike, places
from bench.realism.record_arrays import Records

Found = dict[str, float]
JUMP_KM, GYRATION_KM = 1.5, 5.8
"""Constants that Gonzalez et al. 2008 add to a displacement, and to a radius of gyration."""
FEWEST_CALLS, FEWEST_PLACES, FEWEST_MOVES, FEWEST_CELLS = 10, 5, 50, 10
RANKS = 10
EXPONENTS = (-20.0, 40.0)


def distances(records: Records) -> Found:
    """Measure the distances between consecutive calls of a caller, and the radius of gyration."""
    known = records.cell >= 0
    known[known] &= np.isfinite(records.cell_km[records.cell[known]]).all(axis=1)
    calls = records.chosen(known)
    order = calls.by_caller
    caller, at = calls.caller[order], calls.cell_km[calls.cell[order]]
    jump = np.hypot(*np.diff(at, axis=0).T)[caller[1:] == caller[:-1]]
    radius = gyration(caller, at)
    found = {}
    if (jump := jump[jump > 0]).size >= FEWEST_MOVES:
        found["displacement"] = shifted_power(jump, JUMP_KM)
    if radius.size >= FEWEST_MOVES:
        found["gyration"] = shifted_power(radius, GYRATION_KM)
    return found


def gyration(caller: IntArray, at: FloatArray) -> FloatArray:
    """Return the radius of gyration of each caller with at least 10 calls [km], without those of radius 0.

    Parameters
    ----------
    caller, at
        Caller, shape (calls,), and position, shape (calls, 2) [km], of each call.
    """
    _, row, count = np.unique(caller, return_inverse=True, return_counts=True)
    middle = np.column_stack([np.bincount(row, axis) / count for axis in at.T])
    squares = np.bincount(row, ((at - middle[row]) ** 2).sum(axis=1)) / count
    radius = np.sqrt(squares[count >= FEWEST_CALLS])
    return radius[radius > 0]


def shifted_power(km: FloatArray, shift: float) -> float:
    """Return beta of (d + shift)^-beta, up to the largest distance observed, by maximum likelihood."""
    reach, mean_ln = km.max() + shift, float(np.log((km + shift) / shift).mean())

    def cost(beta: float) -> float:
        away, top = 1 - beta, np.log(reach / shift)
        area = top if abs(away) < 1e-9 else np.expm1(away * top) / away
        return float(beta * mean_ln + np.log(area))

    return float(minimize_scalar(cost, bounds=EXPONENTS, method="bounded").x)


def visits(records: Records) -> Found:
    """Measure how often a move leads to a cell not visited before, and how visits fall with the rank of a cell."""
    calls = records.chosen(records.cell >= 0)
    order = calls.by_caller
    caller, cell = calls.caller[order], calls.cell[order]
    return {**exploration(caller, cell), **zipf(caller, cell)}


def exploration(caller: IntArray, cell: IntArray) -> Found:
    """Return rho and gamma of rho S^-gamma, the share of moves to a new place after S places (Song 2010).

    Fitted as a line through the logarithms, weighted by moves, over each S from 2 on with at least 50 moves.
    """
    key = caller * (cell.max(initial=0) + 1) + cell
    new = np.zeros(key.size, np.bool_)
    new[np.unique(key, return_index=True)[1]] = True
    begins = np.append(True, caller[1:] != caller[:-1])[: caller.size]
    known = np.cumsum(new)
    known -= np.maximum.accumulate(np.where(begins, known - new, 0))
    moved = ~begins
    moved[1:] &= cell[1:] != cell[:-1]
    before = (known - new)[moved]
    moves, fresh = np.bincount(before), np.bincount(before, new[moved])
    used = np.flatnonzero((moves >= FEWEST_MOVES) & (fresh > 0) & (np.arange(moves.size) > 1))
    if used.size < FEWEST_PLACES:
        return {}
    share = fresh[used] / moves[used]
    slope, level = np.polyfit(np.log(used), np.log(share), 1, w=np.sqrt(moves[used]))
    return {"exploration_share": float(np.exp(level)), "exploration_exponent": float(-slope)}


def zipf(caller: IntArray, cell: IntArray) -> Found:
    """Return the exponent with which visits fall with the rank of a place, over the first ten ranks.

    Fitted as a line through the logarithms of the mean share of each rank, over callers with at least five places.
    """
    cells = cell.max(initial=0) + 1
    pairs, count = np.unique(caller * cells + cell, return_counts=True)
    owner = pairs // cells
    order = np.lexsort((-count, owner))
    owner, count = owner[order], count[order]
    first = np.searchsorted(owner, owner)
    rank, total = np.arange(owner.size) - first, np.bincount(owner, count)
    enough = (np.bincount(owner, minlength=1)[owner] >= FEWEST_PLACES) & (rank < RANKS)
    people = int(np.count_nonzero(enough & (rank == 0)))
    if people < FEWEST_MOVES:
        return {}
    share = np.bincount(rank[enough], (count / total[owner])[enough]) / people
    used = np.arange(1, share.size + 1)
    return {"visit_zipf": float(-np.polyfit(np.log(used), np.log(share), 1)[0])}


def load(records: Records) -> Found:
    """Measure whether calls per cell are log-normally distributed, compared with other families."""
    carried = np.bincount(records.cell[records.cell >= 0])
    values, cells = np.unique(carried[carried > 0], return_counts=True)
    if cells.sum() < FEWEST_CELLS or values.size < 2:
        return {}
    place = places(akaike(values.astype(np.float64), cells.astype(np.float64)))
    return {"load_lognormal_place": place["log-normal"]}
