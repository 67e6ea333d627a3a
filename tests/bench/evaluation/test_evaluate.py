"""Evaluation through its door: a folder of tables, a folder of truth, and scores."""

import json
import re

import numpy as np
import pytest
from small_tables import write

from bench.dataset import Dataset, Window
from bench.detector import Level, Scores
from bench.evaluation import metric_names, score_metrics
from bench.evaluation.cut import Cut
from bench.evaluation.evaluate import Evaluator, evaluate
from bench.evaluation.run_outcome import Outcome
from bench.result import Result, Status
from bench.schema import CALLS, INCIDENTS, TRUTH
from bench.spans import DAY_MS
from bench.threshold_policies import Budget, DetectorsOwn, TruePrevalence
from bench.truth import Truth

HISTORY, CALLS_IN_ALL = 400, 1400


@pytest.fixture
def world(tmp_path):
    """Two days of calls, the second scored: incidents of `long` have one call, of `burst` ten; `rare` came before."""
    folder, random = tmp_path, np.random.default_rng(5)
    start = np.sort(np.append(random.integers(0, DAY_MS, HISTORY), random.integers(DAY_MS, 2 * DAY_MS, 1000)))
    callers = [f"user_{i}" for i in random.integers(0, 60, CALLS_IN_ALL)]
    write(
        folder / "calls.parquet", CALLS, {"caller_id": callers, "call_start_ts": start, "call_end_ts": start + 60_000}
    )
    clock = {"start_ms": 0, "end_ms": 2 * DAY_MS, "time_zone": "UTC", "utc_offset_s": 0}
    (folder / "clock.json").write_text(json.dumps(clock))
    rows = HISTORY + random.permutation(1000)[:180]
    parts = [("rare", 1, [7]), ("rare", 1, [8])]
    parts += [("long", 1, [row]) for row in rows[:40]]
    parts += [("burst", 10, burst) for burst in rows[40:160].reshape(12, 10)]
    incidents = [f"incident_{i}" for i in range(len(parts))]
    write(
        folder / "incidents.parquet",
        INCIDENTS,
        {
            "incident_id": incidents,
            "anomaly_type": [name for name, _, _ in parts],
            "level": ["call"] * len(parts),
            "start_ts": [0] * len(parts),
            "end_ts": [0] * len(parts),
            "actors": [[]] * len(parts),
            "parameters": ["{}"] * len(parts),
        },
    )
    touched = [
        (row, incident, name, "direct")
        for incident, (name, _, its) in zip(incidents, parts, strict=True)
        for row in its
    ]
    touched += [(row, incidents[-1], "burst", "collateral") for row in rows[160:]]
    write(
        folder / "truth.parquet",
        TRUTH,
        {
            "level": ["call"] * len(touched),
            "entity_id": [str(row) for row, *_ in touched],
            "row": [int(row) for row, *_ in touched],
            "incident_id": [incident for _, incident, *_ in touched],
            "anomaly_type": [name for *_, name, _ in touched],
            "change": ["added"] * len(touched),
            "cause": [cause for *_, cause in touched],
        },
    )
    opened = Dataset.open(folder)
    dataset = Dataset(folder, opened.clock, Window(0, DAY_MS), Window(DAY_MS, 2 * DAY_MS))
    return dataset, Truth(folder)


def labels_of(world):
    return world[1].call_labels(HISTORY, CALLS_IN_ALL)


def good_scores(world, seed=2):
    """Scores of a fair detector of `long` that is blind to `burst`."""
    labels = labels_of(world)
    scores = np.random.default_rng(seed).normal(size=1000)
    return scores + 2 * (labels.type_code == labels.types.index("long"))


def run(world, scores, threshold=None):
    return evaluate(*world, Scores(Level.CALL, scores), threshold or Budget(alerts_per_day=50))


