"""Kernels on disk: found again by the next process, never out of date, and read from a folder of the user's only.

Covers `bench.host.compiled` and `bench.host.private`, through processes of their own and rule by rule; and that nothing
else of the program names a place in the shared temporary folder.
"""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bench.host.private import why_shared

ROOMS = ("bench", "conf", "detectors", "generators", "reports")
CALLEE = "from bench.host.compiled import compiled\n\n@compiled\ndef part(x):\n    return x + {}\n"
CALLER = (
    "from bench.host.compiled import compiled\nfrom rooms.callee import part\n\n"
    "@compiled\ndef whole(x):\n    return part(x)\n"
)
ASK = "from rooms.caller import whole; print(whole(1), sum(whole.stats.cache_hits.values()))"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a module of kernels, and a folder `tmp` for temporary files."""
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    (tmp_path / "tmp").mkdir()
    (rooms / "__init__.py").write_text("")
    (rooms / "caller.py").write_text(CALLER)
    (rooms / "callee.py").write_text(CALLEE.format(1))
    return tmp_path


def ask(folder: Path, cache: Path, program: str = ASK) -> tuple[list[int], list[str]]:
    """Return what the kernel makes of 1, how often its code was found on disk, and what was said, in a new process."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache), "TMPDIR": str(folder / "tmp")}
    completed = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, check=True, capture_output=True, text=True, env=environment
    )
    return [int(each) for each in completed.stdout.split()], completed.stderr.splitlines()


@pytest.mark.slow
def test_code_is_kept_until_something_that_it_was_made_from_changes(place: Path) -> None:
    """numba itself would go on using the old callee."""
    cache = place / "cache"
    assert ask(place, cache) == ([2, 0], [])
    assert ask(place, cache) == ([2, 1], [])
    (place / "rooms" / "callee.py").write_text(CALLEE.format(10))
    assert ask(place, cache) == ([11, 0], [])
    assert sorted(path.name for path in place.iterdir()) == ["cache", "rooms", "tmp"]
    assert list((place / "rooms").rglob("kernels")) == []


@pytest.mark.slow
def test_code_is_loaded_without_what_compiling_needs(place: Path) -> None:
    """Which numba would import: half a second in every process."""
    program = f"{ASK}; import sys; print(int('numba.np.linalg' in sys.modules))"
    assert ask(place, place / "cache", program) == ([2, 0, 1], [])
    assert ask(place, place / "cache", program) == ([2, 1, 0], [])


@pytest.mark.slow
def test_code_is_found_by_another_checkout_of_the_same_sources(place: Path, tmp_path: Path) -> None:
    """Wherever it lies, and whenever it was written; numba itself would compile anew in each."""
    cache = place / "cache"
    assert ask(place, cache) == ([2, 0], [])
    other = tmp_path / "other"
    (other / "tmp").mkdir(parents=True)
    shutil.copytree(place / "rooms", other / "rooms")
    for path in (other / "rooms").iterdir():
        os.utime(path, (1, 1))
    assert ask(other, cache) == ([2, 1], [])
    assert ask(place, cache) == ([2, 1], [])


@pytest.mark.slow
def test_machine_code_is_made_only_of_what_python_calls(place: Path) -> None:
    """A kernel that only kernels call is a part of those. When Python calls it after all, it is compiled whole then.

    By numba itself the part has code of its own at once, which takes as much time again.
    """
    cache = place / "cache"
    assert ask(place, cache) == ([2, 0], [])
    assert {path.name.split("-")[0] for path in cache.rglob("*.nbc")} == {"caller.whole"}
    both = "from rooms.caller import part, whole; print(whole(1), part(1), part(1.5))"
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    output = subprocess.check_output([sys.executable, "-c", both], cwd=place, text=True, env=environment)
    assert output.split() == ["2", "2", "2.5"]
    assert {path.name.split("-")[0] for path in cache.rglob("*.nbc")} == {"caller.whole", "callee.part"}


