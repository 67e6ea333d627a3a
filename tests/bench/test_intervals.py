"""Intervals that know clusters."""

import numpy as np
import pytest

from bench import metrics
from bench.intervals import Clustered, intervals

THRESHOLD = 2.5


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
    counts = metrics.counts_at(positive, scores, threshold=THRESHOLD)
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
    weights = np.diff(clustered.draw(random))
    each = {name: set(weights[clustered.cluster == name].tolist()) for name in range(clustered.clusters)}
    assert all(len(weight) == 1 for weight in each.values())
    assert sum(weight.pop() for weight in each.values()) == clustered.clusters
    assert clustered.below(np.array([0.0, 2.5, 9.0])).tolist() == [0, (scores < 2.5).sum(), 50]


def test_same_scores_same_intervals_whatever_their_order():
    random = np.random.default_rng(6)
    found, others = sample(random, 50, 20, 3)
    order = random.permutation(found.scores.size)
    shuffled = Clustered.of(found.scores[order], found.cluster[order])
    assert intervals({"t": found}, others, 1.0)["t"]["recall"] == intervals({"t": shuffled}, others, 1.0)["t"]["recall"]


@pytest.mark.parametrize(("users", "incidents"), [(9, 30), (30, 9)])
def test_too_few_clusters_have_no_interval(users, incidents):
    found, others = sample(np.random.default_rng(7), users, incidents, 3)
    assert intervals({"type": found}, others, THRESHOLD) == {}


def test_a_precision_that_a_draw_can_miss_has_no_interval():
    found, others = sample(np.random.default_rng(8), 50, 20, 3)
    highest = max(found.scores[-1], others.scores[-1])
    bounds = intervals({"type": found}, others, highest)["type"]
    assert "precision" not in bounds
    assert bounds["recall"][0] == 0
