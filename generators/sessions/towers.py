"""How towers answer: with CONNECT, with FAIL, or not at all."""

from typing import Any

from generators.clock import DAY_MS, HOUR_MS, HOURS
from generators.compiled import kernel
from generators.sessions.faults import BROKEN, DEGRADED, SLEEPING, SWAPPING, acts, meets, next_fault
from generators.sessions.network import Network

NEVER = 2**62
CONNECTED, REFUSED, BLOCKED, IGNORED = range(4)


@kernel
def answer(cell: int, moment: int, luck: tuple[float, float], network: Network, view: Any) -> int:
    """Return what a tower makes of a Hello: CONNECTED, REFUSED, BLOCKED or IGNORED.

    Parameters
    ----------
    cell
        Who is asked.
    moment
        When [ms].
    luck
        Uniforms in [0, 1): how the tower is disposed, and whether a channel is free.
    network, view
        The network, and the view of the world.
    """
    u, channel = luck
    refuses, ignores = network.rules.refuses, network.rules.ignores
    faults = network.faults
    for i in range(next_fault(cell, moment, faults), faults.first[cell + 1]):
        if faults.row[i].begin_ms > moment:
            break
        if faults.row[i].kind == SWAPPING or not acts(i, moment, faults, view):
            continue
        if faults.row[i].kind == BROKEN:
            return REFUSED
        if faults.row[i].kind == SLEEPING:
            return IGNORED
        refuses = max(refuses, faults.row[i].refuses * severity(i, moment, network))
    if u < ignores:
        return IGNORED
    if u < ignores + refuses:
        return REFUSED
    return BLOCKED if channel < network.blocking[cell, hour_of_week(moment, network)] else CONNECTED


@kernel
def severity(fault: int, moment: int, network: Network) -> float:
    """Return how far a fault has come at a moment within it, in [0, 1]."""
    begin, end = network.faults.row[fault].begin_ms, network.faults.row[fault].end_ms
    return (moment - begin) / (end - begin) if network.faults.row[fault].ramp else 1.0


@kernel
def hour_of_week(moment: int, network: Network) -> int:
    """Return the local hour, 0-23 on working days and 24-47 on weekends."""
    weekend = (network.folk.first_weekday + moment // DAY_MS) % 7 >= 5
    return int(moment // HOUR_MS % HOURS + (HOURS if weekend else 0))


@kernel
def losses(cell: int, moment: int, network: Network, view: Any) -> float:
    """Return the rate at which a cell loses live calls at a moment [1/ms]."""
    rate, faults = network.rules.losses, network.faults
    for i in range(next_fault(cell, moment, faults), faults.first[cell + 1]):
        if faults.row[i].begin_ms > moment:
            break
        if faults.row[i].kind == DEGRADED and acts(i, moment, faults, view):
            rate = max(rate, faults.row[i].losses * severity(i, moment, network))
    return rate


@kernel
def breaks_after(cell: int, moment: int, horizon: int, network: Network, view: Any) -> int:
    """Return when a cell next breaks, or falls asleep, after a moment and before a horizon [ms]; else `NEVER`."""
    soonest, faults = NEVER, network.faults
    for i in range(next_fault(cell, moment, faults), faults.first[cell + 1]):
        begins = faults.row[i].begin_ms
        if begins >= horizon:
            break
        stops = faults.row[i].kind == BROKEN or faults.row[i].kind == SLEEPING
        if stops and moment < begins < min(horizon, soonest) and meets(faults.row[i].incident, view):
            soonest = int(begins)
    return soonest
