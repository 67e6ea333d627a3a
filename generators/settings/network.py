"""Settings of the network: towers, phones, handover, status tables, delays of messages."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bench.faults import Fault, above, one_of, within
from generators.settings.mobility import MobilitySettings
from generators.settings.radio import AntennaSettings, PropagationSettings, SiteSettings

KINDS = ("broken", "degraded", "sleeping")
MEASURED_EACH_MS, DAY_S = 480, 86_400


@dataclass
class TowerFault:
    """A fault of a tower during a span of time."""

    tower: int = field(default=0, metadata=within(0, 1_000_000))
    """Number of the tower, from 0."""
    kind: str = field(default="broken", metadata=one_of(*KINDS))
    """broken: refuses every Hello; degraded: refuses some Hellos and drops calls; sleeping: answers none."""
    from_s: float = field(default=0.0, metadata=within(0, 1e9))
    """Start of the fault, in seconds since the start of the world."""
    to_s: float = field(default=1e9, metadata=within(0, 1e9))
    """End of the fault, in seconds since the start of the world."""
    refuses: float = field(default=0.3, metadata=within(0, 1))
    """For kind=degraded: share of the Hellos that the tower refuses."""
    losses_per_hour: float = field(default=5.0, metadata=within(0, 3600))
    """For kind=degraded: calls dropped per hour of talk."""
    ramp: bool = False
    """For kind=degraded: whether the fault grows steadily from zero to its full effect, or has it at once."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.from_s >= self.to_s:
            yield Fault(f"{key}.to_s", f"be above from_s ({self.from_s:g})", self.to_s)


@dataclass
class TowerSettings:
    """How towers answer."""

    refuses: float = field(default=0.004, metadata=within(0, 1))
    """Share of the Hellos that a healthy tower refuses (FAIL)."""
    ignores: float = field(default=0.001, metadata=within(0, 1))
    """Share of the Hellos that a healthy tower does not answer."""
    answer_ms: list[int] = field(default_factory=lambda: [40, 160])
    """Time until a tower answers: shortest and longest."""
    losses_per_hour: float = field(default=0.05, metadata=within(0, 3600))
    """Calls dropped at healthy towers per hour of talk."""
    channels: int = field(default=0, metadata=within(0, 100_000))
    """Calls that a cell can carry at the same time; 0: as many as keep blocking in its busiest hour within
    `most_blocking`."""
    most_blocking: float = field(default=0.01, metadata=within(0.0001, 0.5))
    """Largest share of calls that a cell may refuse in its busiest hour, if `channels` is 0."""
    congestion: bool = True
    """Whether cells refuse calls when all channels are taken (Erlang B on the offered load without incidents)."""
    broken: list[TowerFault] = field(default_factory=list)
    """Faults of towers, with their times. They are part of normal life, so the clean twin has them too; the truth names
    their cells and times, as incidents of the type `configured_failure`."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if len(self.answer_ms) != 2 or not 0 <= self.answer_ms[0] <= self.answer_ms[1] <= 60_000:
            yield Fault(f"{key}.answer_ms", "be [least, most] with 0 <= least <= most <= 60000", self.answer_ms)
        if self.refuses + self.ignores > 1:
            yield Fault(f"{key}.ignores", f"be at most 1 together with refuses ({self.refuses:g})", self.ignores)


@dataclass
class PhoneSettings:
    """How phones report signal strengths, wait for answers and change cells."""

    heartbeat_min_s: float = field(default=3.0, metadata=within(0.1, 3600))
    """The shortest time between two requests for signal strengths."""
    heartbeat_spread_s: float = field(default=10.0, metadata=within(0, 3600))
    """Width of the uniform random time that is added to `heartbeat_min_s` for each request."""
    timeout_ms: int = field(default=4000, metadata=within(1, 600_000))
    """How long a phone waits for the answer to a Hello."""
    handover: str = field(default="a3", metadata=one_of("a3", "refresh"))
    """a3: as soon as a neighbouring cell has been better for a while; refresh: by a new Hello after a random time."""
    hysteresis_db: float = field(default=3.0, metadata=within(0, 30))
    """For handover=a3: by how much a neighbouring cell must be better."""
    time_to_trigger_ms: int = field(default=640, metadata=within(0, 60_000))
    """For handover=a3: how long a neighbouring cell must be better; rounded up to whole measurements of 480 ms."""
    refresh_min_s: float = field(default=3.0, metadata=above(0))
    """For handover=refresh: the shortest time until the next Hello."""
    refresh_spread_s: float = field(default=10.0, metadata=within(0, 3600))
    """For handover=refresh: width of the uniform random time that is added to `refresh_min_s`."""
    measurement_error_db: float = field(default=1.5, metadata=within(0, 20))
    """Standard deviation of the random error of a reported power [dB]: what the phone's filter leaves of fast fading.
    Cells are compared without it."""
    neighbours: str = field(default="geometry", metadata=one_of("geometry", "learned"))
    """Which towers a phone asks for signal strengths. geometry: those that could reach it; learned: the towers that it
    hears and those that they have learned to be near (table `neighbour_learning`). Calls do not depend on it."""
    neighbour_margin_db: float = field(default=10.0, metadata=within(0, 60))
    """For neighbours=learned: a phone reports towers that are at most this much weaker than the strongest."""
    scan_share: float = field(default=0.01, metadata=within(0, 1))
    """For neighbours=learned: share of the requests that go to all towers, so that new neighbours are found."""


@dataclass
class StatusSettings:
    """Time windows of the tables of status."""

    window_s: int = field(default=900, metadata=within(1, 86_400))
    """Length of a window."""
    slide_s: int = field(default=900, metadata=within(1, 86_400))
    """Time from the start of one window to that of the next; if equal to `window_s`, windows do not overlap."""
    user_window_s: int = field(default=0, metadata=within(0, 86_400))
    """Length of the windows of the table `user_windows`, a divisor of a day; 0: there is no such table."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.window_s % max(self.slide_s, 1):
            yield Fault(f"{key}.window_s", f"be a multiple of slide_s ({self.slide_s})", self.window_s)
        if self.user_window_s and DAY_S % self.user_window_s:
            rule = f"be 0, or divide a day ({DAY_S} s), such as 900"
            yield Fault(f"{key}.user_window_s", rule, self.user_window_s)


