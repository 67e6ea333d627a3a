"""The input of a metric: scores of one class of anomalies and of normal records, and the alerts."""

from dataclasses import dataclass
from functools import cached_property

from bench.evaluation.cut import Cut
from bench.evaluation.ranking import Counts, SortedScores


@dataclass(frozen=True)
class Judged:
    """The positives of one type (or of all) and the normal records, at one threshold."""

    scores: SortedScores
    """The scores of the positives and of the normal records, sorted separately."""
    cut: Cut
    alerts: float
    """All alerts of the level, including those of other types."""

    @property
    def positives(self) -> int:
        """Number of positives."""
        return int(self.scores.found.size)

    @cached_property
    def counts(self) -> Counts:
        """Hits, false alarms and misses at the threshold."""
        return self.scores.counts_at(self.cut)
