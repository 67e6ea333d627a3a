"""Intervals that know clusters."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom, binomtest, t

from bench import metrics
from bench.bootstrap import DRAWS, bootstrapped, tail
from bench.clustered import Class, Clustered
from bench.cut import Cut
from bench.intervals import DRAWN_UP_TO, at_k_interval, by_influence, intervals, median_interval, share_interval
from bench.quantiles import student_quantile

THRESHOLD = Cut(2.5)
MEASURES = ("average_precision", "roc_auc", "precision", "recall", "f1")


def sample(random, users, incidents, size):
    """Scores whose level depends on the user or the incident; size calls an incident, about 20 a user."""
    user = np.repeat(np.arange(users), random.poisson(20, users) + 1)
    incident = np.repeat(np.arange(incidents), size)
    negatives = random.normal(0, 0.7, users)[user] + random.normal(size=user.size)
    positives = random.normal(1.5, 0.7, incidents)[incident] + random.normal(size=incident.size)
    return Clustered.of(positives, incident), Clustered.of(negatives, user)


def measures(found, others):
    positive = np.repeat([True, False], [found.scores.size, others.scores.size])
    scores = np.append(found.scores, others.scores)
    counts = metrics.counts_at(positive, scores, cut=THRESHOLD)
    return {
        "average_precision": metrics.average_precision(positive, scores),
        "roc_auc": metrics.roc_auc(positive, scores),
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
    }


def test_the_true_value_lies_within_about_as_often_as_promised():
    random, repeats = np.random.default_rng(3), 60
    truth = measures(*sample(random, 200 * 50, 40 * 50, 5))
    held = dict.fromkeys(truth, 0)
    for _ in range(repeats):
        found, others = sample(random, 200, 40, 5)
        for measure, (low, high) in intervals({"type": found}, others, THRESHOLD)["type"].items():
            held[measure] += low <= truth[measure] <= high
    for times in held.values():
        assert 0.85 * repeats <= times < repeats


@pytest.mark.slow
@pytest.mark.parametrize(("incidents", "size"), [(12, 5), (40, 1), (100, 10)])
def test_both_methods_hold_the_truth_at_their_nominal_rate(incidents, size):
    random, repeats = np.random.default_rng(3), 300
    truth = measures(*sample(random, 200 * 60, incidents * 60, size))
    held = {method: dict.fromkeys(MEASURES, 0) for method in (drawn, by_influence)}
    for _ in range(repeats):
        found, others = sample(random, 200, incidents, size)
        for method, times in held.items():
            for measure, (low, high) in method({"type": Class(found, others)}, others, THRESHOLD)["type"].items():
                times[measure] += low <= truth[measure] <= high
    shares = [times[measure] / repeats for times in held.values() for measure in MEASURES]
    assert min(shares) >= 0.9
    assert max(shares) < 0.99
    assert 0.93 <= np.mean(shares) <= 0.97


def test_calls_of_one_incident_do_not_count_as_independent():
    random = np.random.default_rng(4)
    found, others = sample(random, 200, 40, 10)
    alone = Clustered.of(found.scores, np.arange(400))
    bounds = intervals({"incidents": found, "calls": alone}, others, THRESHOLD)
    widths = {name: high - low for name, (low, high) in ((n, b["recall"]) for n, b in bounds.items())}
    assert widths["incidents"] > 1.3 * widths["calls"]


def test_drawn_weights_follow_the_scores():
    random = np.random.default_rng(5)
    scores, cluster = random.integers(0, 5, 50).astype(float), random.integers(0, 8, 50)
    clustered = Clustered.of(scores, cluster)
    weights = np.diff(clustered.draw(random).below(np.arange(51)))
    assert weights.sum() == pytest.approx(50)
    each = np.array([weights[clustered.cluster == name].mean() for name in range(clustered.clusters)])
    np.testing.assert_allclose(weights, each[clustered.cluster])
    times = each / each[each > 0].min()
    np.testing.assert_allclose(times, np.round(times))
    assert clustered.below(np.array([0.0, 2.5, 9.0])).tolist() == [0, (scores < 2.5).sum(), 50]


def test_same_scores_same_intervals_whatever_their_order():
    random = np.random.default_rng(6)
    found, others = sample(random, 50, 20, 3)
    order = random.permutation(found.scores.size)
    shuffled = Clustered.of(found.scores[order], found.cluster[order])
    assert (
        intervals({"t": found}, others, Cut(1.0))["t"]["recall"]
        == intervals({"t": shuffled}, others, Cut(1.0))["t"]["recall"]
    )


@pytest.mark.parametrize(("users", "incidents"), [(9, 30), (30, 9)])
def test_too_few_clusters_have_no_interval(users, incidents):
    found, others = sample(np.random.default_rng(7), users, incidents, 3)
    assert intervals({"type": found}, others, THRESHOLD) == {}


def test_a_precision_that_a_draw_can_miss_has_no_interval():
    found, others = sample(np.random.default_rng(8), 50, 20, 3)
    highest = max(found.scores[-1], others.scores[-1])
    bounds = intervals({"type": found}, others, Cut(highest))["type"]
    assert "precision" not in bounds
    assert bounds["recall"][0] == 0


@pytest.mark.parametrize(("incidents", "size", "step"), [(40, 5, 0), (150, 1, 0.5), (60, 10, 0.2)])
def test_influence_agrees_with_drawing(incidents, size, step):
    """The mean over repeats of where an interval begins and how wide it is, so that it tells a wrong formula."""
    random, repeats = np.random.default_rng(9), 12
    ends = {method: np.empty((repeats, len(MEASURES), 2)) for method in (by_influence, drawn)}
    for repeat in range(repeats):
        found, others = sample(random, 150, incidents, size)
        if step:
            found, others = (
                Clustered(np.round(each.scores / step) * step, each.cluster, each.clusters) for each in (found, others)
            )
        for method, into in ends.items():
            bounds = method({"type": Class(found, others)}, others, Cut(1.5))["type"]
            into[repeat] = [bounds[measure] for measure in MEASURES]
    by_sum, by_draw = (np.mean(each, axis=0) for each in ends.values())
    widths = by_draw[:, 1] - by_draw[:, 0]
    np.testing.assert_allclose(by_sum[:, 1] - by_sum[:, 0], widths, rtol=0.12)
    assert (np.abs(by_sum - by_draw) < 0.12 * widths[:, None]).all()


def drawn(classes, others, cut):
    return bootstrapped(classes, others, cut, 0.95)


def test_large_samples_are_not_drawn(monkeypatch):
    found, others = sample(np.random.default_rng(10), 100, 30, 2)
    classes = {"type": Class(found, others)}
    assert intervals({"type": found}, others, THRESHOLD)["type"] == drawn(classes, others, THRESHOLD)["type"]
    monkeypatch.setattr("bench.intervals.DRAWN_UP_TO", found.scores.size + others.scores.size - 1)
    assert intervals({"type": found}, others, THRESHOLD) == by_influence(classes, others, THRESHOLD)
    assert DRAWN_UP_TO >= 100_000
    assert DRAWS >= 500


@pytest.mark.parametrize("method", [drawn, by_influence])
def test_when_every_entity_is_an_alert_the_precision_is_the_prevalence(method):
    found, others = sample(np.random.default_rng(11), 100, 30, 2)
    bounds = method({"type": Class(found, others)}, others, Cut(-99.0))["type"]
    prevalence = found.scores.size / (found.scores.size + others.scores.size)
    assert bounds["precision"] == pytest.approx((prevalence, prevalence))


def test_a_recall_of_one_is_as_sure_as_there_are_incidents():
    found, others = sample(np.random.default_rng(12), 100, 30, 2)
    low, high = intervals({"type": found}, others, Cut(-99.0))["type"]["recall"]
    assert (low, high) == share_interval(1.0, 30)
    assert 0.85 < low < 0.9


@pytest.mark.parametrize(("share", "trials"), [(0.0, 10), (0.1, 30), (0.5, 200), (1.0, 12)])
def test_share_interval_is_wilsons(share, trials):
    reference = binomtest(round(share * trials), trials).proportion_ci(0.95, method="wilson")
    assert share_interval(share, trials) == pytest.approx((reference.low, reference.high))


@pytest.mark.parametrize("probability", [0.005, 0.025, 0.5, 0.975, 0.995])
def test_quantiles_are_students(probability):
    for freedom in (9, 10, 19, 200, 10**6):
        assert student_quantile(probability, freedom) == pytest.approx(t.ppf(probability, freedom), rel=1e-3, abs=1e-9)


@pytest.mark.parametrize("trials", range(1, 400, 7))
def test_the_interval_of_a_share_stays_within_0_and_1(trials):
    assert share_interval(0.0, trials)[0] == 0.0
    assert share_interval(1.0, trials)[1] == 1.0


def drawn_in_full(each, k):
    """Positives among the k highest when every cluster is drawn, score by score."""
    random = np.random.default_rng(13)
    hits = []
    for _ in range(DRAWS):
        scores = []
        for side, positive in ((each.found, True), (each.others, False)):
            for cluster in random.integers(side.clusters, size=side.clusters):
                scores += [(score, positive) for score in side.scores[side.cluster == cluster]]
        scores.sort(key=lambda pair: -pair[0])
        cut = scores[k - 1][0]
        above, tied = ([positive for score, positive in scores if test(score)] for test in (cut.__lt__, cut.__eq__))
        hits.append(sum(above) + (k - len(above)) * sum(tied) / len(tied))
    return np.array(hits)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0, 0.25])
def test_the_interval_at_k_is_that_of_drawing_everything(step):
    found, others = sample(np.random.default_rng(14), 100, 25, 4)
    if step:
        found, others = (replace(each, scores=np.round(each.scores / step) * step) for each in (found, others))
    each = Class(found, others)
    low, high = at_k_interval(each, 30)
    hits, share = drawn_in_full(each, 30), tail(0.95, 25)
    expected = np.quantile(hits, [share, 1 - share])
    assert (low, high) == pytest.approx(tuple(expected), abs=1.5)
    assert low < each.apart.hits_at_k(30) < high


def test_the_interval_at_k_holds_the_truth_about_as_often_as_promised():
    random, held, repeats = np.random.default_rng(15), 0, 60
    truth = Class(*sample(random, 200 * 50, 40 * 50, 5)).apart.hits_at_k(100 * 50) / 50
    for _ in range(repeats):
        low, high = at_k_interval(Class(*sample(random, 200, 40, 5)), 100)
        held += low <= truth <= high
    assert 0.85 * repeats <= held <= repeats


def test_at_k_there_may_be_nothing_to_draw():
    found, others = sample(np.random.default_rng(16), 100, 30, 2)
    many = Class(found, others)
    assert at_k_interval(many, 10**6) == (60, 60)
    alike = Class(replace(found, scores=np.zeros(60)), replace(others, scores=np.zeros(others.scores.size)))
    assert at_k_interval(alike, 10) is None
    below = Class(replace(found, scores=found.scores - 99), others)
    assert at_k_interval(below, 50) == pytest.approx(tuple(50 * end for end in share_interval(0.0, 50)))
    assert at_k_interval(Class(*sample(np.random.default_rng(7), 30, 9, 3)), 10) is None


@pytest.mark.parametrize("size", [10, 11, 30, 200, 2001])
def test_the_interval_of_a_median_is_between_order_statistics(size):
    values = np.random.default_rng(size).permutation(size).astype(float)
    low, high = median_interval(values, np.ones(values.size))
    assert low + high == size - 1
    held = binom.cdf(high, size, 0.5) - binom.cdf(low, size, 0.5)
    assert 0.95 <= held < 0.99
    assert binom.cdf(high - 1, size, 0.5) - binom.cdf(low + 1, size, 0.5) < 0.95
    assert median_interval(values[:9], np.ones(9)) is None


@pytest.mark.parametrize("method", [drawn, by_influence])
def test_a_cut_through_equal_scores_has_intervals_between_those_of_none_and_of_all(method):
    found, others = (Clustered(np.round(each.scores), each.cluster, each.clusters) for each in
                     sample(np.random.default_rng(3), 150, 40, 5))  # fmt: skip
    classes = {"type": Class(found, others)}
    none, half, every = (method(classes, others, cut)["type"] for cut in (Cut(2.5), Cut(2.0, 1, 2), Cut(2.0)))
    value = Class(found, others).apart.counts_at(Cut(2.0, 1, 2)).recall
    assert half["recall"][0] < value < half["recall"][1]
    for end in (0, 1):
        assert none["recall"][end] < half["recall"][end] < every["recall"][end]
        assert none["precision"][end] > half["precision"][end] > every["precision"][end]
