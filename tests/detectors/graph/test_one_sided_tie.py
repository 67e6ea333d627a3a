"""New ties that one side uses: against a plain loop, and rings among ordinary calls."""

import numpy as np
import pytest
from call_tables import ordinary_calls, write_calls

from bench.faults import SettingsError
from detectors.graph.one_sided_tie import OneSidedTie

DAY, DAYS = 86_400, 14


@pytest.fixture(scope="module")
def ring():
    """Ordinary calls, and from the middle on five users who call the next of them round and round."""
    calls = ordinary_calls(2500, 100, DAYS)
    members = [3, 27, 41, 64, 88]
    for i, start in enumerate(calls["start_s"]):
        user = int(calls["caller_id"][i].removeprefix("user_"))
        if start >= DAYS // 2 * DAY and user in members and i % 2:
            calls["callee_id"][i] = f"user_{members[(members.index(user) + 1) % 5]}"
    following = {f"user_{a}": f"user_{b}" for a, b in zip(members, [*members[1:], members[0]], strict=True)}
    labels = [following.get(a) == b for a, b in zip(calls["caller_id"], calls["callee_id"], strict=True)]
    return calls, np.array(labels)


def test_scores_are_those_of_a_plain_loop(ring, tmp_path):
    calls, _ = ring
    dataset = write_calls(tmp_path, calls, DAYS)
    scores = OneSidedTie(3.0).fit(dataset).score(dataset).values
    low, high = dataset.call_range(dataset.window)
    rows = list(zip(calls["start_s"], calls["caller_id"], calls["callee_id"], strict=True))
    circle = {}
    for _, a, b in rows[:low]:
        if a != b:
            circle.setdefault(a, set()).add(b)
            circle.setdefault(b, set()).add(a)
    for place in range(low, high, 7):
        start, a, b = rows[place]
        expected = 0.0
        called_back = any((one, other) == (b, a) for time, one, other in rows if time <= start)
        if a in circle and b in circle and b not in circle[a] and not called_back:
            used = sum((one, other) == (a, b) and start - time <= 3 * DAY for time, one, other in rows[: place + 1])
            expected = used / (1 + len(circle[a] & circle[b]))
        assert scores[place - low] == pytest.approx(expected)
    assert np.unique(scores).size > 3


def test_a_ring_is_found(ring, tmp_path):
    calls, labels = ring
    dataset = write_calls(tmp_path, calls, DAYS)
    scores = OneSidedTie().fit(dataset).score(dataset).values
    low, high = dataset.call_range(dataset.window)
    ring_calls = labels[low:high]
    highest = np.argsort(-scores, kind="stable")[: ring_calls.sum() // 2]
    assert ring_calls[highest].mean() > 0.95


def test_a_fault_is_reported():
    with pytest.raises(SettingsError, match=r"detector\.days must be above 0, got 0"):
        OneSidedTie(0.0)
