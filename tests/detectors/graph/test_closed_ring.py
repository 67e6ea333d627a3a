"""Closed rings of strangers: against networkx, and found among ordinary calls."""

import networkx as nx
import numpy as np
import pytest
from call_tables import ordinary_calls, write_calls
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from bench.faults import SettingsError
from detectors.features.graph.call_graph import CallGraph
from detectors.graph.closed_ring import ClosedRing, tie_strangeness

PARTIES = 8
CALL_LISTS = st.lists(st.tuples(st.integers(0, PARTIES - 1), st.integers(0, PARTIES - 1)), max_size=40)


def graph_of(calls):
    caller, callee = np.array(calls, np.int64).reshape(-1, 2).T
    return CallGraph(PARTIES, caller, callee)


@given(CALL_LISTS)
def test_strangeness_is_that_of_networkx(calls):
    calls = [(a, b) for a, b in calls if a != b]
    ties, rings = nx.Graph(calls), nx.DiGraph()
    for a, b in set(calls):
        shared = len(set(ties[a]) & set(ties[b]))
        if (b, a) not in calls and calls.count((a, b)) >= 2 and shared <= 1:
            rings.add_edge(a, b)
    large = [each for each in nx.strongly_connected_components(rings) if len(each) >= 3]
    found = tie_strangeness(graph_of(calls), 0.5).toarray()
    for a in range(PARTIES):
        for b in range(PARTIES):
            expected = 0.0
            if (a, b) in calls and (b, a) not in calls:
                shared = len(set(ties[a]) & set(ties[b]))
                expected = calls.count((a, b)) / sum(one == a for one, _ in calls) / (1 + shared) ** 2
                expected += 0.5 * (rings.has_edge(a, b) and any({a, b} <= each for each in large))
            assert found[a, b] == pytest.approx(expected)


def test_a_ring_of_strangers_is_found(tmp_path):
    calls = ordinary_calls(4000, 200, 14)
    members = [3, 57, 91, 124, 188]
    for i, start in enumerate(calls["start_s"]):
        user = int(calls["caller_id"][i].removeprefix("user_"))
        if start >= 5 * 86_400 and user in members and i % 2:
            calls["callee_id"][i] = f"user_{members[(members.index(user) + 1) % 5]}"
    dataset = write_calls(tmp_path, calls, 14)
    low, high = dataset.call_range(dataset.window)
    following = {f"user_{a}": f"user_{b}" for a, b in zip(members, [*members[1:], members[0]], strict=True)}
    ring = np.array([following.get(calls["caller_id"][i]) == calls["callee_id"][i] for i in range(low, high)])
    scores = ClosedRing().fit(dataset).score(dataset).values
    assert roc_auc_score(ring, scores) > 0.95
    assert scores[~ring].max() < np.median(scores[ring])


def test_faults_are_reported():
    with pytest.raises(SettingsError, match=r"detector\.days must be above 0, got 0"):
        ClosedRing(days=0)
