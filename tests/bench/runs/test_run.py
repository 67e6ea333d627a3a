"""Whole runs through the command line, on toys."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import programs
import psutil
import pytest
from eventually import within
from programs import QUIET, TOY, leavings, rows, started

from bench.dataset import Dataset

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")


def ended(program: str, *arguments: str) -> tuple[int, str, str]:
    return programs.ended(program, *(TOY if program != "report" else ()), *arguments)


def test_a_run_leaves_its_row_its_record_and_where_to_look(tracked_workplace: Path) -> None:
    code, out, err = ended("run", "detector=toy_longest")
    assert (code, err) == (0, "")
    (row,) = rows()
    assert row["status"] == "OK"
    assert row["average_precision/all"] == row["recall/long_call"] == 1.0
    assert row["name"] == "toy_longest toy ratio=0.05 world=0 seed=0"
    assert {"run_id", "started_at", "fingerprint", "world_seconds", "version/numpy"} <= set(row)
    assert json.loads(row["settings"])["generator"]["calls"] == 400
    assert "mlflow ui" in out
    assert "workflowType=machine_learning" in out
    assert leavings() == []
    code, out, err = ended("report")
    assert (code, err) == (0, "")
    assert all(Path(line).exists() for line in out.splitlines())


def test_the_alerts_in_the_clean_twin_are_those_above_the_same_score(workplace: Path) -> None:
    few = ("threshold.alerts_per_day=8", "tracking=none", "report.run_figures=null")
    code, out, err = ended("run", "detector=toy_longest", "twin=true", *few)
    assert (code, err) == (0, "")
    (row,) = rows()
    worlds = {
        json.loads(path.read_text())["counts"]["anomalous_calls"]: path.parent
        for path in Path("worlds").glob("*/*.json")
    }
    clean = Dataset.open(worlds[0] / "data")
    scored = [
        call["call_duration"] for call in clean.table("calls").to_pylist() if call["call_start_ts"] >= middle(clean)
    ]
    threshold = float(out.split("scores of at least ")[1].split()[0])
    assert row["twin_alerts/all"] == sum(duration >= threshold for duration in scored) >= row["false_alarms/all"] > 0
    assert f"Clean twin (the same world without incidents): {row['twin_alerts/all']:.0f} alerts" in out
    assert ended("run", "detector=oracle", "role=supervised", "twin=true", *few)[0] == 2


def test_a_detector_that_fails_in_the_clean_twin_only_has_its_row_and_the_reason(workplace: Path) -> None:
    code, out, err = ended("run", "detector=toy_bored", "twin=true", "tracking=none", "report.run_figures=null")
    assert (code, err) == (0, "")
    (row,) = rows()
    assert (row["status"], row["recall/long_call"], row["twin_alerts/all"]) == ("OK", 1.0, None)
    assert row["reason"] == "twin_alerts/all is empty: in the clean twin ERROR: ValueError: nothing here"
    assert row["reason"] in out


def middle(dataset: Dataset) -> datetime:
    clock = dataset.clock
    return datetime.fromtimestamp((clock.start_ms + clock.end_ms) / 2000, UTC)


def test_a_detector_that_fails_is_a_row_and_code_1(workplace: Path) -> None:
    code, _, err = ended("run", "detector=toy_raising", "tracking=none")
    assert (code, err) == (1, "")
    (row,) = rows()
    assert (row["status"], row["reason"]) == ("ERROR", "ValueError: no such luck")
    assert not any(name.startswith("recall") for name in row)


def test_a_fault_on_the_way_is_one_message_and_leaves_no_run(workplace: Path) -> None:
    code, out, err = ended("run", "detector=toy_longest", "tracking=none", "generator.days=1")
    assert (code, out) == (2, "")
    assert err.startswith("protocol.name=split needs at least 2 days of data, got 1 (protocol=transductive ")
    assert not Path("runs").exists()


def test_what_a_detector_refuses_is_one_message_before_a_world_is_made(workplace: Path) -> None:
    refused = (2, "", "detector.power must be more, got less\n")
    assert ended("run", "detector=toy_fussy", "tracking=none") == refused
    assert not Path("made.txt").exists()
    assert ended("run", "detector=toy_longest", *QUIET)[0] == 0
    assert ended("run", "detector=toy_fussy", "tracking=none") == refused
    assert len(list(Path("runs").rglob("result.json"))) == 1
    code, out, err = ended("run", "--multirun", "detector=toy_fussy,toy_longest", *QUIET)
    assert (code, err) == (1, "")
    assert "ERROR: detector.power must be more, got less\n" in out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_making_leaves_nothing(workplace: Path, number: int, code: int) -> None:
    process = started("run", *TOY, "detector=toy_longest", "tracking=none", "generator.pause_s=60")
    _wait_for("made.txt")
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code
    lines = [line for line in err.splitlines() if not line.startswith("compiling ")]
    assert lines == ["interrupted" if code == 130 else "ended by SIGTERM"]
    assert leavings() == []
    assert not Path("runs").exists()
    assert not [path for path in Path("worlds").iterdir() if path.is_dir()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_detector_ends_with_all_that_it_started(
    workplace: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(workplace / "tmp"))
    process = started("run", *TOY, "detector=toy_slow", "tracking=none")
    note = _wait_for("tmp/cdrbench-detector-*/tmp/started.txt")
    children = [int(each) for each in note.read_text().split()]
    process.send_signal(number)
    process.communicate(timeout=60)

    def left() -> list[object]:
        return [*leavings(), *filter(psutil.pid_exists, children), *Path("tmp").glob("*/*")]

    within(60, lambda: not left())  # nobody waits for the end of a supervisor whose harness was killed
    assert leavings() == []
    assert not any(psutil.pid_exists(child) for child in children)
    assert list(Path("tmp").glob("*/*")) == []
    assert number == signal.SIGKILL or not list(Path("tmp").iterdir())


FULL = """
import errno, sys
import {module}
from bench import run
from bench.runs import run_job as job

