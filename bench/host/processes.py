"""Processes of this program: forking them, and ending them when their parent has ended."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context

WATCH_S = 0.1


@contextmanager
def forking() -> Iterator[None]:
    """Fork within a context, without Python's warning about other threads, which belong to libraries."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"This process .* is multi-threaded, use of fork\(\)", DeprecationWarning)
        yield


@contextmanager
def apart() -> Iterator[Executor]:
    """Fork a process at once, which does one task after another beside this one; at the end, wait for it.

    It ends with this process, however that ends, and leaves interruptions to it.
    """
    with ProcessPoolExecutor(1, get_context("fork"), _attend, (os.getpid(),)) as process:
        with forking():
            process.submit(os.getpid)  # the first task is what it is forked for
        yield process


def _attend(parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    when_parent_ends(parent, partial(os.kill, os.getpid(), signal.SIGKILL))


def when_parent_ends(parent: int, act: Callable[[], None]) -> None:
    """Watch in the background, and act as soon as this process's parent has ended.

    Parameters
    ----------
    parent
        Process number of the parent.
    act
        Called once, within a tenth of a second of that.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        act()

    threading.Thread(target=watch, daemon=True).start()
