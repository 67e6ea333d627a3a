"""What a confined detector may still do, what it is given, and what is made of what it leaves."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import QUIET, TOY, TOYS, ended, rows
from toy_world import ToySettings, ToyWorld

from bench.dataset import Dataset
from bench.faults import SettingsError
from bench.generator import silent
from bench.isolation import landlock
from bench.isolation.detector_process import Job, Subject, Trial, Waiting
from bench.isolation.place import lay_out
from bench.isolation.reach import reach_of
from bench.isolation.readable import importable, parts
from bench.result import Status
from bench.settings import LimitSettings, ProtocolSettings
from bench.worlds.protocol import applied
from bench.worlds.store import find_or_make

Try = Callable[..., Trial]
PLACES = {"store.worlds": "worlds", "store.runs": "runs"}
needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")


@pytest.fixture
def attempt(workplace: Path) -> Try:
    world = find_or_make(ToyWorld(ToySettings(calls=200), {}), Path("worlds"), 1, silent)
    dataset = applied(Dataset.open(world.folder / "data"), ProtocolSettings())
    Path("now").mkdir()

    def attempt(name: str, **parameters: Any) -> Trial:
        detector = {"_target_": f"toy_parallel.{name}", **parameters}
        with Waiting(Subject(detector, 7), Path("now"), 2, reach_of(detector, PLACES, True)) as process:
            return process.tried(Job(dataset, LimitSettings(seconds=300)), lambda: None)

    return attempt


@pytest.mark.slow
def test_processes_threads_locks_and_compiled_code_still_work(attempt: Try) -> None:
    trial = attempt("Busy")
    log = Path("now/detector.log").read_text()
    assert trial.status is Status.OK, log
    assert ("halved was compiled for this process only" in log) is bool(landlock.version())


def test_a_file_that_a_setting_names_is_read_and_no_other(attempt: Try) -> None:
    path = Path("factor.txt").resolve()
    path.write_text("3")
    assert attempt("Reader", path=str(path)).status is Status.OK
    far = attempt("Reader", path=f"/.{path}")  # names the same, but is not absolute as it stands
    assert far.status is Status.OK
    hidden = attempt("Reader", path=os.path.relpath(path, "/tmp/x/data"))
    assert hidden.status is Status.ERROR
    if landlock.version():
        assert hidden.reason.startswith(("FileNotFoundError", "PermissionError"))


@pytest.mark.parametrize("how", ["link", "pipe", "folder", "huge", "odd", "nothing", "untrue", "gone"])
def test_what_is_forged_is_no_score(attempt: Try, how: str) -> None:
    trial = attempt("Forger", how=how)
    reason = "its process ended with code 0 before it had given scores" if how in ("nothing", "gone") else (
        "its process did not leave a valid file of scores"
    )  # fmt: skip
    assert (trial.status, trial.reason, trial.scores) == (Status.ERROR, reason, None)


def test_a_folder_that_holds_worlds_is_no_setting_of_a_detector(workplace: Path) -> None:
    Path("worlds/one").mkdir(parents=True)
    Path("mine").mkdir()
    for place in (workplace, workplace / "worlds", workplace / "worlds/one"):
        detector = {"models": [{"path": str(place)}]}
        with pytest.raises(SettingsError, match=r"detector\.models\[0\]\.path must be what the detector is to"):
            reach_of(detector, PLACES, True)
        assert reach_of(detector, PLACES, False).files == {place.resolve()}
    assert reach_of({"path": str(workplace / "mine")}, PLACES, True).files == {(workplace / "mine").resolve()}


@pytest.mark.parametrize(
    "path", ["worlds/one/truth.parquet", "alias", "mine/up/one", "/proc/self/cwd/mine", "/dev/null", "/sys/fs", "/dev"]
)
def test_nothing_hidden_or_of_the_kernel_is_a_setting_of_a_detector(path: str, workplace: Path) -> None:
    Path("worlds/one").mkdir(parents=True)
    Path("mine").mkdir()
    Path("worlds/one/truth.parquet").touch()
    Path("alias").symlink_to("worlds/one/truth.parquet")
    Path("mine/up").symlink_to(workplace / "worlds")
    with pytest.raises(SettingsError, match=r"^detector\.path must .*$"):
        reach_of({"path": str(workplace / path)}, PLACES, True)


def test_a_setting_that_names_the_truth_is_one_line(workplace: Path) -> None:
    Path("worlds/one").mkdir(parents=True)
    Path("worlds/one/truth.parquet").touch()
    wish = ["detector._target_=toy_parallel.Reader", f"+detector.path={workplace / 'worlds/one/truth.parquet'}"]
    trusted = "trusted_packages=[toy_world,toy_detectors,toy_parallel]"
    code, out, err = ended("run", *TOY, *QUIET, "detector=toy_longest", *wish, trusted)
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert err.startswith("detector.path must be what the detector is to read and nothing else")
    assert not Path("runs").exists()


def test_worlds_in_the_folder_of_the_program_are_told(workplace: Path) -> None:
    with pytest.raises(SettingsError, match=r"store\.worlds must not hold .*, which a detector's process needs"):
        reach_of({}, {"store.worlds": "/"}, True)
    code, out, err = ended("run", *TOY, *QUIET, "detector=toy_longest", "store.worlds=/")
    assert (code, out) == (2, "")
    assert err.startswith("store.worlds must not hold ")


def test_what_is_hidden_is_no_part_of_what_is_granted(tmp_path: Path) -> None:
    for name in ("a/b/worlds/one", "a/c", "d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a/up").symlink_to(tmp_path.parent)
    hidden = {tmp_path / "a/b/worlds"}
    assert set(parts(tmp_path, hidden)) == {tmp_path / "a/c", tmp_path / "d"}
    assert list(parts(tmp_path / "d", hidden)) == [tmp_path / "d"]
    assert list(parts(tmp_path / "a/b/worlds/one", hidden)) == []


def test_of_a_folder_of_modules_only_modules_are_granted(tmp_path: Path) -> None:
    folder, links = tmp_path / "mine", tmp_path / "links"
    for name in ("package/worlds/one", "package/part", "data", "worlds/one"):
        (folder / name).mkdir(parents=True)
    links.mkdir()
    for name in ("module.py", "package/__init__.py", "package/weights.npz", "data/truth.parquet", "worlds/one/a.py"):
        (folder / name).touch()
    hidden = {folder / "worlds", folder / "package/worlds"}
    ((place, granted),) = importable([str(folder)], links, hidden)
    seen = {str(path.relative_to(place)) for path in Path(place).rglob("*")}
    assert seen == {"module.py", "package", "package/__init__.py", "package/weights.npz", "package/part"}
    assert set(granted) == {str(folder / name) for name in seen - {"package"}}


def test_of_a_package_with_records_in_it_only_the_code_is_granted(tmp_path: Path) -> None:
    folder, links = tmp_path / "mine", tmp_path / "links"
    for name in ("old/some/truth", "part", "rest"):
        (folder / "package" / name).mkdir(parents=True)
    links.mkdir()
    for name in ("__init__.py", "weights.npz", "part/code.py", "old/some/truth/truth.parquet", "old/note.py"):
        (folder / "package" / name).touch()
    ((place, granted),) = importable([str(folder)], links, frozenset())
    expected = {"package/__init__.py", "package/part/code.py", "package/old/note.py"}
    assert {str(path.relative_to(place)) for path in Path(place).rglob("*") if path.is_file()} == expected
    assert set(granted) == {str(folder / name) for name in expected}


@needs_landlock
def test_a_process_with_threads_does_not_pretend_to_be_confined() -> None:
    program = (
        "import numpy, pyarrow, polars; from bench.isolation.confinement import *; obey(Order(Means(1), '/tmp', []))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "OSError: it has threads already, which would keep all rights" in done.stderr


def test_a_row_says_how_its_detector_was_confined(workplace: Path) -> None:
    wishes = {"a": [], "b": ["limits.confined=false"], "c": ["detector=oracle", "role=reference"]}
    isolation = {}
    for name, wish in wishes.items():
        assert ended("run", *TOY, *QUIET, "detector=toy_longest", *wish, f"hydra.run.dir=runs/{name}")[0] == 0
        isolation[name] = rows(f"runs/{name}")[0]["isolation"]
    assert isolation["b"] == "process only"
    assert isolation["c"] == ""
    assert isolation["a"].startswith(f"landlock abi {landlock.version()}" if landlock.version() else "process only")


def test_a_module_in_the_working_directory_is_found_beside_worlds(workplace: Path) -> None:
    Path("mine").mkdir()
    Path("mine/__init__.py").write_text("from toy_detectors import Longest\n\n\nclass Mine(Longest):\n    pass\n")
    wish = ["detector._target_=mine.Mine", "trusted_packages=[toy_world,toy_detectors,mine]", "hydra.run.dir=runs/one"]
    own = {**os.environ, "PYTHONPATH": os.pathsep.join([str(workplace), str(TOYS), str(TOYS.parents[1])])}
    command = [sys.executable, str(TOYS / "toy_run.py"), "run", *TOY, *QUIET, "detector=toy_longest", *wish]
    done = subprocess.run(command, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert rows("runs/one")[0]["status"] == "OK"


def test_a_folder_with_links_in_circles_and_unreadable_parts_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "links").mkdir()
    (tmp_path / "mine/loop").symlink_to("loop")
    (tmp_path / "mine/closed").mkdir(mode=0)
    (tmp_path / "mine/closed/../module.py").touch()
    ((_, granted),) = importable([str(tmp_path / "mine")], tmp_path / "links", frozenset())
    assert granted == [str(tmp_path / "mine/module.py")]


def test_no_place_for_temporary_files_is_one_message(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(workplace / "nowhere"))
    with pytest.raises(SettingsError, match="TMPDIR must be a folder that can be written"):
        lay_out()
