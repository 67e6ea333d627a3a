"""Handling of Ctrl-C, wherever it arrives in the program."""

import signal
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
"""Exit code."""
_met: list[int] = []


def told_once_more() -> None:
    """Remember interruptions from now on: Python swallows one that meets it in a destructor or a weak reference."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def heed() -> None:
    """Raise KeyboardInterrupt when there was an interruption before."""
    if _met:
        raise KeyboardInterrupt


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    _met.append(number)
    raise KeyboardInterrupt
