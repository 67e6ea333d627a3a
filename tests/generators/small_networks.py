"""Small random networks with people in them, and sessions to hold in them."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from small_worlds import make_settings

from generators.mobility.itinerary import BEGINS, COUNT, ENDS, Residents, make_trail, plan
from generators.model.events import CAUSES, EVENT, STATES
from generators.model.plan import CellFault
from generators.radio.towers import make_towers
from generators.sessions.deployment import Deployment, deploy, with_faults
from generators.sessions.reference import Event
from generators.settings.network import TowerFault
from generators.social.communities import make_society
from generators.social.people import make_people

BASE = make_settings("generator=default")[0]
DAY_S = 86_400
FAULTS = ("broken", "degraded", "sleeping", "ping_pong", "turned")
TALKS_MS = (60_000, 900_000, 0, 1, 3_000, 60_000, 900_000, 5_000_000)


@dataclass(frozen=True)
class SmallNetwork:
    deployment: Deployment
    sessions: list[tuple[int, int, int, int]]
    """User, key, start [ms], talk [ms]."""
    incidents: tuple[CellFault, ...] = ()
    """Those that the network holds."""


def deployed(settings: Any) -> Deployment:
    towers = make_towers(settings)
    society = make_society(settings)
    return deploy(settings, towers, make_people(settings, towers, society))


def fault(draw: Any, towers: int) -> TowerFault:
    begin = draw(st.sampled_from([0.0, 30_000.0, 43_200.0, 60_000.0]))
    return TowerFault(
        tower=draw(st.integers(0, towers - 1)),
        kind=draw(st.sampled_from(["broken", "degraded", "sleeping"])),
        from_s=begin,
        to_s=begin + draw(st.sampled_from([600.0, 20_000.0, 200_000.0])),
        refuses=draw(st.sampled_from([0.2, 0.8])),
        losses_per_hour=draw(st.sampled_from([5.0, 300.0])),
        ramp=draw(st.booleans()),
    )


def incidents(draw: Any, cells: int) -> list[CellFault]:
    """Draw faults that incidents bring: any kind, no antenna turned twice."""
    found = []
    for number, kind in enumerate(draw(st.lists(st.sampled_from(FAULTS), max_size=4))):
        begin = draw(st.sampled_from([20_000_000, 43_200_000, 60_000_000]))
        end = begin + draw(st.sampled_from([60_000, 20_000_000, 200_000_000]))
        cell = draw(st.integers(0, cells - 1))
        if kind == "turned":
            if any((f.kind, f.cell) == (kind, cell) for f in found):
                continue
            found.append(CellFault(cell, begin, end, kind, turned_deg=draw(st.sampled_from([60.0, -110.0]))))
        elif kind == "ping_pong":
            partner = draw(st.integers(0, cells - 1))
            margin, dwell = draw(st.sampled_from([3.0, 60.0])), draw(st.sampled_from([(1000, 5000), (100, 100)]))
            pair = ((cell, partner), (partner, cell)) if partner != cell else ()
            found += [
                CellFault(a, begin, end, kind, partner=b, margin_db=margin, dwell_ms=dwell, incident=number)
                for a, b in pair
            ]
        else:
            found.append(CellFault(cell, begin, end, kind, 0.5, 60.0, draw(st.booleans())))
        found[-1:] = [fault._replace(incident=number) for fault in found[-1:]]
    return found


@st.composite
def networks(draw: Any) -> SmallNetwork:
    settings = deepcopy(BASE)
    settings.num_users, settings.num_towers, settings.days = draw(st.integers(1, 4)), draw(st.integers(1, 10)), 3
    settings.seed = draw(st.integers(0, 2**63 - 1))
    net = settings.network
    net.wrap = draw(st.booleans())
    net.sites.placement = draw(st.sampled_from(["districts", "grid", "hexagonal", "poisson", "clustered"]))
    net.sites.sectors = draw(st.integers(1, 3))
    net.sites.eirp_dbm = draw(st.sampled_from([75.0, 65.0, 85.0]))
    net.antenna.pattern = draw(st.sampled_from(["sector", "ellipse"]))
    net.antenna.eccentricity, net.antenna.lobes = draw(st.sampled_from([(0.0, 0.0), (0.9, 0.0), (0.6, 2.5)]))
    model = draw(st.sampled_from(["rma", "uma", "cost231_hata", "free_space", "reference"]))
    net.propagation.models = dict.fromkeys(net.propagation.models, model)
    net.propagation.resolution_m, net.propagation.candidates = 1000.0, draw(st.sampled_from([10, 4, 1]))
    net.towers.refuses, net.towers.ignores = draw(st.sampled_from([(0.0, 0.0), (0.15, 0.05), (0.4, 0.3)]))
    net.towers.losses_per_hour = draw(st.sampled_from([0.0, 0.0, 1.0, 60.0]))
    net.towers.channels = draw(st.sampled_from([0, 1]))
    net.towers.broken = [fault(draw, settings.num_towers) for _ in range(draw(st.integers(0, 3)))]
    net.phones.handover = draw(st.sampled_from(["a3", "refresh"]))
    net.phones.measurement_error_db = draw(st.sampled_from([1.5, 0.0]))
    net.phones.hysteresis_db = draw(st.sampled_from([0.0, 3.0]))
    net.phones.time_to_trigger_ms = draw(st.sampled_from([0, 640, 5000]))
    net.mobility.kind = draw(st.sampled_from(["routine", "waypoint"]))
    net.mobility.drive_m_s = draw(st.sampled_from([80.0, 10.0]))
    net.mobility.another_trip = draw(st.sampled_from([0.9, 0.4]))
    found = deployed(settings)
    network = found.network._replace(blocking=found.network.blocking + draw(st.sampled_from([0.0, 0.2])))
    struck_by = incidents(draw, len(found.plant.cells.site))
    network = with_faults(network, found.plant, settings, struck_by)
    begins = [int(f.from_s * 1000) for f in net.towers.broken]
    begins += [edge for f in struck_by for edge in (f.begin_ms, f.begin_ms + 50_000, f.end_ms)]
    sessions = [session(draw, network.folk, begins) for _ in range(4)]
    return SmallNetwork(found._replace(network=network), sessions, tuple(struck_by))


def session(draw: Any, folk: Residents, begins: list[int]) -> tuple[int, int, int, int]:
    """Draw a call: at any time, during a trip, or shortly before a tower breaks."""
    user, moments = draw(st.integers(0, len(folk.home) - 1)), [draw(st.integers(0, 3 * DAY_S * 1000 - 1))]
    trail = make_trail()
    plan(user, draw(st.integers(0, 2)), folk, trail)
    legs = trail.legs[: trail.of[COUNT]]
    moments += [int(leg[BEGINS] + draw(st.floats(0, 1)) * (leg[ENDS] - leg[BEGINS])) for leg in legs[:3]]
    moments += [begin - draw(st.integers(0, 60_000)) for begin in begins]
    start = max(0, draw(st.sampled_from(moments)))
    return user, draw(st.integers(0, 2**64 - 1)), start, draw(st.sampled_from(TALKS_MS))


def in_words(events: Any) -> list[Event]:
    """Return the kernel's events as the reference writes them."""
    columns = {name: events[name].tolist() for name in EVENT.names or ()}
    columns["state"] = [STATES[code] for code in columns["state"]]
    columns["cause"] = [CAUSES[code] for code in columns["cause"]]
    return [Event(*row) for row in zip(*(columns[name] for name in Event._fields), strict=True)]
