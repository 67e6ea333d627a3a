"""How well the best single feature finds one type, at each difficulty."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from bench.arrays import FloatArray


@dataclass(frozen=True)
class Curve:
    """How well the best single feature detects one type, at each difficulty."""

    type: str
    difficulties: tuple[float, ...]
    strength: FloatArray
    """Shape (seeds, difficulties): ROC-AUC of the best feature, in the better direction."""
    plain: FloatArray
    """The same for the best feature that needs no call graph."""
    graph: FloatArray
    """The same for the best feature that needs the call graph."""
    features: tuple[str, ...]
    """The best feature at each difficulty, with the first seed."""
    found: FloatArray
    """Shape (seeds, difficulties): the largest share of a type's calls that a feature finds with as many alerts as
    calls."""

    @property
    def mean(self) -> FloatArray:
        """Shape (difficulties,): mean over the seeds."""
        return np.asarray(self.strength.mean(axis=0))

    @property
    def rank_correlation(self) -> float:
        """Spearman's rank correlation of the mean with difficulty: -1 if it falls at every step; 0 if constant."""
        return self._ranked(self.mean)

    @property
    def effect(self) -> float:
        """Fall of the ROC-AUC, or of the share found if that falls more, from the least to the greatest difficulty."""
        return max(self._fallen(self.mean), self._fallen(self.found.mean(axis=0)))

    def falls(self, most_correlation: float, least_effect: float) -> bool:
        """Return whether the ROC-AUC or the share found falls with difficulty, both in rank correlation and by enough.

        Where only a few of a type's many calls stand out, the ROC-AUC hardly changes with difficulty, but the share
        found does.
        """
        means = (self.mean, np.asarray(self.found.mean(axis=0)))
        return any(self._ranked(m) <= most_correlation and self._fallen(m) >= least_effect for m in means)

    def _ranked(self, mean: FloatArray) -> float:
        return 0.0 if np.ptp(mean) == 0 else float(spearmanr(self.difficulties, mean).statistic)

    def _fallen(self, mean: FloatArray) -> float:
        return float(mean[int(np.argmin(self.difficulties))] - mean[int(np.argmax(self.difficulties))])
