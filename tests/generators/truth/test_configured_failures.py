"""Failures of towers that the settings order are incidents of the truth, with the times of the settings."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_worlds import SMALL, make_settings, make_world, table

from bench.dataset import Dataset
from bench.evaluation.evaluate import Evaluator
from bench.evaluation.missing_values import why_missing
from bench.settings import ProtocolSettings
from bench.threshold_policies import Budget
from bench.truth import CONFIGURED_FAILURE, Truth
from bench.worlds.protocol import applied
from detectors.calls.rules import FourRules
from detectors.cells.failure_share import FailureShare
from detectors.cells.failure_surprise import FailureSurprise
from detectors.cells.silence import Silence
from generators.model.clock import DAY_MS
from generators.sessions.network import no_network
from generators.settings.network import TowerFault
from generators.truth.configured_failures import configured_failures

SECOND = 1000
FIRST_MINUTES = [(1, 0), (0, 180), (5, 300)]
"""The demo's failures: number of the tower, and when it fails [s]."""


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo with failures on its second day."""
    folder = tmp_path_factory.mktemp("failures") / "world"
    make_world(folder, "generator=demo_failures")
    return folder


def evaluated(world: Path, detector: Any) -> tuple[Evaluator, Any, Any]:
    dataset = applied(Dataset.open(world / "data"), ProtocolSettings())
    evaluator = Evaluator.of(dataset, Truth(world / "truth"))
    scores = detector.fit(dataset).score(dataset)
    return evaluator, evaluator.evaluation(scores, Budget(100.0)), scores


def test_the_demos_broken_towers_are_incidents_from_the_moment_they_fail(demo: Path) -> None:
    incidents, truth = table(demo, "incidents"), table(demo, "truth")
    clock = json.loads((demo / "data" / "clock.json").read_text())
    cells = table(demo, "cells").with_row_index()
    assert incidents["anomaly_type"].to_list() == [CONFIGURED_FAILURE] * 3
    assert incidents["level"].unique().to_list() == ["cell"]
    for row, (tower, from_s) in zip(incidents.to_dicts(), FIRST_MINUTES, strict=True):
        mine = cells.filter(tower_id=json.loads(row["parameters"])["tower_id"])
        assert row["actors"] == mine["cell_id"].to_list()
        assert mine["index"].to_list() == [tower]
        assert row["start_ts"].timestamp() * SECOND == clock["start_ms"] + from_s * SECOND
        assert row["end_ts"].timestamp() * SECOND == clock["end_ms"]
    assert truth["level"].unique().to_list() == ["cell"]
    assert truth.select("cell_id", "start_ts", "end_ts").rows() == [
        (row["actors"][0], row["start_ts"], row["end_ts"]) for row in incidents.to_dicts()
    ]


def test_figures_are_counted_from_the_events(failures: Path) -> None:
    events = table(failures, "events").filter(pl.col("cell_id").is_not_null())
    hellos = events.filter(pl.col("state").ne("END") & pl.col("cause").ne_missing("drop"))
    kinds = []
    for row in table(failures, "incidents").to_dicts():
        begin = pl.lit(row["start_ts"]) + pl.duration(seconds=5)  # all answers are to Hellos sent during the failure
        here = hellos.filter(
            pl.col("cell_id").is_in(row["actors"]), pl.col("time_stamp") >= begin, pl.col("time_stamp") < row["end_ts"]
        )
        found = json.loads(row["parameters"])
        kinds.append(found["kind"])
        assert found["hours"] == 1
        if found["kind"] == "broken":
            assert (found["hellos"], found["refused"]) == (here.height, 1.0)
            assert (here["cause"] == "setup").all()
        if found["kind"] == "sleeping":
            assert (found["hellos"], found["unanswered"]) == (here.height, 1.0)
            assert (here["cause"] == "timeout").all()
        assert here.height > 100
    assert sorted(kinds) == sorted(["broken", "degraded", "sleeping"] * 4)


SPANS = st.tuples(st.integers(0, 4), st.integers(0, 300_000), st.integers(1, 300_000))


@given(st.lists(SPANS, max_size=6), st.integers(1, 3))
def test_incidents_are_those_of_a_plain_loop(spans: list[tuple[int, int, int]], days: int) -> None:
    site = np.repeat(np.arange(5), [3, 1, 3, 2, 1])
    faults = [TowerFault(tower, "broken", begin, begin + lasts) for tower, begin, lasts in spans]
    without = no_network(make_settings()[0])
    found = configured_failures(faults, site, days * DAY_MS, without._replace(on=True))
    expected = [
        (f.from_s * 1000, f.tower, min(f.to_s * 1000, days * DAY_MS)) for f in faults if f.from_s * 1000 < days * DAY_MS
    ]
    assert [(h.begin_ms, int(site[h.cells[0]]), h.end_ms) for h in found.held] == sorted(expected)
    assert [h.cells.tolist() for h in found.held] == [
        [cell for cell in range(10) if site[cell] == fault.tower] for fault in found.faults
    ]
    assert len(configured_failures(faults, site, days * DAY_MS, without)) == 0


def test_both_worlds_of_a_pair_have_the_failures_and_injected_incidents_come_first(tmp_path: Path) -> None:
    broken = (*SMALL, "anomaly=[long_call]", "generator.network.towers.broken=[{tower: 2, from_s: 400000}]")
    counts = make_world(tmp_path / "dirty", *broken)
    make_world(tmp_path / "clean", *broken, "generator.anomaly_ratio=0")
    dirty, clean = (table(tmp_path / name, "incidents") for name in ("dirty", "clean"))
    assert dirty["anomaly_type"].to_list() == ["long_call"] * (dirty.height - 1) + [CONFIGURED_FAILURE]
    assert dirty["incident_id"].to_list() == sorted(set(dirty["incident_id"]))
    assert dirty.drop("incident_id", "parameters").tail(1).equals(clean.drop("incident_id", "parameters"))
    assert counts["incidents_by_type"] == {"long_call": dirty.height - 1, CONFIGURED_FAILURE: 1}
    cells = table(tmp_path / "dirty", "truth").filter(anomaly_type=CONFIGURED_FAILURE)
    assert cells["incident_id"].unique().to_list() == dirty["incident_id"].tail(1).to_list()
    assert cells["cell_id"].n_unique() == 3


@pytest.mark.parametrize("detector", [FailureShare(), FailureSurprise(), Silence()])
@pytest.mark.parametrize("preset", ["demo", "failures"])
def test_detectors_of_failures_find_them(preset: str, detector: Any, request: pytest.FixtureRequest) -> None:
    _, evaluation, _ = evaluated(request.getfixturevalue(preset), detector)
    values = evaluation.values
    assert values[f"cell_quarter/incidents/{CONFIGURED_FAILURE}"] == {"demo": 3, "failures": 12}[preset]
    assert values[f"cell_quarter/average_precision/{CONFIGURED_FAILURE}"] > {"demo": 0.99, "failures": 0.75}[preset]
    if preset == "failures":
        assert values[f"cell_quarter/incident_recall/{CONFIGURED_FAILURE}"] == 1
        assert values[f"cell_quarter/prevalence/{CONFIGURED_FAILURE}"] < 0.11


def test_a_row_says_why_a_value_is_missing_or_low(demo: Path, failures: Path) -> None:
    evaluator, evaluation, scores = evaluated(demo, FourRules())
    text = why_missing(evaluator, evaluation, scores.level)
    assert text.startswith("configured_failure: the scores are of calls")
    assert "3 of 3 began before the scored part" in text
    evaluator, evaluation, scores = evaluated(failures, FailureShare())
    assert why_missing(evaluator, evaluation, scores.level) == ""


@pytest.mark.slow
def test_the_first_day_of_the_demo_is_the_same_with_more_days(demo: Path, tmp_path: Path) -> None:
    make_world(tmp_path / "one", "generator=demo_2016", "generator.days=1")
    one, two = (table(folder, "events").drop("session_id") for folder in (tmp_path / "one", demo))
    assert one.height > 100_000
    assert two.head(one.height).equals(one)
