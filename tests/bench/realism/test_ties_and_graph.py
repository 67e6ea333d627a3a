"""Ties, degrees, distance and the graph against plain loops, networkx and known laws."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_records import records, with_values

from bench.realism import tie_graph, tie_measures
from bench.realism.record_arrays import Records

SEEDS = st.integers(0, 10_000)


def directed(of: Records) -> Counter[tuple[int, int]]:
    pairs = zip(of.caller.tolist(), of.callee.tolist(), strict=True)
    return Counter((a, b) for a, b in pairs if a != b and of.participant[a] and of.participant[b])


@settings(max_examples=20)
@given(SEEDS, st.integers(20, 300))
def test_ties_pair_by_pair(seed: int, calls: int) -> None:
    of = records(seed, calls=calls, parties=20)
    there = directed(of)
    pairs: Counter[frozenset[int]] = Counter()
    for (a, b), count in there.items():
        pairs[frozenset((a, b))] += count
    found = tie_measures.ties(of)
    assert found["reciprocity"] == pytest.approx(sum((b, a) in there for a, b in there) / len(there))
    assert found["tie_mean"] == pytest.approx(np.mean(list(pairs.values())))
    assert found["tie_median"] == np.median(list(pairs.values()))
    assert found["tie_single"] == pytest.approx(list(pairs.values()).count(1) / len(pairs))
    mutual = Counter(a for a, b in there if (b, a) in there)
    assert sorted(tie_measures.Ties.of(of).degree(mutual=True)) == sorted(mutual.values())


@settings(max_examples=15)
@given(SEEDS, st.integers(30, 300))
def test_the_graph_is_that_of_networkx(seed: int, calls: int) -> None:
    of = records(seed, calls=calls, parties=30)
    weights = Counter(frozenset(pair) for pair in directed(of).elements())
    plain = nx.Graph()
    plain.add_weighted_edges_from((*sorted(pair), count) for pair, count in weights.items())
    found = tie_graph.graph(of)
    assert found["clustering"] == pytest.approx(nx.average_clustering(plain))
    assert found["assortativity"] == pytest.approx(nx.degree_assortativity_coefficient(plain), nan_ok=True)
    assert found["largest_component"] == max(map(len, nx.connected_components(plain))) / len(plain)
    for name, (fewest, most) in tie_graph.OVERLAPS.items():
        shares = []
        for a, b, count in plain.edges(data="weight"):
            if fewest <= count <= most:
                one, other = set(plain[a]) - {b}, set(plain[b]) - {a}
                shares.append(len(one & other) / len(one | other) if one | other else 0.0)
        assert found[name] == pytest.approx(np.mean(shares) if shares else np.nan, nan_ok=True)


def test_communities_of_cliques_in_a_ring() -> None:
    cliques, size = 12, 6
    edges = [(c * size + i, c * size + j) for c in range(cliques) for i in range(size) for j in range(i)]
    edges += [(c * size, (c + 1) % cliques * size + 1) for c in range(cliques)]
    ends = np.array(edges)
    base = records(0, calls=len(edges))
    of = with_values(base, caller=ends[:, 0], callee=ends[:, 1], participant=np.ones(cliques * size, np.bool_))
    found = tie_graph.graph(of)
    assert (found["community_mean"], found["community_max"]) == (size, size)
    communities = [set(range(c * size, (c + 1) * size)) for c in range(cliques)]
    assert found["modularity"] == pytest.approx(nx.community.modularity(nx.Graph(edges), communities))


def test_weak_ties_that_bridge_strong_circles_hold_the_graph_together() -> None:
    size, circles = 5, 40
    strong = [(c * size + i, c * size + j) for c in range(circles) for i in range(size) for j in range(i)]
    weak = [(c * size, (c + 1) % circles * size) for c in range(circles)] * 1
    weak += [(c * size + k, (c + k) % circles * size + k) for c in range(circles) for k in range(1, 5)]
    ends = np.array([*strong * 3, *weak])
    base = records(0, calls=len(ends))
    of = with_values(base, caller=ends[:, 0], callee=ends[:, 1], participant=np.ones(size * circles, np.bool_))
    assert tie_graph.graph(of)["weak_bridges"] > 0.5


@pytest.mark.parametrize("exponent", [2.5, 5.0])
def test_exponents_of_degrees_that_are_known(exponent: float) -> None:
    rng = np.random.default_rng(5)
    k = np.arange(1, 3000)
    for shift, measure in (
        (10.9, lambda degree: tie_measures.shifted_exponent(degree, 10.9)),
        (0.0, tie_measures.tail_exponent),
    ):
        chance = (k + shift) ** -exponent
        degree = rng.choice(k, 20_000, p=chance / chance.sum())
        assert measure(degree) == pytest.approx(exponent, rel=0.08)


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_ties_that_fall_with_a_known_power_of_the_distance(exponent: float) -> None:
    rng = np.random.default_rng(7)
    people, cells = 600, 120
    cell_km = rng.random((cells, 2)) * 50
    home = rng.integers(0, cells, people)
    one, other = np.triu_indices(people, 1)
    km = np.hypot(*(cell_km[home[one]] - cell_km[home[other]]).T)
    chance = np.where(km > 0, 0.6 * np.maximum(km, 1.0) ** -exponent, 0) * (0.05 if exponent == 0 else 1.0)
    tied = rng.random(one.size) < chance
    base = records(0, calls=2 * int(tied.sum()))
    there, back = np.append(one[tied], other[tied]), np.append(other[tied], one[tied])
    of = with_values(base, caller=there, callee=back, participant=np.ones(people, np.bool_),
                     home=home, cell_km=cell_km)  # fmt: skip
    assert tie_measures.distance(of)["distance_exponent"] == pytest.approx(exponent, abs=0.1)
