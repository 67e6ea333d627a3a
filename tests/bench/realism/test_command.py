"""`cdrbench realism` from the command line to what it leaves; distances and verdicts."""

import csv
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_records import records, with_values
from mlflow import MlflowClient

from bench.commands.realism import main
from bench.generator import silent
from bench.realism.published import QUANTITIES, SOURCES, Quantity
from bench.realism.scorecard import MEASURES, NEVER, Agreement, Row, distance, scorecard

SAMPLE = Path(__file__).parents[3] / "docs" / "own-data-sample.csv"
MAPPING = (
    "generator.columns={caller_id: A_NUMBER, callee_id: B_NUMBER, call_start_ts: START, call_duration: DURATION, "
    "first_cell_id: CELL, outcome: RESULT}",
    "generator.outcomes={answered: [ANS], missed: [NOANS], busy: [BUSY], failed: [FAIL]}",
    "generator.delimiter=';'",
    "generator.time_format='%d/%m/%Y %H:%M:%S'",
)
# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


def start(monkeypatch: pytest.MonkeyPatch, *overrides: str) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr("sys.argv", ["realism", *overrides])
    main()


def test_every_quantity_is_measured_once_and_has_a_source() -> None:
    given_keys = [key for measure in MEASURES for key in measure.gives]
    assert sorted([*given_keys, *NEVER]) == sorted(quantity.key for quantity in QUANTITIES)
    for quantity in QUANTITIES:
        names = quantity.source.split(", ") if quantity.is_published else []
        assert all(name in [*SOURCES, "Kim & Jo 2016"] for name in names)
    rows = scorecard(with_values(records(3, calls=6000, parties=60, cells=12)), silent)
    assert [row.quantity for row in rows] == list(QUANTITIES)


def test_what_lacks_is_said_and_not_guessed() -> None:
    lacking = {name: f"no {name}" for name in ("outcomes", "cells", "positions", "events")}
    rows = {row.quantity.key: row for row in scorecard(with_values(records(3), lacking=lacking), silent)}
    assert rows["missed"].reason == "no outcomes"
    assert rows["visit_zipf"].reason == "no cells"
    assert rows["displacement"].reason == "no cells"
    assert rows["drops"].reason == "no events"
    assert rows["drops"].verdict is Agreement.NOT_MEASURED
    assert rows["talk_median"].value is not None


def test_next_to_no_records_are_no_fault() -> None:
    rows = scorecard(records(0).chosen(records(0).caller < 0), silent)
    assert {row.verdict for row in rows} == {Agreement.NOT_MEASURED}


@given(st.floats(0.1, 10), st.floats(0, 10), st.floats(-20, 30))
def test_distance_is_relative_to_the_nearer_end(low: float, width: float, value: float) -> None:
    quantity = Quantity("k", "g", "w", low, low + width, "CNS")
    high = low + width
    expected = (low - value) / low if value < low else (value - high) / high if value > high else 0.0
    assert math.isclose(distance(quantity, value), expected, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [(10, "pass"), (12, "pass"), (8, "pass"), (12.1, "near"), (14, "near"), (6, "near"), (14.1, "off"), (5, "off")],
)
def test_verdicts(value: float, verdict: str) -> None:
    assert Row(Quantity("k", "g", "w", 10, 10, "CNS"), value).verdict == verdict


def test_own_files_leave_a_table_a_picture_and_a_run(
    tracked_workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    uncut: Callable[[Path], bool],
) -> None:
    uri = f"sqlite:///{tracked_workplace}/mlflow.db"
    start(monkeypatch, f"data={SAMPLE}", *MAPPING, f"tracking.uri={uri}")
    output = capsys.readouterr().out
    assert "normal calls" in output
    assert "cannot be measured here, the cells have no coordinates" in output
    with Path("realism/scorecard.csv").open(newline="") as file:
        rows = {row["key"]: row for row in csv.DictReader(file)}
    assert list(rows) == [quantity.key for quantity in QUANTITIES]
    assert rows["displacement"]["verdict"] == "not measured"
    assert 0.05 < float(rows["missed"]["value"]) < 0.15
    assert uncut(Path("realism/scorecard.png"))
    client = MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("cdrbench").experiment_id])
    assert run.data.metrics["realism/missed"] == pytest.approx(float(rows["missed"]["value"]))
    verdicts = [row["verdict"] for row in rows.values()]
    assert run.data.metrics["quantities/pass"] == verdicts.count("pass")
    assert run.data.params["data"] == str(SAMPLE)
    assert {item.path for item in client.list_artifacts(run.info.run_id)} == {"tables", "figures"}
    assert [item.path for item in client.list_artifacts(run.info.run_id, "tables")] == ["tables/scorecard.csv"]


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ((), "data must be given: data=DIR-or-CSV (or generator=default, a simulated world)"),
        (("data=nowhere.csv",), "data must be files of call records (there is no file nowhere.csv), got"),
        ((f"data={SAMPLE}",), "generator.delimiter must part the fields of"),
        ((f"data={SAMPLE}", "generator.delimiter=';'"), "generator.columns.caller_id must name a column of"),
        (
            ("data=x.csv", "generator=default"),
            "data must be left out where generator is a simulated world, got 'x.csv'",
        ),
        (("dat=x.csv",), "dat is not a setting; did you mean data?"),
        (("generator=default", "generator.days=0"), "generator.days must be in [1, "),
    ],
)
def test_bad_input_is_one_line_and_code_two(
    overrides: tuple[str, ...],
    line: str,
    workplace: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as ended:
        start(monkeypatch, *overrides, "tracking=none")
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(line)
    assert not list(workplace.iterdir())
