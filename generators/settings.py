"""Every knob of the simulated world, with its range. Light: nothing here imports more than the standard library."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bench.faults import Fault, above, one_of, within
from generators.clock import HOURS
from generators.sessions.settings import NetworkSettings

DISTRICTS = ("downtown", "commercial", "residential", "suburban")
EXTERNAL_TYPES = ("unlisted", "foreign", "premium")


@dataclass
class Box:
    """A rectangle of latitude and longitude [deg], and its share of whatever is placed."""

    share: float = field(default=0.25, metadata=within(0, 1))
    lat_min: float = field(default=0.0, metadata=within(-85, 85))
    lat_max: float = field(default=1.0, metadata=within(-85, 85))
    lon_min: float = field(default=0.0, metadata=within(-180, 180))
    lon_max: float = field(default=1.0, metadata=within(-180, 180))

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.lat_min >= self.lat_max:
            yield Fault(f"{key}.lat_max", f"be above lat_min ({self.lat_min:g})", self.lat_max)
        if self.lon_min >= self.lon_max:
            yield Fault(f"{key}.lon_max", f"be above lon_min ({self.lon_min:g})", self.lon_max)


@dataclass
class RegionSettings:
    """Where the world is: its time zone and its districts, which hold the towers."""

    time_zone: str = "UTC"
    districts: dict[str, Box] = field(default_factory=dict)

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if set(self.districts) != set(DISTRICTS):
            yield Fault(f"{key}.districts", f"have the keys {', '.join(DISTRICTS)}", sorted(self.districts))
        yield from _shares(f"{key}.districts.*.share", [box.share for box in self.districts.values()])
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError):
            yield Fault(f"{key}.time_zone", "be a name of the IANA time zone database", self.time_zone)


@dataclass
class CallPattern:
    """A daily rhythm of calls."""

    share: float = field(default=0.5, metadata=within(0, 1))
    """Share of the users who live by it."""
    hourly: list[float] = field(default_factory=lambda: [1.0] * HOURS)
    """Relative weight of each local hour, 0 to 23."""
    weekend_factor: float = field(default=1.0, metadata=within(0, 10))
    """A weekend day's volume relative to a working day's."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if len(self.hourly) != HOURS or min(self.hourly) < 0 or sum(self.hourly) <= 0:
            yield Fault(f"{key}.hourly", "be 24 weights, none negative, not all zero", self.hourly)


@dataclass
class Durations:
    """Talk times of answered calls: a mixture of log-normals, of normals cut below, or of exponentials."""

    family: str = field(default="lognormal", metadata=one_of("lognormal", "normal", "exponential"))
    weights: list[float] = field(default_factory=lambda: [1.0])
    centres_s: list[float] = field(default_factory=lambda: [30.0])
    """Median [s] of each log-normal; mean [s] of a normal or an exponential."""
    spreads: list[float] = field(default_factory=lambda: [1.5])
    """Standard deviation of ln(duration) of each log-normal; of a normal [s]; of no use to an exponential."""
    least_s: float = field(default=1.0, metadata=within(1, 3600))
    longest_s: float = field(default=14400.0, metadata=within(60, 43200))

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        sizes = {len(self.weights), len(self.centres_s), len(self.spreads)}
        if len(sizes) != 1 or not self.weights:
            yield Fault(key, "have as many weights as centres_s as spreads, at least one", sorted(sizes))
        yield from _shares(f"{key}.weights", self.weights)
        if min(self.centres_s, default=1) <= 0:
            yield Fault(f"{key}.centres_s", "be above 0", self.centres_s)
        if min(self.spreads, default=1) < 0:
            yield Fault(f"{key}.spreads", "not be negative", self.spreads)
        if self.least_s > self.longest_s:
            yield Fault(f"{key}.longest_s", f"not be below least_s ({self.least_s:g})", self.longest_s)


@dataclass
class UserType:
    """A kind of subscriber."""

    share: float = field(default=1.0, metadata=within(0, 1))
    activity: float = field(default=1.0, metadata=above(0))
    """Calls a day relative to the average user."""
    clock_shift_h: float = field(default=0.0, metadata=within(-12, 12))
    """By how much its day is later than other people's [h]."""
    durations: Durations = field(default_factory=Durations)


