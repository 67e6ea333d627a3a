"""Handling of Ctrl-C and SIGTERM, wherever they arrive in the program, and of a closed output pipe."""

import os
import signal
import sys
import threading
from types import FrameType
from typing import NoReturn

AGAIN_S = 0.05
"""An interruption that Python has swallowed is repeated after this time."""
_met: list[int] = []
_again: list[threading.Timer] = []


def repeat_swallowed_interrupts() -> None:
    """Repeat interruptions that Python swallows from now on: in destructors, or in callbacks of C libraries.

    numba's compiler is such a library: a signal that arrives during compilation is raised in a Python function that it
    calls, and lost there.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _end)
    sys.unraisablehook = _once_more


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt after Ctrl-C, and SystemExit after SIGTERM.

    Called where work begins, and when it has failed: an interruption within a library in C may come out of it as an
    error of the library's own ("pytz must be installed", when an import within pyarrow is interrupted).
    """
    if _met:
        for timer in _again:
            timer.cancel()
        raise KeyboardInterrupt if _met[-1] == signal.SIGINT else SystemExit(128 + _met[-1])


def end_on_closed_pipe() -> NoReturn:
    """End the program because the reader of its output has closed the pipe, as `| head` does."""
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
"""Number of the process that prints a message when it ends; processes forked from it end silently."""
