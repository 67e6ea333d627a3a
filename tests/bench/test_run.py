"""Whole runs through the command line, on toys."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
TOY = ("generator=toy", "generator.calls=400", "anomaly=[]", "trusted_packages=[toy_world,toy_detectors]")


def started(toys: Path, program: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a program in the working directory."""
    environment = {**os.environ, "PYTHONPATH": str(toys), "HYDRA_FULL_ERROR": "0"}
    return subprocess.Popen(
        [sys.executable, str(toys / "toy_run.py"), program, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(toys: Path, program: str, *arguments: str) -> tuple[int, str, str]:
    process = started(toys, program, *TOY, *arguments) if program != "report" else started(toys, program, *arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def rows(folder: str = "runs") -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(Path(folder).rglob("result.json"))]


def leavings() -> list[str]:
    """What would be half-written: folders and files that only exist while something is made."""
    marks = (".making", ".partial", ".detector", ".replaced")
    return [str(path) for path in Path().rglob("*") if path.name.endswith(marks)]


def test_a_run_leaves_its_row_its_record_and_where_to_look(toys: Path, tracked_workplace: Path) -> None:
    code, out, err = ended(toys, "run", "detector=toy_longest")
    assert (code, err) == (0, "")
    (row,) = rows()
    assert row["status"] == "OK"
    assert row["average_precision/all"] == row["recall/long_call"] == 1.0
    assert row["name"] == "toy_longest toy ratio=0.05 world=0 seed=0"
    assert {"run_id", "started_at", "fingerprint", "world_seconds", "calls_per_second", "version/numpy"} <= set(row)
    assert json.loads(row["settings"])["generator"]["calls"] == 400
    assert "mlflow ui" in out
    assert "workflowType=machine_learning" in out
    assert leavings() == []
    code, out, err = ended(toys, "report")
    assert (code, err) == (0, "")
    assert all(Path(line).exists() for line in out.splitlines())


def test_a_detector_that_fails_is_a_row_and_code_1(toys: Path, workplace: Path) -> None:
    code, _, err = ended(toys, "run", "detector=toy_raising", "tracking=none")
    assert (code, err) == (1, "")
    (row,) = rows()
    assert (row["status"], row["reason"]) == ("ERROR", "ValueError: no such luck")
    assert not any(name.startswith("recall") for name in row)


def test_a_fault_on_the_way_is_one_message_and_leaves_no_run(toys: Path, workplace: Path) -> None:
    code, out, err = ended(toys, "run", "detector=toy_longest", "tracking=none", "generator.days=1")
    assert (code, out) == (2, "")
    assert err == "protocol.name=split needs at least 2 days of data, got 1\n"
    assert not Path("runs").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_making_leaves_nothing(toys: Path, workplace: Path, number: int, code: int) -> None:
    process = started(toys, "run", *TOY, "detector=toy_longest", "tracking=none", "generator.pause_s=60")
    _wait_for(Path("made.txt"))
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert err == ("interrupted\n" if code == 130 else "")
    assert leavings() == []
    assert not Path("runs").exists()
    assert not [path for path in Path("worlds").iterdir() if path.is_dir()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_detector_ends_with_all_that_it_started(toys: Path, workplace: Path, number: int) -> None:
    note = workplace / "started"
    process = started(toys, "run", *TOY, "detector=toy_slow", f"detector.note={note}", "tracking=none")
    _wait_for(note)
    process.send_signal(number)
    process.communicate(timeout=20)
    ends_at = time.monotonic() + 5
    children = [int(each) for each in note.read_text().split()]
    while time.monotonic() < ends_at and (leavings() or any(psutil.pid_exists(child) for child in children)):
        time.sleep(0.05)
    assert leavings() == []
    assert not any(psutil.pid_exists(child) for child in children)


@pytest.mark.slow
def test_a_sweep_goes_on_past_failures_and_tells_them(toys: Path, tracked_workplace: Path) -> None:
    code, out, err = ended(toys, "run", "--multirun", "detector=toy_longest,toy_raising", "generator.seed=1,2")
    assert (code, err) == (1, "")
    assert sorted(row["status"] for row in rows()) == ["ERROR", "ERROR", "OK", "OK"]
    assert "2 of 4 runs went well" in out
    assert out.count("ERROR: ValueError: no such luck") == 2
    from mlflow import MlflowClient  # noqa: PLC0415 - takes two seconds

    client = MlflowClient(f"sqlite:///{tracked_workplace}/mlflow.db")
    runs = client.search_runs(["1"])
    parents = {run.data.tags.get("mlflow.parentRunId") for run in runs}
    assert len(runs) == 5
    assert parents == {None, next(run.info.run_id for run in runs if "jobs" in run.data.tags)}
    assert {run.info.status for run in runs} == {"FINISHED", "FAILED"}


def test_a_file_that_is_no_result_is_named(toys: Path, workplace: Path) -> None:
    for name, text in {"a": "{", "b": "[]", "c": '{"name": "x"}'}.items():
        (Path("runs") / name).mkdir(parents=True)
        (Path("runs") / name / "result.json").write_text(text)
    code, out, err = ended(toys, "report")
    assert (code, out) == (2, "")
    assert [line.split()[0] for line in err.splitlines()] == [f"runs/{name}/result.json" for name in "abc"]


def test_data_products_replace_only_what_this_program_wrote(toys: Path, workplace: Path) -> None:
    arguments = ("out=data", "export=toy_world.export", "report.dataset_figure=null")
    for _ in range(2):
        code, out, err = ended(toys, "generate", *arguments)
        assert (code, err) == (0, "")
        assert out.splitlines() == ["data/calls.txt", "data/manifest.json"]
    shutil.rmtree("data")
    Path("data").mkdir()
    Path("data/thesis.txt").write_text("years of work")
    code, out, err = ended(toys, "generate", *arguments)
    assert (code, out) == (2, "")
    assert err == "out must be a new folder, an empty one or one that this program wrote, got data\n"
    assert Path("data/thesis.txt").read_text() == "years of work"
    assert leavings() == []


def test_out_must_be_given(toys: Path, workplace: Path) -> None:
    code, _, err = ended(toys, "generate")
    assert (code, err) == (2, "out must be given: out=...\n")


def _wait_for(path: Path) -> None:
    ends_at = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < ends_at, f"{path} never came"
        time.sleep(0.02)


def test_a_place_for_runs_that_cannot_be_written_is_named(toys: Path, workplace: Path) -> None:
    Path("file").write_text("")
    code, out, err = ended(toys, "run", "detector=toy_longest", "tracking=none", "store.runs=file/runs")
    assert (code, out) == (2, "")
    assert err.startswith("store.runs must be a folder that can be written, got file/runs/")
    assert len(err.splitlines()) == 1