def test_a_metric_is_one_entry(world, monkeypatch):
    """One that is added there has a value for each type at each level, and a row in the table of names."""
    missed = metric_names.Name("misses", "count", "positives without an alert", of=lambda at: at.counts.misses)
    monkeypatch.setattr(metric_names, "NAMES", (*metric_names.NAMES, missed))
    values = run(world, good_scores(world)).values
    assert values["misses/long"] == values["positives/long"] - values["hits/long"]
    assert values["misses/all"] == values["positives/all"] - values["hits/all"]
    assert "| `misses` | count |  | positives without an alert |" in metric_names.markdown()


def test_each_type_against_normal(world):
    scores = good_scores(world)
    evaluation = run(world, scores)
    values, cut = evaluation.values, evaluation.alerts.cut
    assert evaluation.status is Status.OK
    assert values["alerts/all"] == 50
    result, labels = Result({}, Status.OK), evaluation.labels
    outcome = Outcome(result, *world, labels, Scores(Level.CALL, scores), evaluation.alerts, evaluation.sample)
    for name, wanted, positives in (("all", None, 160), ("long", "long", 40), ("burst", "burst", 120)):
        positive, kept = outcome.type_sample(wanted)
        assert positive.sum() == values[f"positives/{name}"] == positives
        assert kept.size == 820 + positives
        counts = score_metrics.counts_at(positive, kept, cut=cut)
        assert (counts.hits, counts.false_alarms) == (values[f"hits/{name}"], values[f"false_alarms/{name}"])
        assert counts.precision == values[f"precision/{name}"]
        assert counts.recall == values[f"recall/{name}"]
        assert counts.f1 == values[f"f1/{name}"]
        average, share = score_metrics.average_precision(positive, kept), positives / (820 + positives)
        assert values[f"average_precision/{name}"] == pytest.approx(average)
        assert values[f"prevalence/{name}"] == pytest.approx(share)
        assert values[f"lift/{name}"] == pytest.approx(
            average / score_metrics.average_precision_by_chance(positives, 820 + positives)
        )
        assert values[f"roc_auc/{name}"] == pytest.approx(score_metrics.roc_auc(positive, kept))
        assert values[f"precision_at_100/{name}"] == pytest.approx(
            score_metrics.separate(positive, kept).precision_at_k(100)
        )


def test_values_are_plain_numbers(world):
    kinds = {name: type(value) for name, value in run(world, good_scores(world)).values.items()}
    assert not {name: kind for name, kind in kinds.items() if kind not in {int, float, type(None)}}


def test_the_right_score_finds_everything(world):
    labels = labels_of(world)
    scores = labels.anomalous + np.linspace(0, 0.5, 1000)
    values = run(world, scores, TruePrevalence()).values
    for metric in ("precision", "recall", "f1", "average_precision", "roc_auc", "incident_recall"):
        assert values[f"{metric}/all"] == 1
        assert values[f"{metric}/burst"] == 1
    assert values["false_alarms/long"] == 0


def test_records_of_other_types_and_collateral_use_up_the_budget(world):
    labels = labels_of(world)
    scores = np.arange(1000.0) + 1e4 * labels.collateral
    values = run(world, scores, Budget(alerts_per_day=20)).values
    assert values["alerts/all"] == 20
    assert values["false_alarms/all"] == values["hits/all"] == 0
    assert values["precision/all"] is None
    assert values["recall/all"] == 0


def test_incidents_beside_chance(world):
    values = run(world, good_scores(world)).values
    assert (values["incidents/all"], values["incidents/burst"], values["incidents/long"]) == (52, 12, 40)
    assert values["incident_recall/long"] == values["recall/long"]
    assert values["incident_recall_chance/long"] == pytest.approx(50 / 1000)
    random = np.random.default_rng(0)
    found = [random.permutation(1000)[:10].min() < 50 for _ in range(4000)]
    assert values["incident_recall_chance/burst"] == pytest.approx(np.mean(found), abs=0.03)


