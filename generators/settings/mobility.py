"""Settings of mobility: home, work, trips and speeds, or random way-points."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault, above, one_of, within


@dataclass
class MobilitySettings:
    """How people move: between home, work and other places, or between random way-points."""

    kind: str = field(default="routine", metadata=one_of("routine", "waypoint"))
    """routine: home, work and trips; waypoint: random way-points."""
    at_work: float = field(default=0.7, metadata=within(0, 1))
    """Share of the working days on which a user goes to work."""
    another_trip: float = field(default=0.45, metadata=within(0, 0.95))
    """Probability of one more trip, whenever a user is free to make one."""
    exploration: float = field(default=0.6, metadata=within(0, 1))
    """Factor of the probability that a trip goes to a new place: rho in Song 2010."""
    exploration_gamma: float = field(default=0.21, metadata=within(0, 2))
    """A trip goes to a new place with probability exploration * S^-gamma, S being the places known (Song 2010)."""
    visit_zipf: float = field(default=1.2, metadata=within(0.1, 5))
    """Exponent of Zipf's law by which a trip to a known place chooses among these."""
    displacement_beta: float = field(default=1.75, metadata=within(1.01, 5))
    """Exponent of the distribution of distances of places from home: beta in Gonzalez 2008."""
    displacement_km: float = field(default=1.5, metadata=above(0))
    """Distance from home below which the density of places is about constant: r0 in Gonzalez 2008."""
    farthest_km: float = field(default=80.0, metadata=above(0))
    """Largest distance of a place from home; the density is (r + displacement_km)^-beta up to it (Gonzalez 2008)."""
    stay_beta: float = field(default=0.8, metadata=within(0.05, 5))
    """Exponent of the distribution of the time spent at a place: beta in Song 2010."""
    shortest_stay_s: float = field(default=1200.0, metadata=within(60, 36_000))
    """The shortest time spent at a place."""
    longest_stay_s: float = field(default=61_200.0, metadata=within(60, 86_400))
    """The longest time spent at a place; the density is t^-(1 + stay_beta) from the shortest to the longest."""
    walk_m_s: float = field(default=1.4, metadata=above(0))
    """Speed on foot, in metres a second."""
    walk_up_to_m: float = field(default=1000.0, metadata=within(0, 100_000))
    """The longest distance that people walk; they drive farther ones."""
    drive_m_s: float = field(default=10.0, metadata=above(0))
    """Speed of driving, in metres a second."""
    waypoint_m: float = field(default=1000.0, metadata=above(0))
    """For kind=waypoint: largest distance between successive way-points along each axis."""
    waypoint_s: float = field(default=10_000.0, metadata=within(1, 86_400))
    """For kind=waypoint: longest time taken to reach a way-point; uniform from 0."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.shortest_stay_s >= self.longest_stay_s:
            rule = f"be above shortest_stay_s ({self.shortest_stay_s:g})"
            yield Fault(f"{key}.longest_stay_s", rule, self.longest_stay_s)
