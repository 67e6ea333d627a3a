"""The study of coverage: its truths, some of its cells, and that it tells intervals that do not cover."""

from dataclasses import replace

import numpy as np
import pytest

from bench.commands import coverage as command
from bench.evaluation import class_values, interval_coverage
from bench.evaluation.interval_coverage import Count, StudyCell, cut_of, faults, grid, table
from bench.evaluation.intervals.clustered import Class, Clustered
from bench.evaluation.superpopulation import Population


@pytest.mark.parametrize("budget", [False, True])
def test_the_truth_is_what_a_large_world_has(budget):
    small = Population(30, True, False, 10_000, 0.4, others=30)
    large = replace(small, incidents=3000, normals=1_000_000, others=3000)
    vars(large).update(shift=small.shift, threshold=small.threshold, alerts=100 * small.alerts)
    world = large.draw(np.random.default_rng(1))
    cut = cut_of(StudyCell(large, budget), world.scores)
    truth = world.truth(cut)
    entity, incident = world.sample.positives(world.judged)
    apart = Class(
        Clustered.of(world.scores[entity], incident),
        Clustered.of(world.scores[world.sample.normal], world.sample.cluster[world.sample.normal]),
    ).apart
    counts = apart.counts_at(cut)
    assert truth["average_precision"] == pytest.approx(apart.average_precision, rel=0.07)
    assert truth["roc_auc"] == pytest.approx(apart.roc_auc, abs=0.01)
    assert (truth["precision"], truth["recall"], truth["f1"]) == pytest.approx(
        (counts.precision, counts.recall, counts.f1), rel=0.05
    )
    own = world.of_incidents(cut)
    assert truth["incident_recall"] == pytest.approx(own["incident_recall"], abs=0.02)
    assert truth["delay_seconds"] == pytest.approx(own["delay_seconds"], rel=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("population", [each for each in grid(10_000, 0.4) if each.incidents in {12, 30}], ids=str)
def test_intervals_cover(population):
    """A dozen world configurations, 120 of each: standard error 2.0 points, 2.6 of them allowed beyond 92 to 98 %."""
    counts = interval_coverage.coverage(population, 120, seed=7)
    assert not faults(counts), faults(counts)


@pytest.mark.slow
def test_narrow_intervals_are_reported(monkeypatch):
    """Half as wide, what is nominally 95 % covers two thirds: the study says so, for every measure at once."""
    honest = class_values.intervals

    def narrow(positives, negatives, cut):
        return {
            name: {measure: ((3 * low + high) / 4, (low + 3 * high) / 4) for measure, (low, high) in bounds.items()}
            for name, bounds in honest(positives, negatives, cut).items()
        }

    monkeypatch.setattr(class_values, "intervals", narrow)
    wrong = faults(interval_coverage.coverage(Population(100, True, False, 10_000, 0.4), 100))
    for measure in ("average_precision", "roc_auc", "precision", "recall", "f1"):
        assert sum(fault.startswith(f"{measure} ") for fault in wrong) == 2, wrong


def test_what_counts_as_covering():
    assert not Count(95, 100).fault("recall")
    assert Count(80, 100).fault("recall")
    assert Count(1000, 1000).fault("recall")
    assert not Count(1000, 1000).fault("delay_calls")
    assert not Count(1, 49).fault("recall")
    assert Count(1, 49).share is None


def test_the_command_prints_its_table(monkeypatch, capsys):
    monkeypatch.setattr(command, "grid", lambda normals, skill: [Population(30, False, False, normals, skill)])
    monkeypatch.setattr(interval_coverage, "FEWEST", 3)
    code = command.main(["--normals", "2000", "--repeats", "4"])
    lines = capsys.readouterr().out.splitlines()
    assert code == any("covers" in line for line in lines)
    assert lines[2].startswith("| 30 | one record | even | 2,000 | 0.4 | fixed |")
    assert lines[3].count("|") == lines[0].count("|")
    assert "points" in " ".join(lines)
    assert next(iter(table({}))).startswith("| incidents")
