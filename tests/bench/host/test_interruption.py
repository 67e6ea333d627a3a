"""Ctrl-C and SIGTERM, where Python would lose them, while kernels are compiled, and before anything has begun.

Covers `bench.host.interruption`, and what a program says when it is ended in a function that a library in C calls.
"""

import subprocess
import sys

import pytest

from bench import run
from bench.config import composition

SWALLOWED = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background ignores it
from bench.host.interruption import raise_if_interrupted, repeat_swallowed_interrupts

class Leaving:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

repeat_swallowed_interrupts()
raise_if_interrupted()
leaving = Leaving()
del leaving
print("not heard")
try:
    raise_if_interrupted()
except KeyboardInterrupt:
    print("heard")
"""


def test_what_python_swallows_is_heeded_later() -> None:
    ended = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.split("\n")[:2] == ["not heard", "heard"]
    assert ended.stderr == ""


IN_C = """
import ctypes, signal, sys, time
from bench.config.composition import launch

signal.signal(signal.SIGINT, signal.default_int_handler)

def called(*_):
    signal.raise_signal(signal.{name})

def task(config):
    ctypes.CFUNCTYPE(None)(called)()
    time.sleep(60)
    print("went on")

sys.argv[1:] = ["out=o"]
launch("generate", task)
"""


@pytest.mark.parametrize(
    ("name", "code", "message"), [("SIGINT", 130, "interrupted\n"), ("SIGTERM", 143, "ended by SIGTERM\n")]
)
def test_a_signal_that_a_library_in_c_swallows_ends_the_program_in_one_line(name: str, code: int, message: str) -> None:
    """As LLVM does, which numba compiles with: it printed a traceback, and the program went on."""
    program = IN_C.format(name=name)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", message)


TRANSLATED = """
import signal, sys
from bench.config.composition import launch, refuse
from bench.faults import UserError

signal.signal(signal.SIGINT, signal.default_int_handler)

def task(config):
    try:
        signal.raise_signal(signal.{name})
    except BaseException:
        pass
    {then}

sys.argv[1:] = ["out=o"]
launch("generate", task)
"""


@pytest.mark.parametrize(
    ("name", "code", "message"), [("SIGINT", 130, "interrupted\n"), ("SIGTERM", 143, "ended by SIGTERM\n")]
)
@pytest.mark.parametrize(
    "then", ["raise UserError('x cannot be read')", "raise ValueError('install pytz')", "refuse('x cannot be read')"]
)
def test_a_signal_that_a_library_makes_an_error_of_its_own_is_still_a_signal(
    name: str, code: int, message: str, then: str
) -> None:
    """As pyarrow does: an import that it makes for time zones was interrupted, and it said that pytz is missing."""
    program = TRANSLATED.format(name=name, then=then)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120)
    assert (ended.returncode, ended.stdout, ended.stderr) == (code, "", message)


def test_an_interruption_before_anything_was_composed_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(composition, "launch", interrupted)
    monkeypatch.setattr("sys.argv", ["cdrbench", "--help"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"
