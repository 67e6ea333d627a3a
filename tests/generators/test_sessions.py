"""Sessions: the compiled state machine against the protocol message by message, and what both must never do."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from small_networks import SmallNetwork, in_words, networks

from generators.sessions.events import make_events
from generators.sessions.reference import Air, Event, Session
from generators.sessions.session import CELL, FIRST, FIRST_CELL, HANDOVERS, ROW, hold, make_phone

RELAXED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
REACHED: Counter[str] = Counter()


def same(ours: Event, theirs: Event) -> bool:
    if math.isnan(theirs.power):
        ours, theirs = ours._replace(power=0.0), theirs._replace(power=0.0)
    return ours == theirs


def check(small: SmallNetwork) -> None:
    plant, network, _ = small.deployment
    for user, key, start, talk in small.sessions:
        phone = make_phone(network.radio.cell.shape[1], make_events(20_000))
        connected = hold(user, np.uint64(key), start, talk, network, phone)
        plain = Session(Air(network, plant), user, key, start, talk)
        expected, found = plain.run(), in_words(phone.events[: phone.state[ROW]])
        assert len(found) == len(expected)
        assert all(same(ours, theirs) for ours, theirs in zip(found, expected, strict=True)), (found, expected)
        assert connected == (plain.first >= 0)
        assert phone.state[FIRST_CELL] == plain.first_cell
        if connected:
            assert (phone.state[FIRST], phone.state[CELL]) == (plain.first, plain.cell)
            assert phone.state[HANDOVERS] == plain.handovers
        legal(expected)


def legal(events: list[Event]) -> None:
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
    assert held == after[-1].talk_ms == after[-1].time_ms - events[len(before)].time_ms


@given(networks())
@settings(max_examples=60, deadline=None, suppress_health_check=RELAXED)
def test_kernel_and_protocol_agree_event_for_event(small: SmallNetwork) -> None:
    check(small)


@pytest.mark.slow
@given(networks())
@settings(max_examples=400, deadline=None, suppress_health_check=RELAXED)
def test_kernel_and_protocol_agree_on_many_worlds(small: SmallNetwork) -> None:
    check(small)
