"""Settings of ringing: how long it takes until a call is answered, or until nobody answers."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault, within

LONGEST_S = 600.0


@dataclass
class RingingSettings:
    """Time from the connection of a call until it is answered, or given up; none unless `enabled`.

    A call is first set up to the other party (`setup_s`). A busy one ends then; any other rings until it is answered
    or, if nobody answers, until the network ends it. The channel is held all the time.
    """

    enabled: bool = False
    """Whether calls are set up and ring; without, they are answered, or end, in the moment of their connection."""
    setup_s: list[float] = field(default_factory=lambda: [1.0, 4.0])
    """Shortest and longest time until the other phone rings or is found to be busy, in seconds; uniform in between."""
    answer_median_s: float = field(default=8.0, metadata=within(0.5, 60))
    """Median of the time for which an answered call rings (log-normal, cut at the shortest of `give_up_s`)."""
    answer_sigma: float = field(default=0.5, metadata=within(0, 2))
    """Standard deviation of the logarithm of that time."""
    give_up_s: list[float] = field(default_factory=lambda: [20.0, 30.0])
    """Shortest and longest time for which a call rings that nobody answers, in seconds; uniform in between."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        for name in ("setup_s", "give_up_s"):
            value = getattr(self, name)
            if len(value) != 2 or not 0 <= value[0] <= value[1] <= LONGEST_S:
                rule = f"be [shortest, longest] with 0 <= shortest <= longest <= {LONGEST_S:g}"
                yield Fault(f"{key}.{name}", rule, list(value))
        if len(self.give_up_s) == 2 and self.answer_median_s >= self.give_up_s[0]:
            rule = f"be below the shortest of give_up_s ({self.give_up_s[0]:g})"
            yield Fault(f"{key}.answer_median_s", rule, self.answer_median_s)
