"""Sessions: the compiled state machine against the protocol message by message, and what both must never do."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from small_networks import SmallNetwork, deployed, in_words, networks
from small_worlds import make_settings

from generators.mobility.itinerary import BEGINS, COUNT, make_trail, plan
from generators.model.events import STATES, make_events
from generators.model.plan import CellFault
from generators.radio.coverage import pixels_at
from generators.sessions.deployment import with_faults
from generators.sessions.faults import DONE, MET
from generators.sessions.reference import Air, Event, Session
from generators.sessions.session import hold, make_phone

RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def same(ours: Event, theirs: Event) -> bool:
    if math.isnan(theirs.power):
        ours, theirs = ours._replace(power=0.0), theirs._replace(power=0.0)
    return ours == theirs


def check(small: SmallNetwork) -> list[list[Event]]:
    """Hold each session both ways, with incidents and without, and return what happened with them."""
    if small.incidents:
        normal, met = check_world(small, done=False)
        held, _ = check_world(small, done=True)
        for incident, before, after in zip(met, normal, held, strict=True):
            assert incident or len(before) == len(after)
            assert incident or all(same(a, b) for a, b in zip(before, after, strict=True))
        return held
    return check_world(small, done=True)[0]


def check_world(small: SmallNetwork, done: bool) -> tuple[list[list[Event]], list[int]]:
    """Hold each session both ways, and return what happened, and which incidents were met."""
    plant, network, _ = small.deployment
    sessions, met = [], []
    for user, key, start, held in small.sessions:
        ring = min(held, key % 30_000)
        talk = held - ring
        phone = make_phone(network.radio.cell.shape[1], make_events(100_000))
        phone.reports.world[DONE] = done
        connected = hold(user, np.uint64(key), start, (ring, talk), network, phone)
        met.append(int(phone.reports.world[MET]))
        plain = Session(Air(network, plant, small.incidents if done else None), user, key, start, talk, ring)
        expected, found = plain.run(), in_words(phone.events[: phone.state["row"][0]])
        assert len(found) == len(expected)
        assert all(same(ours, theirs) for ours, theirs in zip(found, expected, strict=True)), (found, expected)
        assert connected == (plain.first >= 0)
        assert phone.state["first_cell"][0] == plain.first_cell
        if connected:
            assert (phone.state["first_ms"][0], phone.state["cell"][0]) == (plain.first, plain.cell)
            assert phone.state["handovers"][0] == plain.handovers
        legal(expected, ring)
        sessions.append(expected)
    return sessions, met


def legal(events: list[Event], ring: int) -> None:
    """Failed Hellos; then, perhaps, a connection that ends in END or a drop."""
    states = [e.state for e in events]
    assert states[0] in {"CONNECT", "FAIL"}
    assert states[-1] in {"END", "FAIL"}
    assert states.count("CONNECT") <= 1
    assert [e.time_ms for e in events] == sorted(e.time_ms for e in events)
    if "CONNECT" not in states:
        assert set(states) == {"FAIL"}
        assert "drop" not in {e.cause for e in events}
        return
    before, after = events[: states.index("CONNECT")], events[states.index("CONNECT") + 1 :]
    assert all(e.cause in {"setup", "blocked", "timeout"} for e in before)
    assert after[-1].state == "END" or after[-1].cause == "drop"
    assert all(e.state == "RECONNECT" or e.cause in {"setup", "blocked", "timeout"} for e in after[:-1])
    held = sum(e.held_ms for e in events)
    assert held == after[-1].time_ms - events[len(before)].time_ms
    assert after[-1].talk_ms == max(held - ring, 0)


@given(networks())
@settings(max_examples=60, deadline=None, suppress_health_check=RELAXED)
def test_kernel_and_protocol_agree_event_for_event(small: SmallNetwork) -> None:
    check(small)


@pytest.mark.slow
@given(networks())
@settings(max_examples=400, deadline=None, suppress_health_check=RELAXED)
def test_kernel_and_protocol_agree_on_many_worlds(small: SmallNetwork) -> None:
    check(small)


def test_they_agree_on_the_move_in_the_default_network() -> None:
    """Calls made during trips, so that handovers by event A3 are many."""
    found = deployed(make_settings("generator.num_users=60")[0])
    sessions = []
    trail = make_trail()
    for user in range(60):
        plan(user, 2, found.network.folk, trail)
        if trail.of[COUNT]:
            sessions.append((user, 1000 + user, int(trail.legs[0, BEGINS]) + 30_000, 120_000))
    held = check(SmallNetwork(found, sessions))
    changes = [e for events in held for e in events if e.state == "RECONNECT" and e.previous != e.cell]
    assert len(held) > 30
    assert len(changes) > 40


def test_who_meets_a_degraded_cell_is_who_fares_otherwise_there() -> None:
    """Not everybody who is served by it: only whose luck it decides."""
    settings = make_settings("generator.num_users=40")[0]
    found, hour = deployed(settings), 3_600_000
    cells = range(len(found.plant.cells.site))
    faults = [CellFault(c, 0, 10 * hour, "degraded", 0.2, 20.0, incident=c) for c in cells]
    network = with_faults(found.network, found.plant, settings, faults)
    sessions = [(user, 100 * user + i, 4 * hour + i, 200_000) for user in range(40) for i in range(5)]  # all at home
    small = SmallNetwork(found._replace(network=network), sessions, tuple(faults))
    normal, met = check_world(small, done=False)
    held, _ = check_world(small, done=True)
    differ = [before != after for before, after in zip(normal, held, strict=True)]
    assert [incident > 0 for incident in met] == differ
    assert 0.2 < np.mean(differ) < 0.8
    failed = [{"CONNECT"}.isdisjoint(event.state for event in events) for events in held]
    assert np.mean(failed) == pytest.approx(0.2, abs=0.08)  # a call that it refuses is not set up elsewhere


def test_they_agree_when_cells_swap_calls_and_antennas_turn() -> None:
    """Ping-pong between the two best cells of each home, and antennas that turn in turn, up to three at a time."""
    settings = make_settings("generator.num_users=40")[0]
    found, hour = deployed(settings), 3_600_000
    radio = found.network.radio
    best = radio.cell[pixels_at(found.people.home_m, radio), :2]
    faults = [
        CellFault(int(a), 0, 8 * hour, "ping_pong", partner=int(b), margin_db=40, dwell_ms=(1000, 5000), incident=0)
        for pair in np.unique(np.sort(best, axis=1), axis=0)
        for a, b in (pair, pair[::-1])
    ]
    turns = [(12 * hour + 600_000 * i, cell) for i, cell in enumerate(np.unique(best[:, 0]).tolist())]
    faults += [
        CellFault(c, t, t + 1_500_000, "turned", turned_deg=100.0, incident=1 + i) for i, (t, c) in enumerate(turns)
    ]
    network = with_faults(found.network, found.plant, settings, faults)
    sessions = [(user, user, 5 * hour, 60_000) for user in range(40)]
    for user, cell in enumerate(best[:, 0].tolist()):
        begin = next(t for t, c in turns if c == cell)
        sessions += [
            (user, 100 + 3 * user + i, begin + late, 90_000) for i, late in enumerate((-9_000, 4_000, 1_504_000))
        ]
    small = SmallNetwork(found._replace(network=network), sessions, tuple(faults))
    held = check(small)
    handovers = [sum(e.state == "RECONNECT" and e.previous != e.cell for e in events) for events in held[:40]]
    assert np.mean([many >= 3 for many in handovers]) > 0.5
    dwells = [e.held_ms for events in held[:40] for e in events if e.state == "RECONNECT"]
    assert 1000 < np.mean(dwells) < 5000
    other = [a != b for a, b in zip(check_world(small, False)[0], held, strict=True)]
    assert sum(other[:40]) > 20
    assert sum(other[40:]) > 5


class Watched(Session):
    """Remembers from which state calls ended."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.ends: list[tuple[str, str]] = []

    def finish(self, state: str, cause: str) -> None:
        self.ends.append((self.state, state))
        super().finish(state, cause)