def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

{module}.{name} = full
sys.argv[1:] = ["detector=random", "tracking=none", *sys.argv[1:]]
run.main()
"""


@pytest.mark.parametrize(("module", "name"), [("hydra.core.utils", "_save_config"), ("bench.runs.run_job", "prepared")])
def test_a_full_disk_is_told_in_a_line_and_leaves_nothing(workplace: Path, module: str, name: str) -> None:
    program = [sys.executable, "-c", FULL.format(module=module, name=name)]
    quiet = {**os.environ, "HYDRA_FULL_ERROR": "0"}
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False, env=quiet)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "the disk is full ([Errno 28] No space left on device); incomplete files were removed\n"
    assert not list(workplace.iterdir())


def test_a_file_that_is_no_result_is_named(workplace: Path) -> None:
    for name, text in {"a": "{", "b": "[]", "c": '{"name": "x"}'}.items():
        (Path("runs") / name).mkdir(parents=True)
        (Path("runs") / name / "result.json").write_text(text)
    code, out, err = ended("report")
    assert (code, out) == (2, "")
    *left_out, nothing = err.splitlines()
    assert [line.split()[2] for line in left_out] == [f"runs/{name}/result.json" for name in "abc"]
    assert nothing.startswith("there is no recorded run to compare")


def test_data_products_replace_only_what_this_program_wrote(workplace: Path) -> None:
    arguments = ("out=data", "export=toy_world.export", "report.dataset_figure=null")
    for _ in range(2):
        code, out, err = ended("generate", *arguments)
        assert (code, err) == (0, "")
        assert out.splitlines() == ["data/calls.txt", "data/manifest.json"]
    shutil.rmtree("data")
    Path("data").mkdir()
    Path("data/thesis.txt").write_text("years of work")
    code, out, err = ended("generate", *arguments)
    assert (code, out) == (2, "")
    assert err == "out must be a new folder, an empty one or one that this program wrote, got data\n"
    assert Path("data/thesis.txt").read_text() == "years of work"
    assert leavings() == []


def test_out_must_be_given(workplace: Path) -> None:
    code, _, err = ended("generate")
    assert (code, err) == (2, "out must be given: out=...\n")


def test_a_store_that_fails_loses_no_result(workplace: Path) -> None:
    Path("mlflow.db").write_text("no database, but more than a hundred bytes of text that is none\n" * 9)
    code, out, err = ended("run", "detector=toy_longest", "report.run_figures=null")
    assert (code, err) == (3, "")
    assert [row["status"] for row in rows()] == ["OK"]
    assert "to send it later: cdrbench record runs=runs/" in out
    assert programs.ended("record")[0] == 2
    Path("mlflow.db").unlink()
    code, out, err = programs.ended("record")
    assert (code, err) == (0, "")
    assert out.startswith("1 results sent; ")
    assert programs.ended("record")[1].startswith("0 results sent; ")


def test_a_recording_process_that_is_killed_loses_no_result(workplace: Path) -> None:
    (workplace / "first" / "mlflow").mkdir(parents=True)
    (workplace / "first" / "mlflow" / "__init__.py").write_text(
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    wanted = (*TOY, "detector=toy_longest", "report.run_figures=null")
    code, out, err = programs.ended("run", *wanted, first=workplace / "first")
    assert (code, err) == (3, "")
    assert [row["status"] for row in rows()] == ["OK"]
    assert "not in MLflow: " in out
    assert "to send it later: cdrbench record runs=runs/" in out


@pytest.mark.slow
def test_a_server_that_is_down_loses_no_result(workplace: Path) -> None:
    code, out, err = ended("run", "detector=toy_longest", "report.run_figures=null", "tracking.uri=http://127.0.0.1:9")
    assert (code, err) == (3, "")
    assert [row["status"] for row in rows()] == ["OK"]
    later = out.splitlines()[-1].removeprefix("to send it later: cdrbench record ")
    assert later.endswith(" tracking.uri=http://127.0.0.1:9")
    code, out, err = programs.ended("record", later.split()[0], "tracking.uri=sqlite:///other.db")
    assert (code, err) == (0, "")
    assert out.startswith("1 results sent; ")


def test_the_rows_that_are_always_there_are_marked(workplace: Path) -> None:
    for detector in ("oracle", "constant", "toy_labelled"):
        role = ["role=supervised"] if detector == "toy_labelled" else []
        assert ended("run", f"detector={detector}", *role, *QUIET)[::2] == (0, "")
    found = {row["detector"]: (row["role"], row["status"]) for row in rows()}
    assert found == {
        "oracle": ("reference", "OK"),
        "constant": ("reference", "OK"),
        "toy_labelled": ("supervised", "OK"),
    }


def test_a_fault_in_a_file_of_scores_is_one_message(workplace: Path) -> None:
    Path("mine.csv").write_text("call_id,score\ncall_0000003,low\n")
    code, out, err = ended("run", "detector=scores_file", "detector.path=mine.csv", *QUIET)
    assert (code, out, err) == (2, "", "mine.csv, row 1: score must be a finite number, got 'low'\n")


def _wait_for(name: str) -> Path:
    """Wait for a file whose name is like this, and for something in it."""
    ends_at = time.monotonic() + 60
    while not (found := [path for path in Path().glob(name) if path.read_text()]):
        assert time.monotonic() < ends_at, f"{name} never came"
        time.sleep(0.02)
    return found[0]


def test_a_place_for_runs_that_cannot_be_written_is_named(workplace: Path) -> None:
    Path("file").write_text("")
    code, out, err = ended("run", "detector=toy_longest", "tracking=none", "store.runs=file/runs")
    assert (code, out) == (2, "")
    assert err.startswith("store.runs must be a folder that can be written, got file/runs/")
    assert len(err.splitlines()) == 1


def test_nothing_is_said_that_cannot_be(workplace: Path) -> None:
    quick = ("tracking=none", "report.run_figures=null", "detector=toy_longest")
    code, out, err = ended("run", *quick, "generator.anomaly_ratio=0", "anomaly=[long_call]")
    assert (code, err) == (0, "")
    (row,) = rows()
    assert (row["anomalies"], row["home_levels"]) == ("", "")
    assert "long_call" not in out
    assert row.get("calls_per_second") is None or row["score_seconds"] >= 0.01
    code, _, err = ended("run", *quick, "threshold.alerts_per_day=1e12")
    assert code == 2
    assert "threshold.alerts_per_day must be at most 1,000,000, which is more than anybody reads" in err
