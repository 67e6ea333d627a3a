"""Settings of the network: towers, phones, handover, status, arrival of messages. Light: imports hardly anything."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault, above, one_of, within
from generators.settings.mobility import MobilitySettings
from generators.settings.radio import AntennaSettings, PropagationSettings, SiteSettings

KINDS = ("broken", "degraded", "sleeping")
MEASURED_EACH_MS = 480


@dataclass
class TowerFault:
    """Something wrong with a tower for a while."""

    tower: int = field(default=0, metadata=within(0, 1_000_000))
    """Number of the tower, from 0."""
    kind: str = field(default="broken", metadata=one_of(*KINDS))
    """broken: refuses every Hello; degraded: refuses some, loses calls; sleeping: answers nobody."""
    from_s: float = field(default=0.0, metadata=within(0, 1e9))
    """Since the start of the world."""
    to_s: float = field(default=1e9, metadata=within(0, 1e9))
    """Until when, since the start of the world."""
    refuses: float = field(default=0.3, metadata=within(0, 1))
    """Of a degraded tower: share of the Hellos that it refuses."""
    losses_per_hour: float = field(default=5.0, metadata=within(0, 3600))
    """Of a degraded tower: how often a live call is lost."""
    ramp: bool = False
    """Of a degraded tower: gets worse from nothing to all of it over its time; else at once."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.from_s >= self.to_s:
            yield Fault(f"{key}.to_s", f"be above from_s ({self.from_s:g})", self.to_s)


@dataclass
class TowerSettings:
    """How towers answer."""

    refuses: float = field(default=0.004, metadata=within(0, 1))
    """Share of the Hellos that a healthy tower answers with FAIL."""
    ignores: float = field(default=0.001, metadata=within(0, 1))
    """Share of the Hellos that it does not answer at all."""
    answer_ms: list[int] = field(default_factory=lambda: [40, 160])
    """How long an answer takes: least and most."""
    losses_per_hour: float = field(default=0.05, metadata=within(0, 3600))
    """How often a live call is lost for no other reason [per hour of talk]."""
    channels: int = field(default=0, metadata=within(0, 100_000))
    """Calls that a cell carries at a time; 0: as many as keep blocking in its busiest hour within `most_blocking`."""
    most_blocking: float = field(default=0.01, metadata=within(0.0001, 0.5))
    """Share of the calls that a cell may refuse in its busiest hour, where `channels` is 0."""
    congestion: bool = True
    """Whether cells whose channels are all taken refuse (Erlang B on the clean world's offered load)."""
    broken: list[TowerFault] = field(default_factory=list)
    """Towers that do not work, and when."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if len(self.answer_ms) != 2 or not 0 <= self.answer_ms[0] <= self.answer_ms[1] <= 60_000:
            yield Fault(f"{key}.answer_ms", "be [least, most] with 0 <= least <= most <= 60000", self.answer_ms)
        if self.refuses + self.ignores > 1:
            yield Fault(f"{key}.ignores", f"be at most 1 together with refuses ({self.refuses:g})", self.ignores)


@dataclass
class PhoneSettings:
    """How phones report, wait and change cells."""

    heartbeat_min_s: float = field(default=3.0, metadata=within(0.1, 3600))
    """The least time between two reports of signal strengths."""
    heartbeat_spread_s: float = field(default=10.0, metadata=within(0, 3600))
    """A phone asks for signal strengths after the least plus a uniform share of the spread, again and again."""
    timeout_ms: int = field(default=4000, metadata=within(1, 600_000))
    """How long it waits for the answer to a Hello."""
    handover: str = field(default="a3", metadata=one_of("a3", "refresh"))
    """a3: when a neighbour is better for a while; refresh: a new Hello after a random time."""
    hysteresis_db: float = field(default=3.0, metadata=within(0, 30))
    """How much better a neighbour must be, for a3."""
    time_to_trigger_ms: int = field(default=640, metadata=within(0, 60_000))
    """For so long a neighbour must be better; rounded up to whole measurements of 480 ms."""
    refresh_min_s: float = field(default=3.0, metadata=above(0))
    """The least time until the next Hello, for refresh."""
    refresh_spread_s: float = field(default=10.0, metadata=within(0, 3600))
    """What is added to it at most, drawn evenly."""


@dataclass
class StatusSettings:
    """Over which windows the status of towers is told."""

    window_s: int = field(default=900, metadata=within(1, 86_400))
    """Length of a window."""
    slide_s: int = field(default=900, metadata=within(1, 86_400))
    """From the begin of one window to that of the next; the same as the window: bins."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.window_s % max(self.slide_s, 1):
            yield Fault(f"{key}.window_s", f"be a multiple of slide_s ({self.slide_s})", self.window_s)


@dataclass
class ArrivalSettings:
    """How messages reach whoever collects them, and how well the clocks of phones go."""

    least_ms: int = field(default=50, metadata=within(0, 600_000))
    """The least that a message is on its way."""
    mean_more_ms: float = field(default=150.0, metadata=within(0, 600_000))
    """What it takes beyond that: the mean of an exponential; one message may overtake another."""
    clock_skew_ms: float = field(default=0.0, metadata=within(0, 600_000))
    """Standard deviation over phones of how far a clock is off. Events bear the time of their phone; call records that
    of the network, so the two differ by this."""


@dataclass
class NetworkSettings:
    """The network between people; without radio, only calls are simulated."""

    radio: bool = True
    """Whether towers, phones and sessions are simulated at all."""
    wrap: bool = False
    """Whether the opposite edges of the world meet (a torus)."""
    sites: SiteSettings = field(default_factory=SiteSettings)
    """Where towers stand."""
    antenna: AntennaSettings = field(default_factory=AntennaSettings)
    """In which directions antennas radiate."""
    propagation: PropagationSettings = field(default_factory=PropagationSettings)
    """How power falls on its way to a phone."""
    towers: TowerSettings = field(default_factory=TowerSettings)
    """How towers answer."""
    phones: PhoneSettings = field(default_factory=PhoneSettings)
    """How phones report, wait and change cells."""
    mobility: MobilitySettings = field(default_factory=MobilitySettings)
    """How people move."""
    status: StatusSettings = field(default_factory=StatusSettings)
    """Windows over which the status of towers is told."""
    arrival: ArrivalSettings = field(default_factory=ArrivalSettings)
    """How messages reach whoever collects them."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.radio and set(self.propagation.models) != {"downtown", "commercial", "residential", "suburban"}:
            rule = "have the keys downtown, commercial, residential, suburban"
            yield Fault(f"{key}.propagation.models", rule, sorted(self.propagation.models))
