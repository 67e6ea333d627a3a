"""Processes of this program: forking them, and ending those whose parent has ended."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WATCH_S = 0.1


@contextmanager
def forking() -> Iterator[None]:
    """Fork while within: without Python's warning of other threads, which are libraries' own, never this program's."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"This process .* is multi-threaded, use of fork\(\)", DeprecationWarning)
        yield


def when_parent_ends(parent: int, act: Callable[[], None]) -> None:
    """Watch in the background, and act as soon as the process that started this one is gone.

    Parameters
    ----------
    parent
        Number of that process.
    act
        Called once, within a tenth of a second.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(WATCH_S)
        act()

    threading.Thread(target=watch, daemon=True).start()
