"""What of a run is logged: the numbers that people compare, and what was chosen."""

import json
from pathlib import Path

import pytest

from bench.result import Result, Status
from bench.runs.logged import METRICS, evaluation_table, metrics, parameters

ASKED = {"detector": "d", "home_levels": "long:call,ring:user_day", "level": "call", "seed": 3, "generator": "default"}
VALUES = {
    "prevalence/all": 0.1,
    "prevalence/long": 0.1,
    "prevalence/ring": 0.1,
    "average_precision/long": 0.5,
    "average_precision_low/long": 0.4,
    "recall/long": 0.25,
    "average_precision/ring": 0.9,
    "user_day/average_precision/ring": 0.7,
    "user_day/recall/ring": None,
    "average_precision/all": 0.6,
}


def test_each_type_is_logged_at_its_home_level_and_nothing_else_is() -> None:
    found = metrics(Result(ASKED, Status.OK, "", VALUES, {"fit_seconds": 1.0, "score_seconds": 2.0, "odd": 1.0}))
    assert found == {
        "average_precision/long": 0.5,
        "recall/long": 0.25,
        "average_precision/ring": 0.7,
        "average_precision/all": 0.6,
        "fit_seconds": 1.0,
        "score_seconds": 2.0,
        "detector_seconds": 3.0,
    }


def test_scores_that_do_not_reach_a_home_are_logged_at_their_own_level() -> None:
    values = {"prevalence/long": 0.1, "user_day/average_precision/long": 0.3}
    assert metrics(Result({**ASKED, "level": "user_day"}, Status.OK, "", values)) == {"average_precision/long": 0.3}


def test_parameters_are_what_was_chosen(tmp_path: Path) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text("- detector=d\n- +anomaly.ring.share=2\n- store.runs=x\n")
    facts = {"detector": "d", "generator": "default", "seed": 3}
    assert parameters(Result(ASKED, Status.OK), tmp_path) == {**facts, "anomaly.ring.share": "2"}
    assert parameters(Result(ASKED, Status.OK), tmp_path / "nowhere") == facts


@pytest.mark.parametrize("damage", ["{", "text", "- 3\n- {a: b}\n"])
def test_damaged_notes_are_left_out(tmp_path: Path, damage: str) -> None:
    (tmp_path / ".hydra").mkdir()
    (tmp_path / ".hydra" / "overrides.yaml").write_text(damage)
    assert set(parameters(Result(ASKED, Status.OK), tmp_path)) == {"detector", "generator", "seed"}


def test_the_table_has_every_number_by_type_and_level() -> None:
    table = json.loads(evaluation_table(Result(ASKED, Status.OK, "", VALUES)))
    rows = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    assert [(row["anomaly_type"], row["level"]) for row in rows] == [
        ("all", "call"), ("long", "call"), ("ring", "call"), ("ring", "user_day"),
    ]  # fmt: skip
    assert rows[1]["average_precision_low"] == 0.4
    assert set(METRICS) & set(table["columns"]) == {"average_precision", "recall"}
    assert evaluation_table(Result(ASKED, Status.ERROR)) == ""
