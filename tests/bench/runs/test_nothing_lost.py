"""Nothing of anybody's is lost: what people keep in or beside the folders of runs, sweeps and products stays.

Covers what removes files of runs, sweeps, products and saved detectors (`run_folder`, `sweep_folder`, `aside`) over
random trees, and through the command line refused runs, runs and sweeps in a folder in use, and `resume`, also of a
stranger's sweep.
"""

import json
import os
import shlex
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from programs import QUIET, TOY, ended

from bench.faults import SettingsError, UserError
from bench.host.aside import written_aside
from bench.host.identity import own_identity
from bench.runs.run_folder import (
    PLAN,
    RUNNING,
    WRITTEN,
    abandoned_sweeps,
    clear_abandoned,
    discard,
    make,
    require_unused,
)
from bench.sweeps.repeated_settings import settings_to_repeat
from bench.sweeps.sweep_folder import Plan, SweepFolder

# MLflow's own, about a loader strategy of SQLAlchemy 2.1.
pytestmark = pytest.mark.filterwarnings("ignore:The ``noload`` loader strategy:DeprecationWarning")
NAMES = [
    "notes.txt",
    "conf",
    "0",
    "1",
    "12",
    "twin",
    ".hydra",
    "my.yaml",
    ".detector-notes",
    "x.making",
    "data",
    ".x.lock",
]
PATHS = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3), max_size=12)
TREES = settings(max_examples=300, deadline=None)
MINE = b"somebody's"


def planted(folder: Path, tree: list[list[str]]) -> dict[Path, bytes]:
    """Plant somebody's files at the paths of a tree; return what is there."""
    for names in tree:
        place = folder.joinpath(*names[:-1], f"{names[-1]}.mine")
        if not any(parent.is_file() for parent in place.parents):
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(MINE)
    return held(folder)


def held(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.read_bytes() == MINE}


def written_by_a_run(folder: Path, row: bool = False) -> None:
    """Write what a run may leave: every file it ever does."""
    for name in WRITTEN:
        if row or name != "result.json":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("{}")


@TREES
@given(tree=PATHS)
def test_a_run_that_is_discarded_takes_its_own_files_only(
    tmp_path_factory: pytest.TempPathFactory, tree: list[list[str]]
) -> None:
    folder = tmp_path_factory.mktemp("run") / "day" / "time"
    make(folder)
    written_by_a_run(folder)
    before = planted(folder, tree)
    discard(folder)
    assert held(folder) == before
    assert [path for path in folder.rglob("*") if path.is_file() and path not in before] == []
    assert folder.exists() == folder.parent.exists() == bool(before)


@TREES
@given(
    tree=PATHS, named=st.booleans(), ended=st.booleans(), whose=st.sampled_from(["killed", "live", "elsewhere", "?"])
)
def test_what_a_killed_run_left_goes_with_the_next_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, tree: list[list[str]], named: bool, ended: bool, whose: str
) -> None:
    runs = tmp_path_factory.mktemp("runs")
    folder = runs / ("2026-01-02/03-04-05-000678" if named else "2026-01-02/mine")
    written_by_a_run(folder, row=ended)
    before = planted(folder, tree)
    machine = own_identity().rpartition("|")[0]
    owners = {"killed": f"{machine}|1@0.00", "live": own_identity(), "elsewhere": f"elsewhere|{machine}|1@0.00"}
    (folder / RUNNING).write_text(owners.get(whose, "{}"))
    files = {path for path in folder.rglob("*") if path.is_file()}
    clear_abandoned(runs)
    assert held(folder) == before
    left = {path for path in folder.rglob("*") if path.is_file()}
    if whose != "killed":
        assert left == files
    elif ended:
        assert left == files - {folder / RUNNING}
    else:
        assert left == set(before)
        assert folder.exists() == (bool(before) or not named)


