"""OddBall: detector of ego networks that deviate from the power laws of their network."""

from typing import Self

import numpy as np

from bench.arrays import FloatArray, IntArray
from bench.dataset import Dataset
from bench.detector import Level, Scores
from bench.levels import Grid
from bench.spans import DAY_MS
from detectors.features.graph.ego_networks import PowerLaw
from detectors.features.graph.user_day_graph import Weeks, days_of


class OddBall:
    """Scores each user-day by the deviation of its week's ego network from the power laws of ego networks.

    OddBall (Akoglu, McGlohon & Faloutsos 2010): in an ego network, the number of ties E grows with the number of
    contacts N as N^a, and the number of calls W as E^b. A network that deviates from the first law is a star or a
    clique; one that deviates from the second has too many calls. The score for a law is (ratio of actual and expected
    value, at least 1) x ln(1 + their difference); the detector's score is the sum over both laws of ln(1 + score). The
    laws are those of the last week of the history.
    """

    level = Level.USER_DAY
    causal = True
    reasons = ("oddball_ties", "oddball_calls", "star", "density")

    def fit(self, dataset: Dataset) -> Self:
        """Fit the laws on the ego nets of the last week of `dataset.history`."""
        self.laws = Weeks(dataset).until(dataset.history.end_ms).laws
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Score the user-days of `dataset.window`, each by the week that ends with it."""
        weeks, grid = Weeks(dataset), Grid(Level.USER_DAY, dataset)
        users = len(grid.subjects)
        days = []
        for begin in days_of(grid):
            week = weeks.until(begin + DAY_MS)
            pairs = ((week.contacts, week.ties), (week.ties, week.calls))
            off = [off_law(law, x[:users], y[:users]) for law, (x, y) in zip(self.laws, pairs, strict=True)]
            days.append(np.log1p(off).sum(axis=0))
        return Scores(self.level, np.stack(days, axis=1).ravel() if days else np.empty(0))


def off_law(law: PowerLaw, x: IntArray, y: IntArray) -> FloatArray:
    """Return OddBall's score of points (x, y), shape (n,), at least 0; 0 where x or y is 0."""
    residual = law.residual(x, y)
    usual = y * np.exp(-residual)
    score = np.exp(np.abs(residual)) * np.log1p(np.abs(y - usual))
    return np.where(residual != 0, score, 0.0)
