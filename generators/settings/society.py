"""Settings of people: types of users, how they call and whom they know."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault, above, one_of, within
from generators.model.clock import HOURS

COMMUNITY_KINDS = ("family", "work", "friends", "clubs")
EXTERNAL_TYPES = ("unlisted", "foreign", "premium")


@dataclass
class CallPattern:
    """Hourly profile of calls over the day."""

    share: float = field(default=0.5, metadata=within(0, 1))
    """Share of the users with this pattern, among those whose user type sets none."""
    hourly: list[float] = field(default_factory=lambda: [1.0] * HOURS)
    """Relative weight of each local hour, 0 to 23."""
    weekend_hourly: list[float] = field(default_factory=list)
    """The same on weekends and holidays; empty: as on working days."""
    weekend_factor: float = field(default=1.0, metadata=within(0, 10))
    """Volume of calls of a weekend day relative to a working day."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        for name, hours in (("hourly", self.hourly), ("weekend_hourly", self.weekend_hourly or self.hourly)):
            if len(hours) != HOURS or min(hours) < 0 or sum(hours) <= 0:
                yield Fault(f"{key}.{name}", "be 24 weights, none negative, not all zero", hours)


@dataclass
class Durations:
    """Talk times of answered calls: a mixture of log-normal, truncated normal or exponential distributions."""

    family: str = field(default="lognormal", metadata=one_of("lognormal", "normal", "exponential"))
    """The distribution of each component."""
    weights: list[float] = field(default_factory=lambda: [1.0])
    """Share of each component."""
    centres_s: list[float] = field(default_factory=lambda: [30.0])
    """Median [s] of each log-normal component; mean [s] of each normal or exponential one."""
    spreads: list[float] = field(default_factory=lambda: [1.5])
    """Standard deviation of ln(duration) of each log-normal component, or of each normal one [s]; unused for
    exponential ones."""
    least_s: float = field(default=1.0, metadata=within(1, 3600))
    """The shortest talk time; shorter draws are raised to it, and keep their fraction of a second."""
    longest_s: float = field(default=14400.0, metadata=within(60, 43200))
    """The longest talk time; longer draws are cut to it."""
    per_tie: float = field(default=0.0, metadata=within(0, 0.95))
    """Share of each component's variance that is common to all calls of a tie: some pairs always talk long."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        sizes = {len(self.weights), len(self.centres_s), len(self.spreads)}
        if len(sizes) != 1 or not self.weights:
            yield Fault(key, "have as many weights as centres_s as spreads, at least one", sorted(sizes))
        yield from shares_faults(f"{key}.weights", self.weights)
        if min(self.centres_s, default=1) <= 0:
            yield Fault(f"{key}.centres_s", "be above 0", self.centres_s)
        if min(self.spreads, default=1) < 0:
            yield Fault(f"{key}.spreads", "not be negative", self.spreads)
        if self.least_s > self.longest_s:
            yield Fault(f"{key}.longest_s", f"not be below least_s ({self.least_s:g})", self.longest_s)
        if self.family == "exponential" and self.per_tie > 0:
            yield Fault(f"{key}.per_tie", "be 0 for exponential durations", self.per_tie)


@dataclass
class UserType:
    """A kind of subscriber: a person, a trade or a machine."""

    share: float = field(default=1.0, metadata=within(0, 1))
    """Share of the users."""
    activity: float = field(default=1.0, metadata=above(0))
    """Calls per day relative to the average user."""
    spread: float = field(default=1.0, metadata=within(0, 2))
    """Spread of activity among users of this type, relative to `activity.sigma`."""
    clock_shift_h: float = field(default=0.0, metadata=within(-12, 12))
    """How much later than other people's their day begins [h]."""
    call_pattern: str = ""
    """Call pattern of all users of this type, a key of `call_patterns`; empty: one is drawn for each user."""
    quiet: float = field(default=0.0, metadata=within(0, 0.9))
    """Share of days in spells without outgoing calls; the user calls more in its other spells."""
    regular: bool = False
    """Whether calls are made at a steady interval, day and night, as a machine does."""
    cold_calls: float = field(default=0.0, metadata=within(0, 1))
    """Share of the calls within the network that go to a user drawn at random."""
    sociable: bool = True
    """Whether users of this type are in communities and have acquaintances."""
    still: bool = False
    """Whether users of this type never leave home."""
    external: dict[str, float] = field(default_factory=dict)
    """Share of the calls to each type of external party; empty: `external.shares`."""
    own_contacts: int = field(default=0, metadata=within(0, 100))
    """Number of external parties of each type that one user calls; 0: `external.own_contacts`."""
    unanswered: float = field(default=1.0, metadata=within(0, 3))
    """Share of missed and busy calls, relative to `outcomes`."""
    durations: Durations = field(default_factory=Durations)

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.external and (set(self.external) != set(EXTERNAL_TYPES) or min(self.external.values()) < 0):
            rule = f"be empty, or have the keys {', '.join(EXTERNAL_TYPES)}, none negative"
            yield Fault(f"{key}.external", rule, dict(self.external))
        if sum(self.external.values()) > 1 + 1e-9:
            yield Fault(f"{key}.external", "add up to at most 1", dict(self.external))


