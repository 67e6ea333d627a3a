"""Processes of this program: forking them, and ending them when their parent has ended."""

import os
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WATCH_S = 0.1


@contextmanager
def forking() -> Iterator[None]:
    """Fork within a context, without Python's warning about other threads, which belong to libraries."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"This process .* is multi-threaded, use of fork\(\)", DeprecationWarning)
        yield


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
