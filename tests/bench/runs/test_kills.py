"""A program that is killed (SIGKILL) at any moment, and then started again: nothing lost, nothing left.

Covers `run`, `generate`, a sweep, `resume`, `report`, `save` and `score`: people's files and earlier results stay as
they are, no process goes on, and after the same command once more the store has no run that seems to go on, and neither
the temporary folder nor the working directory holds anything unfinished. Moments are drawn from a seed.
"""

import os
import random
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from eventually import within
from programs import QUIET, TOY, TOYS, ended, leavings, rows, started

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
GONE_S = 20
"""Within so many seconds of a kill, on a busy machine, what the program started has ended too."""
MADE = tuple(each for each in TOY if not each.startswith("trusted"))
FEW = "report.run_figures=null"
DETECTORS = "detector=toy_longest,toy_chancy,toy_constant"
SAMPLE = TOYS.parents[1] / "docs" / "own-data-sample.csv"
OWN = (
    "generator=cdr_file",
    "generator.columns={caller_id: A_NUMBER, callee_id: B_NUMBER, call_start_ts: START, call_duration: DURATION}",
    "generator.delimiter=';'",
    "generator.time_format='%d/%m/%Y %H:%M:%S'",
)


@dataclass(frozen=True)
class Program:
    """A command that is killed, and what is there before and after it."""

    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    """Commands that are carried out first."""
    code: int = 0
    results: int = 1
    """How many rows of results there are at least in the end."""
    products: tuple[str, ...] = field(default=())


GENERATE = ("generate", *MADE, TOY[-1], "out=out", "export=toy_world.export", "report.dataset_figure=null")
RUN = ("run", *TOY, "detector=toy_longest", FEW)
SWEEP = ("run", "--multirun", *TOY, DETECTORS, FEW, "hydra.sweep.dir=runs/mine", "hydra.launcher.n_jobs=2")
OF_OWN = ("run", *OWN, *QUIET, "detector=rules", "hydra.run.dir=runs/own", "generator.path=known.csv")
PROGRAMS = {
    "run": Program(RUN, (RUN,), results=2),
    "run in a folder of its own": Program(
        (*RUN, "hydra.run.dir=mine/run"), results=0, products=("mine/run/result.json",)
    ),
    "generate": Program(
        GENERATE, ((*GENERATE, "generator.seed=5"),), results=0, products=("out/calls.txt", "out/manifest.json")
    ),
    "sweep": Program(SWEEP, code=1, results=3),
    "sweep in a folder that the program names": Program(SWEEP[:-2], code=1, results=3),
    "resume": Program(("resume", "folder=runs/mine", "failed=true", TOY[-1]), (SWEEP,), code=1, results=3),
    "report": Program(("report",), (RUN,), products=("report/report.html",)),
    "save": Program(("save", "run=runs/own", "out=kept"), (OF_OWN,), products=("kept/detector.json",)),
    "score": Program(
        ("score", "run=runs/own", "out=scored", *OWN, "generator.path=tomorrow.csv"),
        (OF_OWN,),
        products=("scored/alerts.csv", "scored/score.json"),
    ),
}

ALIKE = ("run in a folder of its own", "sweep in a folder that the program names")
"""Programs that only differ in their folder from one before them, and are killed before a release only."""


