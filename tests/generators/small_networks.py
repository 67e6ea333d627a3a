"""Small random networks with people in them, and sessions to hold in them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from small_worlds import make_settings

from generators.geography import make_towers
from generators.sessions.deploy import Deployment, deploy
from generators.sessions.events import CAUSES, STATES, Events, make_events
from generators.sessions.reference import Event
from generators.sessions.session import ENDS, FIRST, FIRST_CELL, HANDOVERS, ROW, make_phone
from generators.sessions.settings import TowerFault
from generators.social.communities import make_society
from generators.social.people import make_people

DAY_S = 86_400
BASE = make_settings("generator=default")[0]


@dataclass(frozen=True)
class SmallNetwork:
    deployment: Deployment
    sessions: list[tuple[int, int, int, int]]
    """User, key, start [ms], talk [ms]."""


def deployed(settings: Any) -> Deployment:
    towers = make_towers(settings)
    society = make_society(settings.communities, settings.num_users, settings.seed)
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


@st.composite
def networks(draw: Any) -> SmallNetwork:
    settings, _ = make_settings("generator=default")
    settings.num_users, settings.num_towers, settings.days = draw(st.integers(1, 6)), draw(st.integers(1, 8)), 3
    settings.seed = draw(st.integers(0, 2**63 - 1))
    net = settings.network
    net.wrap = draw(st.booleans())
    net.sites.placement = draw(st.sampled_from(["districts", "grid", "hexagonal", "poisson", "clustered"]))
    net.sites.sectors = draw(st.integers(1, 3))
    net.sites.eirp_dbm = draw(st.sampled_from([58.0, 65.0, 75.0]))
    net.antenna.pattern = draw(st.sampled_from(["sector", "ellipse"]))
    net.antenna.eccentricity, net.antenna.lobes = draw(st.sampled_from([(0.0, 0.0), (0.9, 0.0), (0.6, 2.5)]))
    model = draw(st.sampled_from(["rma", "uma", "cost231_hata", "free_space", "reference"]))
    net.propagation.models = dict.fromkeys(net.propagation.models, model)
    net.propagation.resolution_m, net.propagation.candidates = 2000.0, draw(st.sampled_from([1, 3, 10]))
    net.towers.refuses, net.towers.ignores = draw(st.sampled_from([(0.0, 0.0), (0.15, 0.05), (0.5, 0.3)]))
    net.towers.losses_per_hour = draw(st.sampled_from([0.0, 1.0, 60.0]))
    net.towers.channels = draw(st.sampled_from([0, 1]))
    net.towers.broken = [fault(draw, settings.num_towers) for _ in range(draw(st.integers(0, 3)))]
    net.phones.handover = draw(st.sampled_from(["a3", "refresh"]))
    net.phones.hysteresis_db = draw(st.sampled_from([0.0, 3.0]))
    net.phones.time_to_trigger_ms = draw(st.sampled_from([0, 640, 5000]))
    net.mobility.kind = draw(st.sampled_from(["routine", "waypoint"]))
    net.mobility.another_trip = draw(st.sampled_from([0.4, 0.9]))
    return SmallNetwork(deployed(settings), [session(draw, settings.num_users) for _ in range(4)])


def session(draw: Any, users: int) -> tuple[int, int, int, int]:
    start = draw(st.integers(0, 3 * DAY_S * 1000 - 1)) if draw(st.booleans()) else draw(st.integers(25_000, 80_000)) * 1000
    talk = draw(st.sampled_from([0, 1, 3_000, 60_000, 900_000, 5_000_000]))
    return draw(st.integers(0, users - 1)), draw(st.integers(0, 2**64 - 1)), start, talk


def room() -> tuple[Any, Any]:
    return make_phone, make_events


def in_words(events: Events, rows: int) -> list[Event]:
    """Return the kernel's events as the reference writes them."""
    columns = [column[:rows].tolist() for column in events]
    columns[1] = [STATES[code] for code in columns[1]]
    columns[2] = [CAUSES[code] for code in columns[2]]
    return [Event(*row) for row in zip(*columns, strict=True)]


SUMMARY = (FIRST, ENDS, FIRST_CELL, HANDOVERS, ROW)
