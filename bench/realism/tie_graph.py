"""The graph of ties: clustering, components, overlap of neighbourhoods, and communities."""

import random

import igraph
import numpy as np

from bench.arrays import FloatArray
from bench.host.igraph_randomness import igraph_drawing_from
from bench.realism.record_arrays import Records
from bench.realism.tie_measures import Ties

Found = dict[str, float]
OVERLAPS = {"overlap_1": (1, 1), "overlap_2_3": (2, 3), "overlap_4_8": (4, 8), "overlap_9_20": (9, 20)}
"""Smallest and largest number of calls of the pairs that are compared."""


def graph(records: Records) -> Found:
    """Measure the undirected graph of all pairs with a call; users without a call are not in it."""
    ties = Ties.of(records)
    if ties.one.size < 2:
        return {}
    found = graph_of(ties)
    largest = found.connected_components().giant()
    overlap = shared_contacts(found)
    measured = {
        "clustering": found.transitivity_avglocal_undirected(mode="zero"),
        "assortativity": found.assortativity_degree(directed=False),
        "largest_component": largest.vcount() / found.vcount(),
        "weak_bridges": weak_bridges(found),
    }
    for name, (fewest, most) in OVERLAPS.items():
        those = overlap[(ties.calls >= fewest) & (ties.calls <= most)]
        measured[name] = float(those.mean()) if those.size else np.nan
    return {**measured, **communities(largest)}


def graph_of(ties: Ties) -> igraph.Graph:
    """Return the graph of users with ties; its edges are in the order of the pairs, weighted by calls."""
    _, ends = np.unique(np.concatenate([ties.one, ties.other]), return_inverse=True)
    edges = ends.reshape(2, -1).T
    return igraph.Graph(n=int(ends.max()) + 1, edges=edges, edge_attrs={"weight": ties.calls})


def shared_contacts(found: igraph.Graph) -> FloatArray:
    """Return each pair's share of common contacts among all contacts of either (Onnela 2007), shape (pairs,)."""
    edges = np.array(found.get_edgelist())
    degree = np.array(found.degree())[edges].sum(axis=1)
    jaccard = np.array(found.similarity_jaccard(pairs=edges, loops=False))
    # all contacts: k1 + k2 - common ones, minus the two users themselves
    common = np.rint(jaccard * degree / (1 + jaccard))
    return np.asarray(common / np.maximum(degree - 2 - common, 1))


def weak_bridges(found: igraph.Graph) -> float:
    """Return how much more of the graph is cut off without the weaker half of the ties than without the stronger."""
    order = np.argsort(found.es["weight"], kind="stable")
    half = order.size // 2
    without_weak, without_strong = (
        max(found.subgraph_edges(kept.tolist(), delete_vertices=False).connected_components().sizes())
        for kept in (order[half:], order[:half])
    )
    return float((without_strong - without_weak) / found.vcount())


def communities(largest: igraph.Graph) -> Found:
    """Measure Louvain communities (Blondel et al. 2008) of a connected graph, ties weighted by calls."""
    with igraph_drawing_from(random.Random(0)):
        found = largest.community_multilevel(weights="weight")
    sizes = np.array(found.sizes())
    return {
        "community_mean": float(sizes.mean()),
        "community_max": float(sizes.max()),
        "modularity": float(largest.modularity(found.membership, weights="weight")),
    }
