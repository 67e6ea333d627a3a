"""Links, pipes and names that no program of ours makes, in the folders of a stranger: nothing outside is changed.

Covers what `resume`, `record`, a run and the store of worlds write or remove in a sweep, a run and a store that
somebody else has made, and what is drawn and written beside them.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from programs import QUIET, TOY, ended
from toy_world import ToySettings, ToyWorld

from bench.faults import UserError
from bench.generator import silent
from bench.host.aside import write_whole, written_aside
from bench.run_tables import ALERTS
from bench.runs.run_folder import RUNNING, WRITTEN, clear, clear_abandoned
from bench.runs.write_tables import _written
from bench.sweeps.sweep_folder import OWN, SweepFolder
from bench.worlds.store import find_or_make, fingerprint_of, remove_unfinished
from reports.style import save

MINE = "mine"


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def victim(workplace: Path) -> Path:
    """A folder of the user's own, a run among other things, beside the working directory."""
    folder = workplace / "victim"
    for name in ("notes", *WRITTEN):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(MINE)
    (folder / "result.json").write_text(json.dumps({"status": "ERROR"}))
    (workplace / "work").mkdir()
    os.chdir(workplace / "work")
    return folder


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep with a job that failed and one that did not."""
    folder, home = tmp_path_factory.mktemp("failed"), Path.cwd()
    os.chdir(folder)
    try:
        sweep = ("run", "--multirun", *TOY, *QUIET, "detector=toy_longest,toy_raising", "hydra.sweep.dir=theirs")
        assert ended(*sweep)[0] == 1
    finally:
        os.chdir(home)
    return folder


def to(path: Path, target: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    path.symlink_to(os.path.relpath(target, path.parent))


def as_pipe(path: Path, _: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


PLACES = [
    "1",
    "2",
    "1/.hydra",
    "1/twin",
    ".2.lock",
    *(each for each in OWN if each != "sweep.json"),
    *(f"1/{each}" for each in WRITTEN),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_sweep_in_which_something_leads_elsewhere_is_not_continued(victim: Path, place: str) -> None:
    theirs = Path("theirs")
    (theirs / "1" / ".hydra").mkdir(parents=True)
    target = (
        victim if place in ("1", "2") else victim / ".hydra" if place.endswith((".hydra", "twin")) else victim / "notes"
    )
    to(theirs / place, target)
    before = content(victim)
    folder = SweepFolder(theirs)
    with pytest.raises(UserError, match=f"theirs cannot be continued: {theirs / place} is a link"):
        folder.require_own()
    folder.drop_failed()
    folder.tidy()
    clear(theirs / "0")
    assert content(victim) == before


def test_names_that_are_numbers_of_no_job_are_somebodys(tmp_path: Path) -> None:
    for name in ("\u00b2", "\u0663", "01", "1x"):
        (tmp_path / name / ".hydra").mkdir(parents=True)
        (tmp_path / name / "result.json").write_text("{}")
        (tmp_path / f".{name}.lock").touch()
    before = content(tmp_path)
    folder = SweepFolder(tmp_path)
    folder.require_own()
    folder.drop_failed()
    folder.tidy()
    assert (folder.ended(), content(tmp_path)) == (set(), before)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("place", "spoil"),
    [("1", to), ("1/.result.json.partial", to), (".running", to), ("1/detector.log", to), (".running", as_pipe)],
)  # fmt: skip
def test_resuming_it_says_so_in_one_line(
    failed: Path, victim: Path, place: str, spoil: Callable[[Path, Path], object]
) -> None:
    shutil.copytree(failed / "theirs", "theirs")
    spoil(Path("theirs", place), victim if place == "1" else victim / "notes")
    before = content(victim)
    code, out, err = ended("resume", "folder=theirs", "failed=true", TOY[-1])
    assert (code, out, len(err.splitlines())) == (2, "", 1), err
    assert f"theirs cannot be continued: theirs/{place} is a link" in err
    again = ("run", "--multirun", *TOY, *QUIET, "detector=toy_longest,toy_raising", "hydra.sweep.dir=theirs")
    code, out, again_err = ended(*again)
    assert (code, out, again_err) == (2, "", err)
    assert content(victim) == before


def test_a_killed_run_that_is_a_link_stays(victim: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.runs.run_folder.has_ended", lambda _: True)
    (victim / "result.json").unlink()
    day = Path("runs/2030-01-01")
    day.mkdir(parents=True)
    (day / "00-00-00-000000").symlink_to(victim)
    before = content(victim)
    clear_abandoned(Path("runs"))
    assert (victim / RUNNING).exists()
    assert content(victim) == before


def test_what_is_written_aside_goes_through_no_link(victim: Path) -> None:
    before = content(victim)
    for name in ("a.txt", "a.png", "a.svg", "alerts.parquet"):
        Path(f".{name}.partial").symlink_to(victim / "notes")
    write_whole(Path("a.txt"), "theirs")
    for name in ("a.png", "a.svg"):
        save(Figure(), Path(name))
    list(_written(ALERTS, ALERTS.arrow.empty_table(), Path()))
    assert content(victim) == before
    assert not any(path.is_symlink() for path in Path().iterdir())


def test_products_that_are_a_link_are_replaced_where_it_leads(victim: Path) -> None:
    Path("out").symlink_to(victim)
    with written_aside(Path("out"), ["alerts.csv"]) as new:
        (new / "manifest.json").write_text("new")
    assert Path("out").is_symlink()
    left = content(victim)
    assert (left["notes"], left["manifest.json"], "alerts.csv" in left) == (MINE, "new", False)
    assert {path.name for path in victim.parent.iterdir()} == {"victim", "work"}


def test_a_store_of_worlds_keeps_what_is_not_its_own(victim: Path) -> None:
    world = ToyWorld(ToySettings(), {})
    name = fingerprint_of(world)
    before = content(victim)
    for kept in (".mine.making", f"{name}.damaged"):
        Path("worlds", kept).mkdir(parents=True)
        Path("worlds", kept, "notes").write_text(MINE)
    remove_unfinished(Path("worlds"))
    folder = find_or_make(world, Path("worlds"), 1, silent).folder
    for number in ("-2", "-3"):
        (folder / "manifest.json").write_text("{}")
        with pytest.raises(UserError, match=rf"was moved to worlds/{name}\.damaged{number}"):
            find_or_make(world, Path("worlds"), 1, silent)
        find_or_make(world, Path("worlds"), 1, silent)
    assert Path("worlds/.mine.making/notes").read_text() == Path(f"worlds/{name}.damaged/notes").read_text() == MINE
    shutil.rmtree(folder)
    Path(f"worlds/.{name}.making").symlink_to(victim)
    with pytest.raises(UserError, match=r"store\.worlds must be a folder that can be written"):
        find_or_make(world, Path("worlds"), 1, silent)
    assert content(victim) == before


def test_a_lock_that_is_a_link_is_not_written_through(victim: Path) -> None:
    world = ToyWorld(ToySettings(), {})
    Path("worlds").mkdir()
    Path(f"worlds/.{fingerprint_of(world)}.lock").symlink_to(victim / "notes")
    before = content(victim)
    with pytest.raises(UserError, match="cannot be taken"):
        find_or_make(world, Path("worlds"), 1, silent)
    assert content(victim) == before
