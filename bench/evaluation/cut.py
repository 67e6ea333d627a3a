"""The threshold: the lowest score that raises an alert, and what happens to ties."""

from dataclasses import dataclass

import numpy as np

from bench.arrays import BoolArray, FloatArray

STREAM = 0x7135
"""Key of the random choice among equal scores."""


@dataclass(frozen=True)
class Cut:
    """Every score above `score` is an alert; of those equal to it, `taken` out of each `tied`.

    Where a budget cuts through equal scores, they cannot be distinguished: each is an alert with the same probability,
    and counts are expected values (also those at k). So the total number of alerts is a whole number, but the number
    among some of the scores, such as one type's, need not be.
    """

    score: float
    taken: int = 1
    """Number of alerts among the scores equal to `score`, at least 1."""
    tied: int = 1
    """Number of scores equal to `score`, at least `taken`."""
    ranked: bool = False
    """Whether the cut follows from a number of alerts, so that it varies with the scores."""

    @property
    def share(self) -> float:
        """The probability that a score equal to `score` is an alert, in (0, 1]."""
        return self.taken / self.tied

    @property
    def divides(self) -> bool:
        """Whether the cut divides equal scores."""
        return self.taken < self.tied

    def of_tied(self, number: float) -> float:
        """Return the expected number of alerts among a number of scores equal to `score`; exact if those are all."""
        return number * self.taken / self.tied

    def weights(self, scores: FloatArray) -> FloatArray:
        """Return the probability that each score is an alert, of the shape of `scores`."""
        return np.where(scores > self.score, 1.0, np.where(scores == self.score, self.share, 0.0))

    def drawn(self, scores: FloatArray) -> BoolArray:
        """Return which scores are alerts, with one fixed random choice among those equal to `score`."""
        alerts = scores > self.score
        equal = np.flatnonzero(scores == self.score)
        random = np.random.Generator(np.random.Philox(key=STREAM))
        alerts[random.permutation(equal)[: round(self.of_tied(equal.size))]] = True
        return alerts


def expected_alerts(scores: FloatArray, cut: Cut) -> float:
    """Return the expected number of alerts: scores above the cut, plus the share of those equal to it."""
    return float(np.count_nonzero(scores > cut.score)) + cut.of_tied(float(np.count_nonzero(scores == cut.score)))