@pytest.fixture
def place(tracked_workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a store of runs and a temporary folder of its own."""
    (tracked_workplace / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tracked_workplace / "tmp"))
    return tracked_workplace


def plant(place: Path) -> None:
    """Put people's files where the programs write."""
    for folder in ("", "runs", "worlds", "out", "report", "runs/mine", "runs/mine/0"):
        if folder in ("", "runs", "worlds") or (place / folder).is_dir():
            (place / folder).mkdir(exist_ok=True)
            (place / folder / "notes.mine").write_text(f"mine in {folder}")


def kept(place: Path) -> dict[str, bytes]:
    """What must stay as it is: people's files, and the results of runs that have ended."""
    return {str(path): path.read_bytes() for path in place.rglob("*.mine")}


def processes_of(place: Path) -> list[str]:
    """The processes whose environment or working directory is of a folder, but for this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            context = (process / "environ").read_bytes() + os.fsencode((process / "cwd").readlink())
            if process.name != str(os.getpid()) and os.fsencode(place) in context:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode()[:200])
        except OSError:
            continue
    return found


def going_on(place: Path) -> list[tuple[str, ...]]:
    """The runs that the store takes for running."""
    if not (place / "mlflow.db").exists():
        return []
    with closing(sqlite3.connect(place / "mlflow.db")) as store:
        asked = "SELECT run_uuid, name FROM runs WHERE status = 'RUNNING' AND lifecycle_stage = 'active'"
        return store.execute(asked).fetchall()


def unfinished(place: Path) -> list[str]:
    """Files and folders that nobody will use: temporary, half-written, empty, or without a result."""
    hidden = [path for path in place.rglob(".*") if path.name not in (".hydra", ".mlflow.db.lock")]
    hidden = [str(path) for path in hidden if not (path.parent.name == "worlds" and path.suffix == ".lock")]
    empty = [str(path) for path in place.rglob("*") if path.is_dir() and path.name != "tmp" and not any(path.iterdir())]
    notes = [path.parent for path in place.rglob(".hydra")]
    plans = [path.parent for path in place.rglob("sweep.json")]
    empty += [str(each) for each in plans if not list(each.rglob("result.json"))]
    return [*hidden, *empty, *(str(each) for each in notes if not (each / "result.json").exists()),
            *map(str, (place / "tmp").iterdir()), *leavings()]  # fmt: skip


def seconds_of(program: Program, place: Path, pattern: Path) -> float:
    """Make the state before a program, keep it in `pattern`, and return how long the program then takes."""
    known, tomorrow = place / "known.csv", place / "tomorrow.csv"
    lines = SAMPLE.read_text().splitlines(keepends=True)
    dates = sorted({_date(line) for line in lines[1:]})
    known.write_text("".join([lines[0], *(line for line in lines[1:] if _date(line) < dates[6])]))
    tomorrow.write_text("".join([lines[0], *(line for line in lines[1:] if _date(line) == dates[6])]))
    for command in program.before:
        code, _, err = ended(*command)
        assert code in (0, program.code), err
    plant(place)
    shutil.copytree(place, pattern, symlinks=True)
    began = time.monotonic()
    code, out, err = ended(*program.command)
    assert code == program.code, (out, err)
    return time.monotonic() - began


def _date(line: str) -> tuple[str, ...]:
    return tuple(reversed(line.split(";")[_START][:10].split("/")))


_START = SAMPLE.read_text().splitlines()[0].split(";").index("START")


def kills(name: str, number: int, place: Path, pattern: Path) -> None:
    """Kill a program at so many moments, each time from the same state, and look at what is there."""
    program = PROGRAMS[name]
    length = seconds_of(program, place, pattern)
    moments = random.Random(name)
    failures = []
    for _ in range(number):
        moment = moments.uniform(0.02, 1.02) * length
        for path in place.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(pattern, place, symlinks=True, dirs_exist_ok=True)
        before = kept(place)
        process = started(*program.command)
        try:
            process.communicate(timeout=moment)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, 9)
            process.communicate()
        wrong = []
        if not within(GONE_S, lambda: processes_of(place) == []):
            wrong.append(f"goes on: {processes_of(place)}")
        if kept(place) != before:
            wrong.append("lost by the kill")
        finished = bool(program.products) and all((place / each).exists() for each in program.products)
        code, out, err = ended(*program.command)
        if finished and "must be a new folder" in err:  # it had come to its end
            code = program.code
        if code != program.code:
            wrong.append(f"ended with {code}: {out[-300:]}{err[-700:]}")
        if kept(place) != before:
            wrong.append("lost afterwards")
        if not within(GONE_S, lambda: processes_of(place) == []):
            wrong.append(f"goes on afterwards: {processes_of(place)}")
        wrong += [f"running: {each}" for each in going_on(place)]
        wrong += [f"left: {os.path.relpath(each, place)}" for each in unfinished(place)]
        wrong += [f"missing: {each}" for each in program.products if not (place / each).exists()]
        if len(rows()) < program.results:
            wrong.append(f"{len(rows())} results")
        if wrong:
            failures.append(f"at {moment:.2f} of {length:.2f} s: " + "; ".join(wrong))
    assert not failures, f"{len(failures)} of {number}:\n" + "\n".join(failures)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in ALIKE])
def test_a_program_that_is_killed_and_started_again(
    name: str, place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kills(name, 1, place, tmp_path_factory.mktemp("pattern") / "state")


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_that_is_killed_at_thirty_moments(
    name: str, place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kills(name, 30, place, tmp_path_factory.mktemp("pattern") / "state")
