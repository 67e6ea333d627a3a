"""The answers of towers to a Hello: CONNECT, FAIL, or none."""

from typing import Any

from generators.model.clock import DAY_MS, HOUR_MS, HOURS
from generators.model.compiled import kernel
from generators.sessions.faults import (
    BROKEN,
    DEGRADED,
    NO_INCIDENT,
    SLEEPING,
    SWAPPING,
    acts,
    faults_between,
    lasts,
    meets,
)
from generators.sessions.network import Network

NEVER = 2**62
CONNECTED, REFUSED, BLOCKED, IGNORED, SPOILT = range(5)
"""Results of a Hello. SPOILT: refused by a site with a fault of an incident after it took the phone on, so call setup
fails."""


@kernel
def answer(cell: int, moment: int, luck: tuple[float, float], network: Network, view: Any) -> int:
    """Return the answer of a tower to a Hello: CONNECTED, REFUSED, BLOCKED, IGNORED or SPOILT.

    Parameters
    ----------
    cell
        The cell that is asked.
    moment
        When [ms].
    luck
        Uniforms in [0, 1): how the tower is disposed, and whether a channel is free.
    network, view
        The network, and the view of the world.
    """
    (u, channel), faults = luck, network.faults
    ignores, refuses = network.rules.ignores, network.rules.refuses
    worse, whose = refuses, NO_INCIDENT
    first, end = faults_between(cell, moment, moment + 1, faults)
    for i in range(first, end):
        if faults.row[i].kind == DEGRADED and lasts(i, moment, faults):
            refused = faults.row[i].refuses * severity(i, moment, network)
            refuses, worse, whose = _worst((refuses, worse, whose), refused, faults.row[i].incident)
        elif faults.row[i].kind != SWAPPING and acts(i, moment, faults, view):
            return REFUSED if faults.row[i].kind == BROKEN else IGNORED
    if u < ignores:
        return IGNORED
    if u < ignores + refuses:
        return REFUSED
    if u < ignores + worse and meets(whose, view):
        return SPOILT
    return BLOCKED if channel < network.blocking[cell, hour_of_week(moment, network)] else CONNECTED


@kernel
def _worst(so_far: tuple[float, float, int], figure: float, incident: int) -> tuple[float, float, int]:
    """Combine a fault with the others: the worst figures in both worlds, and the incident that causes them."""
    normal, worse, whose = so_far
    if incident == NO_INCIDENT:
        return max(normal, figure), max(worse, figure), whose
    if figure > worse:
        return normal, figure, incident
    return normal, worse, whose


@kernel
def severity(fault: int, moment: int, network: Network) -> float:
    """Return the severity of a fault at a moment within it, in [0, 1]."""
    begin, end = network.faults.row[fault].begin_ms, network.faults.row[fault].end_ms
    return (moment - begin) / (end - begin) if network.faults.row[fault].ramp else 1.0


@kernel
def hour_of_week(moment: int, network: Network) -> int:
    """Return the local hour: 0-23 on working days and 24-47 on weekends."""
    weekend = (network.folk.first_weekday + moment // DAY_MS) % 7 >= 5
    return int(moment // HOUR_MS % HOURS + (HOURS if weekend else 0))


@kernel
def losses(ahead: tuple[int, int], moment: int, network: Network) -> tuple[float, float, int]:
    """Return the rate at which a cell with these faults (of `faults_between`) drops live calls at a moment [1/ms].

    In normal life; with incidents; and the incident that makes the second higher.
    """
    (first, end), faults = ahead, network.faults
    found = (network.rules.losses, network.rules.losses, NO_INCIDENT)
    for i in range(first, end):
        if faults.row[i].kind == DEGRADED and lasts(i, moment, faults):
            found = _worst(found, faults.row[i].losses * severity(i, moment, network), faults.row[i].incident)
    return found


@kernel
def breaks_after(ahead: tuple[int, int], moment: int, horizon: int, network: Network, view: Any) -> int:
    """Return the time of a cell's next broken or sleeping fault between a moment and a horizon [ms]; else `NEVER`."""
    (first, end), soonest, faults = ahead, NEVER, network.faults
    for i in range(first, end):
        begins = faults.row[i].begin_ms
        if begins >= horizon:
            break
        stops = faults.row[i].kind == BROKEN or faults.row[i].kind == SLEEPING
        if stops and moment < begins < min(horizon, soonest) and meets(faults.row[i].incident, view):
            soonest = int(begins)
    return soonest
