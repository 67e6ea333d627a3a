"""Trailing sums within groups, and surprise scores (-log10 of probabilities) of counts and shares."""

from typing import Any

import numpy as np
from scipy.stats import binom, nbinom

from bench.arrays import FloatArray, IntArray
from detectors.features.sequence.groups import Groups

RealArray = np.ndarray[Any, np.dtype[Any]]

FINEST_BITS, LARGEST_BITS = 40, 62
MOST = 300.0
"""Upper limit of a surprise score: probabilities below 10^-300 are not distinguished."""


def sum_of_latest(groups: Groups, values: "np.ndarray[Any, Any]", before: "IntArray | int") -> FloatArray:
    """Return the sum of each row's value and of up to `before` earlier rows of its group, shape (rows,)."""
    counts = np.broadcast_to(before, groups.key.shape)[groups.order]
    place = np.arange(groups.key.size)
    whole, bits = _in_whole_numbers(np.asarray(values, np.float64))
    total = np.append(0, np.cumsum(whole[groups.order]))
    sums = np.empty(groups.key.size)
    sums[groups.order] = np.ldexp(total[place + 1] - total[np.maximum(groups.first, place - counts)], -bits)
    return sums


def _in_whole_numbers(values: FloatArray) -> tuple[IntArray, int]:
    """Return values as whole multiples of 2^-bits, and the bits: sums of whole numbers are exact in any order."""
    largest = float(np.abs(values).max(initial=0.0))
    bits = min(FINEST_BITS, LARGEST_BITS - int(np.ceil(np.log2(values.size * largest + 1))))
    return np.rint(np.ldexp(values, bits)).astype(np.int64), bits


def sum_within(groups: Groups, values: "np.ndarray[Any, Any]", time: IntArray, span: int) -> FloatArray:
    """Return the sum of each row's value and of its group's earlier rows at most `span` older, shape (rows,)."""
    return sum_of_latest(groups, values, groups.within(time, span=span))


def counted_before(group: IntArray, time: IntArray, wanted: IntArray, until: IntArray) -> IntArray:
    """Return the number of rows (group, time) of each wanted group up to `until`, shape (wanted,)."""
    low = min(time.min(initial=0), until.min(initial=0))
    step = max(time.max(initial=0), until.max(initial=0)) - low + 1
    if max(group.max(initial=0), wanted.max(initial=0)) >= np.iinfo(np.int64).max // step - 1:  # pairs of many parties
        group, wanted = np.split(np.unique(np.append(group, wanted), return_inverse=True)[1], [group.size])
    rows = np.sort(group * step + (time - low))
    first = np.searchsorted(rows, wanted * step)
    return np.asarray(np.searchsorted(rows, wanted * step + (until - low), side="right") - first, np.int64)


def counted_around(group: IntArray, time: IntArray, wanted: IntArray, at: IntArray, span: int) -> IntArray:
    """Return the number of rows (group, time) of each wanted group at most `span` before or after `at`, (wanted,)."""
    return counted_before(group, time, wanted, at + span) - counted_before(group, time, wanted, at - span - 1)


def surprise_of_count(count: RealArray, mean: RealArray, dispersion: float) -> FloatArray:
    """Return -log10 of the probability that a negative binomial variable reaches a count, at most `MOST`.

    Its variance is mean + dispersion x mean^2; dispersion above 0.
    """
    size = 1 / dispersion
    chance = nbinom.logsf(count - 1, size, size / (size + np.maximum(mean, 1e-12)))
    return np.asarray(np.clip(-chance / np.log(10), 0.0, MOST), np.float64)


def surprise_of_share(count: RealArray, of: RealArray, share: RealArray) -> FloatArray:
    """Return -log10 of the probability that a binomial variable reaches a count, at most `MOST`."""
    chance = binom.logsf(count - 1, of, share)
    return np.asarray(np.clip(-chance / np.log(10), 0.0, MOST), np.float64)
