"""Evidence of faults of cells: summed over time, and passed on to the cells that serve in place of others."""

import numpy as np

from bench.arrays import FloatArray, IntArray
from detectors.features.cells.cell_quarters import Quarters


def added_up(evidence: FloatArray, most: float) -> FloatArray:
    """Return the cumulative sum of each cell's evidence, S = min(max(0, S + x), most), shape of `evidence`.

    That is Page's one-sided cumulative sum (1954), with a limit so that what is over is soon forgotten.

    Parameters
    ----------
    evidence
        Shape (cells, quarters): ln of how much likelier what was noted then is if something is wrong.
    most
        The limit, above 0.
    """
    sums, last = np.zeros_like(evidence), np.zeros(len(evidence))
    for quarter in range(evidence.shape[1]):
        last = np.clip(last + evidence[:, quarter], 0.0, most)
        sums[:, quarter] = last
    return sums


def total_of(quarters: Quarters, cell: IntArray, time_ms: IntArray, values: FloatArray) -> FloatArray:
    """Return the sum of values (rows,) by cell and quarter, shape (cells, quarters)."""
    place, known = quarters.places(cell, time_ms)
    found = np.bincount(place[known], values[known], minlength=int(np.prod(quarters.shape)))
    return found.astype(np.float64).reshape(quarters.shape)


def passed_on(
    quarters: Quarters,
    sums: FloatArray,
    pairs: tuple[IntArray, IntArray],
    time_ms: IntArray,
    weight: FloatArray | float,
) -> FloatArray:
    """Return the evidence against each cell or, if more, against a cell in whose place it served.

    Parameters
    ----------
    quarters
        Of the data set.
    sums
        Shape (cells, quarters): what speaks against each cell by itself.
    pairs
        Shape (rows,) each: a cell that did not serve, and the one that served in its place.
    time_ms
        Shape (rows,): when.
    weight
        Shape (rows,), or one for all: which share of the evidence is passed on.
    """
    (place, known), (source, _) = (quarters.places(cell, time_ms) for cell in reversed(pairs))
    found = sums.ravel().copy()
    given = sums.ravel()[source] * weight
    np.maximum.at(found, place[known], given[known])
    return found.reshape(quarters.shape)
