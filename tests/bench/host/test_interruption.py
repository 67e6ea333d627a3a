"""Ctrl-C, where Python would lose it and before anything has begun."""

import subprocess
import sys

import pytest

from bench import run
from bench.config import composition

SWALLOWED = """
import signal
from bench.host.interruption import heed, told_once_more

class Leaving:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

told_once_more()
heed()
leaving = Leaving()
del leaving
print("not heard")
try:
    heed()
except KeyboardInterrupt:
    print("heard")
"""


def test_what_python_swallows_is_heeded_later() -> None:
    ended = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True, check=True, timeout=60)
    assert ended.stdout.split("\n")[:2] == ["not heard", "heard"]
    assert "Exception ignored" in ended.stderr


def test_an_interruption_before_anything_was_composed_is_told(
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
