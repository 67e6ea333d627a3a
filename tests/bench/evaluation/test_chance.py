"""A detector that guesses: what it gets on average, exactly, and how often its interval holds that."""

from itertools import combinations
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.evaluation import score_metrics
from bench.evaluation.chance import Chance, aggregated_average_precision
from bench.evaluation.class_values import ClassValues
from bench.evaluation.cut import Cut
from bench.evaluation.intervals.clustered import Class
from bench.evaluation.intervals.intervals import intervals
from bench.evaluation.sample import Sample
from bench.evaluation.score_metrics import average_precision_by_chance
from bench.evaluation.thresholds import cut_for

WORLDS = 400


@given(st.integers(1, 6), st.integers(0, 6))
def test_the_mean_over_every_order_of_positives_and_negatives(positives, negatives):
    size = positives + negatives
    scores = -np.arange(float(size))
    every = [np.isin(np.arange(size), places) for places in combinations(range(size), min(positives, size))]
    mean = np.mean([score_metrics.average_precision(positive, scores) for positive in every])
    assert average_precision_by_chance(positives, size) == pytest.approx(mean)
    assert average_precision_by_chance(positives, size) >= positives / size - 1e-12


def test_large_worlds_have_a_closed_form():
    for entities in (1000, 1001, 50_000):
        places = np.arange(1, entities + 1)
        expected = np.sum((1 + (places - 1) * 4 / (entities - 1)) / places) / entities
        assert average_precision_by_chance(5, entities) == pytest.approx(expected, rel=1e-12)
    assert average_precision_by_chance(0, 10) is None


def guessing(seed):
    """Score 20,000 calls at random; 100 incidents of ten calls, users of very different size."""
    random = np.random.default_rng(seed)
    size, entity = 20_000, np.arange(0, 20_000, 20)
    normal = np.ones(size, np.bool_)
    normal[entity] = False
    users = (1000 * random.random(size) ** 2).astype(np.int64)
    incident = np.arange(entity.size) // 10
    sample = Sample(("guess",), normal, users, entity, np.zeros(entity.size, np.int64), incident)
    return ClassValues(sample, random.random(size), Cut(0.99), None, Chance(sample))


@pytest.mark.slow
def test_a_random_detector_sits_at_chance_within_its_interval():
    expected = {
        "average_precision": average_precision_by_chance(1000, 20_000),
        "roc_auc": 0.5,
        "precision": 0.05,
        "recall": 0.01,
    }
    held = dict.fromkeys(expected, 0)
    for seed in range(WORLDS):
        values = guessing(seed)
        found: Class = values.classes["guess"]
        bounds = intervals({"guess": found.found}, values.others, values.cut)["guess"]
        for measure, value in expected.items():
            low, high = bounds.get(measure, (np.nan, np.nan))
            held[measure] += low <= value <= high
    shares = {measure: times / WORLDS for measure, times in held.items()}
    assert all(0.92 <= share <= 0.98 for share in shares.values()), shares


def busy(random, entities, classes=2):
    """Draw entities with calls of very different number, some without any, and incidents of one to four of them."""
    calls = np.minimum(random.pareto(1.0, entities) * 2, 200).astype(np.int64) * (random.random(entities) < 0.8)
    anomalous = np.flatnonzero(random.random(entities) < 0.3)
    incident = np.sort(random.integers(0, max(anomalous.size // 2, 1), anomalous.size))
    normal = np.ones(entities, np.bool_)
    normal[anomalous] = False
    names = tuple(f"t{number}" for number in range(classes))
    return Sample(names, normal, np.arange(entities), anomalous, incident % classes, incident), calls


def lifted_at_random(random, calls):
    """Return the highest of so many random scores for each entity, -1 without a call: by hand, a call at a time."""
    return np.array([max((random.random() for _ in range(number)), default=-1.0) for number in calls.tolist()])


@pytest.mark.parametrize("seed", range(3))
def test_chance_where_scores_are_aggregated_is_the_mean_of_random_scores_aggregated_alike(seed):
    random = np.random.default_rng(seed)
    sample, calls = busy(random, 60)
    chance, draws, alerts = Chance(sample, calls), 2000, int(random.integers(3, 20))
    found = {name: np.zeros((draws, 2)) for name in sample.classes}
    for draw in range(draws):
        scores = lifted_at_random(random, calls)
        values = ClassValues(sample, scores, cut_for(scores, alerts), None, chance)
        for name, each in values.classes.items():
            positive = np.repeat([True, False], [each.found.scores.size, each.others.scores.size])
            average = score_metrics.average_precision(positive, np.append(each.found.scores, each.others.scores))
            entity, incident = sample.incident_parts(name)
            alerted = scores[entity] >= values.cut.score
            found[name][draw] = average, np.unique(incident[alerted]).size / np.unique(incident).size
    for name in sample.classes:
        mean, error = found[name].mean(axis=0), found[name].std(axis=0) / np.sqrt(draws)
        assert abs(mean[0] - chance.average_precision[name]) < 4 * error[0], name
        assert abs(mean[1] - chance.incident_recall(name, alerts)) < 4 * error[1] + 0.005, name


@given(st.integers(1, 40), st.integers(0, 400), st.integers(1, 9))
def test_with_as_many_calls_each_it_is_that_of_the_entities(positives, others, calls):
    found = aggregated_average_precision(np.array([calls]), np.array([[positives]]), np.array([others]))
    assert found == pytest.approx(average_precision_by_chance(positives, positives + others), rel=1e-6)


def test_alerts_beyond_all_calls_go_to_those_without_one():
    sample, calls = busy(np.random.default_rng(5), 200)
    active = int(np.count_nonzero(calls))
    chance = Chance(sample, calls)
    assert chance.incident_recall("all", calls.size) == 1
    entity, incident = sample.incident_parts("all")
    assert chance.incident_recall("all", active) == pytest.approx(
        np.mean([calls[entity[incident == code]].any() for code in np.unique(incident)])
    )


def test_a_large_level_of_many_classes_takes_no_time():
    random = np.random.default_rng(3)
    sample, calls = busy(random, 160_000, 23)
    began = perf_counter()
    chance = Chance(sample, calls).average_precision
    assert perf_counter() - began < 5
    assert all(0 < value < 1 for value in chance.values())
