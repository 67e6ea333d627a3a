"""A second implementation of the session protocol, message by message: plain and slow; tests compare the two.

One phone at a time; messages and timers are in one heap. Reports are broadcast: every cell is asked, without a map.
Numbers in comments are those of the transitions in `generators.sessions.session`.
"""

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from generators.mobility.itinerary import STANDING, locate, make_trail, position
from generators.model.plan import CellFault
from generators.model.rng import Purpose
from generators.radio.cells import power_dbm
from generators.radio.plant import Plant
from generators.sessions.faults import BROKEN, DEGRADED, NO_INCIDENT, SLEEPING, SWAPPING
from generators.sessions.network import Network

Draws = tuple[float, float, float, float, int]
END, LOST, LEAVE, TICK, SWAP, ANSWER, TIMEOUT = range(7)
"""Timers and messages; of those at the same moment the first comes first."""
IDLE, CONNECTING, LIVE = "IDLE", "CONNECTING", "LIVE"


def numpys_draws(seed: int, purpose: Purpose, entity: int, occurrence: int, part: int = 0) -> Draws:
    """Return four uniforms of NumPy's Philox, and the last of them as a 64-bit word."""
    counter = (entity + (occurrence << 64) + (part << 128) - 1) % 2**256  # NumPy counts up before it draws
    words = [counter >> (64 * i) & (2**64 - 1) for i in range(4)]
    key = np.array([seed, int(purpose)], np.uint64)
    raw = [int(word) for word in np.random.Philox(key=key, counter=np.array(words, np.uint64)).random_raw(4)]
    a, b, c, d = ((word >> 11) * 2.0**-53 for word in raw)
    return a, b, c, d, raw[3]


class Event(NamedTuple):
    """One event, in words; as `generators.model.events.EVENT` has it in numbers."""

    time_ms: int
    state: str
    cause: str
    x: int
    y: int
    cell: int
    power: float
    previous: int
    held_ms: int
    talk_ms: int


class Air:
    """The users' positions, and the cells that they receive there."""

    def __init__(self, network: Network, plant: Plant, incidents: Sequence[CellFault] | None = ()) -> None:
        """If `incidents` is None, the network's faults of incidents have no effect, as in normal life."""
        self.network, self.plant, self.trail = network, plant, make_trail()
        self.normal, self.turned = incidents is None, [f for f in incidents or () if f.turned_deg]
        self.seed = int(network.folk.seed)

    def place(self, user: int, moment: int) -> tuple[float, float]:
        """Return where a user is [m], on a torus within its edges."""
        x, y = position(user, moment, self.network.folk, self.trail)
        plane = self.network.folk.plane
        if plane.wrap:
            return x - plane.width * math.floor(x / plane.width), y - plane.height * math.floor(y / plane.height)
        return min(max(x, 0.0), plane.width), min(max(y, 0.0), plane.height)

    def moves(self, user: int, moment: int) -> bool:
        """Return whether a user is on the move."""
        return locate(user, moment, self.network.folk, self.trail)[0] != STANDING

    def heard(self, user: int, moment: int) -> dict[int, float]:
        """Return what a phone receives of a broadcast: the power of each cell, strongest first."""
        x, y = self.place(user, moment)
        radio = self.network.radio
        column = min(int(x * radio.columns / radio.width), radio.columns - 1)
        row = min(int(y * radio.rows / radio.height), radio.rows - 1)
        middle = ((column + 0.5) * radio.width / radio.columns, (row + 0.5) * radio.height / radio.rows)
        cells, air = self.plant.cells, self.plant.air
        for fault in self.turned:
            if fault.begin_ms <= moment < fault.end_ms:
                azimuth = cells.azimuth.copy()
                azimuth[fault.cell] += fault.turned_deg
                cells = cells._replace(azimuth=azimuth)
        powers = {cell: power_dbm(cell, *middle, cells, air) for cell in range(len(cells.site))}
        answers = {cell: float(np.float32(p)) for cell, p in powers.items() if p >= air.threshold}
        return strongest(answers, radio.cell.shape[1])


