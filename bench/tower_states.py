"""States of a tower in a window of time, by the share of Hellos that were refused or not answered."""

from typing import Any

import numpy as np

from bench.arrays import IntArray

TOWER_STATES = ("GREEN", "ORANGE", "RED", "BLACK", "NO_DATA")
SHARES = (0.10, 0.60, 0.90)
"""Shares of failed Hellos from which the state of a tower is ORANGE, RED and BLACK."""


def state_codes(failed: Any, hellos: Any) -> IntArray:
    """Return the position in `TOWER_STATES` of each state; NO_DATA where no Hello came.

    >>> state_codes(np.array([0, 1, 6, 9, 0]), np.array([9, 10, 10, 10, 0])).tolist()
    [0, 1, 2, 3, 4]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = failed / hellos
    return np.asarray(np.where(hellos == 0, len(SHARES) + 1, np.digitize(share, SHARES)))
