"""A limited address space (`ulimit -v`) is reported in one line, before a library fails in it or when one does."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from bench.host import room
from bench.host.room import LEAST_MIB, MIB, address_space_message

PROGRAM = [sys.executable, "-m", "bench.run", "detector=volume", "tracking=none"]
LIMITED = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_AS, ({0} << 20,) * 2); "


@pytest.mark.parametrize("limit_mib", [700, 1500, LEAST_MIB - 1])
def test_too_little_is_reported_in_one_line(workplace: Path, limit_mib: int) -> None:
    code = LIMITED.format(limit_mib) + "sys.argv = sys.argv[1:]; runpy.run_module('bench.run', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code, *PROGRAM[2:]], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    rule = f"the address space (ulimit -v) must be unlimited or at least {LEAST_MIB} MiB, got {limit_mib} MiB; "
    assert done.stderr == f"{rule}limits.memory_mib limits what a detector uses\n"
    assert not list(workplace.iterdir())


def test_an_error_that_comes_of_it_is_reported_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    error = ImportError("Error loading 'generators.world.World'")
    error.__cause__ = OSError("libllvmlite.so: failed to map segment from shared object")
    assert address_space_message(error) == ""  # where nothing is limited, it is another
    monkeypatch.setattr(resource, "getrlimit", lambda _: (5000 * MIB, 5000 * MIB))
    message = address_space_message(error)
    assert message.endswith("(libllvmlite.so: failed to map segment from shared object)")
    assert "got 5000 MiB" in message
    assert address_space_message(MemoryError()) != ""
    assert address_space_message(ValueError("no such luck")) == ""
    assert room.limit_mib() == 5000
