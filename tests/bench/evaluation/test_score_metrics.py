"""Each metric against a plain loop and against scikit-learn."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn import metrics as reference

from bench.evaluation import score_metrics
from bench.evaluation.cut import Cut


@st.composite
def samples(draw, min_positives=0, min_negatives=0):
    """Small samples with many ties, few values and, where allowed, a single class."""
    size = draw(st.integers(max(1, min_positives + min_negatives), 30))
    scores = draw(hnp.arrays(np.float64, size, elements=st.integers(-3, 3) | st.floats(-1e6, 1e6)))
    positive = draw(hnp.arrays(np.bool_, size))
    positive[:min_positives] = True
    positive[min_positives : min_positives + min_negatives] = False
    order = np.array(draw(st.permutations(range(size))))
    return positive[order], scores[order]


def loop_average_precision(positive, scores):
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        hits = sum(p for p, s in zip(positive, scores, strict=True) if s >= threshold)
        alerts = sum(1 for s in scores if s >= threshold)
        recall = hits / sum(positive)
        total += (recall - recall_before) * hits / alerts
        recall_before = recall
    return total


def loop_roc_auc(positive, scores):
    pairs = list(product(scores[positive], scores[~positive]))
    return sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in pairs) / len(pairs)


def loop_hits_at_k(positive, scores, k):
    """Average over what a cut through the ties can hold: each tied entity is equally likely to be taken."""
    cut = sorted(scores, reverse=True)[min(k, len(scores)) - 1]
    sure = [p for p, s in zip(positive, scores, strict=True) if s > cut]
    tied = [p for p, s in zip(positive, scores, strict=True) if s == cut]
    return sum(sure) + (min(k, len(scores)) - len(sure)) * sum(tied) / len(tied)


@given(samples(min_positives=1))
def test_average_precision(sample):
    value = score_metrics.average_precision(*sample)
    assert value == pytest.approx(loop_average_precision(*sample))
    assert value == pytest.approx(reference.average_precision_score(*sample))


@given(samples(min_positives=1, min_negatives=1))
def test_roc_auc(sample):
    value = score_metrics.roc_auc(*sample)
    assert value == pytest.approx(loop_roc_auc(*sample))
    assert value == pytest.approx(reference.roc_auc_score(*sample))


@given(samples(min_positives=1), st.integers(1, 40))
def test_at_k_ties_are_expected_values(sample, k):
    positive, scores = sample
    hits = loop_hits_at_k(positive, scores, k)
    assert score_metrics.separate(positive, scores).precision_at_k(k) == pytest.approx(hits / min(k, len(scores)))
    assert score_metrics.separate(positive, scores).recall_at_k(k) == pytest.approx(hits / positive.sum())


@given(samples(min_positives=1), st.data())
def test_counts_at_a_threshold(sample, data):
    positive, scores = sample
    threshold = data.draw(st.sampled_from([*scores, -np.inf, np.inf]) | st.floats(-4, 4))
    counts = score_metrics.counts_at(positive, scores, cut=Cut(threshold))
    alerts = scores >= threshold
    flagged = list(zip(positive, alerts, strict=True))
    assert (counts.hits, counts.false_alarms, counts.misses) == (
        flagged.count((True, True)),
        flagged.count((False, True)),
        flagged.count((True, False)),
    )
    assert counts.recall == pytest.approx(reference.recall_score(positive, alerts))
    assert counts.f1 == pytest.approx(reference.f1_score(positive, alerts, zero_division=0))
    if alerts.any():
        assert counts.precision == pytest.approx(reference.precision_score(positive, alerts))
    else:
        assert counts.precision is None


@given(samples(min_positives=1))
def test_only_the_order_of_the_scores_counts(sample):
    positive, scores = sample
    ranks = np.unique(scores, return_inverse=True)[1].astype(float)
    assert score_metrics.average_precision(positive, scores) == score_metrics.average_precision(positive, ranks)
    assert score_metrics.roc_auc(positive, scores) == score_metrics.roc_auc(positive, ranks)


@given(st.integers(1, 20), st.integers(0, 20), st.permutations(range(40)))
def test_a_constant_score_gets_the_prevalence_in_any_order(positives, negatives, order):
    positive = np.array([i < positives for i in order if i < positives + negatives])
    scores = np.zeros(positive.size)
    share = positives / (positives + negatives)
    assert score_metrics.average_precision(positive, scores) == pytest.approx(share)
    assert score_metrics.prevalence(positive) == pytest.approx(share)
    assert score_metrics.separate(positive, scores).precision_at_k(3) == pytest.approx(share)
    assert score_metrics.roc_auc(positive, scores) == (pytest.approx(0.5) if negatives else None)


def test_without_a_positive_nothing_is_zero():
    positive, scores = np.zeros(5, np.bool_), np.arange(5.0)
    counts = score_metrics.counts_at(positive, scores, cut=Cut(3.0))
    assert (counts.hits, counts.false_alarms) == (0, 2)
    undefined = [
        counts.precision,
        counts.recall,
        counts.f1,
        score_metrics.average_precision(positive, scores),
        score_metrics.roc_auc(positive, scores),
        score_metrics.separate(positive, scores).precision_at_k(2),
        score_metrics.separate(positive, scores).recall_at_k(2),
    ]
    assert undefined == [None] * len(undefined)
    assert score_metrics.prevalence(positive) == 0
    assert score_metrics.prevalence(positive[:0]) is None


@pytest.mark.parametrize("scores", [np.array([1.0, np.nan]), np.array([np.inf, 0.0]), np.zeros(3), np.zeros((2, 1))])
def test_bad_scores_are_refused(scores):
    with pytest.raises(ValueError, match="must"):
        score_metrics.average_precision(np.array([True, False]), scores)


def test_k_below_one_is_refused():
    with pytest.raises(ValueError, match="k must be at least 1, got 0"):
        score_metrics.separate(np.array([True]), np.array([1.0])).precision_at_k(0)


def random_case(random):
    """Draw a small sample with ties: now and then of a single class, with all flagged, or none."""
    size = int(random.integers(1, 40))
    scores = random.integers(0, random.integers(1, 30), size) / 4
    positive = random.random(size) < random.choice([0.0, 0.1, 0.5, 0.9, 1.0])
    return positive, scores, float(random.choice([-1.0, 99.0, *scores]))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_thousands_of_random_cases():
    random = np.random.default_rng(7)
    for _ in range(3000):
        positive, scores, threshold = random_case(random)
        counts, alerts = score_metrics.counts_at(positive, scores, cut=Cut(threshold)), scores >= threshold
        assert score_metrics.separate(positive, scores).counts_at(Cut(threshold)) == counts
        if not positive.any():
            assert {score_metrics.average_precision(positive, scores), score_metrics.roc_auc(positive, scores)} == {
                None
            }
            assert {counts.precision, counts.recall, counts.f1} == {None}
            continue
        average = score_metrics.average_precision(positive, scores)
        assert average == pytest.approx(loop_average_precision(positive, scores))
        assert average == pytest.approx(reference.average_precision_score(positive, scores))
        assert counts.recall == pytest.approx(reference.recall_score(positive, alerts))
        assert counts.f1 == pytest.approx(reference.f1_score(positive, alerts, zero_division=0))
        expected = reference.precision_score(positive, alerts) if alerts.any() else None
        assert counts.precision == (None if expected is None else pytest.approx(expected))
        k = int(random.integers(1, 45))
        assert score_metrics.separate(positive, scores).recall_at_k(k) == pytest.approx(
            loop_hits_at_k(positive, scores, k) / positive.sum()
        )
        area = score_metrics.roc_auc(positive, scores)
        if positive.all():
            assert area is None
        else:
            assert area == pytest.approx(loop_roc_auc(positive, scores))
            assert area == pytest.approx(reference.roc_auc_score(positive, scores))
