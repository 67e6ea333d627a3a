"""Signal reports: the cells that a phone can choose from, strongest first."""

import math
from typing import Any, NamedTuple

import numpy as np

from generators.mobility.itinerary import STANDING, Trail, locate, make_trail, position
from generators.model.compiled import kernel
from generators.model.rng import Purpose, philox, uniform
from generators.radio.coverage import NO_CELL, insert, pixel_at
from generators.sessions.faults import DONE, OTHER, SHOWN, meets
from generators.sessions.network import Network
from generators.sessions.turned_antennas import holds_since, otherwise

MOST_REQUESTS = 9
"""Number of past requests whose answers a phone remembers."""
MOST_CANDIDATES = 16
_HEARTBEAT = np.uint64(Purpose.HEARTBEAT)


class Reports(NamedTuple):
    """Work space for a phone's table of signal reports; each thread has its own."""

    trail: Trail
    cell: Any
    """Shape (K,), int32: candidate cells, strongest first; `NO_CELL` beyond the last."""
    power: Any
    """Shape (K,), float32: as last reported [dBm]."""
    heard: Any
    """Shape (most requests * most candidates,), int32: every cell with an unexpired report."""
    world: Any
    """Shape (4,), int64: which of the two worlds is simulated, and the incidents met; see
    `generators.sessions.faults.DONE`."""


def make_reports(candidates: int) -> Reports:
    """Allocate the reports of one phone."""
    return Reports(
        make_trail(),
        np.full(candidates, NO_CELL, np.int32),
        np.full(candidates, -np.inf, np.float32),
        np.empty(MOST_REQUESTS * MOST_CANDIDATES, np.int32),
        np.array([1, 0, 0, 0]),
    )


@kernel
def measure(user: int, moment: int, network: Network, reports: Reports) -> None:
    """Set the candidates to the cells that a user's phone hears at a moment."""
    view, (pixel, row, incident) = reports.world, rows_of(user, moment, network, reports)
    view[SHOWN] = incident + 1
    view[OTHER] = pixel if view[DONE] else row
    _take(row if view[DONE] else pixel, network, reports)


@kernel
def look_at(candidate: int, network: Network, reports: Reports) -> None:
    """Record the incident that makes a candidate differ from normal life."""
    view, radio = reports.world, network.radio
    if view[SHOWN]:
        same = reports.cell[candidate] == radio.cell[view[OTHER], candidate]
        if not (same and reports.power[candidate] == radio.power[view[OTHER], candidate]):
            meets(view[SHOWN] - 1, view)


@kernel
def _take(row: int, network: Network, reports: Reports) -> None:
    """Set the candidates to a row of the radio map."""
    for i in range(reports.cell.shape[0]):
        reports.cell[i], reports.power[i] = network.radio.cell[row, i], network.radio.power[row, i]


@kernel
def rows_of(user: int, moment: int, network: Network, reports: Reports) -> tuple[int, int, int]:
    """Return the row of the radio map at a user's position, the row in force with incidents, and the incident."""
    x, y = position(user, moment, network.folk, reports.trail)
    pixel = pixel_at(x, y, network.radio)
    row, incident = otherwise(pixel, moment, network.turned)
    return pixel, row, incident


@kernel
def collect(user: int, moment: int, draw: tuple[Any, int], network: Network, reports: Reports) -> None:
    """Set the candidates to the cells with unexpired reports at a moment.

    The requests are counted back from the moment: the age of the last is that of a renewal process in its stationary
    state, the gaps before it are drawn as always. A phone that has not moved since the oldest, where no antenna turned
    meanwhile, need not look.

    Parameters
    ----------
    user, moment
        Whose phone, and when [ms].
    draw
        Key of the call, and number of this collection within it.
    network
        The network.
    reports
        For the result.
    """
    rules, since = network.rules, moment - network.rules.expiry_ms
    leg, until = locate(user, since, network.folk, reports.trail)
    if leg == STANDING and until > moment and holds_since(moment, network.turned) <= since:
        measure(user, moment, network, reports)
        return
    reports.cell[:], reports.power[:], reports.world[SHOWN] = NO_CELL, -np.inf, 0
    least, spread = rules.heartbeat_ms
    when, known = moment, 0
    for request in range(MOST_REQUESTS):
        words = philox(network.folk.seed, _HEARTBEAT, draw[0], np.uint64(draw[1]), np.uint64(request))
        u = uniform(words[0])
        when -= int(least + u * spread if request else stationary_age(u, least, spread))
        if when <= since:
            break
        pixel, row, incident = rows_of(user, when, network, reports)
        known = _merge(row if meets(incident, reports.world) else pixel, known, network, reports)


@kernel
def stationary_age(u: float, least: float, spread: float) -> float:
    """Return the time since the last event of a stationary process with gaps uniform in [least, least + spread]."""
    area = u * (least + spread / 2.0)
    if area < least or spread == 0.0:
        return area
    return least + spread - math.sqrt(max(spread * spread - 2.0 * spread * (area - least), 0.0))


@kernel
def _merge(row: int, known: int, network: Network, reports: Reports) -> int:
    """Add the reports of an earlier request for cells without a later report; return how many cells are known."""
    for i in range(reports.cell.shape[0]):
        cell: Any = np.int64(network.radio.cell[row, i])
        if cell == NO_CELL:
            break
        new = True
        for j in range(known):
            new = new and reports.heard[j] != cell
        if new:
            reports.heard[known] = cell
            known += 1
            insert(reports.cell, reports.power, cell, network.radio.power[row, i])
    return known
