"""Handling of Ctrl-C, wherever it arrives in the program, and of output that nobody reads any more."""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn

_met: list[int] = []


def told_once_more() -> None:
    """Remember interruptions from now on: Python swallows one that meets it in a destructor or a weak reference."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def heed() -> None:
    """Raise KeyboardInterrupt when there was an interruption before."""
    if _met:
        raise KeyboardInterrupt


def end_unread() -> NoReturn:
    """End the program: who read its output has closed it, as `| head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    _met.append(number)
    raise KeyboardInterrupt
