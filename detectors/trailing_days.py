"""Base of detectors that learn nothing and use the last days before each call."""

from typing import Self

from bench.dataset import Dataset
from bench.detector import Level
from bench.faults import above, require
from bench.spans import DAY_MS


class TrailingDays:
    """A detector of calls that uses the last days before each call.

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
        require("detector", days=(days, above(0)))
        self.span_ms = round(days * DAY_MS)

    def fit(self, dataset: Dataset) -> Self:
        """Learn nothing."""
        return self
