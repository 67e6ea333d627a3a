"""The input of an audit: a world, its truth, its clean twin and its settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bench.dataset import Dataset
from bench.truth import Truth


@dataclass(frozen=True)
class Asked:
    """The requested anomalies: their ratio and types."""

    ratio: float | None
    """Share of the calls; None where nobody asked for one."""
    shares: Mapping[str, float]
    """Part of each type in the anomalous calls, relative to the others; empty where nobody asked for a mix."""
    touches: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By type, its `touches` (`bench.audit.marks.marks_list.TOUCHABLE`); a type that has none is not here."""


@dataclass(frozen=True)
class AuditedWorld:
    """A world under audit."""

    dataset: Dataset
    """History and window are those of the protocol."""
    truth: Truth
    twin: Dataset | None
    """The same world without its anomalies; None where nobody knows it."""
    asked: Asked
    fewest_incidents: int
    """What a type needs in the window to be spoken of."""
