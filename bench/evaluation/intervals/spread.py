"""Jackknife variance of an estimate over clusters of records, and its degrees of freedom.

The variance is the sum over clusters of the squared change of the estimate when that cluster is left out (Miller 1974;
Cameron, Gelbach & Miller 2008 call it CV3). It is unbiased for clusters of equal size, and rather too large than too
small for unequal ones.

The degrees of freedom (Satterthwaite 1946) say how well the variance itself is known; Student's t with fewer of them
makes wider intervals. For incidents they are Kish's (1965) effective number less one, since a few large incidents count
like fewer. For users they follow from the kurtosis of the changes, since a few users may have most of the false alarms
(n normally distributed changes have n degrees of freedom).
"""

from dataclasses import dataclass

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.evaluation.intervals.quantiles import TWO_SIDED, student_quantile

FEWEST = 3.0
"""Lower limit of the degrees of freedom."""


@dataclass(frozen=True)
class Spread:
    """A variance and its degrees of freedom."""

    variance: float
    freedom: float

    @classmethod
    def of_incidents(cls, deviations: FloatArray, sizes: FloatArray | IntArray) -> "Spread":
        """Return the spread of an estimate from its changes without each incident; `sizes` are numbers of records."""
        return cls(_jackknifed(deviations), max(effective_number(sizes) - 1, FEWEST))

    @classmethod
    def of_users(cls, deviations: FloatArray) -> "Spread":
        """Return the spread of an estimate from its changes without each user, of whom there are many."""
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
        """Return the spread of the estimate multiplied by a factor."""
        return Spread(self.variance * factor**2, self.freedom)

    @property
    def quantile(self) -> float:
        """Student's quantile of a 95 % interval."""
        return student_quantile(TWO_SIDED, self.freedom)


def effective_number(sizes: FloatArray | IntArray) -> float:
    """Return the number of equally large clusters that carry as much information as these (Kish 1965)."""
    return float(np.sum(sizes) ** 2 / np.sum(np.square(sizes, dtype=np.float64)))


def _jackknifed(deviations: FloatArray) -> float:
    return float((deviations.size - 1) / deviations.size * np.sum(deviations**2))
