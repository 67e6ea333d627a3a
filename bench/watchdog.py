"""Ends the processes of a sweep when the sweep's own is killed: `python -m bench.watchdog NUMBER`.

Workers that wait for a job would not notice for minutes, and those at one would finish it. The sweep holds the other
end of the standard input of this program; the system closes it when the sweep ends, however that happens.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress

import psutil

SWEEP = "CDRBENCH_SWEEP_PROCESS"
"""Environment variable: number of the sweep's process; all that it starts inherits it."""
LOOKS = 10
LOOK_S = 0.1


def start() -> "subprocess.Popen[bytes]":
    """Mark what this process starts from now on, and have it ended with this process."""
    os.environ[SWEEP] = str(os.getpid())
    command = [sys.executable, "-m", "bench.watchdog", str(os.getpid())]
    out = subprocess.DEVNULL
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True)


def main() -> None:
    """Wait for the end of the sweep, then end its workers; one may be about to start just then."""
    sys.stdin.read()
    for _ in range(LOOKS):
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if _is_worker(process, sys.argv[1]):
                    process.kill()
        time.sleep(LOOK_S)


def _is_worker(process: psutil.Process, sweep: str) -> bool:
    """Whether this is a worker of the sweep. A detector's process ends itself, and tidies up before that."""
    return any("popen_loky" in part for part in process.cmdline()) and process.environ().get(SWEEP) == sweep


if __name__ == "__main__":
    main()
