"""Measures of ties: calls per pair, number of ties per user, and distances."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import zeta

from bench.arrays import FloatArray, IntArray
from bench.realism.record_arrays import Records

Found = dict[str, float]
SHIFT = 10.9
"""Constant k0 of Onnela et al. 2007, added to a degree."""
EXPONENTS = (1.05, 40.0)
FEWEST_IN_TAIL = 50
NEAREST_KM = 1.0
"""Below this distance, the distance of two cells says little about that of two homes."""
STEP = 0.02
"""Width of distance classes, in ln."""


@dataclass(frozen=True)
class Ties:
    """Pairs of participants with a call between them."""

    one: IntArray
    """Shape (pairs,): number of one party, the smaller one."""
    other: IntArray
    calls: IntArray
    """Shape (pairs,): number of calls in both directions."""
    mutual: IntArray
    """Shape (pairs,): 2 if both have called, else 1."""
    parties: int

    @classmethod
    def of(cls, records: Records) -> "Ties":
        """Collect the pairs."""
        calls, parties = records.between, records.participant.size
        directed, count = np.unique(calls.caller * parties + calls.callee, return_counts=True)
        caller, callee = directed // parties, directed % parties
        pairs, row = np.unique(np.minimum(caller, callee) * parties + np.maximum(caller, callee), return_inverse=True)
        total = np.bincount(row, count, pairs.size).astype(np.int64)
        return cls(pairs // parties, pairs % parties, total, np.bincount(row, minlength=pairs.size), parties)

    def degree(self, mutual: bool) -> IntArray:
        """Return the number of (mutual) ties of each party that has any."""
        kept = self.mutual == 2 if mutual else np.ones(self.one.size, np.bool_)
        ends = np.concatenate([self.one[kept], self.other[kept]])
        found = np.bincount(ends, minlength=self.parties)
        return found[found > 0]


def ties(records: Records) -> Found:
    """Measure reciprocity, calls per pair (in either direction), and the exponents of the degrees."""
    found = Ties.of(records)
    if not found.one.size:
        return {}
    measured = {
        "reciprocity": float(2 * (found.mutual == 2).sum() / found.mutual.sum()),
        "tie_mean": float(found.calls.mean()),
        "tie_median": float(np.median(found.calls)),
        "tie_single": float((found.calls == 1).mean()),
    }
    degree = found.degree(mutual=True)
    if degree.size >= FEWEST_IN_TAIL:
        measured["degree_exponent"] = shifted_exponent(degree, SHIFT)
        measured["degree_tail"] = tail_exponent(degree)
    return measured


def shifted_exponent(degree: IntArray, shift: float) -> float:
    """Return gamma of (k + shift)^-gamma over k = 1, 2, ..., by maximum likelihood."""
    mean_ln = float(np.log(degree + shift).mean())
    best = minimize_scalar(
        lambda gamma: gamma * mean_ln + np.log(zeta(gamma, 1 + shift)), bounds=EXPONENTS, method="bounded"
    )
    return float(best.x)


def tail_exponent(degree: IntArray) -> float:
    """Return the exponent of a discrete power law of the tail (Clauset, Shalizi & Newman 2009).

    The tail, of at least 50 users, begins where the Kolmogorov-Smirnov distance is smallest.
    """
    ordered = np.sort(degree)
    starts = np.unique(ordered[: max(ordered.size - FEWEST_IN_TAIL, 0) + 1])
    return min((_tail(ordered[ordered >= start]) for start in starts), default=(0.0, np.nan))[1]


def _tail(tail: IntArray) -> tuple[float, float]:
    """Return the Kolmogorov-Smirnov distance between a tail and its power law, and the exponent."""
    first, mean_ln = tail[0], float(np.log(tail).mean())
    gamma = minimize_scalar(
        lambda gamma: gamma * mean_ln + np.log(zeta(gamma, first)), bounds=EXPONENTS, method="bounded"
    ).x
    values, counts = np.unique(tail, return_counts=True)
    above = zeta(gamma, values + 1) / zeta(gamma, first)
    return float(np.abs(np.cumsum(counts) / tail.size - (1 - above)).max()), float(gamma)


def distance(records: Records) -> Found:
    """Measure the exponent a with which the share of tied pairs falls with the distance of homes, as d^-a."""
    found = Ties.of(records)
    home, cell_km = records.home, records.cell_km
    known = home >= 0
    known[known] &= np.isfinite(cell_km[home[known]]).all(axis=1)
    both = known[found.one] & known[found.other] & (found.mutual == 2)
    apart = np.hypot(*(cell_km[home[found.one[both]]] - cell_km[home[found.other[both]]]).T)
    active = np.zeros(found.parties, np.bool_)
    active[found.one], active[found.other] = True, True
    people = np.bincount(home[known & active], minlength=len(cell_km))
    tied, possible = _by_class(apart, np.ones(apart.size)), np.zeros(0)
    for cell in np.flatnonzero(people):
        away = np.hypot(*(cell_km - cell_km[cell]).T)
        seen = np.flatnonzero(people * np.isfinite(away))
        possible = _added(possible, _by_class(away[seen], people[seen] * people[cell] / 2))
    exponent = falling_exponent(_added(tied, np.zeros(possible.size)), _added(possible, np.zeros(tied.size)))
    return {} if exponent is None else {"distance_exponent": exponent}


def falling_exponent(tied: FloatArray, possible: FloatArray) -> float | None:
    """Return a of the probability c d^-a that a pair is tied, by maximum likelihood (Poisson).

    Parameters
    ----------
    tied, possible
        Shape (classes,): number of tied pairs, and of all pairs, by distance class.
    """
    used = possible > 0
    ln = STEP * (np.arange(possible.size)[used] + 0.5)
    if tied[used].sum() < FEWEST_IN_TAIL or np.ptp(ln[tied[used] > 0]) < STEP:
        return None
    mean_ln = np.average(ln, weights=tied[used])

    def excess(a: float) -> float:
        return float(np.average(ln, weights=possible[used] * np.exp(-a * (ln - ln[0]))) - mean_ln)

    return float(brentq(excess, -EXPONENTS[1], EXPONENTS[1]))


def _by_class(km: FloatArray, weights: FloatArray) -> FloatArray:
    far = km >= NEAREST_KM
    classes = (np.log(km[far] / NEAREST_KM) / STEP).astype(np.int64)
    return np.asarray(np.bincount(classes, weights[far]), np.float64)


def _added(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the sum of two arrays of counts by class, with the length of the longer one."""
    short, long = sorted((one, other), key=len)
    return long + np.pad(short, (0, long.size - short.size))
