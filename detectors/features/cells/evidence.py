"""Evidence of faults of cells: summed over time, and passed on to the cells that serve in place of others."""

import numpy as np

from bench.arrays import FloatArray, IntArray
from detectors.features.cells.cell_quarters import Quarters


def cumulative_sum(evidence: FloatArray, most: float) -> FloatArray:
    """Return the cumulative sum of each cell's evidence, S = min(max(0, S + x), most), shape of `evidence`.

    This is Page's one-sided cumulative sum (1954), with a limit so that past faults are soon forgotten.

    Parameters
    ----------
    evidence
        Shape (cells, quarters): log likelihood ratio of a fault, given the observations of the quarter hour.
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
    """Return the evidence against each cell or, if larger, against a cell in whose place it served.

    Parameters
    ----------
    quarters
        Quarter hours of the data set.
    sums
        Shape (cells, quarters): evidence against each cell itself.
    pairs
        Shape (rows,) each: a cell that did not serve, and the one that served in its place.
    time_ms
        Shape (rows,): time of each pair.
    weight
        Shape (rows,), or one value for all: share of the evidence that is passed on.
    """
    (place, known), (source, _) = (quarters.places(cell, time_ms) for cell in reversed(pairs))
    found = sums.ravel().copy()
    given = sums.ravel()[source] * weight
    np.maximum.at(found, place[known], given[known])
    return found.reshape(quarters.shape)
