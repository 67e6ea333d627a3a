"""The processes of a multirun are there before its jobs are."""

import os
import subprocess
import sys

PROGRAM = """
import os, time
import joblib, psutil
from omegaconf import OmegaConf
from bench.workers import Workers

workers = Workers()
workers.on_multirun_start(OmegaConf.create({"hydra": {"launcher": {"n_jobs": 2}}}))
begun = time.monotonic()
while len(early := {p.pid for p in psutil.Process().children(recursive=True) if "popen_loky" in str(p.cmdline())}) < 2:
    assert time.monotonic() < begun + 60
    time.sleep(0.05)
used = set(joblib.Parallel(n_jobs=2, backend="loky")(joblib.delayed(os.getpid)() for _ in range(20)))
assert used <= early, (used, early)
"""


def test_joblib_uses_the_processes_that_were_started_before() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=120, check=False, env=os.environ
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
