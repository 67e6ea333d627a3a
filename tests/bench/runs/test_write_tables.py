"""The tables of a run: they agree with its metrics and with the truth, and what they keep can be evaluated again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from labelled_world import labelled_world
from numbers_by_hand import ByHand

from bench.detector import Level, Scores
from bench.evaluation.curves_table import POINTS, thinned
from bench.evaluation.cut import Cut
from bench.evaluation.evaluate import Evaluation, Evaluator
from bench.evaluation.run_outcome import Outcome
from bench.faults import UserError
from bench.host.sheets import from_sheet
from bench.levels import Grid
from bench.result import Result
from bench.run_tables import ALERTS, CURVES, INCIDENTS_FOUND, read
from bench.runs.scores_file import ScoresFile
from bench.runs.write_tables import write_tables
from bench.threshold_policies import Budget

HOMES = "a:call,b:user_day,c:cell_quarter"
PREFIX = {"call": "", "user_day": "user_day/", "cell_quarter": "cell_quarter/"}


def scored(folder: Path, level: Level = Level.CALL, values: int = 7, **facts: object) -> tuple[Outcome, Evaluation]:
    """Write a world, and evaluate random scores of which many are equal."""
    folder.mkdir(exist_ok=True)
    dataset, truth = labelled_world(folder, 3, 0)
    low, high = dataset.call_range(dataset.window)
    size = high - low if level is Level.CALL else Grid(level, dataset).size
    numbers = np.random.default_rng(8).integers(0, values, size).astype(float)
    scores = replace(Scores(level, numbers, causal=True), **facts)  # type: ignore[arg-type]
    found = Evaluator.of(dataset, truth, 1).evaluation(scores, Budget(alerts_per_day=20))
    result = Result({"home_levels": HOMES, "fingerprint": folder.parent.name}, found.status, values=found.values)
    outcome = Outcome(
        result=result, dataset=dataset, truth=truth, labels=found.labels, scores=scores, alerts=found.alerts,
        sample=found.sample, levels=found.levels, incidents=found.incidents,
    )  # fmt: skip
    return outcome, found


def tables(outcome: Outcome, folder: Path) -> dict[str, pl.DataFrame]:
    folder.mkdir(exist_ok=True)
    write_tables(outcome, lambda _, level, rows: [f"{level} {row}" for row in rows.tolist()], folder)
    return {table.name: pl.DataFrame(read(folder, table)) for table in (INCIDENTS_FOUND, ALERTS, CURVES)}


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("values", [7, 10**9])
def test_incidents_and_alerts_add_up_to_the_metrics(tmp_path: Path, level: Level, values: int) -> None:
    outcome, found = scored(tmp_path / "data", level, values)
    made = tables(outcome, tmp_path / "run")
    incidents, alerts = made["incidents"], made["alerts"]
    assert incidents.height == outcome.incidents.size
    for (name, at), its in incidents.group_by("anomaly_type", "level"):
        prefix = PREFIX[str(at)]
        judged = its.filter(pl.col("records") > 0)
        assert judged.height == (found.values[f"{prefix}incidents/{name}"] or 0)
        assert judged["found_probability"].mean() == found.values[f"{prefix}incident_recall/{name}"]
        assert its.filter(pl.col("found").is_null())["records"].sum() == 0
        if values > 7:  # no threshold divides equal scores
            assert judged["delay_s"].median() == found.values[f"{prefix}delay_seconds/{name}"]
            if at == "call":
                assert judged["delay_calls"].median() == found.values[f"delay_calls/{name}"]
    assert alerts["level"].unique(maintain_order=True)[0] == level
    for (at,), its in alerts.group_by("level"):
        prefix = PREFIX[str(at)]
        assert its.height == found.values[f"{prefix}alerts/all"] == its["rank"].max()
        assert its["score"].is_sorted(descending=True)
        if values > 7:
            assert (its["verdict"] == "hit").sum() == found.values[f"{prefix}hits/all"]
            assert (its["verdict"] == "false alarm").sum() == found.values[f"{prefix}false_alarms/all"]
        hits = its.filter(verdict="hit")
        assert (hits["incident_id"] != "").all()
        assert (hits["anomaly_type"] != "").all()


def test_what_is_not_judged_of_an_incident_is_counted(tmp_path: Path) -> None:
    """Covers, at each level, records of several types, those of them that are alerts, and calls before the split."""
    outcome, _ = scored(tmp_path / "data")
    incidents = tables(outcome, tmp_path / "run")["incidents"]
    for (level,), its in incidents.group_by("level"):
        hand = ByHand(outcome.dataset, outcome.truth, str(level))
        alerts = set(np.flatnonzero(outcome.levels[Level(str(level))].alerted).tolist())
        for row in its.iter_rows(named=True):
            shared = {e for e, i in hand.deeds if i == row["incident_id"] and len(hand.kinds[e]) > 1}
            assert (row["shared"], row["shared_alerts"]) == (len(shared), sum(hand.place[e] in alerts for e in shared))
            made = {t["row"] for t in hand.truth if t["incident_id"] == row["incident_id"] and t["cause"] == "direct"}
            assert row["unscored_calls"] == len({row for row in made if row >= 0} - set(hand.scored)) > 0
    assert incidents["shared_alerts"].sum() > 0


def test_an_incident_is_represented_by_its_first_alert_else_by_its_highest_score(tmp_path: Path) -> None:
    outcome, _ = scored(tmp_path / "data", values=10**9)
    made = tables(outcome, tmp_path / "run")
    calls = pl.read_parquet(tmp_path / "data" / "calls.parquet").with_row_index("row").cast({"row": pl.Int64})
    truth = pl.read_parquet(tmp_path / "data" / "truth.parquet").with_columns(pl.col(pl.Categorical).cast(pl.String))
    low, _ = outcome.dataset.call_range(outcome.dataset.window)
    assert outcome.scores is not None
    values, threshold = outcome.scores.values, outcome.levels[Level.CALL].cut.score
    for row in made["incidents"].filter(level="call").iter_rows(named=True):
        its = truth.filter(incident_id=row["incident_id"], cause="direct")
        begins = [*its["start_ts"].drop_nulls(), *its.join(calls, "row")["call_start_ts"]]
        assert row["start_ts"] == min(begins)
        here = its.filter(pl.col("row") >= low).join(calls, "row").with_columns(score=pl.col("row") - low)
        here = here.with_columns(score=pl.Series(values)[here["score"]])
        alerts = here.filter(pl.col("score") >= threshold).sort("call_end_ts")
        shown = alerts if alerts.height else here.sort("score", descending=True)
        assert row["found"] == (alerts.height > 0)
        assert (row["call_id"], row["score"]) == (shown["call_id"][0], shown["score"][0])
        assert row["rank"] == 1 + (values > row["score"]).sum()
        assert row["best_rank"] == 1 + (values > here["score"].max()).sum()  # type: ignore[operator]
        if row["found"]:
            assert row["delay_s"] == (alerts["call_end_ts"][0] - min(begins)).total_seconds()
        else:
            assert row["delay_s"] is None
    looking_ahead, _ = scored(tmp_path / "data", causal=False)
    assert tables(looking_ahead, tmp_path / "run")["incidents"]["delay_s"].null_count() == outcome.incidents.size


def test_the_score_of_a_day_is_explained_by_the_call_that_it_comes_from(tmp_path: Path) -> None:
    outcome, _ = scored(tmp_path / "data")
    alerts = tables(outcome, tmp_path / "run")["alerts"]
    assert outcome.scores is not None
    low, _ = outcome.dataset.call_range(outcome.dataset.window)
    for row in alerts.filter(pl.col("call_id").is_not_null()).iter_rows(named=True):
        place = int(row["call_id"].removeprefix("call_")) - low
        assert outcome.scores.values[place] == row["score"]
        assert row["reasons"] == f"call {place}"
        assert (outcome.levels[row["level"]].scores == row["score"]).sum() == row["tied"]
    assert alerts.filter(level="user_day")["call_id"].null_count() == 0


@pytest.mark.parametrize("values", [7, 10**9])
def test_each_point_of_a_curve_is_what_its_threshold_gives(tmp_path: Path, values: int) -> None:
    outcome, _ = scored(tmp_path / "data", values=values)
    curves = tables(outcome, tmp_path / "run")["curves"]
    for (at, name), its in curves.group_by("level", "anomaly_type"):
        here = outcome.levels[Level(str(at))]
        entity, incident = here.sample.incident_parts(str(name))
        assert 0 < its.height <= POINTS
        assert its["score"].is_sorted(descending=True)
        assert its["recall"][-1] == its["incident_recall"][-1] == 1
        for row in its.iter_rows(named=True):
            alerted = Cut(row["score"]).drawn(here.scores)
            hits = alerted[np.unique(entity)].sum()
            assert row["recall"] == hits / np.unique(entity).size
            assert row["precision"] == hits / (hits + (alerted & here.sample.normal).sum())
            assert row["alerts_per_day"] == alerted.sum() / 2
            assert row["incident_recall"] == np.unique(incident[alerted[entity]]).size / np.unique(incident).size


def test_a_long_curve_keeps_its_ends_and_no_more_points_than_it_may() -> None:
    hits, alerts = np.arange(50_000, 0, -1), np.arange(100_000, 0, -2)
    kept = thinned(hits, alerts)
    assert (kept[0], kept[-1]) == (0, hits.size - 1)
    assert POINTS / 2 < kept.size <= POINTS
    assert np.diff(hits[kept]).min() >= -hits[0] / (POINTS / 2 - 2)
    assert (alerts[kept] < 100).sum() > POINTS / 10  # what an analyst can read is shown in detail


@pytest.mark.parametrize("level", Level)
@pytest.mark.parametrize("values", [7, 10**9])
def test_scores_are_read_back_as_they_were(tmp_path: Path, level: Level, values: int) -> None:
    outcome, _ = scored(tmp_path / "data", level, values, threshold=2.5)
    tables(outcome, tmp_path / "run")
    path = str(tmp_path / "run" / "scores.parquet")
    again = ScoresFile(path).scores(outcome.dataset, outcome.truth)
    assert outcome.scores is not None
    assert again.values.tolist() == outcome.scores.values.tolist()
    assert (again.level, again.threshold, again.causal) == (level, 2.5, True)
    assert ScoresFile(path, causal=False, threshold=1.0).scores(outcome.dataset, outcome.truth).causal is False
    shuffled = pl.read_parquet(path).sample(fraction=1, shuffle=True, seed=1)
    shuffled.write_csv(tmp_path / "mine.csv")
    read_back = ScoresFile(str(tmp_path / "mine.csv")).scores(outcome.dataset, outcome.truth)
    assert read_back.values.tolist() == outcome.scores.values.tolist()
    shuffled[1:].write_csv(tmp_path / "mine.csv")
    with pytest.raises(UserError, match="1 are not there, the first of them"):
        ScoresFile(str(tmp_path / "mine.csv")).scores(outcome.dataset, outcome.truth)


def test_scores_of_another_world_are_refused(tmp_path: Path) -> None:
    outcome, _ = scored(tmp_path / "data")
    other = replace(outcome.result, asked={**outcome.result.asked, "fingerprint": "0123"})
    tables(replace(outcome, result=other), tmp_path / "run")
    with pytest.raises(UserError, match=r"scores.parquet must be that of this world, .*, got 0123"):
        ScoresFile(str(tmp_path / "run" / "scores.parquet")).scores(outcome.dataset, outcome.truth)


def test_names_are_no_formulae_in_a_spreadsheet(tmp_path: Path) -> None:
    outcome, _ = scored(tmp_path / "data")
    made = tables(outcome, tmp_path / "run")
    shown = pl.read_csv(tmp_path / "run" / "alerts.csv")["callee_id"].drop_nulls().unique().to_list()
    assert shown == ["'=cmd|0"]
    assert from_sheet(shown[0]) == "=cmd|0" in made["alerts"]["callee_id"].to_list()


def test_without_labels_there_are_no_tables_of_the_truth_and_no_verdicts(tmp_path: Path) -> None:
    outcome, _ = scored(tmp_path / "data")
    (tmp_path / "run").mkdir()
    write_tables(replace(outcome, labelled=False), None, tmp_path / "run")
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == [
        "alerts.csv", "alerts.parquet", "scores.parquet",
    ]  # fmt: skip
    alerts = pl.DataFrame(read(tmp_path / "run", ALERTS))
    assert alerts.select("verdict", "anomaly_type", "incident_id").null_count().row(0) == (alerts.height,) * 3
    assert alerts["reasons"].unique().to_list() == [""]
    with pytest.raises(UserError, match=r"incidents.parquet cannot be read"):
        read(tmp_path / "run", INCIDENTS_FOUND)
