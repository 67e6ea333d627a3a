"""The planted society: groups, homes, distances and ties, and what the calls tell of them."""

import random
from pathlib import Path
from typing import Any

import igraph
import numpy as np
import polars as pl
import pytest
from sklearn.metrics import adjusted_mutual_info_score
from small_worlds import make_settings, table

from generators.calls.reference_intents import ReferencePeople
from generators.social.communities import make_society
from generators.social.contacts import NOBODY, Society
from generators.social.homes import along_curve
from generators.tables.ties import tie_tables
from generators.world import World

World_ = tuple[Path, dict[str, Any]]
NO_NETWORK = ("generator/network=none", "generator.anomaly_ratio=0")


@pytest.fixture(scope="module")
def big() -> tuple[Any, Society]:
    settings, _ = make_settings("generator.num_users=20000")
    return settings, make_society(settings)


@pytest.fixture(scope="module")
def inside(clean_world: World_) -> pl.DataFrame:
    """Calls between users who are tied, each with one of their ties."""
    calls = table(clean_world[0], "calls").select("caller_id", "callee_id")
    ties = table(clean_world[0], "ties")
    both = pl.concat([ties, ties.rename({"user_a": "user_b", "user_b": "user_a"}).select(ties.columns)])
    return calls.join(both, left_on=["caller_id", "callee_id"], right_on=["user_a", "user_b"])


def test_everybody_is_in_one_group_of_a_layer_whose_size_was_asked_for(big: tuple[Any, Society]) -> None:
    settings, society = big
    for number, kind in enumerate(settings.communities.layers()):
        layer = getattr(settings.communities, kind)
        first, size, own = (part[:, number] for part in (society.first, society.size, society.own))
        members = np.flatnonzero(first != NOBODY)
        assert (society.order[number, first[members] + own[members]] == members).all()
        _, begins, counts = np.unique(first[members], return_index=True, return_counts=True)
        assert (counts == size[members][begins]).all()
        assert set(counts[:-1].tolist()) <= set(layer.sizes)
        shares = [np.mean(counts == wanted) for wanted in layer.sizes]
        assert shares == pytest.approx(layer.probabilities, abs=0.08)


def test_acquaintances_are_mutual_and_never_oneself(big: tuple[Any, Society]) -> None:
    partner = big[1].partner
    for number in range(partner.shape[1]):
        user = np.flatnonzero(partner[:, number] != NOBODY)
        assert (partner[partner[user, number], number] == user).all()
        assert (partner[user, number] != user).all()


def test_families_share_a_home_and_groups_at_work_a_place(big: tuple[Any, Society]) -> None:
    settings, society = big
    for kind, place in (("family", society.home_m), ("work", society.work_m)):
        number = settings.communities.layers().index(kind)
        members = np.flatnonzero(society.first[:, number] != NOBODY)
        leader = society.order[number, society.first[members, number]]
        assert (place[members] == place[leader]).all()


def test_ties_fall_with_the_square_of_the_distance(big: tuple[Any, Society]) -> None:
    """Share of the pairs at a distance who are acquainted (Lambiotte et al. 2008): its slope on log scales."""
    society = big[1]
    rng, edges = np.random.default_rng(1), np.geomspace(2_000, 30_000, 8)
    user, number = np.nonzero(society.partner != NOBODY)
    tied = np.hypot(*(society.home_m[user] - society.home_m[society.partner[user, number]]).T)
    one, other = rng.integers(0, len(society.home_m), (2, 2_000_000))
    apart = np.hypot(*(society.home_m[one] - society.home_m[other]).T)
    share = np.histogram(tied, edges)[0] / np.histogram(apart, edges)[0]
    slope = np.polyfit(np.log(edges[:-1] * edges[1:]) / 2, np.log(share), 1)[0]
    assert slope == pytest.approx(-2, abs=0.2)


def test_neighbours_on_the_curve_are_neighbours_on_the_plane() -> None:
    settings, _ = make_settings()
    side = np.arange(64) + 0.5
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    plane = np.array([58_000.0, 55_000.0]) / 64
    points = grid * plane
    place = along_curve(settings, points)
    assert len(np.unique(place)) == len(points)
    steps = np.abs(np.diff(grid[np.argsort(place)], axis=0)).sum(axis=1)
    assert steps.max() <= 3
    assert np.median(steps) == 1


def test_strengths_are_what_the_plain_model_makes_of_all_draws() -> None:
    """The table of ties beside the model's own choice of contacts, asked at every point of a grid of draws."""
    settings, _ = make_settings(*NO_NETWORK, "generator.num_users=60", "generator.days=1")
    settings.communities.clubs.sizes = [8, 8, 8, 8]
    drawn = World(settings, {}).draw()
    plain, kinds, ranks = ReferencePeople(drawn.model), (np.arange(300) + 0.5) / 300, (np.arange(60) + 0.5) / 60
    rate, kind = drawn.model.people.rate, drawn.model.people.kind
    expected: dict[frozenset[str], float] = {}
    ids = drawn.names.user.to_pylist()
    for user in range(60):
        within = rate[user] * (1 - drawn.model.external_shares[kind[user], 2])
        within *= 1 - drawn.model.kinds["cold"][kind[user]]
        for u in kinds:
            for who in ranks:
                found = plain.contact(user, u, who)
                if found is not None:
                    pair = frozenset((ids[user], ids[found]))
                    expected[pair] = expected.get(pair, 0.0) + within / (len(kinds) * len(ranks))
    strengths: dict[frozenset[str], float] = {}
    for part in tie_tables(settings.communities.layers(), drawn.model, drawn.names):
        for row in part.to_pylist():
            pair = frozenset((row["user_a"], row["user_b"]))
            strengths[pair] = strengths.get(pair, 0.0) + row["strength"]
    assert strengths.keys() >= expected.keys()
    for pair, strength in strengths.items():
        assert expected.get(pair, 0.0) == pytest.approx(strength, rel=0.1, abs=0.01)


