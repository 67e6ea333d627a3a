"""Settings of an audit; light to import, since settings are read first."""

from dataclasses import dataclass, field
from typing import Any

from bench.faults import above, at_least, one_of, within


@dataclass
class AuditSettings:
    """How a world is audited, and when."""

    when: str = field(default="never", metadata=one_of("never", "always"))
    """`always`: every world that is made or found is audited unless it was already; `never`: only by `bench.audit`. A
    verdict that a world has is shown either way."""
    features: Any = None
    """What computes the frozen list of features (`_target_`); empty: no check of triviality."""
    alpha: float = field(default=0.001, metadata=within(1e-9, 0.5))
    """Chance that a world without a leak in its bookkeeping is found to have one, over all tests of a world."""
    folds: int = field(default=5, metadata=within(2, 20))
    """In how many parts the classifier of bookkeeping is fitted and tested."""
    most_calls: int = field(default=4000, metadata=at_least(100))
    """Anomalous calls of a type that this classifier looks at, at most; drawn at random."""
    controls: int = field(default=4, metadata=within(1, 100))
    """Normal calls of the same user with the same outcome beside each of them, at most."""
    planted_share: float = field(default=0.01, metadata=within(0.0001, 0.5))
    """Share of the anomalous calls that a leak is planted in, to see whether it is found."""
    trivial_auc: float = field(default=0.95, metadata=within(0.5, 1))
    """ROC-AUC from which on a single feature makes a type trivial."""
    trivial_fails: bool = False
    """Whether a trivial type turns the world red; else the type is marked."""
    ratio_tolerance: float = field(default=0.05, metadata=above(0))
    """How far the share of anomalous calls may be from what was asked, relative to it."""
    mix_tolerance: float = field(default=0.1, metadata=above(0))
    """The same for a type's part of the anomalous calls; three standard deviations of chance come on top."""
