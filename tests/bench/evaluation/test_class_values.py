"""The numbers of one level are those of the plain metrics, class by class."""

from math import comb

import numpy as np
import pytest

from bench.evaluation import score_metrics
from bench.evaluation.chance import Chance
from bench.evaluation.class_values import ClassValues, known_values
from bench.evaluation.cut import Cut
from bench.evaluation.sample import ALL, Sample
from bench.evaluation.score_metrics import average_precision_by_chance

TYPES = ("a", "b", "none")


def random_sample(random):
    """Draw entities, some of which belong to incidents of both types, some to nobody's fault."""
    size = int(random.integers(2, 60))
    normal = random.random(size) < 0.7
    deeds = {
        (int(entity), int(kind), int(kind + 2 * random.integers(0, 4)))
        for entity in np.flatnonzero(~normal)
        for kind in random.integers(0, 2, random.integers(0, 3))
    }
    entity, kind, incident = np.array(sorted(deeds), np.int64).reshape(-1, 3).T
    scores = random.integers(0, random.integers(2, 30), size) / 3
    return Sample(TYPES, normal, random.integers(0, 9, size), entity, kind, incident), scores


def random_cut(random, scores):
    """Draw where alerts begin: with all scores equal to it, or with some of them."""
    score = float(random.choice([-1.0, 99.0, *scores]))
    tied = int(np.count_nonzero(scores == score))
    return Cut(score, int(random.integers(1, tied + 1)), tied) if tied else Cut(score)


def found_by_loop(deeds, scores, cut, code):
    """Return how probable it is that an incident is found: in which of the choices among equal scores it is."""
    its = [entity for entity, incident in zip(*(each.tolist() for each in deeds), strict=True) if incident == code]
    if any(scores[entity] > cut.score for entity in its):
        return 1.0
    equal = sum(scores[entity] == cut.score for entity in its)
    return 1 - comb(cut.tied - equal, cut.taken) / comb(cut.tied, cut.taken)


def types_by_entity(sample):
    """Return the types of each anomalous entity."""
    found = {}
    for entity, kind in zip(sample.entity.tolist(), sample.type_code.tolist(), strict=True):
        found.setdefault(entity, set()).add(sample.types[kind])
    return found


def own_of(sample, name):
    """Return the entities that are of no other type; of `all`, every anomalous one."""
    return {entity for entity, types in types_by_entity(sample).items() if name == ALL or types == {name}}


def shared_by_loop(sample, name):
    its = [types for types in types_by_entity(sample).values() if name == ALL or name in types]
    return sum(len(types) > 1 for types in its) / len(its) if its else None


def expected_values(sample, scores, cut, name):
    positive = np.isin(np.arange(scores.size), list(own_of(sample, name)))
    kept, alerts = positive | sample.normal, cut.weights(scores).sum()
    positive, scores = positive[kept], scores[kept]
    counts = score_metrics.counts_at(positive, scores, cut=cut)
    average, share = score_metrics.average_precision(positive, scores), score_metrics.prevalence(positive)
    return {
        "positives": positive.sum(),
        "prevalence": share,
        "hits": counts.hits,
        "false_alarms": counts.false_alarms,
        "precision": counts.precision,
        "recall": counts.recall,
        "f1": counts.f1,
        "average_precision": average,
        "lift": None if average is None else average / average_precision_by_chance(positive.sum(), positive.size),
        "recall_cap": min(alerts / positive.sum(), 1) if positive.any() else None,
        "shared_share": shared_by_loop(sample, name),
        "roc_auc": score_metrics.roc_auc(positive, scores),
        "precision_at_100": score_metrics.separate(positive, scores).precision_at_k(100) if kept.any() else None,
        "recall_at_100": score_metrics.separate(positive, scores).recall_at_k(100) if kept.any() else None,
    }


def test_many_random_levels():
    random = np.random.default_rng(3)
    for _ in range(400):
        sample, scores = random_sample(random)
        cut = random_cut(random, scores)
        values = known_values(sample, 3)
        values |= ClassValues(sample, scores, cut, None, Chance(sample)).all()
        for name in (ALL, *TYPES):
            for metric, value in expected_values(sample, scores, cut, name).items():
                found = values.get(f"{metric}/{name}")
                assert found == (None if value is None else pytest.approx(value)), (metric, name)
            incidents = set(sample.incident_parts(name)[1].tolist())
            assert values[f"incidents/{name}"] == len(incidents)
            assert values[f"enough_incidents/{name}"] == (len(incidents) >= 3)
            missed = {code: found_by_loop(sample.incident_parts(name), scores, cut, code) for code in incidents}
            share = sum(missed.values()) / len(incidents) if incidents else None
            assert values.get(f"incident_recall/{name}") == (None if share is None else pytest.approx(share))
