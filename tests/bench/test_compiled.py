"""Kernels on disk: found again by the next process, and never out of date."""

import subprocess
import sys
from pathlib import Path

import pytest

CALLEE = "from bench.compiled import compiled\n\n@compiled\ndef part(x):\n    return x + {}\n"
CALLER = (
    "from bench.compiled import compiled\nfrom rooms.callee import part\n\n"
    "@compiled\ndef whole(x):\n    return part(x)\n"
)
ASK = "from rooms.caller import whole; print(whole(1), sum(whole.stats.cache_hits.values()))"


def ask(folder: Path) -> list[int]:
    """Return what the kernel makes of 1, and how often its code was found on disk, in a process of its own."""
    told = subprocess.run([sys.executable, "-c", ASK], cwd=folder, check=True, capture_output=True, text=True)
    return [int(each) for each in told.stdout.split()]


@pytest.mark.slow
def test_code_is_kept_until_something_that_it_was_made_from_changes(tmp_path: Path) -> None:
    """numba itself would go on using the old callee."""
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    (rooms / "__init__.py").write_text("")
    (rooms / "caller.py").write_text(CALLER)
    (rooms / "callee.py").write_text(CALLEE.format(1))
    assert ask(tmp_path) == [2, 0]
    assert ask(tmp_path) == [2, 1]
    (rooms / "callee.py").write_text(CALLEE.format(10))
    assert ask(tmp_path) == [11, 0]
    assert len(list((rooms / "__pycache__" / "kernels" / "rooms.caller").iterdir())) == 1
