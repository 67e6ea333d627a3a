"""The call graph: its features against networkx and plain loops."""

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.features.graph.call_graph import FEATURES, CallGraph

NAMES = [name for name, _, _ in FEATURES]
PARTIES = 9
CALL_LISTS = st.lists(st.tuples(st.integers(0, PARTIES - 1), st.integers(0, PARTIES - 1)), min_size=1, max_size=40)


def graph_of(calls, seed=1, resolution=1.0):
    caller, callee = np.array(calls, np.int64).reshape(-1, 2).T
    return CallGraph(PARTIES, caller, callee, resolution=resolution, seed=seed)


def loop_features(calls, community, caller, callee):
    ties = nx.Graph([(a, b) for a, b in calls if a != b])
    ties.add_nodes_from(range(PARTIES))
    mine = [b for a, b in calls if a == caller]
    into = [sum(community[b] == community[end] for b in mine) / max(len(mine), 1) for end in (callee, caller)]
    one, other = set(ties[caller]), set(ties[callee])
    either = one | other
    return [
        community[caller] != community[callee],
        into[0],
        1 - into[1],
        not ties.has_edge(caller, callee),
        ties.degree[callee] == 0,
        1.0 if caller == callee else len(one & other) / len(either) if either else 0.0,
        math.log1p(ties.degree[callee]),
    ]


@given(CALL_LISTS, CALL_LISTS)
def test_features_are_those_of_a_plain_loop(known, described):
    graph = graph_of(known)
    caller, callee = np.array(described, np.int64).T
    expected = [loop_features(known, graph.community, a, b) for a, b in described]
    np.testing.assert_allclose(graph.features(caller, callee), expected)


def two_cliques():
    return [(a, b) for group in (range(4), range(4, 8)) for a in group for b in group if a != b] + [(0, 4)]


def test_communities_are_those_that_anybody_would_see():
    community = graph_of(two_cliques()).community
    assert len(set(community[:4])) == len(set(community[4:8])) == 1
    assert community[0] != community[4]


def test_a_call_that_leaves_its_communities_stands_out():
    graph = graph_of(two_cliques())
    home, away, stranger = graph.features(np.array([1, 1, 1]), np.array([2, 6, 8]))
    features = dict(zip(NAMES, home, strict=True))
    assert (
        features["other_community"],
        features["community_share"],
        features["new_tie"],
        features["shared_contacts"],
    ) == (
        0,
        1,
        0,
        0.5,
    )
    features = dict(zip(NAMES, away, strict=True))
    assert (
        features["other_community"],
        features["community_share"],
        features["new_tie"],
        features["shared_contacts"],
    ) == (1, 0, 1, 0)
    features = dict(zip(NAMES, stranger, strict=True))
    assert (features["unknown_callee"], features["log_callee_degree"]) == (1, 0)


def test_the_same_seed_gives_the_same_communities():
    random = np.random.default_rng(0)
    calls = random.integers(0, PARTIES, (30, 2))
    first, second = graph_of(calls, seed=5).community, graph_of(calls, seed=5).community
    np.testing.assert_array_equal(first, second)


def test_resolution_makes_smaller_communities():
    assert len(set(graph_of(two_cliques(), resolution=50.0).community)) > len(set(graph_of(two_cliques()).community))


def test_no_calls_to_describe():
    nobody = np.empty(0, np.int64)
    assert graph_of(two_cliques()).features(nobody, nobody).shape == (0, len(NAMES))


def test_a_graph_without_calls_knows_nobody():
    nobody = np.empty(0, np.int64)
    graph = CallGraph(3, nobody, nobody, resolution=1.0, seed=0)
    row = dict(zip(NAMES, graph.features(np.array([0]), np.array([1]))[0], strict=True))
    assert row == pytest.approx(
        dict(zip(NAMES, [1, 0, 1, 1, 1, 0, 0], strict=True)),
    )