def test_tied_users_call_each_other_as_often_as_their_tie_is_strong(clean_world: World_, inside: pl.DataFrame) -> None:
    ties = table(clean_world[0], "ties").group_by("user_a", "user_b").agg(pl.col("strength").sum())
    pair = [
        pl.min_horizontal("caller_id", "callee_id").alias("a"),
        pl.max_horizontal("caller_id", "callee_id").alias("b"),
    ]
    calls = table(clean_world[0], "calls").group_by(*pair).len()
    ties = ties.with_columns(a=pl.min_horizontal("user_a", "user_b"), b=pl.max_horizontal("user_a", "user_b"))
    both = ties.join(calls, on=["a", "b"], how="left").with_columns(pl.col("len").fill_null(0))
    assert np.corrcoef(both["strength"], both["len"])[0, 1] > 0.8
    assert both["len"].sum() / (28 * both["strength"].sum()) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("kind", ["family", "work", "clubs"])
def test_a_layers_calls_give_away_its_communities(clean_world: World_, inside: pl.DataFrame, kind: str) -> None:
    """Leiden on the calls of one layer: adjusted mutual information with the planted communities of at least 0.7."""
    found = leiden(inside.filter(tie_type=kind))
    assert information(found, planted(clean_world[0], kind)) >= 0.7


@pytest.mark.parametrize("copy", [0, 1])
def test_the_calls_of_each_circle_of_friends_give_it_away(clean_world: World_, inside: pl.DataFrame, copy: int) -> None:
    """Everybody may be in two circles, which the tables do not tell apart: their groups are drawn once more."""
    settings, _ = make_settings(*NO_NETWORK)
    drawn = World(settings, {}).draw()
    layer = [number for number, kind in enumerate(settings.communities.layers()) if kind == "friends"][copy]
    first = drawn.model.society.first[:, layer]
    circle = pl.DataFrame({"user_id": drawn.names.user.to_pylist()[: len(first)], "community_id": first})
    circle = circle.filter(pl.col("community_id") != NOBODY)
    calls = inside.filter(tie_type="friends")
    for side in ("caller_id", "callee_id"):
        calls = calls.join(circle.rename({"user_id": side, "community_id": f"{side}_circle"}), on=side)
    found = leiden(calls.filter(pl.col("caller_id_circle") == pl.col("callee_id_circle")))
    assert information(found, circle) >= 0.7


@pytest.mark.parametrize(
    ("kind", "resolution", "weights"), [("family", 10.0, "len"), ("work", 20.0, None), ("clubs", 10.0, None)]
)
def test_all_calls_give_each_layer_away_in_part(
    clean_world: World_, kind: str, resolution: float, weights: str | None
) -> None:
    """Layers overlap: families show by how much they call, colleagues and clubs by who calls whom at all.

    All are far smaller than what modularity looks for in so large a graph: hence the resolution.
    """
    found = leiden(within(clean_world), resolution, weights)
    assert 0.3 <= information(found, planted(clean_world[0], kind)) <= 0.9


def test_the_call_graph_is_not_merely_a_heap_of_cliques(clean_world: World_) -> None:
    graph = graph_of(within(clean_world))
    assert graph.community_leiden("modularity", weights="len", n_iterations=5).modularity < 0.95


def within(world: World_) -> pl.DataFrame:
    return table(world[0], "calls").filter(callee_type="subscriber").select("caller_id", "callee_id")


def planted(world: Path, kind: str) -> pl.DataFrame:
    return table(world, "communities").filter(community_type=kind).select("user_id", "community_id")


def graph_of(calls: pl.DataFrame) -> igraph.Graph:
    pair = [
        pl.min_horizontal("caller_id", "callee_id").alias("a"),
        pl.max_horizontal("caller_id", "callee_id").alias("b"),
    ]
    edges = calls.group_by(*pair).len().sort("a", "b")
    return igraph.Graph.DictList([], edges.to_dicts(), edge_foreign_keys=("a", "b"))


def leiden(calls: pl.DataFrame, resolution: float = 1.0, weights: str | None = "len") -> pl.DataFrame:
    graph = graph_of(calls)
    igraph.set_random_number_generator(random.Random(1))
    found = graph.community_leiden("modularity", weights=weights, resolution=resolution, n_iterations=5)
    return pl.DataFrame({"user_id": graph.vs["name"], "found": found.membership})


def information(found: pl.DataFrame, planted: pl.DataFrame) -> float:
    both = found.join(planted, on="user_id")
    return float(adjusted_mutual_info_score(both["community_id"], both["found"]))
