"""Every number against one worked out from the truth by plain loops: known alerts at known moments, on three worlds."""

import numpy as np
import pytest
from labelled_world import labelled_world
from numbers_by_hand import AT_K, ByHand

from bench.detector import Level, Scores
from bench.evaluation.evaluate import Evaluator
from bench.evaluation.metric_names import NAMES
from bench.levels import Grid
from bench.runs.references import Oracle
from bench.threshold_policies import Budget

WORLDS = ((1, 0), (2, 19_800), (3, -18_000))
"""Seed, and what local time is ahead of UTC [s]."""
ALERTS = {"call": 40, "user_day": 9, "cell_quarter": 60}
BY_CHANCE = {"average_precision_chance", "incident_recall_chance"}
FEWEST = 4


@pytest.fixture(params=WORLDS, ids=lambda world: f"world {world[0]}")
def world(request, tmp_path):
    return labelled_world(tmp_path, *request.param)


def known_alerts(by_hand, random):
    """Return scores without ties whose highest, the alerts, favour the anomalous; and the places of the alerts."""
    anomalous = np.array([entity in by_hand.touched for entity in by_hand.entities])
    scores = random.permutation(anomalous.size) + anomalous * random.integers(0, anomalous.size, anomalous.size)
    scores = np.argsort(np.argsort(scores, kind="stable")).astype(float)
    highest = np.sort(scores)[-ALERTS[by_hand.level]]
    return scores, set(np.flatnonzero(scores >= highest).tolist())


def own_level(level):
    return "" if level == "call" else f"{level}/"


def check(by_hand, values, scores, alerts, causal=True):
    """Compare all numbers of one level, class by class; return the names that were compared."""
    prefix = own_level(by_hand.level)
    assert values[f"{prefix}alerts/all"] == len(alerts)
    compared = set()
    for name in ("all", *by_hand.types):
        for metric, expected in by_hand.numbers(name, scores, alerts, causal, FEWEST).items():
            got = values[f"{prefix}{metric}/{name}"]
            assert got == (None if expected is None else pytest.approx(expected, rel=1e-9)), (prefix, metric, name)
            compared.add(metric)
        average, chance = (
            values[f"{prefix}{metric}/{name}"] for metric in ("average_precision", "average_precision_chance")
        )
        assert values[f"{prefix}lift/{name}"] == pytest.approx(average / chance)
    return compared | {"lift"}


@pytest.mark.parametrize("level", ["call", "user_day", "cell_quarter"])
def test_every_number_at_its_own_level(world, level):
    by_hand = ByHand(*world, level)
    scores, alerts = known_alerts(by_hand, np.random.default_rng(9))
    policy = Budget(alerts_per_day=len(alerts) / 2)
    evaluator = Evaluator.of(*world, FEWEST)
    values = evaluator.evaluation(Scores(Level(level), scores, causal=True), policy).values
    compared = check(by_hand, values, scores, alerts)
    asked = {each.name for each in NAMES if level == "call" or not each.calls_only}
    assert compared | BY_CHANCE == asked
    silent = evaluator.evaluation(Scores(Level(level), scores), policy).values
    check(by_hand, silent, scores, alerts, causal=False)


@pytest.mark.parametrize("level", ["user_day", "cell_quarter"])
def test_every_number_of_calls_aggregated_to_a_level(world, level):
    of_calls, by_hand = ByHand(*world, "call"), ByHand(*world, level)
    scores, _ = known_alerts(of_calls, np.random.default_rng(10))
    aggregated = by_hand.aggregated(scores)
    order = sorted(range(len(aggregated)), key=lambda place: -aggregated[place])[:10]
    policy = Budget(alerts_per_day=5)
    values = Evaluator.of(*world, FEWEST).evaluation(Scores(Level.CALL, scores, causal=True), policy).values
    prefix = own_level(level)
    for name in ("all", *by_hand.types):
        for metric, expected in by_hand.numbers(name, aggregated, set(order), True, FEWEST).items():
            if metric not in {f"precision_at_{AT_K}", f"recall_at_{AT_K}", "average_precision"}:
                found = values[f"{prefix}{metric}/{name}"]
                assert found == (None if expected is None else pytest.approx(expected, rel=1e-9)), (metric, name)


@pytest.mark.parametrize(
    ("level", "aggregated"), [("call", False), ("user_day", False), ("user_day", True), ("cell_quarter", True)]
)
def test_chance_is_what_random_scores_get(world, level, aggregated):
    by_hand = ByHand(*world, level)
    random = np.random.default_rng(3)
    scored = Level.CALL if aggregated else Level(level)
    size = len(by_hand.scored) if aggregated else len(by_hand.entities)
    policy = Budget(alerts_per_day=ALERTS[level] / 2)
    values = Evaluator.of(*world, FEWEST).evaluation(Scores(scored, random.random(size)), policy).values
    for name in ("all", "b"):
        for metric, (expected, error) in by_hand.by_chance(name, ALERTS[level], aggregated, 300).items():
            assert abs(values[f"{own_level(level)}{metric}/{name}"] - expected) < 4 * error + 0.003, (metric, name)


def test_a_cut_through_equal_scores_has_the_mean_of_all_choices(world):
    """Forty calls are equal at the top and twenty are allowed: the mean over random choices of those twenty."""
    by_hand, random = ByHand(*world, "call"), np.random.default_rng(4)
    anomalous = np.array([entity in by_hand.touched for entity in by_hand.entities])
    top = np.argsort(random.permutation(anomalous.size) - anomalous * 60)[:40]
    scores = np.isin(np.arange(anomalous.size), top).astype(float)
    values = Evaluator.of(*world, FEWEST).evaluation(Scores(Level.CALL, scores), Budget(alerts_per_day=10)).values
    assert values["alerts/all"] == 20
    chosen = [set(random.choice(top, 20, replace=False).tolist()) for _ in range(80)]
    for name in ("all", "a"):
        found = [by_hand.numbers(name, scores, alerts, False, FEWEST) for alerts in chosen]
        for metric in ("hits", "false_alarms", "recall", "incident_recall"):
            each = np.array([numbers[metric] for numbers in found])
            assert abs(values[f"{metric}/{name}"] - each.mean()) < 4 * each.std() / len(chosen) ** 0.5 + 1e-9


def test_nothing_has_a_higher_average_precision_than_the_oracle(world):
    dataset, truth = world
    oracle = Evaluator.of(*world, FEWEST).evaluation(Oracle().scores(dataset, truth), Budget()).values
    for prefix in ("", "user_day/", "cell_quarter/"):
        for name in ("all", "a", "b", "c"):
            assert oracle[f"{prefix}average_precision/{name}"] == 1
            assert oracle[f"{prefix}roc_auc/{name}"] == 1
    aggregated = Grid(Level.CELL_QUARTER, dataset).aggregated(Oracle().scores(dataset, truth).values)
    by_hand = ByHand(*world, "cell_quarter")
    assert min(aggregated[by_hand.place[entity]] for entity, _ in by_hand.deeds) < 1


def test_random_scores_have_a_lift_of_one_at_every_level(world):
    evaluator, lifts = Evaluator.of(*world, FEWEST), []
    size = len(ByHand(*world, "call").scored)
    for seed in range(100):
        values = evaluator.evaluation(Scores(Level.CALL, np.random.default_rng(seed).random(size)), Budget()).values
        lifts.append([values[f"{prefix}lift/all"] for prefix in ("", "user_day/", "cell_quarter/")])
    mean, error = np.mean(lifts, axis=0), np.std(lifts, axis=0) / len(lifts) ** 0.5
    assert (np.abs(mean - 1) < 4 * error).all(), mean
