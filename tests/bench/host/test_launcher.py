"""The processes that do the jobs of a sweep: one that dies takes no other job with it, and none outlives it."""

import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from programs import QUIET, TOY, leavings, rows, started

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
    assert "2 of 3 runs went well" in out
    assert "  0: : no result: \n" in out
    assert [row["status"] for row in rows()] == ["OK", "OK"]
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
        assert err == ("interrupted\n" if number == signal.SIGINT else "")
        assert leavings() == []
        assert not Path("runs").exists()
