"""What detectors have in common that learn nothing and look back some days from each call."""

from typing import Self

from bench.dataset import Dataset
from bench.detector import Level
from detectors.features.runs import require_above_zero
from detectors.features.timeline import DAY_MS


class LooksBack:
    """A detector of calls that reads the latest days before each call anew.

    Parameters
    ----------
    days
        Length of the span, above 0.

    Raises
    ------
    SettingsError
        When the span is out of its range.
    """

    level = Level.CALL
    causal = True

    def __init__(self, days: float) -> None:
        require_above_zero({"days": days})
        self.span_ms = round(days * DAY_MS)

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self