def strongest(powers: dict[int, float], most: int) -> dict[int, float]:
    """Return the strongest cells in order; of equal ones the lower number."""
    return dict(sorted(powers.items(), key=lambda pair: (-pair[1], pair[0]))[:most])


@dataclass
class Session:
    """A phone that makes one call."""

    air: Air
    user: int
    key: int
    start: int
    talk: int
    ring: int = 0
    """Time from the connection until the call is answered or given up."""
    state: str = IDLE
    events: list[Event] = field(default_factory=list)
    cell: int = -1
    power: float = math.nan
    first: int = -1
    """Time at which it first connected; -1 before."""
    since: int = -1
    """Time at which it connected to the serving cell."""
    handovers: int = 0
    first_cell: int = -1
    """The first cell that connected, or else that was asked."""

    def __post_init__(self) -> None:
        self.rules, self.now = self.air.network.rules, self.start
        self.asked = self.changes = self.better = self.round = 0
        self.withstands = self.rate = 0.0
        self.candidates: list[tuple[int, float]] = []
        self.barred: list[int] = []
        self.queue: list[tuple[int, int, int, int, Any]] = []
        self.order = itertools.count()

    def run(self) -> list[Event]:
        """Hold the call, and return its events."""
        self.candidates = list(self.reports(0).items())
        self.state = CONNECTING  # 1
        if not self.candidates:
            self.note("FAIL", "no_coverage", -1, math.nan)
        self.first_cell = self.candidates[0][0] if self.candidates else -1
        self.hello()
        while self.state != IDLE:
            self.now, kind, _, when, content = heapq.heappop(self.queue)
            if when in (self.round, -1):
                self.receive(kind, content)
        return self.events

    def receive(self, kind: int, content: Any) -> None:
        """Act on a message or a timer."""
        if kind == END:
            self.finish("END", "")  # 6
        elif kind == LOST:
            self.finish("FAIL", "drop")
        elif kind == LEAVE:
            self.leave()  # 7
        elif kind == TICK:
            self.measure()
        elif kind == SWAP:
            self.swap(*content)
        elif kind == TIMEOUT:
            self.failed("timeout", *content)  # 3
        elif content[0] == "CONNECT":
            self.connected(*content[1:])  # 5
        else:
            self.failed(*content)  # 2

    def after(self, moment: int, kind: int, content: Any = None, forever: bool = False) -> None:
        """Let something happen later; unless `forever`, only while the phone stays in this state."""
        heapq.heappush(self.queue, (moment, kind, next(self.order), -1 if forever else self.round, content))

    def reports(self, collection: int) -> dict[int, float]:
        """Return the unexpired reports, strongest first: requests counted back, the latest answer of each cell."""
        least, spread = self.rules.heartbeat_ms
        moment, known = self.now, dict[int, float]()
        for request in range(9):
            u = numpys_draws(self.air.seed, Purpose.HEARTBEAT, self.key, collection, request)[0]
            moment -= int(least + u * spread) if request else int(last_age(u, least, spread))
            if moment <= self.now - self.rules.expiry_ms:
                break
            for cell, power in self.air.heard(self.user, moment).items():
                known.setdefault(cell, power)
        return strongest(known, self.air.network.radio.cell.shape[1])

    def hello(self) -> None:
        """Send Hello to the next candidate; without one the call fails, or drops."""
        while self.candidates and self.rules.a3 and self.candidates[0][0] in self.barred[-16:]:
            self.candidates.pop(0)
        if not self.candidates:  # 4
            if self.first >= 0:
                self.finish("FAIL", "drop")
            self.state = IDLE
            return
        self.round += 1
        cell, power = self.candidates.pop(0)
        mood, delay, luck, hardness, _ = numpys_draws(self.air.seed, Purpose.HELLO, self.key, self.asked)
        if self.rules.measurement_error:
            u = numpys_draws(self.air.seed, Purpose.HELLO, self.key, self.asked, 3)[0]
            error = NormalDist().inv_cdf(max(u, 2.0**-54))
            power = float(np.float32(power + self.rules.measurement_error * min(max(error, -4.0), 4.0)))
        if not self.asked:
            self.withstands = -math.log(1 - hardness)
        self.asked += 1
        reply = self.tower(cell, mood, luck)
        if reply == "":
            self.after(self.now + self.rules.timeout_ms, TIMEOUT, (cell, power))
            return
        least, most_more = self.rules.answer_ms
        self.after(self.now + least + int(delay * (most_more + 1)), ANSWER, (reply, cell, power))

    def tower(self, cell: int, mood: float, luck: float) -> str:
        """Return what a tower answers: CONNECT, a reason to refuse, or nothing; `spoilt`: nobody else is asked."""
        refuses, ignores, spoils = self.rules.refuses, self.rules.ignores, 0.0
        for i in self.faults(cell):
            kind = self.air.network.faults.row[i]["kind"]
            if kind in (BROKEN, SLEEPING):
                return "setup" if kind == BROKEN else ""
            refused = float(self.air.network.faults.row[i]["refuses"]) * self.severity(i)
            if self.air.network.faults.row[i]["incident"] == NO_INCIDENT:
                refuses = max(refuses, refused)
            else:
                spoils = max(spoils, refused)
        if mood < ignores + refuses:
            return "" if mood < ignores else "setup"
        if mood < ignores + spoils:
            return "spoilt"
        day, ms = divmod(self.now, 86_400_000)
        weekend = (self.air.network.folk.first_weekday + day) % 7 >= 5
        return "blocked" if luck < self.air.network.blocking[cell, ms // 3_600_000 + 24 * weekend] else "CONNECT"

    def faults(self, cell: int, swapping: bool = False) -> list[int]:
        """Return the faults that a cell has now."""
        rows = self.air.network.faults.row
        return [
            i
            for i in self.all_faults(cell)
            if rows[i]["begin_ms"] <= self.now < rows[i]["end_ms"] and (rows[i]["kind"] == SWAPPING) == swapping
        ]

    def all_faults(self, cell: int) -> list[int]:
        """Return the faults that a cell has at any time in this world."""
        faults = self.air.network.faults
        each = range(faults.first[cell], faults.first[cell + 1])
        return [i for i in each if not self.air.normal or faults.row[i]["incident"] == NO_INCIDENT]

    def severity(self, fault: int) -> float:
        """Return the severity of a fault at the present time."""
        row = self.air.network.faults.row[fault]
        begin, end = int(row["begin_ms"]), int(row["end_ms"])
        return (self.now - begin) / (end - begin) if row["ramp"] else 1.0

    def failed(self, cause: str, cell: int, power: float) -> None:
        """Report that a Hello failed, and try the next candidate, if any is left to be asked."""
        self.note("FAIL", "setup" if cause == "spoilt" else cause, cell, power)
        self.barred.append(cell)
        if cause == "spoilt" and self.first < 0:
            self.candidates = []
        self.hello()

    def connected(self, cell: int, power: float) -> None:
        """Go LIVE, or carry on with another cell."""
        before, self.cell, self.power = self.cell, cell, power
        if self.first < 0:
            self.first, self.first_cell = self.now, cell
            self.note("CONNECT", "", cell, power)
            self.after(self.now + self.ring + self.talk, END, forever=True)
        else:
            self.note("RECONNECT", "", cell, power, previous=before, held_ms=self.now - self.since)
            self.handovers += before != cell
        self.state, self.since, self.better = LIVE, self.now, 0
        self.round += 1
        self.watch_out()

    def watch_out(self) -> None:
        """Set the timers of a phone in the state LIVE."""
        faults = self.air.network.faults
        mine = self.all_faults(self.cell)
        losing = [i for i in self.faults(self.cell) if faults.row[i]["kind"] == DEGRADED]
        self.rate = max([self.rules.losses, *(float(faults.row[i]["losses"]) * self.severity(i) for i in losing)])
        if self.rate > 0 and self.withstands < 1e15 * self.rate:
            self.after(self.now + 1 + int(self.withstands / self.rate), LOST)
        for i in mine:
            if faults.row[i]["kind"] in (BROKEN, SLEEPING) and faults.row[i]["begin_ms"] > self.now:
                self.after(int(faults.row[i]["begin_ms"]), LEAVE)
            if faults.row[i]["kind"] == SWAPPING:
                u = numpys_draws(self.air.seed, Purpose.HELLO, self.key, self.changes, 2)[0]
                dwell = int(faults.row[i]["least_ms"]) + int(u * int(faults.row[i]["spread_ms"]))
                self.after(self.now + 1 + dwell, SWAP, (i,))
        if self.rules.a3:
            self.after(self.first + ((self.now - self.first) // 480 + 1) * 480, TICK)
            return
        least, spread = self.rules.refresh_ms
        u = numpys_draws(self.air.seed, Purpose.HELLO, self.key, self.changes, 1)[0]
        self.after(self.now + 1 + int(least + u * spread), LEAVE)

    def measure(self) -> None:
        """Measure, if on the move, and leave when a neighbour has been better for long enough."""
        self.after(self.now + 480, TICK)
        if not self.air.moves(self.user, self.now):
            self.better = 0
            return
        heard = self.air.heard(self.user, self.now)
        others = [power for cell, power in heard.items() if cell != self.cell and cell not in self.barred[-16:]]
        if not others and self.cell not in heard:
            self.leave()
            return
        best = max(others, default=-math.inf)
        self.better = self.better + 1 if best > heard.get(self.cell, -math.inf) + self.rules.hysteresis else 0
        if self.better == self.rules.trigger:
            self.leave()

    def swap(self, fault: int) -> None:
        """Hand the call to the cell's partner, if that is near enough."""
        row = self.air.network.faults.row[fault]
        partner, heard = int(row["partner"]), self.air.heard(self.user, self.now)
        if fault not in self.faults(self.cell, swapping=True) or partner in self.barred[-16:] or partner not in heard:
            return
        if heard[partner] >= heard.get(self.cell, -math.inf) - row["margin"]:
            self.leave(partner)

    def leave(self, first: int = -1) -> None:
        """Ask for a cell again, starting with a given one: from LIVE to CONNECTING."""
        self.state = CONNECTING
        self.round += 1
        self.changes += 1
        self.withstands -= (self.now - self.since) * self.rate
        found = self.air.heard(self.user, self.now) if self.rules.a3 else self.reports(self.changes)
        self.candidates = sorted(found.items(), key=lambda pair: pair[0] != first)
        self.hello()

    def finish(self, state: str, cause: str) -> None:
        """End the call; the phone is IDLE."""
        held, talk = self.now - self.since, max(self.now - self.first - self.ring, 0)
        self.note(state, cause, self.cell, self.power, held_ms=held, talk_ms=talk)
        self.state = IDLE

    def note(self, state: str, cause: str, cell: int, power: float, **more: int) -> None:
        """Record an event."""
        x, y = self.air.place(self.user, self.now)
        figures = {"previous": -1, "held_ms": 0, "talk_ms": 0} | more
        self.events.append(
            Event(time_ms=self.now, state=state, cause=cause, x=int(x), y=int(y), cell=cell, power=power, **figures)
        )


def last_age(u: float, least: float, spread: float) -> float:
    """Return how long ago the last heartbeat was, at u of its distribution.

    The density of the age is the share of gaps that are longer: even up to `least`, then falling to 0 at the longest.
    """
    area = u * (least + spread / 2)
    if area < least or spread == 0:
        return area
    return least + spread - math.sqrt(max(spread * spread - 2 * spread * (area - least), 0.0))