@dataclass
class ArrivalSettings:
    """Delay of messages on their way to the collector, and errors of the phones' clocks."""

    least_ms: int = field(default=50, metadata=within(0, 600_000))
    """The shortest delay of a message."""
    mean_more_ms: float = field(default=150.0, metadata=within(0, 600_000))
    """Mean of the exponential delay that is added to `least_ms`; one message may overtake another."""
    clock_skew_ms: float = field(default=0.0, metadata=within(0, 600_000))
    """Standard deviation over phones of the error of their clocks. Events have the time of the phone, call records that
    of the network; the two differ by this error."""


@dataclass
class NetworkSettings:
    """The radio network; with radio=false only calls are simulated."""

    radio: bool = True
    """Whether towers, phones and sessions are simulated."""
    wrap: bool = False
    """Whether the opposite edges of the world meet (a torus)."""
    sites: SiteSettings = field(default_factory=SiteSettings)
    """Positions, heights and powers of the sites."""
    antenna: AntennaSettings = field(default_factory=AntennaSettings)
    """Antenna pattern of macro cells."""
    propagation: PropagationSettings = field(default_factory=PropagationSettings)
    """Path loss and shadowing between antenna and phone."""
    towers: TowerSettings = field(default_factory=TowerSettings)
    """Answers, channels and faults of towers."""
    phones: PhoneSettings = field(default_factory=PhoneSettings)
    """Measurement reports, timeouts and handover of phones."""
    mobility: MobilitySettings = field(default_factory=MobilitySettings)
    """How people move."""
    status: StatusSettings = field(default_factory=StatusSettings)
    """Time windows of the tables of status."""
    arrival: ArrivalSettings = field(default_factory=ArrivalSettings)
    """Delay of messages, and errors of the phones' clocks."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.radio and set(self.propagation.models) != {"downtown", "commercial", "residential", "suburban"}:
            rule = "have the keys downtown, commercial, residential, suburban"
            yield Fault(f"{key}.propagation.models", rule, sorted(self.propagation.models))
