"""How fast are graph features? CPU time for 10^5 users and 10^6 ties, beside networkx on the same ties.

    python benchmarks/graph.py [users] [ties]

Ours: from the calls to the features of every user (communities, PageRank, clustering and seven more), building the
graph included, once on a graph of neighbours and once on a random one, which has no communities to find. networkx:
Louvain, PageRank and clustering on the graph of neighbours, building it included; that takes minutes, once.
"""

import sys
import time
from collections.abc import Callable
from itertools import chain
from typing import Any

import networkx as nx
import numpy as np

from bench.arrays import IntArray
from detectors.features.graph.call_graph import CallGraph
from detectors.features.graph.ego_networks import Egos, ego_features

USERS, TIES, CALLS_A_TIE = 100_000, 1_000_000, 4
REPEATS = 3
FAR, NEAR = 0.1, 8
"""Share of the ties that fall anywhere; scale of the Cauchy distances of the others, in users on a ring."""


def calls_among(users: int, ties: int, far: float) -> tuple[IntArray, IntArray]:
    """Draw calls on so many ties: callers and callees."""
    random = np.random.default_rng(1)
    one = random.integers(0, users, 2 * ties)
    step = np.round(random.standard_cauchy(one.size) * NEAR).astype(np.int64)
    other = np.where(random.random(one.size) < far, random.integers(0, users, one.size), (one + step) % users)
    pairs = np.unique(np.minimum(one, other) * users + np.maximum(one, other))
    pairs = random.permutation(pairs[pairs // users != pairs % users])[:ties]
    tie = np.repeat(pairs, 1 + random.poisson(CALLS_A_TIE - 1, pairs.size))
    names, turned = random.permutation(users), random.random(tie.size) < 0.5
    ends = names[tie // users], names[tie % users]
    return np.where(turned, ends[0], ends[1]), np.where(turned, ends[1], ends[0])


def ours(users: int, caller: IntArray, callee: IntArray) -> CallGraph:
    """Work out every feature of every user, and return the graph."""
    graph = CallGraph(users, caller, callee, seed=1)
    egos = Egos(graph)
    ego_features(egos, egos.laws)
    return graph


def theirs(users: int, graph: CallGraph) -> None:
    """Do the same three measures by networkx, from the same ties."""
    made: nx.Graph[int] = nx.Graph()
    made.add_nodes_from(range(users))
    made.add_weighted_edges_from(zip(*map(np.ndarray.tolist, (graph.one, graph.other, graph.weights)), strict=True))
    nx.community.louvain_communities(made, seed=1)
    nx.pagerank(made)
    nx.clustering(made)


def cpu(work: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Return the least CPU time of some work [s], and what it returned."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        found = work()
        times.append(time.process_time() - start)
    return min(times), found


def main(users: int = USERS, ties: int = TIES) -> None:
    """Print the seconds and their ratio."""
    near, random = calls_among(users, ties, FAR), calls_among(users, ties, 1.0)
    ours(1000, *calls_among(1000, 5000, FAR))  # imports and caches
    seconds, graph = cpu(lambda: ours(users, *near), REPEATS)
    on_random, _ = cpu(lambda: ours(users, *random), REPEATS)
    print(f"{users:,} users, {graph.ties.size:,} ties, {near[0].size:,} calls; CPU time")
    print(f"ours, graph of neighbours  {seconds:8.2f} s")
    print(f"ours, random graph         {on_random:8.2f} s", flush=True)
    slow, _ = cpu(lambda: theirs(users, graph))
    print(f"networkx, neighbours       {slow:8.2f} s")
    print(f"networkx over ours         {slow / seconds:8.1f}")


if __name__ == "__main__":
    main(*chain(map(int, sys.argv[1:])))
