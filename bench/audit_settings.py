"""Settings of an audit."""

from dataclasses import dataclass, field
from typing import Any

from bench.faults import above, at_least, one_of, within


@dataclass
class AuditSettings:
    """How a world is audited, and when."""

    when: str = field(default="never", metadata=one_of("never", "always"))
    """`always`: audit every world that is made or found, unless it was audited before; `never`: audit only on request
    (`cdrbench audit`). A stored verdict is shown in either case."""
    features: Any = None
    """Class of the frozen list of features (`_target_`); empty: triviality is not checked."""
    alpha: float = field(default=0.001, metadata=within(1e-9, 0.5))
    """Probability of reporting a leak in the bookkeeping of a world that has none, over all tests of the world."""
    folds: int = field(default=5, metadata=within(2, 20))
    """Number of folds of the cross-validation of the bookkeeping classifier."""
    most_calls: int = field(default=4000, metadata=at_least(100))
    """The most anomalous calls of a type that the bookkeeping classifier uses, drawn at random."""
    controls: int = field(default=4, metadata=within(1, 100))
    """The most normal calls, of the same user and with the same outcome, that each anomalous call is compared with."""
    planted_share: float = field(default=0.01, metadata=within(0.0001, 0.5))
    """Share of the anomalous calls in which a leak is planted, to measure whether leaks of this size are detected."""
    trivial_auc: float = field(default=0.95, metadata=within(0.5, 1))
    """A type is trivial if a single feature reaches this ROC-AUC."""
    trivial_fails: bool = False
    """Whether a trivial type makes the verdict red; otherwise the type is marked."""
    ratio_tolerance: float = field(default=0.05, metadata=above(0))
    """Largest relative difference between the realised and the requested share of anomalous calls."""
    mix_tolerance: float = field(default=0.1, metadata=above(0))
    """Largest relative difference of each type's part of the anomalous calls, plus three standard deviations."""
