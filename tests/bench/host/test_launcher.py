"""The processes that do the jobs of a sweep: one that dies takes no other job with it, and none outlives it."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from io import FileIO
from pathlib import Path

import psutil
import pytest
from programs import QUIET, TOY, TOYS, ended, leavings, rows, started

from bench.host.launcher import NUMBER_BYTES, handed_out

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
SWEEP = ("--multirun", *TOY, *QUIET, "hydra.sweep.dir=runs/sweep", "detector=toy_longest", "generator.seed=1,2,3")


def begun(*arguments: str) -> tuple["subprocess.Popen[str]", list[psutil.Process]]:
    """Start a sweep; return it, with its processes of jobs once they make a world."""
    process = started("run", *SWEEP, *arguments)
    until = time.monotonic() + 60
    while not Path("made.txt").exists() and time.monotonic() < until:
        time.sleep(0.05)
    return process, psutil.Process(process.pid).children()


@pytest.mark.slow
def test_a_job_whose_process_is_killed_takes_no_other_with_it(workplace: Path) -> None:
    process, (job,) = begun("generator.pause_s=2", "hydra.launcher.n_jobs=1")
    job.kill()
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (1, "")
    assert "2 of 3 runs succeeded" in out
    assert "  0: : no result: killed by SIGKILL\n" in out
    assert [row["status"] for row in rows()] == ["OK", "OK"]
    assert leavings() == []


@pytest.mark.slow
def test_a_sweep_whose_every_job_is_killed_has_failed_and_can_be_resumed(workplace: Path) -> None:
    tracked = [each for each in SWEEP if each not in QUIET[:1]]
    process = started("run", *tracked[:-1], "generator.seed=1,2", "generator.pause_s=5", "hydra.launcher.n_jobs=2")
    hunted: set[int] = set()
    while process.poll() is None:  # each but the one that writes the parent run, before there is a world
        for job in psutil.Process(process.pid).children() if Path("made.txt").exists() else ():
            if job.pid not in hunted:
                hunted.add(job.pid)
                job.kill()
        time.sleep(0.05)
    out, err = process.communicate()
    assert (process.returncode, err) == (1, "")
    assert "0 of 2 runs succeeded" in out
    for number in range(2):
        assert f"  {number}: : no result: killed by SIGKILL\n" in out
    assert "to run these again: " in out
    with closing(sqlite3.connect("mlflow.db")) as store:
        assert store.execute("SELECT status FROM runs").fetchall() == [("FAILED",)]
    assert Path("runs/sweep/sweep.json").exists()
    assert leavings() == []


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_the_processes_of_jobs_end_with_their_sweep(workplace: Path, number: int, code: int) -> None:
    process, jobs = begun("generator.pause_s=60", "hydra.launcher.n_jobs=2")
    assert len(jobs) == 2
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == code
    _, left = psutil.wait_procs(jobs, 5)
    assert left == []
    if number != signal.SIGKILL:  # nobody is left to tidy up after that; the next sweep does
        assert err == ("interrupted\n" if number == signal.SIGINT else "ended by SIGTERM\n")
        assert leavings() == []
        assert not Path("runs").exists()


@pytest.mark.slow
def test_a_sweep_that_is_killed_while_it_begins_leaves_no_process_and_no_run_that_goes_on(workplace: Path) -> None:
    """Neither before it has noted its run in the store, nor after; what it left is ended by the next."""
    tracked = [each for each in SWEEP if each not in QUIET[:1]]
    for begun_enough in (bool, lambda _: Path("runs/sweep/mlflow.json").exists()):
        process = started("run", *tracked, "generator.pause_s=5")
        children: list[psutil.Process] = []
        until = time.monotonic() + 60
        while not begun_enough(children) and time.monotonic() < until:
            children += [each for each in psutil.Process(process.pid).children() if each not in children]
        assert begun_enough(children)
        process.kill()
        process.communicate()
        _, left = psutil.wait_procs(children, 5)
        assert left == []
    code, _, err = ended("resume", "folder=runs/sweep", TOY[-1])
    assert code == 0, err
    from mlflow import MlflowClient  # noqa: PLC0415 - takes two seconds

    found = MlflowClient(f"sqlite:///{workplace}/mlflow.db").search_runs(["1"])
    states = sorted(run.info.status for run in found if "jobs" in run.data.tags)
    assert states[-1] == "KILLED" or states == ["FINISHED"]
    assert states.count("FINISHED") == 1
    assert "RUNNING" not in {run.info.status for run in found}


@pytest.mark.slow
def test_what_a_killed_run_left_goes_with_the_next(workplace: Path) -> None:
    process = started("run", *TOY, *QUIET, "detector=toy_longest", "generator.pause_s=60")
    until = time.monotonic() + 60
    while not Path("made.txt").exists() and time.monotonic() < until:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    (left,) = Path("runs").glob("*/*")
    assert ended("run", *TOY, *QUIET, "detector=toy_longest")[0] == 0
    (there,) = Path("runs").glob("*/*")
    assert there != left
    assert (there / "result.json").exists()
    assert leavings() == []
    assert not list(Path("runs").rglob(".running"))


AT_FORK = """
import os, threading

def report():
    with open(os.environ["AT_FORK"], "a") as file:
        print(os.getpid(), *(thread.name for thread in threading.enumerate()), file=file)

os.register_at_fork(before=report)
"""


@pytest.mark.slow
def test_no_process_is_forked_beside_a_thread_of_ours(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a thread holds at that moment, such as the lock of what is printed, the new process would wait for."""
    Path("usercustomize.py").write_text(AT_FORK)
    monkeypatch.setenv("AT_FORK", str(workplace / "forks.txt"))
    monkeypatch.setenv("PYTHONWARNINGS", "error::DeprecationWarning:multiprocessing.popen_fork")
    code = f"import sys; sys.path[:0] = {[str(workplace)]}; import usercustomize; import runpy; sys.argv[:1] = []; "
    code += f"runpy.run_path({str(TOYS / 'toy_run.py')!r}, run_name='__main__')"
    environment = {**os.environ, "PYTHONPATH": f"{TOYS}{os.pathsep}{TOYS.parents[1]}"}
    command = [sys.executable, "-c", code, "toy_run.py", "run", *SWEEP, "hydra.launcher.n_jobs=2"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 of 3 runs succeeded" in done.stdout
    lines = [line.split(maxsplit=1) for line in Path("forks.txt").read_text().splitlines()]
    sweep = lines[0][0]
    assert [names for process, names in lines if process == sweep] == ["MainThread"] * 2


def test_numbers_are_handed_out_whole_to_whoever_reads_first() -> None:
    """More than fit into a pipe at once, in order, each once, and then the end."""
    jobs = 40_000
    read, write = os.pipe()
    os.set_blocking(write, False)
    with FileIO(read, "r") as numbers, FileIO(write, "w") as writer:
        given, found = handed_out(0, jobs, writer), list[int]()
        assert 0 < given < jobs
        while number := numbers.read(NUMBER_BYTES):
            found.append(int.from_bytes(number))
            given = handed_out(given, jobs, writer)
    assert found == list(range(jobs))