@TREES
@given(tree=PATHS, named=st.booleans(), live=st.booleans(), done=st.booleans())
def test_a_killed_sweep_without_results_goes_with_the_next_where_the_program_named_it(
    tmp_path_factory: pytest.TempPathFactory, tree: list[list[str]], named: bool, live: bool, done: bool
) -> None:
    runs = tmp_path_factory.mktemp("runs")
    folder = runs / ("2026-01-02/03-04-05-000678" if named else "2026-01-02/mine")
    for number in ("0", "1"):
        written_by_a_run(folder / number, row=done)
    SweepFolder(folder).begin(Plan(["seed=1,2"], ["seed=1,2"], [], None))
    machine = own_identity().rpartition("|")[0]
    (folder / RUNNING).write_text(own_identity() if live else f"{machine}|1@0.00")
    before = planted(folder, tree)
    for sweep in abandoned_sweeps(runs):
        SweepFolder(sweep).tidy(new=True)
    clear_abandoned(runs)
    assert held(folder) == before
    assert (folder / PLAN).exists() == (live or done or not named)
    if named and not live and not done:
        assert folder.exists() == bool(before)


@TREES
@given(tree=PATHS)
def test_a_folder_that_was_there_stays(tmp_path_factory: pytest.TempPathFactory, tree: list[list[str]]) -> None:
    folder = tmp_path_factory.mktemp("there")
    before = planted(folder, tree)
    make(folder)
    discard(folder)
    assert folder.exists()
    assert held(folder) == before
    if before:
        with pytest.raises(SettingsError, match="must be a new folder or an empty one"):
            require_unused(folder, "hydra.run.dir")


@TREES
@given(tree=PATHS, done=st.sets(st.integers(0, 12)), failed=st.booleans())
def test_a_sweep_that_is_tidied_or_taken_up_again_keeps_what_is_not_its_own(
    tmp_path_factory: pytest.TempPathFactory, tree: list[list[str]], done: set[int], failed: bool
) -> None:
    folder = tmp_path_factory.mktemp("sweep")
    sweep = SweepFolder(folder)
    sweep.begin(Plan(["seed=1,2"], ["seed=1,2"], [], None))
    for number in (0, 1, 12):
        written_by_a_run(folder / str(number))
        if number in done:
            (folder / str(number) / "result.json").write_text(json.dumps({"status": "ERROR" if failed else "OK"}))
        (folder / f".{number}.lock").touch()
    before = planted(folder, tree)
    sweep.drop_failed()
    sweep.tidy()
    assert held(folder) == before
    assert sweep.begun
    assert sweep.ended() == (set() if failed else done & {0, 1, 12})
    assert not list(folder.glob(".[0-9]*.lock"))


@TREES
@given(tree=PATHS, fails=st.booleans())
def test_products_replace_products_only(
    tmp_path_factory: pytest.TempPathFactory, tree: list[list[str]], fails: bool
) -> None:
    out = tmp_path_factory.mktemp("products") / "out"
    with written_aside(out) as aside:
        (aside / "calls.csv").write_text("old")
        (aside / "manifest.json").write_text("old")
    before = planted(out, tree)
    try:
        with written_aside(out, ["calls.csv"]) as aside:
            (aside / "manifest.json").write_text("new")
            if fails:
                raise UserError("half-way")
    except UserError:
        pass
    assert held(out) == before
    assert (out / "manifest.json").read_text() == ("old" if fails else "new")
    assert (out / "calls.csv").exists() == fails
    assert [path.name for path in out.parent.iterdir()] == ["out"]


def test_the_list_of_what_a_run_writes_is_complete(tracked_workplace: Path) -> None:
    assert ended("run", *TOY, "detector=toy_longest", "twin=false", "hydra.run.dir=mine")[0] == 0
    assert ended("run", "--multirun", *TOY, "detector=toy_raising,toy_longest", "hydra.sweep.dir=many")[0] == 1
    for folder in (Path("mine"), Path("many/0"), Path("many/1")):
        left = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert "result.json" in left
        assert left <= set(WRITTEN)
    named = {"sweep.json", "multirun.yaml", "mlflow.json"}
    assert {path.name for path in Path("many").iterdir() if path.is_file()} == named


