"""Order of rows and numbers of parties: calls of the same moment, communities, rows that a model is fitted on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.features.graph.call_graph import CallGraph
from detectors.features.graph.ego_networks import Egos
from detectors.features.graph.party_digests import colours
from detectors.features.sequence.groups import Groups
from detectors.features.sequence.simultaneous import Known, order_of
from detectors.features.sequence.sums import sum_of_latest
from detectors.order_and_rounding import content_order

PARTIES, CELLS = 6, 3
CALLS = st.lists(
    st.tuples(*(st.integers(0, most) for most in (9, PARTIES - 1, PARTIES - 1, CELLS - 1, 3))), min_size=1, max_size=30
)
SEEDS = st.integers(0, 1000)


def known_of(rows):
    start, caller, callee, cell, duration = np.array(sorted(rows, key=lambda row: row[0]), np.int64).T.copy()
    return Known(start, caller, callee, cell, duration, np.zeros(start.size, np.int64))


def in_order(known):
    order = order_of(known, PARTIES, CELLS)
    return np.arange(known.start_ms.size) if order is None else order


@given(CALLS, SEEDS)
def test_calls_of_a_moment_have_an_order_of_their_own(rows, seed):
    random, known = np.random.default_rng(seed), known_of(rows)
    order = in_order(known)
    assert sorted(order.tolist()) == list(range(order.size))
    assert (np.diff(known.start_ms[order]) >= 0).all()
    shuffle = random.permutation(order.size)
    shuffle = shuffle[np.argsort(known.start_ms[shuffle], kind="stable")]
    names, places = random.permutation(PARTIES), random.permutation(CELLS)
    other = Known(*(column[shuffle] for column in known))
    renamed = other._replace(caller=names[other.caller], callee=names[other.callee], cell=places[other.cell])
    moved = renamed._replace(start_ms=renamed.start_ms + 86_400_000)
    for each in (other, renamed, moved):
        found = in_order(each)
        np.testing.assert_array_equal(np.diff(each.start_ms[found]), np.diff(known.start_ms[order]))
        np.testing.assert_array_equal(each.duration_s[found], known.duration_s[order])


def test_a_moment_with_many_calls_is_sorted_likewise():
    duration = np.random.default_rng(0).permutation(500)
    known = known_of([(0, 0, 1, 0, each) for each in duration])
    again = known_of([(0, 0, 1, 0, each) for each in duration[::-1]])
    np.testing.assert_array_equal(known.duration_s[in_order(known)], again.duration_s[in_order(again)])
    apart = known._replace(start_ms=np.arange(500))
    assert order_of(apart, PARTIES, CELLS) is None


def communities(parties, caller, callee, moments):
    graph = CallGraph(parties, caller, callee, moments, seed=3)
    return graph.community[:, None] == graph.community[None, :], Egos(graph).pagerank


@given(SEEDS)
def test_communities_and_ranks_are_those_of_the_graph_not_of_its_numbering(seed):
    random = np.random.default_rng(seed)
    caller, callee = random.integers(0, 60, (2, 250))
    moments, names, rows = np.arange(250), random.permutation(60), random.permutation(250)
    together, rank = communities(60, caller, callee, moments)
    again, its_rank = communities(60, names[caller[rows]], names[callee[rows]], moments[rows])
    np.testing.assert_array_equal(again[np.ix_(names, names)], together)
    np.testing.assert_array_equal(its_rank[names], rank)
    more, _ = communities(90, caller, callee, moments)
    np.testing.assert_array_equal(more[:60, :60], together)


def test_colours_tell_parties_apart_by_their_calls_and_by_those_of_their_contacts():
    caller, callee = np.array([0, 2, 4, 1, 3]), np.array([1, 3, 5, 6, 7])
    ties = CallGraph(8, caller, callee).between
    assert np.unique(colours(8, caller, callee, np.array([5, 5, 5, 7, 8]), ties)).size == 8
    same = colours(8, caller, callee, np.array([5, 5, 5, 7, 7]), ties)
    assert (same[0], same[1], same[6]) == (same[2], same[3], same[7])
    assert len({same[0], same[4]}) == 2


@given(st.lists(st.tuples(*(st.integers(-2, 2),) * 3), min_size=1, max_size=30), SEEDS)
def test_rows_by_content_are_the_same_rows_whichever_way_they_stood(rows, seed):
    matrix = np.array(rows, float)
    shuffled = np.random.default_rng(seed).permutation(matrix)
    np.testing.assert_array_equal(matrix[content_order(matrix)], shuffled[content_order(shuffled)])


@given(SEEDS)
def test_sums_of_equal_values_are_equal_whatever_else_is_summed(seed):
    random = np.random.default_rng(seed)
    groups, values = Groups(random.integers(0, 5, 400)), random.normal(size=400) * 10.0 ** random.integers(-3, 6)
    together = sum_of_latest(groups, values, 7)
    for each in range(5):
        alone = groups.key == each
        its = sum_of_latest(Groups(groups.key[alone]), values[alone], 7)
        np.testing.assert_allclose(together[alone], its, rtol=1e-12, atol=1e-12 * np.abs(values).max())
    same = sum_of_latest(groups, np.full(400, 0.1), 0)
    assert np.unique(same).size == 1