def test_every_transition_of_the_state_diagram_is_reached() -> None:
    found = deployed(make_settings("generator=demo_2016")[0])
    sessions = [(n % 100, 77 + n, 200_000 + 977 * n, 5_000 + 100 * n) for n in range(300)]
    reached = set()
    check(SmallNetwork(found, sessions))
    air = Air(found.network, found.plant)
    for session in sessions:
        watched = Watched(air, *session)
        events = watched.run()
        reached |= {f"{state} > {end}" for state, end in watched.ends}
        states = [e.state for e in events]
        if "CONNECT" not in states:
            reached.add("4: no candidate left")
        for before, after in pairwise(events):
            reached.add(f"{before.state} {before.cause} > {after.state} {after.cause}")
    assert "4: no candidate left" in reached
    assert {"FAIL setup > FAIL setup", "FAIL setup > CONNECT "} <= reached  # 2
    assert "FAIL timeout > CONNECT " in reached  # 3, 5
    assert {"CONNECT  > END ", "RECONNECT  > END "} <= reached  # 0, 6 from LIVE
    assert {"CONNECT  > RECONNECT ", "RECONNECT  > RECONNECT "} <= reached  # 7
    assert "FAIL setup > FAIL drop" in reached  # 7 and lost
    assert {"LIVE > END", "CONNECTING > END"} <= reached  # 6, while connected and while changing cells


def test_reported_powers_have_the_error_that_is_asked_and_nothing_else_changes() -> None:
    """The same calls with an error of 0 and of 1.5 dB: the differences are normal, cut at four standard deviations."""
    held = []
    for error in (0.0, 1.5):
        asked = make_settings("generator.num_users=60", f"generator.network.phones.measurement_error_db={error}")[0]
        found = deployed(asked)
        lasts = (8_000, 600_000)
        sessions = [(user, 60 * user + i, 3_600_000 * (9 + i), lasts) for user in range(60) for i in range(40)]
        phone = make_phone(found.network.radio.cell.shape[1], make_events(100_000))
        for user, key, start, talk in sessions:
            hold(user, np.uint64(key), start, talk, found.network, phone)
        held.append(phone.events[: phone.state["row"][0]].copy())
    exact, reported = held
    others = [name for name in exact.dtype.names if name != "power"]
    assert (exact[others] == reported[others]).all()
    asked_for = np.isin(reported["state"], [STATES.index("CONNECT"), STATES.index("RECONNECT")])
    error = (reported["power"] - exact["power"])[asked_for].astype(float)
    assert len(error) > 2000
    assert error.mean() == pytest.approx(0, abs=0.1)
    assert error.std() == pytest.approx(1.5, rel=0.05)
    assert np.abs(error).max() <= 6.001
    assert (error != 0).all()
    on_the_map = exact["power"][asked_for]
    pixels = pixels_at(np.column_stack([exact["x"], exact["y"]])[asked_for].astype(float) + 0.5, found.network.radio)
    powers = found.network.radio.power[pixels]
    assert (powers == on_the_map[:, None]).any(axis=1).mean() > 0.9
    assert (powers == reported["power"][asked_for][:, None]).any(axis=1).mean() < 0.01
