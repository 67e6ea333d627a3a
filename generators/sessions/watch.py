"""Handover by event A3: a phone on the move measures every 0.48 s and leaves for a better neighbour.

Powers are constant within a pixel of the radio map, so the measurements of one pixel are looked at together.
"""

from typing import Any, NamedTuple

import numpy as np

from generators.mobility.itinerary import STANDING, Trail, locate, on_leg
from generators.model.compiled import kernel
from generators.radio.coverage import NO_CELL, RadioMap, pixel_at
from generators.sessions.faults import meets
from generators.sessions.network import Network
from generators.sessions.reports import Reports
from generators.sessions.turned_antennas import holds_until, otherwise
from generators.settings.network import MEASURED_EACH_MS

STAY, BETTER, ALONE = range(3)
"""Results of a measurement: stay; a neighbour is better; no cell is heard any more."""


class Serving(NamedTuple):
    """A session on its serving cell, and the span of time to look at."""

    user: int
    cell: int
    connected_ms: int
    """Time at which the session connected; measurements are taken at fixed intervals from then on."""
    since_ms: int
    """Begin of the span (exclusive)."""
    horizon_ms: int
    """End of the span."""


@kernel
def watch(serving: Serving, barred: Any, network: Network, reports: Reports) -> int:
    """Return when a phone leaves its cell for a better one or because no cell is heard; the horizon if it does neither.

    Parameters
    ----------
    serving
        The session, its cell, and the span of time.
    barred
        Cells that are not looked at.
    network
        The network.
    reports
        Room; the trail of the user is kept in it.
    """
    user, cell, origin, since, horizon = serving
    trail, better = reports.trail, 0
    moment = origin + ((since - origin) // MEASURED_EACH_MS + 1) * MEASURED_EACH_MS
    while moment < horizon:
        leg, until = locate(user, moment, network.folk, trail)
        until = min(until, horizon)
        count = (until - moment + MEASURED_EACH_MS - 1) // MEASURED_EACH_MS
        if leg == STANDING:
            better = 0
            moment += count * MEASURED_EACH_MS
            continue
        pixel = _pixel(leg, moment, trail, network.radio)
        ends = holds_until(moment, network.turned)
        count = min(count, (ends - moment + MEASURED_EACH_MS - 1) // MEASURED_EACH_MS)
        count = _stays(leg, moment, count, trail, network.radio)
        found = _found((pixel, moment), cell, barred, network, reports.world)
        if found == ALONE:
            return moment
        if found == BETTER and better + count >= network.rules.trigger:
            return moment + (network.rules.trigger - better - 1) * MEASURED_EACH_MS
        better = better + count if found == BETTER else 0
        moment += count * MEASURED_EACH_MS
    return horizon


@kernel
def _found(where: tuple[int, int], cell: int, barred: Any, network: Network, view: Any) -> int:
    """Return the result of a measurement in a pixel at a moment; record incidents that change it."""
    pixel, moment = where
    row, incident = otherwise(pixel, moment, network.turned)
    found = look(pixel, cell, barred, network)
    if row == pixel:
        return found
    other = look(row, cell, barred, network)
    return other if other != found and meets(incident, view) else found


@kernel
def _pixel(leg: int, moment: int, trail: Trail, radio: RadioMap) -> int:
    x, y = on_leg(leg, moment, trail)
    return pixel_at(x, y, radio)


@kernel
def _stays(leg: int, moment: int, count: int, trail: Trail, radio: RadioMap) -> int:
    """Return how many of the next `count` measurements are in the pixel of the first, by doubling, then halving."""
    pixel = _pixel(leg, moment, trail, radio)
    inside, outside = 0, 1
    while outside < count and _pixel(leg, moment + outside * MEASURED_EACH_MS, trail, radio) == pixel:
        inside, outside = outside, outside * 2
    outside = min(outside, count)
    while outside - inside > 1:
        middle = (inside + outside) // 2
        if _pixel(leg, moment + middle * MEASURED_EACH_MS, trail, radio) == pixel:
            inside = middle
        else:
            outside = middle
    return outside


@kernel
def look(row: int, cell: int, barred: Any, network: Network) -> int:
    """Return the result of a measurement, given as a row of the radio map, for a phone served by a cell."""
    names, powers = network.radio.cell[row], network.radio.power[row]
    own, best = np.float32(-np.inf), np.float32(-np.inf)
    for i in range(names.shape[0]):
        if names[i] == NO_CELL:
            break
        if names[i] == cell:
            own = powers[i]
            continue
        allowed = powers[i] > best
        for j in range(barred.shape[0]):
            allowed = allowed and barred[j] != names[i]
        if allowed:
            best = powers[i]
    if best == -np.inf:
        return ALONE if own == -np.inf else STAY
    return BETTER if best > own + network.rules.hysteresis else STAY