def test_a_type_that_is_not_in_the_window_has_no_number(world):
    values = run(world, good_scores(world)).values
    assert values["positives/rare"] == values["prevalence/rare"] == values["incidents/rare"] == 0
    for metric in ("precision", "recall", "f1", "average_precision", "lift", "roc_auc", "incident_recall"):
        assert values[f"{metric}/rare"] is None
    assert values["average_precision_low/rare"] is None


def test_intervals_hold_their_values(world):
    values = run(world, good_scores(world)).values
    for name in ("all", "long", "burst"):
        ranked = ("average_precision", "lift", "roc_auc", "precision_at_100", "recall_at_100")
        for measure in (*ranked, "recall", "f1", "incident_recall"):
            assert values[f"{measure}_low/{name}"] <= values[f"{measure}/{name}"] <= values[f"{measure}_high/{name}"]
    assert values["precision_low/long"] < values["precision/long"] < values["precision_high/long"]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda scores: scores[:-1], r"the window has 1000 calls, but the scores have the shape \(999,\)"),
        (lambda scores: np.where(scores > 2, np.nan, scores), r"of 1000 scores are not finite"),
        (lambda scores: np.where(scores == scores[3], np.inf, scores), "1 of 1000 scores are not finite"),
        (np.zeros_like, "all of the 1000 scores are the same"),
    ],
)
def test_scores_that_say_nothing_are_refused_not_repaired(world, spoil, reason):
    good = run(world, good_scores(world)).values
    evaluation = run(world, spoil(good_scores(world)))
    assert evaluation.status is Status.DEGENERATE
    assert evaluation.alerts is None
    assert re.search(reason, evaluation.reason)
    known = {"positives", "prevalence", "incidents", "enough_incidents", "average_precision_chance", "shared_share"}
    for name, value in evaluation.values.items():
        assert value == (good[name] if name.split("/")[0] in known else None)
    assert evaluation.values.keys() == good.keys()


def test_a_window_without_calls(world):
    dataset, truth = world
    empty = Dataset(dataset.folder, dataset.clock, dataset.history, Window(2 * DAY_MS, 3 * DAY_MS))
    evaluation = evaluate(empty, truth, Scores(Level.CALL, np.empty(0)), Budget())
    assert (evaluation.status, evaluation.reason) == (Status.DEGENERATE, "the window has no calls")


def test_delays_are_reported_for_causal_detectors_only(world):
    scores = good_scores(world)
    silent = run(world, scores).values
    assert {silent[f"delay_{unit}/burst"] for unit in ("seconds", "calls")} == {None}
    causal = Scores(Level.CALL, scores, causal=True)
    values = evaluate(*world, causal, Budget(alerts_per_day=300)).values
    assert (values["delay_seconds/long"], values["delay_calls/long"]) == (60, 0)
    assert 0 < values["delay_calls/burst"] < 10
    assert 0 < values["delay_seconds/burst"] < DAY_MS / 1000
    for name in ("delay_seconds", "delay_calls"):
        assert values[f"{name}_low/burst"] <= values[f"{name}/burst"] <= values[f"{name}_high/burst"]


def test_a_type_with_few_incidents_is_one_the_run_cannot_speak_of(world):
    scores = Scores(Level.CALL, good_scores(world))
    for fewest, expected in ((12, {"all": 1, "long": 1, "burst": 1, "rare": 0}), (13, {"burst": 0, "long": 1})):
        values = Evaluator.of(*world, fewest).evaluation(scores, Budget()).values
        assert {name: values[f"enough_incidents/{name}"] for name in expected} == expected


def test_the_detectors_own_threshold_is_the_one(world):
    own = Scores(Level.CALL, good_scores(world), threshold=1.5)
    evaluation = evaluate(*world, own, DetectorsOwn())
    assert evaluation.alerts.cut == Cut(1.5)
    assert evaluation.values["alerts/all"] == np.count_nonzero(own.values >= 1.5)


def test_every_name_is_in_the_table_of_names(world):
    assert list(run(world, good_scores(world)).values) == metric_names.metric_names(("burst", "long", "rare"))
