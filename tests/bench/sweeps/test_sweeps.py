"""Sweeps through the command line: they end whatever happens, and go on where they were cut short."""

import json
import random
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from eventually import within
from programs import QUIET, TOY, ended, leavings, rows, started

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
SWEEP = ("--multirun", *TOY, "hydra.sweep.dir=runs/sweep")


@pytest.fixture(autouse=True)
def _temporary_things_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let detectors' processes, which work among temporary files, be found in the working directory."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


def table() -> list[dict[str, Any]]:
    """The rows of a sweep without what differs from time to time: names given at random, times and memory."""
    passing = ("run_id", "started_at", "peak_mib", "calls_per_second")
    return [{k: v for k, v in row.items() if k not in passing and not k.endswith("_seconds")} for row in rows()]


def processes_here() -> list[psutil.Process]:
    """The processes at work in this working directory."""
    here, found = str(Path.cwd()), []
    for process in psutil.process_iter():
        try:
            if process.pid != psutil.Process().pid and process.cwd().startswith(here):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


@pytest.mark.slow
def test_every_way_to_fail_has_its_status_and_harms_nobody_else(tracked_workplace: Path) -> None:
    bad = {"raising": "ERROR", "slow": "TIMEOUT", "greedy": "OOM", "holey": "DEGENERATE", "killed": "ERROR"}
    detectors = ",".join(["toy_longest", *(f"toy_{name}" for name in bad), "toy_chancy"])
    limits = ("limits.seconds=6", "limits.memory_mib=300", "report.run_figures=null")
    code, out, err = ended("run", *SWEEP, f"detector={detectors}", *limits)
    assert (code, err) == (1, "")
    found = {row["detector"]: row for row in rows()}
    expected = {"toy_longest": "OK", **{f"toy_{name}": status for name, status in bad.items()}, "toy_chancy": "OK"}
    assert {name: row["status"] for name, row in found.items()} == expected
    assert found["toy_longest"]["average_precision/all"] == 1.0
    assert all(row["reason"] for name, row in found.items() if expected[name] != "OK")
    assert not any(name.startswith("recall/") and row[name] is not None
                   for row in found.values() if row["status"] != "OK" for name in row)  # fmt: skip
    assert "2 of 7 runs succeeded" in out
    assert "[7/7] " in out
    assert within(60, lambda: processes_here() == [])
    assert leavings() == []
    from mlflow import MlflowClient  # noqa: PLC0415 - takes two seconds

    runs = MlflowClient(f"sqlite:///{tracked_workplace}/mlflow.db").search_runs(["1"])
    parent = json.loads(Path("runs/sweep/mlflow.json").read_text())["sqlite:///mlflow.db"]
    parents = [run.data.tags.get("mlflow.parentRunId") for run in runs]
    assert sorted(parents, key=str) == sorted([None, *[parent] * 7], key=str)
    assert sorted(run.info.status for run in runs) == ["FAILED"] * 6 + ["FINISHED"] * 2


@pytest.mark.slow
def test_a_sweep_killed_at_any_moment_and_resumed_is_as_if_undisturbed(workplace: Path) -> None:
    """At two moments; `test_kills.py` has thirty before a release."""
    axes = ("detector=toy_longest,toy_chancy,toy_raising", "generator.seed=1,2", *QUIET)
    assert ended("run", *SWEEP, *axes)[0] == 1
    undisturbed = table()
    assert len(undisturbed) == 6
    moments = random.Random(6)
    for _ in range(2):
        Path("runs/sweep").rename(f"old-{time.monotonic_ns()}")
        process = started("run", *SWEEP, *axes)
        time.sleep(moments.uniform(0.5, 5))
        process.kill()
        process.communicate()
        before = {path: path.stat().st_mtime_ns for path in Path("runs").rglob("result.json")}
        if Path("runs/sweep/sweep.json").exists():
            code, out, err = ended("resume", "folder=runs/sweep", TOY[-1])
            done = f", {len(before)} of them done" if before else ""
            assert f"6 runs{done}" in out
        else:
            code, out, err = ended("run", *SWEEP, *axes)
        assert (code, err) == (1, "")
        assert {path: path.stat().st_mtime_ns for path in before} == before
        assert table() == undisturbed
        assert within(5, lambda: processes_here() == [])
        assert leavings() == []


@pytest.mark.slow
def test_what_failed_is_run_again_on_request_only(tracked_workplace: Path) -> None:
    Path("started.txt").write_text("")
    assert ended("run", *SWEEP, "detector=toy_longest,toy_raising", "report.run_figures=null")[0] == 1
    first = {row["detector"]: row["run_id"] for row in rows()}
    Path("runs/sweep/0/mlflow.json").unlink()  # as if it was cut short there
    assert ended("resume", "folder=runs/sweep", TOY[-1])[0] == 1
    assert {row["detector"]: row["run_id"] for row in rows()} == first
    assert ended("resume", "folder=runs/sweep", "failed=true", TOY[-1])[0] == 1
    again = {row["detector"]: row["run_id"] for row in rows()}
    assert again["toy_longest"] == first["toy_longest"]
    assert again["toy_raising"] != first["toy_raising"]
    from mlflow import MlflowClient  # noqa: PLC0415 - takes two seconds

    runs = MlflowClient(f"sqlite:///{tracked_workplace}/mlflow.db").search_runs(["1"], "tags.run_id != ''")
    assert sorted(run.data.tags["run_id"] for run in runs) == sorted({*first.values(), *again.values()})


def test_a_folder_of_another_sweep_is_refused(workplace: Path) -> None:
    Path("runs/sweep").mkdir(parents=True)
    Path("runs/sweep/sweep.json").write_text(
        json.dumps({"format": 2, "settings": [], "asked": ["seed=1"], "launcher": [], "config_dir": None})
    )
    code, out, err = ended("run", *SWEEP, "detector=toy_longest", "seed=3,4", *QUIET)
    assert (code, out) == (2, "")
    assert err.startswith("runs/sweep is the folder of another sweep: seed=1\n")
    code, out, err = ended("resume", "folder=elsewhere")
    assert (code, out) == (2, "")
    assert err.startswith("folder must be that of a sweep, with its sweep.json, got elsewhere")


@pytest.mark.slow
def test_four_processes_make_a_world_once(workplace: Path) -> None:
    arguments = ("run", *TOY, "generator.pause_s=1", "detector=toy_longest", *QUIET)
    processes = [started(*arguments) for _ in range(4)]
    assert [process.communicate()[1] for process in processes] == [""] * 4
    assert [process.returncode for process in processes] == [0] * 4
    assert len(Path("made.txt").read_text().splitlines()) == 1
    assert [row["status"] for row in rows()] == ["OK"] * 4