@dataclass
class Activity:
    """How many calls people make, and how they bunch."""

    calls_per_day: list[float] = field(default_factory=lambda: [3.0, 3.0])
    """Mean calls made by a user on a working day: a range, from which one value is drawn for the world."""
    sigma: float = field(default=0.0, metadata=within(0, 2))
    """Spread over users: standard deviation of ln(calls a day)."""
    clock_sigma_h: float = field(default=0.0, metadata=within(0, 4))
    """Spread over users of when their day begins [h]."""
    follow_up: float = field(default=0.0, metadata=within(0, 0.9))
    """Share of calls made soon after the one before."""
    follow_up_gap_s: float = field(default=120.0, metadata=within(1, 7200))
    """Mean gap [s] between the end of a call and its follow-up."""
    same_contact: float = field(default=0.0, metadata=within(0, 1))
    """Share of follow-ups that go to the same contact again."""
    loop: str = field(default="open", metadata=one_of("open", "closed"))
    """open: calls are planned by the day; closed: a call, however it goes, is followed by a wait and the next one, and
    nothing else of this group counts."""
    wait_s: list[float] = field(default_factory=lambda: [15.0, 65.0])
    """Of a closed loop: least and longest wait, uniform [s]; also before the first call."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        low_high, wait = self.calls_per_day, self.wait_s
        if len(wait) != 2 or not 1 <= wait[0] <= wait[1] <= 86_400:
            yield Fault(f"{key}.wait_s", "be [least, longest] with 1 <= least <= longest <= 86400", wait)
        if len(low_high) != 2 or not 0 < low_high[0] <= low_high[1] <= 1000:
            yield Fault(f"{key}.calls_per_day", "be [low, high] with 0 < low <= high <= 1000", low_high)


@dataclass
class Outcomes:
    """What becomes of calls that nobody answers; the rest is answered."""

    missed: float = field(default=0.0, metadata=within(0, 0.5))
    busy: float = field(default=0.0, metadata=within(0, 0.25))
    failed: float = field(default=0.0, metadata=within(0, 0.2))
    """Without a network only; else the network decides."""


@dataclass
class Layer:
    """One kind of community."""

    coverage: float = field(default=1.0, metadata=within(0, 1))
    """Share of the users who are in such a community (in each copy of the layer)."""
    copies: int = field(default=1, metadata=within(0, 4))
    """How many communities of this kind a covered user is in."""
    sizes: list[int] = field(default_factory=lambda: [4])
    probabilities: list[float] = field(default_factory=lambda: [1.0])
    weight: float = field(default=0.1, metadata=within(0, 1))
    """How readily a user calls any one fellow member, relative to the other kinds."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if len(self.sizes) != len(self.probabilities):
            yield Fault(f"{key}.probabilities", f"be as many as sizes ({len(self.sizes)})", self.probabilities)
        if min(self.sizes, default=0) < 2:
            yield Fault(f"{key}.sizes", "be at least 2 each", self.sizes)
        yield from _shares(f"{key}.probabilities", self.probabilities)


@dataclass
class Communities:
    """Who knows whom."""

    family: Layer = field(default_factory=Layer)
    work: Layer = field(default_factory=Layer)
    friends: Layer = field(default_factory=Layer)
    stranger_weight: float = field(default=0.01, metadata=within(0, 1))
    """How readily a user calls any one acquaintance who shares no community with it."""
    acquaintances: int = field(default=20, metadata=within(0, 500))
    """Acquaintances outside the communities; mutual."""
    skew: float = field(default=1.0, metadata=within(1, 5))
    """How unevenly calls spread over the members of a community; 1 is evenly."""


