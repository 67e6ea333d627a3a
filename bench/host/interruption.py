"""Handling of Ctrl-C and SIGTERM, wherever they arrive in the program, and of output that nobody reads any more."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

AGAIN_S = 0.05
"""After so long an interruption that Python has swallowed comes once more."""
_met: list[int] = []
_again: list[threading.Timer] = []


def repeat_swallowed_interrupts() -> None:
    """Heed interruptions from now on that Python swallows: in a destructor, or in what a library in C calls.

    So numba's compiler does: a signal that arrives while it is at work is met in a function that it calls.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _end)
    sys.unraisablehook = _once_more


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt when there was an interruption before."""
    if signal.SIGINT in _met:
        for timer in _again:
            timer.cancel()
        raise KeyboardInterrupt


def end_on_closed_pipe() -> NoReturn:
    """End the program: who read its output has closed it, as `| head` does."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


def _interrupt(number: int, _: FrameType | None) -> NoReturn:
    _met.append(number)
    raise KeyboardInterrupt


def _end(number: int, _: FrameType | None) -> NoReturn:
    if number not in _met and os.getpid() == _own:
        os.write(2, b"ended by SIGTERM\n")
    _met.append(number)
    sys.exit(128 + number)


def _once_more(what: "sys.UnraisableHookArgs") -> None:
    if _met and what.exc_type in (KeyboardInterrupt, SystemExit):
        _again.append(threading.Timer(AGAIN_S, os.kill, (os.getpid(), _met[-1])))
        _again[-1].daemon = True
        _again[-1].start()
    else:
        sys.__unraisablehook__(what)


_own = os.getpid()
"""Number of the process that tells of its end; what it forks ends without a word."""
