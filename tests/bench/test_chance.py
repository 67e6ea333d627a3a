"""A detector that guesses: what it gets on average, exactly, and how often its interval holds that."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import metrics
from bench.bootstrap import bootstrapped
from bench.class_values import ClassValues
from bench.clustered import Class
from bench.cut import Cut
from bench.intervals import by_influence
from bench.metrics import average_precision_by_chance
from bench.sample import Sample

WORLDS = 400


@given(st.integers(1, 6), st.integers(0, 6))
def test_the_mean_over_every_order_of_positives_and_negatives(positives, negatives):
    size = positives + negatives
    scores = -np.arange(float(size))
    every = [np.isin(np.arange(size), places) for places in combinations(range(size), min(positives, size))]
    mean = np.mean([metrics.average_precision(positive, scores) for positive in every])
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
    return ClassValues(sample, random.random(size), Cut(0.99), None)


def by_drawing(classes, others, cut):
    return bootstrapped(classes, others, cut, 0.95)


@pytest.mark.slow
@pytest.mark.parametrize("method", [by_influence, by_drawing])
def test_a_random_detector_sits_at_chance_within_its_interval(method):
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
        bounds = method({"guess": found}, values.others, values.cut)["guess"]
        for measure, value in expected.items():
            low, high = bounds.get(measure, (np.nan, np.nan))
            held[measure] += low <= value <= high
    shares = {measure: times / WORLDS for measure, times in held.items()}
    print(method.__name__, shares)
    assert all(0.92 <= share <= 0.98 for share in shares.values()), shares
