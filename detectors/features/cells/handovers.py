"""Handovers between cells, weighted by whether they return to the previous cell."""

import numpy as np

from bench.arrays import FloatArray, IntArray

ONE_WAY = 0.1
"""Weight of a handover that goes on to a third cell; one that returns to the previous cell weighs 1."""


def handovers(
    cell: IntArray, time_ms: IntArray, session: IntArray, stay_s: float
) -> tuple[IntArray, IntArray, IntArray, FloatArray]:
    """Return the cell left, the cell entered, the time [ms] and the weight of each handover.

    The weight falls exponentially with the stay in the cell that is left.

    Parameters
    ----------
    cell, time_ms, session
        Shape (connections,): session by session, in order of time.
    stay_s
        Time constant of the weight: typical short stay [s], above 0.
    """
    same = session[1:] == session[:-1]
    to = np.flatnonzero(same & (cell[1:] != cell[:-1])) + 1
    before = np.maximum(to - 2, 0)
    back = (to >= 2) & (session[before] == session[to]) & (cell[before] == cell[to])
    stay = (time_ms[to] - time_ms[to - 1]) / 1000
    return cell[to - 1], cell[to], time_ms[to], np.where(back, 1.0, ONE_WAY) * np.exp(-np.maximum(stay, 0) / stay_s)
