"""Folders that somebody else has made, as inputs: one line each, nothing waited for, read or written outside.

Covers worlds in the store, saved detectors and runs with pipes and devices in the place of files, names that lead
outside, links, and tables that nobody has looked at; through `cdrbench run`, `save`, `score`, `report` and `record`.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from programs import QUIET, TOY, ended, rows

RUN = ("run", *TOY, *QUIET, "detector=toy_longest", "hydra.run.dir=runs/theirs")
FACTS = {"bytes": 0, "blake2b": ""}
NEW = ("generator=cdr_file", "generator.path=tomorrow.csv", "generator.pseudonyms=false", TOY[-1])


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, its world and what was saved of its detector."""
    folder, home = tmp_path_factory.mktemp("theirs"), Path.cwd()
    os.chdir(folder)
    try:
        assert ended(*RUN)[0] == 0
        code, _, err = ended("save", "run=runs/theirs", "out=saved")
        assert code == 0, err
    finally:
        os.chdir(home)
    return folder


@pytest.fixture
def place(theirs: Path, workplace: Path) -> Path:
    shutil.copytree(theirs, workplace / "work")
    (workplace / "outside.txt").write_text("mine")
    lines = "".join(f"a{k % 9},b{k % 7},2030-01-{1 + k // 20:02d} 10:{k % 60:02d}:00,{k % 90}\n" for k in range(100))
    (workplace / "work" / "tomorrow.csv").write_text(f"caller_id,callee_id,call_start_ts,call_duration\n{lines}")
    os.chdir(workplace / "work")
    return workplace


def world() -> Path:
    return next(path.parent for path in Path("worlds").glob("*/manifest.json"))


def pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    facts = json.loads(path.read_text())
    change(facts)
    path.write_text(json.dumps(facts))


WORLDS: dict[str, Callable[[Path], object]] = {
    "a pipe for a table": lambda w: pipe(w / "data" / "calls.parquet"),
    "a pipe for a table of the truth": lambda w: pipe(w / "truth" / "truth.parquet"),
    "a pipe for the manifest": lambda w: pipe(w / "manifest.json"),
    "a table that is not listed": lambda w: edited(w / "manifest.json", lambda m: m["files"].pop("data/calls.parquet")),
    "a name that leads outside": lambda w: edited(
        w / "manifest.json", lambda m: m["files"].update({"../../../outside.txt": {}})
    ),
    "a device": lambda w: edited(w / "manifest.json", lambda m: m["files"].update({"../../../../../../dev/zero": {}})),
    "a link to a device": lambda w: (
        (w / "data" / "calls.parquet").unlink(),
        (w / "data" / "calls.parquet").symlink_to("/dev/zero"),
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_of_a_stranger_is_looked_at_before_it_is_read(place: Path, name: str) -> None:
    WORLDS[name](world())
    code, out, err = ended(*RUN[:-1], "hydra.run.dir=runs/mine")
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert "running again will make it anew" in err
    assert (place / "outside.txt").read_text() == "mine"
    assert not Path("runs/mine").exists()


SAVED: dict[str, Callable[[Path], object]] = {
    "a pipe for a table": lambda s: pipe(s / "data" / "calls.parquet"),
    "a pipe for the clock": lambda s: pipe(s / "data" / "clock.json"),
    "a pipe for the facts": lambda s: pipe(s / "detector.json"),
    "a table that is not listed": lambda s: edited(s / "detector.json", lambda m: m["files"].pop("calls.parquet")),
    "a name that leads outside": lambda s: edited(
        s / "detector.json", lambda m: m["files"].update({"../../../outside.txt": {}})
    ),
    "a device": lambda s: edited(
        s / "detector.json", lambda m: m["files"].update({"../../../../../../../dev/zero": {}})
    ),
    "a starter of programs": lambda s: edited(
        s / "detector.json", lambda m: m.update(detector={"_target_": "subprocess.Popen", "args": ["touch", "ran"]})
    ),
    "a file of mine": lambda s: edited(
        s / "detector.json",
        lambda m: m.update(detector={"_target_": "toy_detectors.Longest", "power": str(Path("worlds").resolve())}),
    ),
    "a history that is none": lambda s: edited(s / "detector.json", lambda m: m.update(history={"start_ms": 5})),
    "a name of many lines": lambda s: edited(
        s / "detector.json", lambda m: m.update(versions={"version/\u001b[2J\nnumpy": "\n1"})
    ),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_saved_detector_of_a_stranger_is_looked_at_before_it_is_used(place: Path, name: str) -> None:
    SAVED[name](Path("saved"))
    before = sorted(str(path) for path in place.rglob("*") if "tomorrow" not in str(path))
    code, out, err = ended("score", "run=saved", "out=scored", *NEW)
    assert code == 2, err
    assert len(err.splitlines()) == 1, err
    assert "\x1b" not in out
    assert "\x1b" not in err
    shutil.rmtree("scored", ignore_errors=True)
    after = sorted(str(path) for path in place.rglob("*") if "tomorrow" not in str(path))
    assert [each for each in before if each not in after] == []
    assert not (place / "work" / "ran").exists()


@pytest.mark.parametrize("command", [("report", "out=report"), ("record", "runs=runs"), ("save", "run=runs/theirs")])
def test_pipes_in_a_run_of_a_stranger_are_not_waited_for(place: Path, command: tuple[str, ...]) -> None:
    run = Path("runs/theirs")
    for name in ("result.json", "mlflow.json", ".running", "detector.log", "alerts.csv"):
        pipe(run / name)
    code, _, err = ended(*command, *(["out=new"] if command[0] == "save" else []))
    assert code in (0, 2), err  # what cannot be read is left out, in one line
    assert len(err.splitlines()) in (1, 2)
    assert "runs/theirs/result.json cannot be read (it is no file)" in err


def test_a_mark_that_is_a_pipe_stops_no_other_run(place: Path) -> None:
    day = Path("runs/2030-01-01/00-00-00-000000")
    day.mkdir(parents=True)
    pipe(day / ".running")
    assert ended(*RUN[:-1], "hydra.run.dir=runs/mine")[0] == 0
    assert len(rows("runs/mine")) == 1
