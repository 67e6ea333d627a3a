"""The supervisor above a detector's process: it ends all that the detector started, whatever happens.

It is forked before the detector's process gives up its rights. Processes whose parents have ended become its children
(`PR_SET_CHILD_SUBREAPER`), so that none gets away, and it keeps the rights to end them and to remove their folder. It
imports nothing heavy: it is there as long as the detector's process is.
"""

import ctypes
import os
import resource
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from bench.host.identity import stat_fields
from bench.host.temporary import remove

BECOME_SUBREAPER, SIGNAL_AT_PARENTS_END = 36, 1
LOOK_S, BETWEEN_S = 0.1, 0.002
ENDING_S = 20.0
"""So long it may take to end what it supervises: large processes take seconds, on a busy machine more."""
HEARD = frozenset((signal.SIGCHLD, signal.SIGTERM))
DEAF_TO = frozenset((signal.SIGINT, signal.SIGHUP, signal.SIGQUIT))


def part_from_supervisor(parent: int, place: Path) -> None:
    """Fork, and return in the new process; the old one supervises it from now on, and ends as it does.

    Parameters
    ----------
    parent
        Number of the process that started this one: when it is gone, the new one ends, and its folder is removed.
    place
        That folder.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, HEARD | DEAF_TO)
    supervisor = os.getpid()
    _control(BECOME_SUBREAPER, 1)
    worker = os.fork()
    if worker:
        _supervise(worker, parent, place)
    os.setpgid(0, 0)
    _control(SIGNAL_AT_PARENTS_END, signal.SIGKILL)
    if os.getppid() != supervisor:
        os._exit(1)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD | DEAF_TO)


def _supervise(worker: int, parent: int, place: Path) -> NoReturn:
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)  # the channel is the worker's
        with suppress(OSError):  # the worker may have done so, or have ended
            os.setpgid(worker, worker)
        asked_to_end = False
        while not (asked_to_end or _reaped(worker) or os.getppid() != parent):
            heard = signal.sigtimedwait(HEARD, LOOK_S)
            asked_to_end = heard is not None and heard.si_signo == signal.SIGTERM
        with suppress(ProcessLookupError):
            os.killpg(worker, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
        _end_children()
        if os.getppid() != parent:
            remove(place)
    finally:
        _end_as(code)


def _reaped(worker: int) -> bool:
    """Take note of the children that have ended; return whether the worker, whose end is left to be read, is one."""
    while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
        if ended.si_pid == worker:
            return True
        os.waitpid(ended.si_pid, 0)
    return False


def _end_children() -> None:
    """End all children, and theirs, which become this process's: until there are none."""
    with suppress(ChildProcessError):
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                for number in _children():
                    with suppress(ProcessLookupError):
                        os.kill(number, signal.SIGKILL)
                time.sleep(BETWEEN_S)


def _children() -> list[int]:
    own, found = os.getpid(), []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(stat_fields(int(folder.name))[1]) == own:
                found.append(int(folder.name))
    return found


def _end_as(code: int) -> NoReturn:
    """End as another process has: with a code, or by a signal where that is negative."""
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code not in (signal.SIGKILL, signal.SIGSTOP) else None
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (-code,))
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 1)


def _control(what: int, value: int) -> None:
    ctypes.CDLL(None).prctl(what, *(ctypes.c_ulong(each) for each in (value, 0, 0, 0)))


def end_supervised(supervisor: subprocess.Popen[bytes]) -> None:
    """End a supervisor with all that it supervises, and wait for it."""
    supervisor.terminate()
    try:
        supervisor.wait(ENDING_S)
    except subprocess.TimeoutExpired:
        os.killpg(supervisor.pid, signal.SIGKILL)
        supervisor.wait()
