"""The process that is started before it is known which detector it is for."""

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from bench import run
from bench.host.processors import usable
from bench.isolation import prestarted


def children() -> set[int]:
    return {child.pid for child in psutil.Process().children() if "bench.isolation.worker" in command(child)}


def command(process: psutil.Process) -> list[str]:
    """Return the command line of a process; one that has just begun has none for a moment."""
    until = time.monotonic() + 5
    while not (told := process.cmdline()) and time.monotonic() < until:
        time.sleep(0.01)
    return told


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    before = children()
    yield
    prestarted.end_ahead()
    assert children() == before


def test_it_is_taken_once() -> None:
    prestarted.start_ahead(["detector=iforest"])
    (first,) = children()
    taken = [prestarted.taken(usable()), prestarted.taken(usable())]
    assert taken[0].pid == first != taken[1].pid
    for process in taken:
        process.communicate()  # closes its input: nobody needs it
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "modules"),
    [
        (["detector=random", "detector=iforest"], ["detectors.tabular", "pyod.models.iforest"]),
        (["detector=../../secret"], []),
        (["detector=nosuch"], []),
        (["seed=2"], []),
    ],
)
def test_it_imports_what_a_shipped_detector_is_made_of(arguments: list[str], modules: list[str]) -> None:
    prestarted.start_ahead(arguments)
    (pid,) = children()
    assert psutil.Process(pid).cmdline()[5:] == modules


def test_it_is_not_taken_where_it_would_use_too_many_processors() -> None:
    prestarted.start_ahead([])
    (ahead,) = children()
    process = prestarted.taken(usable() + 1)
    assert process.pid != ahead
    process.communicate()


def test_its_threads_do_not_spin_unless_the_user_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for wish, found in ((None, "PASSIVE"), ("ACTIVE", "ACTIVE")):
        monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
        if wish:
            monkeypatch.setenv("OMP_WAIT_POLICY", wish)
        process = prestarted.taken(usable())
        command(psutil.Process(process.pid))
        assert psutil.Process(process.pid).environ()["OMP_WAIT_POLICY"] == found
        process.communicate()


@pytest.mark.parametrize("argument", ["--help", "-m", "--multirun", "--cfg", "suite=smoke", "hydra.mode=MULTIRUN"])
def test_none_is_started_where_no_single_run_follows(argument: str) -> None:
    prestarted.start_ahead(["detector=iforest", argument])
    assert not children()


def test_a_refused_command_line_leaves_none(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["cdrbench", "detector=iforst"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 2
    assert not children()
