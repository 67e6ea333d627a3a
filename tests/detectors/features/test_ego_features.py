"""Ego nets of the call graph, against networkx and plain loops."""

import math
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.faults import UserError
from detectors.features.graph.call_graph import CallGraph
from detectors.features.graph.ego_networks import FEATURES, Egos, PowerLaw, ego_features
from detectors.features.graph.graph_features import NAMES, check_graph_names, graph_features

PARTIES = 9
CALL_LISTS = st.lists(st.tuples(st.integers(0, PARTIES - 1), st.integers(0, PARTIES - 1)), min_size=1, max_size=60)


def egos_of(calls):
    caller, callee = np.array(calls, np.int64).reshape(-1, 2).T
    return Egos(CallGraph(PARTIES, caller, callee, seed=1))


def networkx_of(calls):
    ties = nx.Graph()
    ties.add_nodes_from(range(PARTIES))
    for a, b in calls:
        if a != b:
            ties.add_edge(a, b, weight=ties.get_edge_data(a, b, {"weight": 0})["weight"] + 1)
    return ties


@given(CALL_LISTS)
def test_measures_are_those_of_networkx(calls):
    egos, ties = egos_of(calls), networkx_of(calls)
    nets = [nx.ego_graph(ties, each) for each in range(PARTIES)]
    assert egos.contacts.tolist() == [ties.degree[each] for each in range(PARTIES)]
    assert egos.ties.tolist() == [net.number_of_edges() for net in nets]
    assert egos.calls.tolist() == [net.size("weight") for net in nets]
    assert egos.core.tolist() == [nx.core_number(ties)[each] for each in range(PARTIES)]
    assert egos.density == pytest.approx([nx.clustering(ties)[each] for each in range(PARTIES)])


@given(CALL_LISTS)
def test_pagerank_is_that_of_networkx(calls):
    ties = networkx_of(calls)
    ties.remove_nodes_from(list(nx.isolates(ties)))
    expected = nx.pagerank(ties, tol=1e-12, max_iter=1000) if len(ties) else {}
    assert egos_of(calls).pagerank == pytest.approx([expected.get(each, 0) for each in range(PARTIES)], abs=1e-8)


@given(CALL_LISTS)
def test_the_rest_is_that_of_plain_loops(calls):
    egos, ties = egos_of(calls), networkx_of(calls)
    community = egos.graph.community
    for each in range(PARTIES):
        contacts = set(ties[each])
        called = {b for a, b in calls if a == each != b}
        returned = {b for b in called if (b, each) in calls}
        assert egos.reciprocity[each] == pytest.approx(len(returned) / max(len(called), 1))
        alone = [one for one in contacts if not contacts & set(ties[one])]
        assert egos.star[each] == pytest.approx(len(alone) / len(contacts) if len(contacts) > 1 else 0)
        groups = [sum(community[one] == group for one in contacts) for group in range(PARTIES)]
        assert egos.bridge[each] == pytest.approx(1 - sum((n / len(contacts)) ** 2 for n in groups) if contacts else 0)


@given(CALL_LISTS)
def test_features_are_finite_and_nothing_is_said_of_who_has_no_tie(calls):
    egos = egos_of(calls)
    matrix = ego_features(egos, egos.laws)
    assert matrix.shape == (PARTIES, len(FEATURES))
    assert np.isfinite(matrix).all()
    assert not matrix[egos.contacts == 0].any()


def test_a_power_law_is_found_through_what_lies_off_it():
    x = np.arange(1, 400)
    y = np.round(3 * x**1.4).astype(np.int64)
    y[9::17] *= 40
    law = PowerLaw.through(x, y)
    assert law.slope == pytest.approx(1.4, abs=0.03)
    off = law.residual(x, y)
    assert off[9::17].min() > math.log(20) > 1 > np.abs(np.delete(off, np.s_[9::17])).max()


def test_without_variety_the_law_is_flat():
    nothing = np.zeros(3, np.int64)
    assert PowerLaw.through(nothing, nothing).residual(nothing, nothing).tolist() == [0, 0, 0]
    law = PowerLaw.through(np.array([2, 2, 2]), np.array([3, 4, 5]))
    assert law.residual(np.array([2]), np.array([4])) == pytest.approx([0])


def test_a_star_and_a_clique_lie_on_either_side_of_the_usual():
    friends = [pair for start in (0, 3) for pair in combinations(range(start, start + 3), 2)]
    egos = egos_of([*friends, *((6, each) for each in (0, 1, 3, 4, 7, 8))])
    law = egos.laws[0]
    star = law.residual(egos.contacts, egos.ties)[6]
    features = dict(zip([name for name, _, _ in FEATURES], ego_features(egos, egos.laws)[6], strict=True))
    assert features["oddball_ties"] == pytest.approx(star)
    assert features["reciprocity"] == 0
    assert features["star"] == pytest.approx(1 / 3)
    assert features["bridge"] > 0


@given(CALL_LISTS, CALL_LISTS)
def test_features_are_chosen_by_name_also_those_of_the_callers_ego_network(known, described):
    egos = egos_of(known)
    caller, callee = np.array(described, np.int64).T
    names = ["caller_core", "new_tie", "caller_log_contacts"]
    found = graph_features(egos.graph, caller, callee, names)
    whole = np.hstack([egos.graph.features(caller, callee), ego_features(egos, egos.laws)[caller]])
    np.testing.assert_array_equal(found, whole[:, [NAMES.index(name) for name in names]])
    assert found[:, 0].tolist() == egos.core[caller].tolist()


def test_an_unknown_name_is_reported_with_the_nearest():
    with pytest.raises(UserError, match="'caller_cores' is not a feature of the call graph; did you mean caller_core"):
        check_graph_names(["caller_cores"])
    with pytest.raises(UserError, match=r"^detector\.features must name at least one of other_community, "):
        check_graph_names([])
