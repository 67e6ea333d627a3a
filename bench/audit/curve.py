"""What the best single feature makes of one type, over difficulties."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import spearmanr

from bench.detector import FloatArray


@dataclass(frozen=True)
class Curve:
    """What the best single feature makes of one type, over difficulties."""

    type: str
    difficulties: tuple[float, ...]
    strength: FloatArray
    """Shape (seeds, difficulties): ROC-AUC of the best feature, either way round."""
    plain: FloatArray
    """The same, of the best feature that needs no graph."""
    graph: FloatArray
    """The same, of the best feature that does."""
    features: tuple[str, ...]
    """The best feature at each difficulty, with the first seed."""
    found: FloatArray
    """Shape (seeds, difficulties): the largest share of the calls that a feature finds with as many alerts as calls."""

    @property
    def mean(self) -> FloatArray:
        """Shape (difficulties,): mean over the seeds."""
        return np.asarray(self.strength.mean(axis=0))

    @property
    def rank_correlation(self) -> float:
        """Spearman's rank correlation of the mean with difficulty: -1 when it falls at every step; 0 of a constant."""
        if np.ptp(self.mean) == 0:
            return 0.0
        return float(spearmanr(self.difficulties, self.mean).statistic)

    @property
    def effect(self) -> float:
        """By how much the ROC-AUC, or the share found if that is more, falls from the least difficulty to the most."""
        crude, mimic = int(np.argmin(self.difficulties)), int(np.argmax(self.difficulties))
        return max(float(mean[crude] - mean[mimic]) for mean in (self.mean, self.found.mean(axis=0)))
