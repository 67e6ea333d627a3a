"""Settings of mobility: home, work, trips and speeds, or random way-points. Light: imports hardly anything."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault, above, one_of, within


@dataclass
class MobilitySettings:
    """Home, work and trips; or random way-points."""

    kind: str = field(default="routine", metadata=one_of("routine", "waypoint"))
    """routine: home, work and trips; waypoint: random way-points."""
    at_work: float = field(default=0.7, metadata=within(0, 1))
    """Share of the working days on which a user goes to work."""
    another_trip: float = field(default=0.45, metadata=within(0, 0.95))
    """Probability of one more trip when free, each time."""
    exploration: float = field(default=0.6, metadata=within(0, 1))
    """How likely a trip goes to a new place: rho in Song 2010."""
    exploration_gamma: float = field(default=0.21, metadata=within(0, 2))
    """A trip goes to a new place with probability exploration * S^-gamma, S being the places known (Song 2010)."""
    visit_zipf: float = field(default=1.2, metadata=within(0.1, 5))
    """Else to a known one, by Zipf's law with this exponent."""
    displacement_beta: float = field(default=1.75, metadata=within(1.01, 5))
    """Exponent of the distance of places from home: beta in Gonzalez 2008."""
    displacement_km: float = field(default=1.5, metadata=above(0))
    """Distance from home below which places are about as likely anywhere: r0 in Gonzalez 2008."""
    farthest_km: float = field(default=80.0, metadata=above(0))
    """Distance of places from home: density (r + displacement_km)^-beta up to the farthest (Gonzalez 2008)."""
    stay_beta: float = field(default=0.8, metadata=within(0.05, 5))
    """Exponent of the time spent at a place: beta in Song 2010."""
    shortest_stay_s: float = field(default=1200.0, metadata=within(60, 36_000))
    """The least time spent at a place."""
    longest_stay_s: float = field(default=61_200.0, metadata=within(60, 86_400))
    """Time spent at a place: density t^-(1 + beta) between the two."""
    walk_m_s: float = field(default=1.4, metadata=above(0))
    """Speed on foot, in metres a second."""
    walk_up_to_m: float = field(default=1000.0, metadata=within(0, 100_000))
    """Distance up to which people walk."""
    drive_m_s: float = field(default=10.0, metadata=above(0))
    """Speed beyond that, in metres a second."""
    waypoint_m: float = field(default=1000.0, metadata=above(0))
    """Of random way-points: how far the next goal is from the last, at most, along each axis."""
    waypoint_s: float = field(default=10_000.0, metadata=within(1, 86_400))
    """The longest that a way-point takes to reach; uniform from 0."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.shortest_stay_s >= self.longest_stay_s:
            rule = f"be above shortest_stay_s ({self.shortest_stay_s:g})"
            yield Fault(f"{key}.longest_stay_s", rule, self.longest_stay_s)
