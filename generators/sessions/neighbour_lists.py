"""Neighbour lists that towers learn from phones' reports, and what they save of a broadcast.

Each phone asks for signal strengths every few seconds, and reports the towers that answered, if they are not much
weaker than the strongest. A tower keeps the list of towers that phones have reported together with it; a phone asks the
towers that it reported last, and all that are in the lists of these. A phone that hears nothing, and a small share of
all requests, asks every tower (a scan): so new neighbours are found. What is reported
during a minute is known to phones from its end on, so a result does not depend on the order of phones within it.

Only the signalling is simulated here. In calls phones know every tower that could reach them, whatever the setting.
`generators.sessions.neighbour_reference` is the same protocol with sets.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from generators.mobility.itinerary import Residents, make_trail, position
from generators.model.clock import DAY_MS, HOUR_MS, HOURS
from generators.model.compiled import kernel
from generators.model.rng import Purpose, philox, uniform
from generators.radio.cells import Cells
from generators.radio.coverage import NO_CELL, RadioMap, away_from, make_reach, pixel_at
from generators.radio.plant import Plant
from generators.sessions.network import Network
from generators.settings.network import PhoneSettings

MOST_PHONES = 300
"""Phones that are followed; more learn faster, and take longer to simulate."""
MINUTE_MS = 60_000
SPARE, SPARE_REQUESTS = 1.1, 100
"""Room for the requests of a phone and day, relative to the expected number, and in addition."""
ROOM = 64
"""Length of a list at first; it grows."""
REQUESTS, COVERED, BROADCAST, GEOMETRY, LEARNED, MISSED, NEIGHBOURS = range(7)
"""Counts of an hour: requests; those that some tower could answer; towers asked by a broadcast, by a phone that knows
which towers could reach it, and by one that uses the lists; requests that the strongest tower did not get; entries of
all lists at the end."""
_REQUEST = np.uint64(Purpose.NEIGHBOUR_REQUEST)


class Requests(NamedTuple):
    """The requests of a day, in order of minute, phone and time; shape (n,) each."""

    time_ms: Any
    """int64: since the start of the world."""
    phone: Any
    """int32."""
    pixel: Any
    """int64: where the phone is."""
    scans: Any
    """bool: whether it asks every tower."""


class Lists(NamedTuple):
    """The lists of S towers, and what each of n phones heard last."""

    towers: Any
    """Shape (S, room), int32: the neighbours of each tower, in the order in which they were learned."""
    length: Any
    """Shape (S,), int64: number of neighbours."""
    known: Any
    """Shape (S,), int64: number of neighbours that phones may use: those of earlier minutes."""
    heard: Any
    """Shape (n, K), int32: towers that each phone reported last; -1 beyond the last."""
    asked: Any
    """Shape (S,), int64: number of the last request that each tower got."""


@dataclass
class NeighbourLists:
    """Simulates requests day by day, and counts by hour."""

    plant: Plant
    network: Network
    phones: PhoneSettings
    users: Any
    """Shape (n,), int: users who have a phone; at most `MOST_PHONES` of them are followed."""
    hours: list[Any] = field(default_factory=list)
    """For each day, shape (24, 7): the counts."""

    def __post_init__(self) -> None:
        towers, phones = len(self.plant.cells.x), min(len(self.users), MOST_PHONES)
        self._phones = np.asarray(self.users, np.int64)[np.arange(phones) * (len(self.users) // max(phones, 1))]
        self._next_ms, self._made = np.zeros(phones, np.int64), np.zeros(phones, np.int64)
        heard = np.full((phones, self.plant.radio.cell.shape[1]), -1, np.int32)
        none = np.zeros((3, towers), np.int64)
        self.lists = Lists(np.full((towers, ROOM), -1, np.int32), none[0], none[1], heard, none[2])
        self._reach_m = make_reach(self.plant.cells, self.plant.air).far_m
        self._in_reach = np.full(len(self.plant.radio.cell), -1, np.int64)
        self._requests = 0

    def add_day(self, day: int) -> None:
        """Simulate one day; days are added in order."""
        requests = self.requests(day)
        counts = np.zeros((HOURS, NEIGHBOURS + 1), np.int64)
        cells, radio = self.plant.cells, self.plant.radio
        in_reach(np.unique(requests.pixel), self._reach_m, (cells, radio), self._in_reach)
        minute = requests.time_ms // MINUTE_MS
        ends = np.append(np.flatnonzero(np.diff(minute)) + 1, len(minute))
        first = 0
        for end in ends.tolist():
            self._make_room()
            part = Requests(*(column[first:end] for column in requests))
            hour = int(minute[first] * MINUTE_MS - day * DAY_MS) // HOUR_MS
            there = radio, cells.site, self._in_reach, self.phones.neighbour_margin_db
            answer(part, self._requests, there, self.lists, counts[hour])
            self._requests, first = self._requests + end - first, end
            self.lists.known[:] = self.lists.length
            counts[hour, NEIGHBOURS] = self.lists.length.sum()
        self.hours.append(counts)

    def requests(self, day: int) -> Requests:
        """Return the requests of a day; the next ones are drawn from where they end."""
        least, spread = self.network.rules.heartbeat_ms
        most = int(len(self._phones) * (DAY_MS / (least + spread / 2) * SPARE + SPARE_REQUESTS))
        room = Requests(
            np.empty(most, np.int64), np.empty(most, np.int32), np.empty(most, np.int64), np.empty(most, np.bool_)
        )
        state = self._phones, self._next_ms, self._made
        how = float(least), float(spread), self.phones.scan_share
        made = draw_requests((day + 1) * DAY_MS, how, state, self.network.folk, (self.plant.radio, make_trail(), room))
        found = Requests(*(column[:made] for column in room))
        order = np.argsort(found.time_ms // MINUTE_MS, kind="stable")
        return Requests(*(column[order] for column in found))

    def _make_room(self) -> None:
        """Double the room of the lists as soon as one of them is half full."""
        room = self.lists.towers.shape[1]
        if self.lists.length.max(initial=0) * 2 > room and room < len(self.lists.length):
            more = np.full_like(self.lists.towers, -1)
            self.lists = self.lists._replace(towers=np.concatenate([self.lists.towers, more], axis=1))


def by_hour(lists: NeighbourLists) -> Iterator[tuple[int, Any]]:
    """Yield the start of each hour [ms since the start of the world] and its counts."""
    for day, counts in enumerate(lists.hours):
        for hour in range(HOURS):
            yield day * DAY_MS + hour * HOUR_MS, counts[hour]


@kernel
def draw_requests(end: int, how: tuple[float, float, float], state: Any, folk: Residents, out: Any) -> int:
    """Draw the requests of all phones up to a moment, phone by phone; return how many there are.

    Parameters
    ----------
    end
        The moment [ms].
    how
        Shortest time between requests, width of the uniform part that is added [ms], and share of scans.
    state
        Users with these phones; time of the next request of each, and number of requests so far, which are updated.
    folk
        Where users are.
    out
        The radio map, a trail, and room for the result.
    """
    (least, spread, scans), (users, next_ms, made), (radio, trail, room) = how, state, out
    row = 0
    for phone in range(users.shape[0]):
        while next_ms[phone] < end and row < room.time_ms.shape[0]:
            words = philox(folk.seed, _REQUEST, np.uint64(users[phone]), np.uint64(made[phone]), np.uint64(0))
            if made[phone] > 0:
                x, y = position(users[phone], next_ms[phone], folk, trail)
                room.time_ms[row], room.phone[row] = next_ms[phone], phone
                room.pixel[row], room.scans[row] = pixel_at(x, y, radio), uniform(words[1]) < scans
                row += 1
            next_ms[phone] += int(least + uniform(words[0]) * spread)
            made[phone] += 1
    return row


@kernel
def in_reach(pixels: Any, reach_m: Any, network: tuple[Cells, RadioMap], out: Any) -> None:
    """Count the towers that could reach a phone in each pixel, where that is not known yet.

    Parameters
    ----------
    pixels
        Shape (n,).
    reach_m
        Shape (S,): largest distance at which each site could be heard [m].
    network
        Cells and radio map.
    out
        Shape (P,): negative where not known.
    """
    cells, radio = network
    for i in range(pixels.shape[0]):
        if out[pixels[i]] < 0:
            many = 0
            for site in range(reach_m.shape[0]):
                dx, dy = away_from(site, pixels[i], cells, radio)
                many += dx * dx + dy * dy <= reach_m[site] ** 2
            out[pixels[i]] = many


@kernel
def answer(
    requests: Requests, number: int, network: tuple[RadioMap, Any, Any, float], lists: Lists, counts: Any
) -> None:
    """Answer the requests of a minute: count, remember what phones hear, and let towers learn.

    Parameters
    ----------
    requests
        Of the minute.
    number
        Number of requests before.
    network
        Radio map; tower of each cell, shape (C,); number of towers that could reach each pixel, shape (P,); by how
        much a tower may be weaker than the strongest if it is to be reported [dB].
    lists
        Of the towers.
    counts
        Shape (7,): added to.
    """
    radio, site, reachable, margin = network
    for i in range(requests.time_ms.shape[0]):
        mark, phone, pixel = number + i + 1, requests.phone[i], requests.pixel[i]
        heard = lists.heard[phone]
        everyone = requests.scans[i] or heard[0] < 0
        counts[REQUESTS] += 1
        counts[BROADCAST] += lists.length.shape[0]
        counts[GEOMETRY] += reachable[pixel]
        counts[LEARNED] += lists.length.shape[0] if everyone else _ask(mark, heard, lists)
        best = radio.cell[pixel, 0]
        counts[COVERED] += best != NO_CELL
        counts[MISSED] += best != NO_CELL and not everyone and lists.asked[site[best]] != mark
        _hear((radio.cell[pixel], radio.power[pixel], site), (everyone, mark, margin), lists, heard)
        _learn(heard, lists)


@kernel
def _ask(mark: int, heard: Any, lists: Lists) -> int:
    """Mark the towers that a phone asks: those that it heard, and those in their lists; return how many."""
    many = 0
    for i in range(heard.shape[0]):
        if heard[i] < 0:
            break
        if lists.asked[heard[i]] != mark:
            lists.asked[heard[i]] = mark
            many += 1
        for j in range(lists.known[heard[i]]):
            other = lists.towers[heard[i], j]
            if lists.asked[other] != mark:
                lists.asked[other] = mark
                many += 1
    return many


@kernel
def _hear(there: tuple[Any, Any, Any], asked: tuple[bool, int, float], lists: Lists, heard: Any) -> None:
    """Set what a phone reports: of the towers that were asked, the strongest and those not much weaker."""
    (cells, powers, site), (everyone, mark, margin), many, least = there, asked, 0, -np.inf
    for i in range(cells.shape[0]):
        if cells[i] == NO_CELL or powers[i] < least:
            break
        tower = site[cells[i]]
        new = everyone or lists.asked[tower] == mark
        if new and many == 0:
            least = powers[i] - margin
        for j in range(many):
            new = new and heard[j] != tower
        if new:
            heard[many] = tower
            many += 1
    heard[many:] = -1


@kernel
def _learn(heard: Any, lists: Lists) -> None:
    """Add the towers that a phone heard to each other's lists, as far as there is room."""
    for i in range(heard.shape[0]):
        if heard[i] < 0:
            break
        for j in range(heard.shape[0]):
            if heard[j] < 0:
                break
            if i != j:
                _add(heard[i], heard[j], lists)


@kernel
def _add(tower: int, other: int, lists: Lists) -> None:
    many = lists.length[tower]
    for i in range(many):
        if lists.towers[tower, i] == other:
            return
    if many < lists.towers.shape[1]:
        lists.towers[tower, many] = other
        lists.length[tower] += 1