@dataclass
class External:
    """Parties outside the network: what share of the calls goes to them, and how many there are."""

    shares: dict[str, float] = field(default_factory=dict)
    """Share of all calls by type: unlisted, foreign, premium."""
    parties_per_100_users: dict[str, float] = field(default_factory=dict)
    own_contacts: int = field(default=5, metadata=within(1, 100))
    """How many of each type one user calls."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        for name in ("shares", "parties_per_100_users"):
            value = getattr(self, name)
            if set(value) != set(EXTERNAL_TYPES) or min(value.values()) < 0:
                yield Fault(f"{key}.{name}", f"have the keys {', '.join(EXTERNAL_TYPES)}, none negative", dict(value))
        if sum(self.shares.values()) > 0.9:
            yield Fault(f"{key}.shares", "add up to at most 0.9", dict(self.shares))


@dataclass
class Whereabouts:
    """Which cell serves a caller, where there is no network."""

    at_work: float = field(default=0.6, metadata=within(0, 1))
    """Share of the working hours (09-17 local, on the user's clock, working days) spent at the work place."""
    elsewhere: float = field(default=0.15, metadata=within(0, 1))
    """Share of the remaining hours spent in a cell near the home."""
    moving: float = field(default=0.15, metadata=within(0, 0.9))
    """Share of three-minute calls that end in another cell than they began in; rises with the length of the call."""


@dataclass
class Subscriptions:
    """Numbers, SIMs and devices over time, for honest reasons."""

    created_months: list[float] = field(default_factory=lambda: [1.0, 24.0])
    """How long before the start a subscription began [months of 30 days]."""
    joining_per_month: float = field(default=0.0, metadata=within(0, 0.5))
    """Share of the users whose subscription begins within the world, per 30 days."""
    new_device_per_month: float = field(default=0.0, metadata=within(0, 0.5))
    new_sim_per_month: float = field(default=0.0, metadata=within(0, 0.5))

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        months = self.created_months
        if len(months) != 2 or not 0 < months[0] <= months[1] <= 600:
            yield Fault(f"{key}.created_months", "be [least, most] with 0 < least <= most <= 600", months)


@dataclass
class WorldSettings:
    """The simulated world."""

    _target_: str = "generators.world.World"
    num_users: int = field(default=2000, metadata=within(1, 10_000_000))
    num_towers: int = field(default=20, metadata=within(1, 100_000))
    days: int = field(default=28, metadata=within(1, 1000))
    start: str = "2024-01-01"
    """First local day."""
    seed: int = field(default=42, metadata=within(0, 2**63 - 1))
    anomaly_ratio: float = field(default=0.05, metadata=within(0, 0.5))
    """Share of the call records that are anomalous."""
    macro_share: float = field(default=0.75, metadata=within(0, 1))
    """Share of macro sites among the towers; the rest are small cells."""
    region: RegionSettings = field(default_factory=RegionSettings)
    call_patterns: dict[str, CallPattern] = field(default_factory=dict)
    user_types: dict[str, UserType] = field(default_factory=dict)
    activity: Activity = field(default_factory=Activity)
    outcomes: Outcomes = field(default_factory=Outcomes)
    communities: Communities = field(default_factory=Communities)
    external: External = field(default_factory=External)
    whereabouts: Whereabouts = field(default_factory=Whereabouts)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    subscriptions: Subscriptions = field(default_factory=Subscriptions)

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        yield from _shares(f"{key}.user_types.*.share", [t.share for t in self.user_types.values()])
        yield from _shares(f"{key}.call_patterns.*.share", [p.share for p in self.call_patterns.values()])
        yield from self._start_faults(key)
        if self.activity.loop == "closed" and self.anomaly_ratio > 0:
            rule = "be 0 where generator.activity.loop is closed: calls that are not planned cannot be altered"
            yield Fault(f"{key}.anomaly_ratio", rule, self.anomaly_ratio)
        if self.activity.loop == "closed" and self.network.radio and self.network.towers.congestion:
            rule = "be false where generator.activity.loop is closed: its offered load is not known beforehand"
            yield Fault(f"{key}.network.towers.congestion", rule, True)

    def _start_faults(self, key: str) -> Iterator[Fault]:
        try:
            first = date.fromisoformat(self.start)
            offsets = {self._offset_s(first, day) for day in range(self.days + 1)}
        except KeyError:
            return  # the zone is unknown: told by the region
        except (OSError, ValueError, OverflowError):
            yield Fault(f"{key}.start", "be a date such as 2024-01-01, in the years 1971 to 2199", self.start)
            return
        if not 1971 <= first.year <= 2199:
            yield Fault(f"{key}.start", "be a date such as 2024-01-01, in the years 1971 to 2199", self.start)
        if len(offsets) > 1:
            rule = f"keep one offset from UTC for {self.days} days from {self.start} (no summer time in between)"
            yield Fault(f"{key}.region.time_zone", rule, self.region.time_zone)

    def _offset_s(self, first: date, day: int) -> float:
        noon = datetime(first.year, first.month, first.day, 12, tzinfo=UTC) + timedelta(days=day)
        offset = noon.astimezone(ZoneInfo(self.region.time_zone)).utcoffset()
        return 0.0 if offset is None else offset.total_seconds()

    def utc_offset_s(self) -> int:
        """Return what local time is ahead of UTC [s]."""
        return int(self._offset_s(date.fromisoformat(self.start), 0))

    def start_ms(self) -> int:
        """Return the first local midnight, in ms since the Unix epoch (UTC)."""
        midnight = datetime.fromisoformat(self.start).replace(tzinfo=UTC)
        return (int(midnight.timestamp()) - self.utc_offset_s()) * 1000


def _shares(key: str, shares: list[float]) -> Iterator[Fault]:
    if not shares or min(shares) < 0 or abs(sum(shares) - 1) > 1e-6:
        yield Fault(key, "be shares that add up to 1", shares)


def schemas() -> dict[str, type]:
    """Return the dataclass behind each configuration group of this room."""
    return {"generator": WorldSettings, "generator/region": RegionSettings, "generator/network": NetworkSettings}
