"""Intervals that know clusters: laws, and what they are worked out from, held against slow references."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.evaluation import score_metrics
from bench.evaluation.chance import Chance
from bench.evaluation.class_values import ClassValues
from bench.evaluation.cut import Cut
from bench.evaluation.incidents import Moments, Parts
from bench.evaluation.intervals.at_budget import AtBudget
from bench.evaluation.intervals.clustered import Class, Clustered
from bench.evaluation.intervals.intervals import (
    at_k_interval,
    incidents_interval,
    intervals,
)
from bench.evaluation.intervals.jackknife import average_precision, roc_auc
from bench.evaluation.intervals.shares import wilson
from bench.evaluation.intervals.spread import effective_number
from bench.evaluation.sample import Sample
from bench.evaluation.thresholds import cut_for

THRESHOLD = Cut(2.5)
UNIT = (
    "average_precision",
    "roc_auc",
    "precision",
    "recall",
    "f1",
    "precision_at_100",
    "recall_at_100",
    "incident_recall",
)


def sample(random, users, incidents, size):
    """Scores whose level depends on the user or the incident; size calls an incident, about 20 a user."""
    user = np.repeat(np.arange(users), random.poisson(20, users) + 1)
    incident = np.repeat(np.arange(incidents), size)
    negatives = random.normal(0, 0.7, users)[user] + random.normal(size=user.size)
    positives = random.normal(1.5, 0.7, incidents)[incident] + random.normal(size=incident.size)
    return Clustered.of(positives, incident), Clustered.of(negatives, user)


def uneven(random, clusters, mean):
    """Scores of clusters of very different size."""
    sizes = np.ceil(random.lognormal(np.log(5), 1, clusters)).astype(int)
    cluster = np.repeat(np.arange(clusters), sizes)
    return Clustered.of(random.normal(mean, 0.7, clusters)[cluster] + random.normal(size=cluster.size), cluster)


def without(side, cluster):
    kept = side.cluster != cluster
    return Clustered.of(side.scores[kept], side.cluster[kept])


def scaled(each, measure):
    """A measure with the negatives weighted so that the prevalence is that of the whole: score by score."""
    found, others, weight = each
    hits = np.array([(found.scores >= score).sum() for score in found.scores]) / found.scores.size
    if measure == "roc_auc":
        below = [np.mean((others.scores < score) + 0.5 * (others.scores == score)) for score in found.scores]
        return float(np.mean(below))
    alarms = weight * np.array([np.mean(others.scores >= score) for score in found.scores])
    return float(np.mean(hits / (hits + alarms)))


@pytest.mark.parametrize("measure", [average_precision, roc_auc])
def test_spreads_are_those_of_leaving_out_one_cluster_after_another(measure):
    """The reference makes every measure anew without each cluster, by loops over scores."""
    random = np.random.default_rng(1)
    found, others = uneven(random, 40, 1.5), uneven(random, 60, 0.0)
    weight = others.scores.size / found.scores.size
    whole = scaled((found, others, weight), measure.__name__)
    variance = 0.0
    for left_out, clusters in ((True, found.clusters), (False, others.clusters)):
        moved = np.array(
            [
                scaled(
                    (without(found, c), others, weight) if left_out else (found, without(others, c), weight),
                    measure.__name__,
                )
                for c in range(clusters)
            ]
        )
        variance += (clusters - 1) / clusters * np.sum((moved - whole) ** 2)
    estimate = measure(Class(found, others))
    assert estimate.value == pytest.approx(whole)
    unseen = 4.0 * (whole - (0.5 if measure is roc_auc else 1 / (1 + weight))) * (1 - whole) / found.clusters**2
    unseen *= min(effective_number(found.sizes) ** 2 / found.clusters / 12, 4) / 4
    assert estimate.spread.variance - unseen == pytest.approx(variance, rel=0.1)


def test_shares_of_clusters_move_just_as_without_one_of_them():
    found = uneven(np.random.default_rng(2), 15, 1.5)
    hits = found.alerts(Cut(1.5))
    moved = found.deviations(hits) / found.scores.size
    for cluster in range(found.clusters):
        left = without(found, cluster).scores
        assert np.mean(found.scores >= 1.5) - np.mean(left >= 1.5) == pytest.approx(moved[cluster])


def drawn(found, others, cut, draws=400):
    """Recall, precision and F1 when clusters are drawn with replacement, call by call; a ranked cut is made anew."""
    random, share = np.random.default_rng(3), found.scores.size / others.scores.size
    alerts, values = cut.of_tied(0) + np.sum(found.scores >= cut.score) + np.sum(others.scores >= cut.score), []
    for _ in range(draws):
        sides = []
        for side in (found, others):
            picked = random.integers(side.clusters, size=side.clusters)
            sides.append(np.concatenate([side.scores[side.cluster == cluster] for cluster in picked]))
        weights = found.scores.size / sides[0].size, found.scores.size / share / sides[1].size
        scores, weight = np.concatenate(sides), np.repeat(weights, [side.size for side in sides])
        order = np.argsort(-scores)
        taken = scores >= cut.score
        if cut.ranked:
            taken[order] = np.cumsum(weight[order]) <= alerts
        hits, alarms = (weight[part][taken[part]].sum() for part in (slice(sides[0].size), slice(sides[0].size, None)))
        total = found.scores.size
        values.append((hits / total, hits / (hits + alarms), 2 * hits / (hits + alarms + total)))
    return np.quantile(values, [0.025, 0.975], axis=0).T


@pytest.mark.slow
@pytest.mark.parametrize("ranked", [False, True])
def test_at_a_cut_intervals_are_about_those_of_drawing_clusters(ranked):
    random, ends = np.random.default_rng(4), []
    for _ in range(8):
        found, others = sample(random, 150, 60, 5)
        scores = np.append(found.scores, others.scores)
        cut = cut_for(scores, 200) if ranked else Cut(float(np.sort(scores)[-200]))
        bounds = intervals({"all": found}, others, cut)["all"]
        ends.append([drawn(found, others, cut), [bounds[name] for name in ("recall", "precision", "f1")]])
    by_draw, summed = np.mean(ends, axis=0)
    widths = by_draw[:, 1] - by_draw[:, 0]
    np.testing.assert_allclose(summed[:, 1] - summed[:, 0], widths, rtol=0.15)
    assert (np.abs(summed - by_draw) < 0.15 * widths[:, None]).all()


def test_a_budget_that_another_type_uses_up_is_less_sure():
    random = np.random.default_rng(5)
    found, others = sample(random, 150, 30, 5)
    rest = uneven(random, 30, 1.5)
    every = Clustered.of(np.append(found.scores, rest.scores), np.append(found.cluster, rest.cluster + 30))
    cut = cut_for(np.concatenate([every.scores, others.scores]), 200)
    alone, shared = (AtBudget.of(Class(found, others), cut, other) for other in (None, every))
    assert shared.elsewhere == pytest.approx(every.alerts(cut).sum() - found.alerts(cut).sum())
    widths = [each.intervals()["precision"][1] - each.intervals()["precision"][0] for each in (alone, shared)]
    assert widths[0] < widths[1] < 3 * widths[0]


@pytest.mark.parametrize("others", [0, 60])
def test_incidents_of_one_record_are_found_as_surely_as_their_records(others):
    random = np.random.default_rng(18)
    found, normal = Clustered.of(random.normal(1.5, 1, 60), np.arange(60)), sample(random, 150, 20, 2)[1]
    rest = random.normal(1.5, 1, others)
    every = Clustered.of(np.append(found.scores, rest), np.append(found.cluster, 60 + np.arange(others)))
    cut = cut_for(np.append(every.scores, normal.scores), 80)
    each, chances = Class(found, normal), (found.scores >= cut.score).astype(float)
    low, high = incidents_interval(each, chances[np.argsort(found.cluster)], cut, every)
    assert (low, high) == pytest.approx(intervals({"type": found, "all": every}, normal, cut)["type"]["recall"])
    still = incidents_interval(each, chances, Cut(cut.score))
    assert still == wilson(chances.mean(), 60)
    assert high - low < still[1] - still[0]  # a hit more is in part a hit less elsewhere
    assert incidents_interval(each, chances[:9], cut) is None


def test_calls_of_one_incident_do_not_count_as_independent():
    random = np.random.default_rng(6)
    found, others = sample(random, 200, 40, 10)
    alone = Clustered.of(found.scores, np.arange(400))
    bounds = intervals({"incidents": found, "calls": alone}, others, THRESHOLD)
    widths = {name: high - low for name, (low, high) in ((n, b["recall"]) for n, b in bounds.items())}
    assert widths["incidents"] > 1.3 * widths["calls"]


@pytest.mark.parametrize(("users", "incidents"), [(9, 30), (30, 9)])
def test_too_few_clusters_have_no_interval(users, incidents):
    found, others = sample(np.random.default_rng(7), users, incidents, 3)
    assert intervals({"type": found}, others, THRESHOLD) == {}
    assert at_k_interval(Class(found, others), 10) is None


def world(draw):
    """A level of few records, with ties, as a hypothesis strategy draws them."""
    entities = draw(st.integers(40, 120))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["ties", "apart", "constant but one", "no ties", "below"]))
    scores = random.normal(size=entities)
    anomalous = np.sort(random.permutation(entities)[: draw(st.integers(10, 30))])
    incident = np.concatenate([np.arange(10), random.integers(0, 10, anomalous.size - 10)])
    if kind in {"ties", "constant but one"}:
        scores = np.round(scores) if kind == "ties" else np.append(1.0, np.zeros(entities - 1))
    if kind in {"apart", "below"}:
        scores[anomalous] += 20 if kind == "apart" else -20
    normal = np.ones(entities, np.bool_)
    normal[anomalous] = False
    users = np.empty(entities, np.int64)
    users[normal] = np.arange(normal.sum()) % max(10, int(normal.sum() * draw(st.floats(0.3, 1))))
    users[~normal] = 0
    return Sample(("a", "b"), normal, users, anomalous, incident % 2, incident), scores


@st.composite
def worlds(draw):
    found, scores = world(draw)
    score = float(draw(st.sampled_from(sorted({-99.0, 99.0, *scores.tolist()}))))
    tied = int(np.count_nonzero(scores == score))
    still = Cut(score, draw(st.integers(1, tied)), tied) if tied else Cut(score)
    cut = draw(st.sampled_from([still, cut_for(scores, draw(st.integers(0, scores.size + 1)))]))
    return found, scores, cut


def values_of(found, scores, cut):
    ends = np.arange(scores.size) * 1000
    moments = Moments(ends, np.zeros(40, np.int64), Parts(found.incident, ends[found.entity]))
    return ClassValues(found, scores, cut, moments, Chance(found)).all()


@settings(max_examples=300)
@given(worlds())
def test_the_value_lies_within_its_interval_and_that_within_its_range(drawn_world):
    found, scores, cut = drawn_world
    values = values_of(found, scores, cut)
    judged = 0
    for name, value in values.items():
        assert value is None or np.isfinite(value), name
        metric, _, kind = name.partition("/")
        low, high = values.get(f"{metric}_low/{kind}"), values.get(f"{metric}_high/{kind}")
        if low is None:
            continue
        judged += 1
        slack = 1e-9 * abs(value) if metric not in UNIT else 1e-12
        assert low - slack <= value <= high + slack, (name, low, value, high)
        assert low >= 0
        assert not np.signbit(low), name
        if metric in UNIT:
            assert high <= 1, (name, high)
    assert judged >= 7


@settings(max_examples=100)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_names_and_the_scale_of_scores_do_not_matter(drawn_world, shuffler):
    found, scores, cut = drawn_world
    random = np.random.default_rng(shuffler.randrange(2**32))
    order = random.permutation(scores.size)
    place = np.argsort(order)
    parts, names = random.permutation(found.entity.size), random.permutation(200)
    moved = Sample(
        found.types,
        found.normal[order],
        names[found.cluster[order]],
        place[found.entity[parts]],
        found.type_code[parts],
        random.permutation(40)[found.incident[parts]],
    )
    levels = np.unique(np.append(scores, cut.score))
    squeezed = replace(cut, score=float(np.searchsorted(levels, cut.score)) ** 3)
    before = ClassValues(found, scores, cut, None, Chance(found)).all()
    after = ClassValues(moved, (np.searchsorted(levels, scores) ** 3.0)[order], squeezed, None, Chance(moved)).all()
    assert before.keys() == after.keys()
    for name, value in before.items():
        assert after[name] == (None if value is None else pytest.approx(value, rel=1e-6, abs=1e-9)), name


def test_half_as_many_alerts_are_the_same_number_whatever_the_names_of_users():
    """Nine alerts, of a tie of 14 in part: in some orders their fractions miss 9 by the last digit, and half is 4.5."""
    entity = np.array([0, 1, 2, 5, 6, 13, 15, 16, 17, 18, 19, 20, 21, 25, 26, 27, 29, 31, 32, 34, 35, 36, 38, 39])
    incident = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 6, 9, 8, 9, 4, 4, 9, 1, 3, 0, 0, 6, 5, 4])
    code = np.array([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0])
    normal = np.isin(np.arange(40), entity, invert=True)
    cluster = np.where(normal, np.cumsum(normal), 0)
    scores = np.array([0, 1, -2, 2, -1, 1, 1, 1, 1, 1, -2, 0, 1, 1, -1, 0, 1, 2, 0, 0,
                       0, 1, -1, 1, 0, 0, 0, 0, 0, -1, 1, 0, 1, -1, -1, -2, 0, -1, 0, 1.0])  # fmt: skip
    found = set()
    for seed in range(30):
        names = np.random.default_rng(seed).permutation(200)
        sample = Sample(("a", "b"), normal, names[cluster], entity, code, incident)
        values = ClassValues(sample, scores, Cut(0.0, 9, 14, ranked=True), None, Chance(sample)).all()
        found.add(tuple(None if each is None else round(each, 9) for each in values.values()))
    assert len(found) == 1


def test_sums_that_only_rounding_tells_apart_do_not_move_a_total():
    random = np.random.default_rng(5)
    each = Clustered.of(np.zeros(1000), random.integers(0, 37, 1000))
    assert (each.deviations(each.sizes * 0.1 / 0.3) == 0).all()
    assert (each.deviations(each.sizes * 0.1 + (np.arange(37) == 3)) != 0).all()


def test_none_found_of_thirteen_is_wilsons_interval_and_no_dust():
    random = np.random.default_rng(8)
    found, others = Clustered.of(random.normal(size=13) - 50, np.arange(13)), sample(random, 50, 20, 3)[1]
    for cut in (Cut(1.0), cut_for(np.append(found.scores, others.scores), 20)):
        bounds = intervals({"all": found}, others, cut)["all"]
        low, high = bounds["recall"]
        assert (str(low), high) == ("0.0", pytest.approx(0.2281, abs=1e-4))
        assert str(bounds["precision"][0]) == str(bounds["f1"][0]) == "0.0"
        assert 0 < bounds["precision"][1] < 1
    assert wilson(0.0, 13) == (0.0, pytest.approx(0.2281, abs=1e-4))
    low, high = at_k_interval(Class(found, others), 10)
    assert (str(low), 0 < high < 10) == ("0.0", True)


def test_all_found_and_nothing_else_is_as_sure_as_there_are_incidents():
    random = np.random.default_rng(9)
    found, others = sample(random, 50, 20, 3)
    found = replace(found, scores=found.scores + 50)
    bounds = intervals({"all": found}, others, Cut(30.0))["all"]
    assert bounds["recall"] == wilson(1.0, 20) == bounds["average_precision"] == bounds["roc_auc"]
    for measure in ("precision", "f1"):
        low, high = bounds[measure]
        assert 0.3 < low < 1 == high
    below = intervals({"all": replace(found, scores=found.scores - 99)}, others, Cut(30.0))["all"]
    assert below["roc_auc"] == wilson(0.0, 20)


def test_a_false_alarm_unseen_is_not_impossible():
    """Without a false alarm among few records, the precision may be lower than among many."""
    random = np.random.default_rng(10)
    found = Clustered.of(random.normal(60, 1, 40), np.repeat(np.arange(20), 2))
    lows = []
    for users in (20, 2000):
        others = Clustered.of(random.normal(size=users * 10), np.repeat(np.arange(users), 10))
        lows.append(intervals({"all": found}, others, Cut(30.0))["all"]["precision"][0])
        assert lows[-1] < 1
    assert lows[0] == pytest.approx(lows[1], rel=0.2)  # of as many records as there may be, three or four are alarms


def test_records_that_are_incidents_of_their_own_have_wilsons_interval():
    random = np.random.default_rng(11)
    found, others = Clustered.of(random.normal(1, 1, 30), np.arange(30)), sample(random, 50, 20, 3)[1]
    hits = int(np.sum(found.scores >= 1.2))
    bounds = intervals({"all": found}, others, Cut(1.2))["all"]
    assert bounds["recall"] == pytest.approx(wilson(hits / 30, 30))


def test_at_k_there_may_be_nothing_to_draw():
    found, others = sample(np.random.default_rng(16), 100, 30, 2)
    many = Class(found, others)
    assert at_k_interval(many, 10**6) == (60, 60)
    low, high = at_k_interval(many, 30)
    assert 0 < low < many.apart.hits_at_k(30) < high < 30
    alike = Class(replace(found, scores=np.zeros(60)), replace(others, scores=np.zeros(others.scores.size)))
    low, high = at_k_interval(alike, 10)
    assert low < alike.apart.hits_at_k(10) < high
    below = Class(replace(found, scores=found.scores - 99), others)
    assert at_k_interval(below, 50)[0] == 0


def test_a_cut_through_equal_scores_has_intervals_between_those_of_none_and_of_all():
    found, others = (Clustered(np.round(each.scores), each.cluster, each.clusters) for each in
                     sample(np.random.default_rng(3), 150, 40, 5))  # fmt: skip
    cuts = (Cut(2.5), Cut(2.0, 1, 2), Cut(2.0))
    none, half, every = (intervals({"type": found}, others, cut)["type"] for cut in cuts)
    value = Class(found, others).apart.counts_at(Cut(2.0, 1, 2)).recall
    assert half["recall"][0] < value < half["recall"][1]
    for end in (0, 1):
        assert none["recall"][end] < half["recall"][end] < every["recall"][end]
        assert none["precision"][end] > half["precision"][end] > every["precision"][end]


def test_when_every_entity_is_an_alert_the_precision_may_be_the_prevalence():
    found, others = sample(np.random.default_rng(11), 100, 30, 2)
    for cut in (Cut(-99.0), Cut(-99.0, ranked=True)):
        low, high = intervals({"type": found}, others, cut)["type"]["precision"]
        assert low <= score_metrics.prevalence(np.repeat([True, False], [60, others.scores.size])) <= high


def test_a_dozen_incidents_that_nobody_finds_are_not_as_good_as_found():
    """Their scores are those of half of the normal records, above the other half: twice chance, which is nothing."""
    random = np.random.default_rng(11)
    found = Clustered.of(np.zeros(24), np.repeat(np.arange(12), 2))
    others = Clustered.of(-(random.random(200_000) < 0.5).astype(np.float64), np.repeat(np.arange(2000), 100))
    low, high = intervals({"all": found}, others, Cut(1.0))["all"]["average_precision"]
    assert low < 24 / 100_000 < high < 0.05
