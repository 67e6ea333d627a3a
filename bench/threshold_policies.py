"""Threshold policies: how many scores become alerts. A policy is one class in `POLICIES`.

Each class is the Hydra structured config behind `threshold=NAME`; its fields are the settings `threshold.FIELD`. A
policy that only sets a number of alerts (`allowed`) needs nothing else. One that needs the scores themselves requires a
change of `bench.evaluation.thresholds.alerts_of`, which has those of the scored window; one that needs scores of the
history requires a change of what the detector's process returns (`bench.isolation.fitting`, `bench.detector.Scores`,
`bench.isolation.returned.packed`). A threshold is one score for the whole window; none varies by the hour.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from omegaconf import MISSING

from bench.faults import Fault, above, within
from bench.spans import DAY_MS

MOST_ALERTS = 1_000_000
"""The most alerts per day that can be set."""


@dataclass
class ThresholdPolicy(ABC):
    """Common base of the policies: a name, the number of alerts allowed, and a text for reports."""

    policy: str = MISSING
    """Name of the policy; `threshold=NAME` chooses another."""
    uses_truth: ClassVar[bool] = False
    """Whether the policy needs the labels."""

    @abstractmethod
    def meaning(self) -> str:
        """Return a description of the policy for reports."""

    @abstractmethod
    def allowed(self, entities: int, span_ms: int, anomalies: int) -> int | None:
        """Return the number of alerts allowed; None: all scores at or above the detector's own threshold.

        Parameters
        ----------
        entities
            Number of scored entities.
        span_ms
            Length of the scored window [ms].
        anomalies
            Number of anomalous entities; for policies that use the truth.
        """

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a fault if the policy conflicts with other settings."""
        own = type(self).policy
        if self.policy != own:
            yield Fault(f"{key}.policy", f"be {own} (threshold=NAME chooses another policy)", self.policy)


@dataclass
class Budget(ThresholdPolicy):
    """A fixed number of alerts a day, as many as analysts can read, shared by all types."""

    policy: str = "budget"
    alerts_per_day: float = field(default=100.0, metadata=above(0))
    """Number of alerts that analysts can read in a day, shared by all types."""

    def meaning(self) -> str:
        """Describe the budget."""
        return f"{self.alerts_per_day:,g} alerts a day, shared by all types"

    def allowed(self, entities: int, span_ms: int, anomalies: int) -> int:
        """Return the number of alerts in all days of the window."""
        return math.floor(self.alerts_per_day * span_ms / DAY_MS)

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a budget beyond `MOST_ALERTS`."""
        yield from super().faults(key)
        if self.alerts_per_day > MOST_ALERTS:
            rule = f"be at most {MOST_ALERTS:,}, which is more than anybody reads (threshold=quantile takes any share)"
            yield Fault(f"{key}.alerts_per_day", rule, self.alerts_per_day)


@dataclass
class Quantile(ThresholdPolicy):
    """A fixed share of the scored records."""

    policy: str = "quantile"
    share: float = field(default=0.01, metadata=within(0, 1))
    """Share of the scored records that become alerts."""

    def meaning(self) -> str:
        """Describe the share."""
        return f"the highest {100 * self.share:.3g} % of the scored records"

    def allowed(self, entities: int, span_ms: int, anomalies: int) -> int:
        """Return the number of records that the share amounts to."""
        return math.floor(self.share * entities)


@dataclass
class DetectorsOwn(ThresholdPolicy):
    """The detector's own threshold."""

    policy: str = "detector"

    def meaning(self) -> str:
        """Say that the threshold is the detector's own."""
        return "the detector's own"

    def allowed(self, entities: int, span_ms: int, anomalies: int) -> None:
        """Return None: all scores at or above the detector's own threshold are alerts."""
        return


@dataclass
class TruePrevalence(ThresholdPolicy):
    """As many alerts as there are anomalous records: an upper bound, since that number is unknown in practice."""

    policy: str = "oracle"
    uses_truth = True

    def meaning(self) -> str:
        """Say that the number of alerts is that of the anomalous records."""
        return "as many alerts as there are anomalies, which nobody knows in practice"

    def allowed(self, entities: int, span_ms: int, anomalies: int) -> int:
        """Return the number of anomalous records."""
        return anomalies


POLICIES: dict[str, type[ThresholdPolicy]] = {
    each.policy: each for each in (Budget, Quantile, DetectorsOwn, TruePrevalence)
}
