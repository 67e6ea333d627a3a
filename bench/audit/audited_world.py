"""The input of an audit: a world, its ground truth, its clean twin and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.dataset import Dataset
from bench.truth import Truth


@dataclass(frozen=True)
class RequestedAnomalies:
    """The anomalies that were requested: their ratio and types."""

    ratio: float | None
    """Requested share of anomalous calls; None if none was requested."""
    shares: Mapping[str, float]
    """Relative share of each type in the anomalous calls; empty if no mix was requested."""
    touches: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The `touches` of each type (`bench.audit.marks.marks_list.TOUCHABLE`); types without it are missing."""


@dataclass(frozen=True)
class AuditedWorld:
    """A world under audit."""

    dataset: Dataset
    """The data set, split into history and window by the protocol."""
    truth: Truth
    twin: Dataset | None
    """The same world without its anomalies; None if there is none."""
    asked: RequestedAnomalies
    fewest_incidents: int
    """A type with fewer incidents than this in the window is not judged."""