@pytest.mark.parametrize("fault", ["detector.pwer=2", "generator.days=1", "detector=toy_fussy"])
@pytest.mark.parametrize("place", ["mine", "."])
def test_a_refused_run_in_a_folder_in_use_loses_nothing(workplace: Path, fault: str, place: str) -> None:
    before = planted(workplace, [["mine", "a"], ["mine", ".hydra", "b"], ["runs", "c"], ["conf", "d"]])
    code, _, err = ended("run", *TOY, fault, "detector=toy_longest", f"hydra.run.dir={place}", "tracking=none")
    assert code == 2
    assert "Traceback" not in err
    assert held(workplace) == before


def test_a_folder_in_use_is_refused_for_a_run_and_for_a_sweep(workplace: Path) -> None:
    before = planted(workplace, [["mine", "0", "a"], ["mine", "b"]])
    for setting, how in (("hydra.run.dir", ()), ("hydra.sweep.dir", ("--multirun",))):
        code, out, err = ended("run", *how, *TOY, *QUIET, "detector=toy_longest", f"{setting}=mine")
        assert (code, out) == (2, "")
        assert err == f"{setting} must be a new folder or an empty one, got 'mine'\n"
    assert held(workplace) == before


def test_a_refused_run_leaves_an_empty_folder_and_no_new_one(workplace: Path) -> None:
    Path("mine").mkdir()
    for place in ("mine", "theirs/new"):
        assert ended("run", *TOY, *QUIET, "detector=toy_longest", "generator.days=1", f"hydra.run.dir={place}")[0] == 2
    assert list(Path("mine").iterdir()) == []
    assert not Path("theirs").exists()


HOSTILE = [
    {"settings": ["hydra.sweep.subdir=../victim"]},
    {"settings": ["+hydra.callbacks.x._target_=os.system"]},
    {"settings": ["hydra/launcher=basic"]},
    {"settings": ["--config-dir=/tmp"]},
    {"settings": ["--cfg"]},
    {"settings": ["store.worlds=../victim"]},
    {"settings": ["store.runs=/victim"]},
    {"settings": ["tracking.uri=sqlite:////victim.db"]},
    {"settings": ["tracking.uri=http://example.org"]},
    {"settings": ["store={worlds: /victim}"]},
    {"settings": ["store.worlds=worlds,/victim"]},
    {"settings": ["store.runs=${oc.env:HOME}/victim"]},
    {"settings": ["tracking={uri: 'http://example.org'}"]},
    {"settings": ["tracking.uri=sqlite:///mine.db"]},
    {"settings": ["generator={key_file: /victim/key}"]},
    {"settings": ["trusted_packages=[psutil]"]},
    {"settings": ["+trusted_packages=[psutil]", "limits.confined=false"]},
    {"settings": ["limits.confined=false"]},
    {"settings": ["limits={seconds: 3, confined: false}"]},
    {"settings": ["limits.confined=true,false"]},
    {"settings": ["report.terminal=null,os.system"]},
    {"settings": ["report={terminal: reports.run.terminal.show}"]},
    {"settings": ["export=generators.tables.export.write"]},
    {"settings": ["detector._target_=psutil.Popen"]},
    {"settings": ["detector.model={_target_: psutil.Popen, args: [touch, victim]}"]},
    {"settings": ["detector.members=[{_target_: psutil.Popen}]"]},
    {"settings": ["detector._target_=choice(psutil.Popen,detectors.calls.rules.FourRules)"]},
    {"settings": ["detector._target_=${name}", "name=psutil.Popen"]},
    {"settings": ["detector=../../../../victim/leaf"]},
    {"settings": ["anomaly=[../../victim/leaf]"]},
    {"settings": ["+detector@store=iforest"]},
    {"settings": ["detector=glob(*)"]},
    {"settings": ["~store.worlds"]},
    {"config_dir": "mine"},
    {"launcher": ["hydra.launcher.n_jobs=1 seed=3"]},
    {"launcher": ["hydra.sweep.subdir=../victim"]},
    {"config_dir": "/victim"},
    {"settings": "seed=1"},
    {"settings": [1]},
    {"more": 1},
    {"format": 1},
]