@dataclass
class Activity:
    """How many calls users make, and how bursty their calls are."""

    calls_per_day: list[float] = field(default_factory=lambda: [3.0, 3.0])
    """Mean calls per user on a working day: a range from which one value is drawn for the world."""
    sigma: float = field(default=0.0, metadata=within(0, 2))
    """Spread over users: standard deviation of ln(calls per day)."""
    alike: float = field(default=0.0, metadata=within(0, 1))
    """Share of the variance of ln(calls per day) that users have in common with their circle of friends."""
    clock_sigma_h: float = field(default=0.0, metadata=within(0, 4))
    """Standard deviation over users of the time at which their day begins [h]."""
    spell_days: list[int] = field(default_factory=lambda: [1, 4])
    """Length of spells of calling and of quiet spells [days]: [least, most]; one value is drawn for each user."""
    quiet_exponent: float = field(default=0.0, metadata=within(0, 2))
    """Exponent with which the share of spells with calls rises with a user's calls per day: users who call little have
    longer silent periods, between which they call like others. 0: the same share for all users of a type."""
    spell_sigma: float = field(default=0.0, metadata=within(0, 2))
    """Spread of a user's activity over its spells: standard deviation of ln(calls per day); the mean is kept."""
    favourite: float = field(default=0.0, metadata=within(0, 0.9))
    """Share of calls to the user's favourite contact of the present spell; this makes ties bursty, too."""
    follow_up: float = field(default=0.0, metadata=within(0, 0.9))
    """Share of calls made soon after the previous one, if that was answered."""
    follow_up_gap_s: float = field(default=120.0, metadata=within(1, 7200))
    """Mean gap [s] between the end of a call and its follow-up."""
    same_contact: float = field(default=0.0, metadata=within(0, 1))
    """Share of follow-ups that go to the same contact again."""
    redial: float = field(default=0.0, metadata=within(0, 0.9))
    """Share of calls that redial the number of the previous call, if that was not answered; not after cold calls."""
    redial_gap_s: float = field(default=60.0, metadata=within(1, 7200))
    """Mean gap [s] between an unanswered call and the redial."""
    loop: str = field(default="open", metadata=one_of("open", "closed"))
    """open: calls are planned day by day; closed: each call, whatever its outcome, is followed by a wait and the next
    call, and no other setting of this group has an effect."""
    wait_s: list[float] = field(default_factory=lambda: [15.0, 65.0])
    """For loop=closed: shortest and longest wait before a call, uniform [s]; also before the first call."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        low_high, wait = self.calls_per_day, self.wait_s
        if len(wait) != 2 or not 1 <= wait[0] <= wait[1] <= 86_400:
            yield Fault(f"{key}.wait_s", "be [least, longest] with 1 <= least <= longest <= 86400", wait)
        if len(low_high) != 2 or not 0 < low_high[0] <= low_high[1] <= 1000:
            yield Fault(f"{key}.calls_per_day", "be [low, high] with 0 < low <= high <= 1000", low_high)
        days = self.spell_days
        if len(days) != 2 or not 1 <= days[0] <= days[1] <= 100:
            yield Fault(f"{key}.spell_days", "be [least, most] with 1 <= least <= most <= 100", days)


@dataclass
class Layer:
    """One kind of community (family, work, friends, clubs)."""

    coverage: float = field(default=1.0, metadata=within(0, 1))
    """Share of the users who are in a community of this kind (in each copy of the layer)."""
    copies: int = field(default=1, metadata=within(0, 4))
    """Number of communities of this kind that a covered user is in."""
    sizes: list[int] = field(default_factory=lambda: [4])
    """Sizes of its communities."""
    probabilities: list[float] = field(default_factory=lambda: [1.0])
    """Probability of each size."""
    weight: float = field(default=0.1, metadata=within(0, 1))
    """Relative weight with which a user calls a fellow member, compared with the other kinds."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if len(self.sizes) != len(self.probabilities):
            yield Fault(f"{key}.probabilities", f"be as many as sizes ({len(self.sizes)})", self.probabilities)
        if min(self.sizes, default=0) < 2:
            yield Fault(f"{key}.sizes", "be at least 2 each", self.sizes)
        yield from shares_faults(f"{key}.probabilities", self.probabilities)


@dataclass
class Communities:
    """Communities and acquaintances: who knows whom."""

    family: Layer = field(default_factory=Layer)
    """Families: people who live together."""
    work: Layer = field(default_factory=Layer)
    """Groups of colleagues, who meet at work."""
    friends: Layer = field(default_factory=Layer)
    """Circles of friends."""
    clubs: Layer = field(default_factory=lambda: Layer(coverage=0.0))
    """Clubs, whose members meet at some distance from home."""
    stranger_weight: float = field(default=0.01, metadata=within(0, 1))
    """Relative weight with which a user calls an acquaintance outside its communities."""
    acquaintances: int = field(default=20, metadata=within(0, 500))
    """Number of acquaintances outside the communities; acquaintance is mutual."""
    skew: float = field(default=1.0, metadata=within(1, 5))
    """How unevenly calls are spread over the members of a community, and over acquaintances; 1 is evenly."""
    reach_km: list[float] = field(default_factory=list)
    """Distance from home at which people meet, [least, most]; empty: independent of where they live."""
    reach_exponent: float = field(default=1.7, metadata=within(1.01, 5))
    """Exponent of the power law of that distance; with 1.7, ties fall with the square of the distance."""

    together: float = field(default=0.0, metadata=within(0, 1))
    """Share of family members who meet others where their family does, and so have friends in common with it."""

    def layers(self) -> list[str]:
        """Return the kind of each layer, in order; a kind has as many layers as copies."""
        return [kind for kind in COMMUNITY_KINDS for _ in range(getattr(self, kind).copies)]

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        reach = self.reach_km
        if reach and (len(reach) != 2 or not 0 < reach[0] <= reach[1] <= 20_000):
            yield Fault(f"{key}.reach_km", "be empty or [least, most] with 0 < least <= most <= 20000", reach)


def shares_faults(key: str, shares: list[float]) -> Iterator[Fault]:
    """Yield a fault when shares are negative or do not add up to 1."""
    if not shares or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        yield Fault(key, "be shares that add up to 1", shares)
