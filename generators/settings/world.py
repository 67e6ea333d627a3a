"""All settings of the simulated world, with their ranges. Nothing here imports more than NumPy."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from bench.faults import Fault, within
from generators.settings.calendar import Calendar
from generators.settings.network import NetworkSettings
from generators.settings.ringing import RingingSettings
from generators.settings.society import (
    EXTERNAL_TYPES,
    Activity,
    CallPattern,
    Communities,
    UserType,
    shares_faults,
)
from generators.settings.subscriptions import Subscriptions

DISTRICTS = ("downtown", "commercial", "residential", "suburban")


@dataclass
class Box:
    """A rectangle of latitude and longitude [deg], and its share of the sites."""

    share: float = field(default=0.25, metadata=within(0, 1))
    """Share of everything placed by districts that is in this rectangle."""
    lat_min: float = field(default=0.0, metadata=within(-85, 85))
    """Southern edge, in degrees."""
    lat_max: float = field(default=1.0, metadata=within(-85, 85))
    """Northern edge, in degrees."""
    lon_min: float = field(default=0.0, metadata=within(-180, 180))
    """Western edge, in degrees."""
    lon_max: float = field(default=1.0, metadata=within(-180, 180))
    """Eastern edge, in degrees."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.lat_min >= self.lat_max:
            yield Fault(f"{key}.lat_max", f"be above lat_min ({self.lat_min:g})", self.lat_max)
        if self.lon_min >= self.lon_max:
            yield Fault(f"{key}.lon_max", f"be above lon_min ({self.lon_min:g})", self.lon_max)


@dataclass
class RegionSettings:
    """Location of the world: its time zone and its districts, in which the towers stand."""

    time_zone: str = "UTC"
    """Name in the IANA time zone database; nights, weekends and working hours follow it."""
    districts: dict[str, Box] = field(default_factory=dict)
    """A box of latitude and longitude for each district."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if set(self.districts) != set(DISTRICTS):
            yield Fault(f"{key}.districts", f"have the keys {', '.join(DISTRICTS)}", sorted(self.districts))
        yield from shares_faults(f"{key}.districts.*.share", [box.share for box in self.districts.values()])
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError):
            yield Fault(f"{key}.time_zone", "be a name of the IANA time zone database", self.time_zone)


@dataclass
class Outcomes:
    """Shares of unanswered calls by outcome; the rest is answered."""

    missed: float = field(default=0.0, metadata=within(0, 0.5))
    """Share of the calls that nobody answers."""
    busy: float = field(default=0.0, metadata=within(0, 0.25))
    """Share of the calls to a busy line."""
    failed: float = field(default=0.0, metadata=within(0, 0.2))
    """Share of the calls that fail; with a network, the network decides instead."""


@dataclass
class External:
    """Parties outside the network: their number, and the share of the calls that go to them."""

    shares: dict[str, float] = field(default_factory=dict)
    """Share of all calls that go to each type of party: unlisted, foreign, premium."""
    parties_per_100_users: dict[str, float] = field(default_factory=dict)
    """Number of parties of each type per hundred users."""
    own_contacts: int = field(default=5, metadata=within(1, 100))
    """Number of external parties of each type that one user calls."""

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
    """Cell that serves a caller in a world without a network."""

    at_work: float = field(default=0.6, metadata=within(0, 1))
    """Share of the working hours (09-17 local, on the user's clock, working days) spent at the work place."""
    elsewhere: float = field(default=0.15, metadata=within(0, 1))
    """Share of the remaining hours spent in a cell near the home."""
    moving: float = field(default=0.15, metadata=within(0, 0.9))
    """Share of three-minute calls that end in another cell than they began in; the share grows with the duration."""


@dataclass
class WorldSettings:
    """All settings of the simulated world."""

    _target_: str = "generators.world.World"
    num_users: int = field(default=2000, metadata=within(1, 10_000_000))
    """Number of subscribers; a mix of anomalies sets its own number."""
    num_towers: int = field(default=20, metadata=within(1, 100_000))
    """Number of sites."""
    days: int = field(default=28, metadata=within(1, 1000))
    """Number of simulated days."""
    start: str = "2024-01-01"
    """First day, in local time."""
    seed: int = field(default=42, metadata=within(0, 2**63 - 1))
    """Random seed of the world: the same seed gives the same bytes."""
    anomaly_ratio: float = field(default=0.05, metadata=within(0, 0.5))
    """Share of the call records that are anomalous."""
    macro_share: float = field(default=0.75, metadata=within(0, 1))
    """Share of macro sites among the towers; the rest are small cells."""
    region: RegionSettings = field(default_factory=RegionSettings)
    """Location and time zone."""
    call_patterns: dict[str, CallPattern] = field(default_factory=dict)
    """Hourly profiles of calls of groups of users."""
    user_types: dict[str, UserType] = field(default_factory=dict)
    """Kinds of users, by name."""
    activity: Activity = field(default_factory=Activity)
    """How many calls users make, and how bursty they are."""
    calendar: Calendar = field(default_factory=Calendar)
    """Holidays, events and seasons."""
    outcomes: Outcomes = field(default_factory=Outcomes)
    """Shares of unanswered calls by outcome."""
    ringing: RingingSettings = field(default_factory=RingingSettings)
    """Time until calls are answered or given up."""
    communities: Communities = field(default_factory=Communities)
    """Sources of ties: families, work, friends, clubs."""
    external: External = field(default_factory=External)
    """Calls to numbers outside the network."""
    whereabouts: Whereabouts = field(default_factory=Whereabouts)
    """Cell that serves a caller in a world without a network."""
    network: NetworkSettings = field(default_factory=NetworkSettings)
    """Towers, phones and sessions."""
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    """When subscriptions begin and end, and how SIMs and devices change."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        yield from shares_faults(f"{key}.user_types.*.share", [t.share for t in self.user_types.values()])
        yield from shares_faults(f"{key}.call_patterns.*.share", [p.share for p in self.call_patterns.values()])
        for name, kind in self.user_types.items():
            if kind.call_pattern and kind.call_pattern not in self.call_patterns:
                rule = f"be empty or one of {', '.join(self.call_patterns)}"
                yield Fault(f"{key}.user_types.{name}.call_pattern", rule, kind.call_pattern)
            if kind.unanswered * (self.outcomes.missed + self.outcomes.busy) > 0.95:
                rule = "leave at least 5 % of the calls answered"
                yield Fault(f"{key}.user_types.{name}.unanswered", rule, kind.unanswered)
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
            return  # the zone is unknown: a fault of the region
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
        """Return the offset of local time from UTC [s]."""
        return int(self._offset_s(date.fromisoformat(self.start), 0))

    def start_ms(self) -> int:
        """Return the first local midnight, in ms since the Unix epoch (UTC)."""
        midnight = datetime.fromisoformat(self.start).replace(tzinfo=UTC)
        return (int(midnight.timestamp()) - self.utc_offset_s()) * 1000


def schemas() -> dict[str, type]:
    """Return the dataclass behind each configuration group of the simulator."""
    return {"generator": WorldSettings, "generator/region": RegionSettings, "generator/network": NetworkSettings}