@pytest.mark.parametrize("change", HOSTILE, ids=str)
def test_the_plan_of_a_stranger_is_data(workplace: Path, change: dict[str, object]) -> None:
    (workplace / "work").mkdir()
    before = planted(workplace, [["victim", "0", "a"], ["victim", "b"]])
    os.chdir("work")
    folder = SweepFolder(Path("theirs"))
    folder.path.mkdir()
    folder.begin(Plan(["seed=1,2"], ["seed=1,2"], [], None))
    plan = json.loads((folder.path / PLAN).read_text())
    (folder.path / PLAN).write_text(json.dumps(plan | change))
    code, out, err = ended("resume", "folder=theirs")
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "theirs" in err
    assert held(workplace) == before
    assert [path.name for path in folder.path.iterdir()] == [PLAN]


def test_what_a_plan_may_not_decide_is_given_again_as_the_message_says(workplace: Path) -> None:
    sweep = ("run", "--multirun", *TOY, *QUIET, "detector=toy_longest,toy_raising", "hydra.sweep.dir=many")
    code, out, _ = ended(*sweep, "store.worlds=other")
    assert code == 1
    (hint,) = [line for line in out.splitlines() if line.startswith("to run these again: ")]
    before = Path("many/1/result.json").stat().st_mtime_ns
    code, out, err = ended("resume", "folder=many", "failed=true", "store.worlds=other")
    assert (code, out) == (2, "")
    begin = f"{TOY[-1]} must be given again, since the plan in many may be somebody else's: cdrbench resume "
    assert err.startswith(begin)
    assert Path("many/1/result.json").stat().st_mtime_ns == before
    for command, again in ((hint.removeprefix("to run these again: "), True), (err.removeprefix(begin), False)):
        said = shlex.split(command)
        assert ended("resume", *said[said.index("folder=many") :])[0] == 1
        assert (Path("many/1/result.json").stat().st_mtime_ns != before) == again
        before = Path("many/1/result.json").stat().st_mtime_ns
    code, _, err = ended("resume", "folder=many", *said[said.index("folder=many") + 1 :], "limits.confined=false")
    assert (code, err) == (2, "'limits.confined=false' is not in the plan of many, which stays as it is\n")


@pytest.mark.parametrize(
    "setting",
    ["seed=1,2", "detector=iforest,random", "anomaly=[ring,irsf]", "tracking=none", "report.terminal=null",
     "limits={seconds: 6}", "limits.confined=true", "name='my run'", "generator/network=default", "suite=core",
     "detector.model._target_=pyod.models.lof.LOF,pyod.models.ecod.ECOD", "detector.path=/a/b.csv",
     "detector.fit_rows=range(1,4)", "generator.anomaly_ratio=interval(0,0.1)"],
)  # fmt: skip
def test_what_calls_and_writes_nothing_new_need_not_be_given_again(setting: str) -> None:
    assert settings_to_repeat([setting]) == []


def test_a_sweep_keeps_what_people_put_into_it(workplace: Path) -> None:
    sweep = ("run", "--multirun", *TOY, *QUIET, "detector=toy_longest,toy_raising", "hydra.sweep.dir=runs/sweep")
    assert ended(*sweep)[0] == 1
    before = planted(workplace, [["runs", "sweep", "notes"], ["runs", "sweep", "1", "a"], ["runs", "sweep", "x", "b"]])
    assert ended("resume", "folder=runs/sweep", "failed=true", TOY[-1])[0] == 1
    assert held(workplace) == before
    code, _, err = ended(*sweep[:-1], "hydra.sweep.dir=runs/new", "hydra.sweep.subdir=../../x")
    assert (code, err) == (2, "hydra.sweep.subdir cannot be set: the folder of each job is its number\n")
