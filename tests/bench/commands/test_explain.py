"""One incident of a run, drawn and explained."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from labelled_world import labelled_world
from small_tables import write

from bench.commands import explain
from bench.detector import Level, Scores
from bench.evaluation.evaluate import Evaluator
from bench.evaluation.run_outcome import Outcome
from bench.result import Result
from bench.runs.write_tables import write_tables
from bench.schema import CELLS, INCIDENTS, TOWER_STATUS
from bench.threshold_policies import Budget

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def said(workplace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run the command on a run of a small world."""
    data, truth = Path("worlds/0123/data"), Path("worlds/0123/truth")
    data.mkdir(parents=True)
    truth.mkdir()
    dataset, labels = labelled_world(data, 3, 0)
    for name in ("truth", "incidents"):
        shutil.move(data / f"{name}.parquet", truth / f"{name}.parquet")
    places = {"latitude": [1.0, 1.1, 1.2, 1.1], "longitude": [2.0, 2.1, 2.0, 2.2]}
    write(data / "cells.parquet", CELLS, {"cell_id": [f"c{i}" for i in range(4)], **places})
    pq.write_table(TOWER_STATUS.arrow.empty_table(), data / "tower_status.parquet")
    labels = replace(labels, folder=truth)
    low, high = dataset.call_range(dataset.window)
    scores = Scores(Level.CALL, np.random.default_rng(4).random(high - low), causal=True)
    found = Evaluator.of(dataset, labels, 1).evaluation(scores, Budget(alerts_per_day=20))
    asked = {
        "name": "n",
        "detector": "d",
        "fingerprint": "0123",
        "settings": json.dumps({"store": {"worlds": "worlds"}}),
    }
    result = Result({**asked, "home_levels": "a:call,b:call,c:call"}, found.status, values=found.values)
    outcome = Outcome(
        result=result, dataset=dataset, truth=labels, labels=found.labels, scores=scores, alerts=found.alerts,
        sample=found.sample, levels=found.levels, incidents=found.incidents,
    )  # fmt: skip
    Path("runs/mine").mkdir(parents=True)
    result.write(Path("runs/mine/result.json"))
    write_tables(outcome, lambda _, level, rows: [f"\x1b{level} {row}" for row in rows.tolist()], Path("runs/mine"))

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["explain", "run=runs/mine", *arguments])
        try:
            explain.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run


def test_what_was_found_and_what_was_missed_is_drawn_and_told(said: Said) -> None:
    table = pl.read_parquet("runs/mine/incidents.parquet").filter(pl.col("records") > 0)
    for found in (True, False):
        row = table.filter(found=found).row(0, named=True)
        code, out, err = said(f"incident={row['incident_id']}")
        assert (code, err) == (0, "")
        assert Path(explain.picture_of(row["incident_id"])).read_bytes().startswith(b"\x89PNG")
        assert ("Found: " in out, "Missed: " in out) == (found, not found)
        assert f"{row['call_id']} {row['user_id']}" in out
        assert f"rank {row['rank']:,}" in out
        assert "\x1b" not in out
        assert "\\x1bcall" in out


def test_an_incident_is_chosen_by_name_number_or_type(said: Said) -> None:
    first = pl.read_parquet("runs/mine/incidents.parquet").filter(anomaly_type="b")["incident_id"][0]
    outs = [said(f"incident={each}", "out=one.svg")[1] for each in (first, first.removeprefix("i"), "b")]
    assert outs[0] == outs[1] == outs[2]
    picture = Path("one.svg").read_text()
    assert all(f"<!-- {mark} -->" in picture for mark in ("calls of the incident", "other calls of its callers"))


def test_a_picture_takes_the_place_of_no_other_file(said: Said) -> None:
    table = pq.read_table("runs/mine/incidents.parquet")
    named = table["incident_id"].to_pylist()
    for name in ("../holiday", "holiday"):
        named[0] = name
        pq.write_table(table.set_column(table.column_names.index("incident_id"), "incident_id", pa.array(named)),
                       "runs/mine/incidents.parquet")  # fmt: skip
        Path("holiday.png").write_text("mine")
        said(f"incident={named[0]}")
        assert Path("holiday.png").read_text() == "mine"
    assert explain.picture_of("incident_0017") == "incident_0017.png"
    assert explain.picture_of("../a\x1b\n b") == "incident_a_b.png"


def test_cells_are_shown_by_the_hour_and_on_the_map(said: Said) -> None:
    path = Path("worlds/0123/truth/incidents.parquet")
    incidents = pq.read_table(path)
    write(path, INCIDENTS, {
        **{name: incidents[name].to_pylist() for name in incidents.column_names}, "level": ["cell"] * len(incidents),
        "actors": [["c0", "c1"]] * len(incidents),
    })  # fmt: skip
    path = Path("runs/mine/incidents.parquet")
    found = pq.read_table(path)
    ends = pc.add(found["start_ts"], pa.scalar(3 * 3_600_000, pa.duration("ms")))
    for name, column in (("actors", pa.array(["c0, c1"] * len(found))), ("end_ts", ends)):
        found = found.set_column(found.column_names.index(name), name, column)
    pq.write_table(found, path)
    code, _, err = said("incident=a", "out=cells.png")
    assert (code, err) == (0, "")
    assert Path("cells.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["incident=77"], "got '77'; did you mean i8?"),
        (
            ["incident=none"],
            "incident must be one of the 9 incidents that the scored part has (see incidents.csv), or a",
        ),
        (["incident=1", "run=nowhere"], "run must be the folder of a run, got 'nowhere'"),
        (["incident=1", "out=x.gif"], "out must end with .png or .svg, got 'x.gif'"),
    ],
)
def test_what_there_is_not_is_told_in_one_line(said: Said, arguments: list[str], message: str) -> None:
    code, out, err = said(*arguments)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_a_run_without_truth_or_without_its_world_has_nothing_to_explain(said: Said) -> None:
    shutil.move("worlds", "elsewhere")
    assert "the world of the run must be there, and worlds/0123 is not" in said("incident=1")[2]
    Path("runs/mine/incidents.parquet").unlink()
    code, _, err = said("incident=1")
    assert (code, err.count("\n")) == (2, 1)
    assert "must be a run that ended well on records whose truth is known: it has no incidents.parquet" in err