def test_kernels_are_python_where_numba_is_told_not_to_compile(place: Path) -> None:
    """`NUMBA_DISABLE_JIT=1`: to follow a kernel in a debugger."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(place / "cache"), "NUMBA_DISABLE_JIT": "1"}
    line = "from rooms.caller import whole; print(whole(1), type(whole).__name__)"
    output = subprocess.check_output([sys.executable, "-c", line], cwd=place, text=True, env=environment)
    assert output.split() == ["2", "function"]


@pytest.mark.slow
@pytest.mark.parametrize("spoilt", ["cache", "cache/cdrbench"])
def test_code_that_others_may_have_put_there_is_not_used(place: Path, spoilt: str) -> None:
    """Nor is any left behind in the shared temporary folder."""
    cache = place / "cache"
    assert ask(place, cache) == ([2, 0], [])
    (place / spoilt).chmod(0o777)
    for _ in range(2):
        numbers, (said,) = ask(place, cache)
        assert numbers == [2, 0]
        assert said.startswith("kernels are compiled for this run only, in ")
        assert f"(others can write to {place / spoilt}); XDG_CACHE_HOME=FOLDER names another" in said
        assert list((place / "tmp").iterdir()) == []


def folder_at(path: Path) -> Path:
    path.mkdir(parents=True, mode=0o700)
    return path


def test_a_folder_of_ones_own_is_private(tmp_path: Path) -> None:
    assert why_shared(folder_at(tmp_path / "mine")) == ""


def test_a_link_is_not_private(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder_at(tmp_path / "mine"))
    assert why_shared(tmp_path / "link") == "it is a link, or no folder"


def test_a_folder_of_somebody_else_is_not_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = folder_at(tmp_path / "mine")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert why_shared(mine) == f"{mine} belongs to user {os.getuid()}"


@pytest.mark.parametrize(("above", "mode", "private"), [
    (False, 0o702, False), (False, 0o1777, False), (True, 0o777, False), (True, 0o1777, True), (True, 0o755, True),
])  # fmt: skip
def test_nobody_else_may_write_there_or_put_another_in_its_place(
    tmp_path: Path, above: bool, mode: int, private: bool
) -> None:
    mine = folder_at(tmp_path / "parent" / "mine")
    wide = mine.parent if above else mine
    wide.chmod(mode)
    assert why_shared(mine) == ("" if private else f"others can write to {wide}")


def test_no_module_names_a_place_in_the_shared_temporary_folder() -> None:
    """`mkdtemp` and its like make names that nobody guesses; whoever puts a name there beforehand is trusted else.

    `bench.host.temporary` lists that folder, and adds such names.
    """
    root, wrong = Path(__file__).parents[3], []
    files = [path for room in ROOMS for path in (root / room).rglob("*.py")]
    for path in [each for each in files if each != root / "bench" / "host" / "temporary.py"]:
        for node in ast.walk(ast.parse(path.read_bytes())):
            names = {alias.name for alias in node.names} if isinstance(node, ast.ImportFrom) else set()
            names |= {node.attr} if isinstance(node, ast.Attribute) else set()
            texts = [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []
            if names & {"gettempdir", "mktemp", "tempdir"} or any(
                text.startswith(("/tmp", "/var/tmp")) for text in texts
            ):
                wrong.append(f"{path}:{node.lineno}")
    assert wrong == []


def test_who_waits_for_the_compiler_is_told_in_one_line(place: Path) -> None:
    """Also where nobody watches, once, and not where it takes a moment only."""
    program = f"import bench.host.compiled as c; c.REPORTED_AFTER_S = 0; {ASK}"
    environment = {**os.environ, "XDG_CACHE_HOME": str(place / "cache")}
    for lines in (1, 0):
        completed = subprocess.run(
            [sys.executable, "-c", program], cwd=place, check=True, capture_output=True, text=True, env=environment
        )
        assert len(completed.stderr.splitlines()) == lines
        assert "compiling the simulator, which is kept: one to two minutes" in completed.stderr or not lines
