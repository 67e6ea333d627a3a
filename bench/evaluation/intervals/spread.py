"""Variance of an estimate from clusters, and its degrees of freedom.

The variance is that of the jackknife: the sum over clusters of the squares of how far the estimate moves without one
(Miller 1974; Cameron, Gelbach & Miller 2008 call it CV3). It is unbiased for clusters of one size and too large rather
than too small for unequal ones.

How well it is known is said in degrees of freedom (Satterthwaite 1946). A few large incidents carry an estimate as if
there were fewer: Kish's (1965) effective number, less one. A few users have the false alarms: the kurtosis of the
deviations shows it, and n deviations of normal distribution have n degrees of freedom.
"""

from dataclasses import dataclass

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation.intervals.quantiles import TWO_SIDED, student_quantile

FEWEST = 3.0
"""Degrees of freedom, at least."""


@dataclass(frozen=True)
class Spread:
    """A variance and its degrees of freedom."""

    variance: float
    freedom: float

    @classmethod
    def of_incidents(cls, deviations: FloatArray, sizes: FloatArray | IntArray) -> "Spread":
        """Return that from how far an estimate moves without each incident; `sizes` are their numbers of records."""
        return cls(_jackknifed(deviations), max(effective_number(sizes) - 1, FEWEST))

    @classmethod
    def of_users(cls, deviations: FloatArray) -> "Spread":
        """Return that from how far an estimate moves without each user, of whom there are many."""
        squares = float(np.sum(deviations**2))
        if squares == 0:
            return cls(0.0, float(deviations.size))
        peaked = float(np.sum((deviations**2 / squares) ** 2))
        return cls(_jackknifed(deviations), max(2 / max(peaked - 1 / deviations.size, 1e-9), FEWEST))

    def __add__(self, other: "Spread") -> "Spread":
        """Return the spread of a sum of independent estimates (Welch 1947)."""
        total = self.variance + other.variance
        if total == 0:
            return Spread(0.0, min(self.freedom, other.freedom))
        parts = ((each.variance / total) ** 2 / each.freedom for each in (self, other))
        return Spread(total, 1 / sum(parts))

    def scaled(self, factor: float) -> "Spread":
        """Return the spread of the estimate times a factor."""
        return Spread(self.variance * factor**2, self.freedom)

    @property
    def quantile(self) -> float:
        """Student's quantile of a 95 % interval."""
        return student_quantile(TWO_SIDED, self.freedom)


def effective_number(sizes: FloatArray | IntArray) -> float:
    """Return how many clusters of one size carry as much as these (Kish 1965): their number, if they have one size."""
    return float(np.sum(sizes) ** 2 / np.sum(np.square(sizes, dtype=np.float64)))


def _jackknifed(deviations: FloatArray) -> float:
    return float((deviations.size - 1) / deviations.size * np.sum(deviations**2))
