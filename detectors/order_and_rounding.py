"""Helpers that make scores independent of the order of the rows and of rounding errors."""

from typing import Any

import numpy as np

from bench.arrays import FloatArray, IntArray

ODD, OTHER_ODD = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)
"""Odd multipliers, those of splitmix64."""
BITS = 40


def rounded(scores: "np.ndarray[Any, Any]") -> FloatArray:
    """Return scores rounded to `BITS` binary digits, so that scores that differ by a rounding error are equal."""
    part, exponent = np.frexp(np.asarray(scores, np.float64))
    return np.asarray(np.ldexp(np.rint(np.ldexp(part, BITS)), exponent - BITS), np.float64)


def content_order(matrix: "np.ndarray[Any, Any]") -> IntArray:
    """Return an order of the rows of a matrix that depends only on their content, shape (rows,).

    A model that samples rows, or starts from some of them, then gives the same result for any order of its input. Rows
    are sorted by a hash, so every k-th row is a random sample.
    """
    bits = np.ascontiguousarray(matrix, np.float64) + 0.0  # -0 becomes 0
    found = np.zeros(len(bits), np.uint64)
    for column in bits.view(np.uint64).T:
        found = (found ^ column) * ODD
        found = (found ^ (found >> np.uint64(31))) * OTHER_ODD
        found ^= found >> np.uint64(32)
    return np.argsort(found, kind="stable")
