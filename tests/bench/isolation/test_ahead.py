"""Kernels that are compiled ahead: once for each state of their sources, and again after a failure."""

from pathlib import Path

import pytest

from bench.isolation.ahead import compile_ahead

PROGRAM = "from pathlib import Path\nPath('ran').open('a').write('x')\n"


@pytest.fixture
def program(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program that leaves a mark each time that it runs, in place of those of the configuration."""
    Path("rooms").mkdir()
    Path("rooms/__init__.py").touch()
    Path("rooms/kernels.py").write_text(PROGRAM)
    monkeypatch.syspath_prepend(workplace)
    monkeypatch.setattr("conf.KERNELS", ("rooms.kernels",))
    monkeypatch.setattr("bench.isolation.ahead.cache_folder", lambda: workplace / "cache")
    return Path("rooms/kernels.py")


def ran() -> int:
    return len(Path("ran").read_text()) if Path("ran").exists() else 0


def test_it_runs_once_until_a_source_beside_it_changes(program: Path) -> None:
    for _ in range(2):
        compile_ahead([str(program.parents[1].resolve())])
        assert ran() == 1
    Path("rooms/other.py").write_text("x = 1\n")
    compile_ahead([str(program.parents[1].resolve())])
    assert ran() == 2
    Path("rooms/below").mkdir()
    Path("rooms/below/deep.py").write_text("x = 1\n")
    compile_ahead([str(program.parents[1].resolve())])
    assert ran() == 3


def test_what_failed_is_tried_again(program: Path) -> None:
    program.write_text(f"{PROGRAM}raise SystemExit(1)\n")
    for times in (1, 2):
        compile_ahead([str(program.parents[1].resolve())])
        assert ran() == times


def test_what_lies_beside_a_detector_does_not_run(
    program: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine").mkdir()
    for name in ("sitecustomize", "usercustomize"):
        Path("mine", f"{name}.py").write_text("open('ran too', 'w')")
    monkeypatch.setenv("PYTHONPATH", str(workplace / "mine"))
    compile_ahead([str(workplace)])
    assert ran() == 1
    assert not Path("ran too").exists()
