"""What a configuration may name: each rule of `bench.config.target_check`, over names that would do harm, in every
position."""

import re
from pathlib import Path

import pytest

from bench.config.target_check import (
    FUNCTIONS,
    class_faults,
    detector_faults,
    faults_of_targets,
    is_checked_by_source,
    parameters,
    require_sound,
    target_faults,
)
from bench.faults import SettingsError


def test_parameters_are_read_from_the_source_or_from_the_thing_itself() -> None:
    assert parameters("toy_detectors.Slow") == ("note",)
    assert parameters("sklearn.ensemble.IsolationForest")[:2] == ("n_estimators", "max_samples")  # type: ignore[index]
    assert parameters("bench.result.Result") == ("asked", "status", "reason", "values", "cost", "versions")
    assert parameters("bench.worlds.store.fingerprint_of") == ("world",)
    assert parameters("builtins.dict") is None


def test_a_tree_is_walked_and_every_fault_reported() -> None:
    tree = {
        "_target_": "toy_detectors.Slow",
        "notes": 1,
        "parts": [{"_target_": "os.system"}, {"_target_": "sklearn.svm.OneClasSVM"}],
    }
    messages = [str(fault) for fault in target_faults(tree, "detector", ["toy_detectors"])]
    assert messages[0] == "detector.notes must be a parameter of toy_detectors.Slow, got 1; did you mean note?"
    assert messages[1].startswith("detector.parts must be a parameter of toy_detectors.Slow")
    assert messages[2].startswith("detector.parts[0]._target_ must be in one of the packages bench, ")
    assert messages[3].endswith("got 'sklearn.svm.OneClasSVM'; did you mean sklearn.svm.OneClassSVM?")
    assert len(messages) == 4


@pytest.mark.parametrize("path", ["bench", "bench.nothing.here", "bench.worlds.store.FORMAT", "pyod.modelz.x.Y"])
def test_a_path_that_leads_nowhere(path: str) -> None:
    assert len(list(class_faults(path, "key", [], None))) == 1


NASTY = {
    # not public
    "sklearn.utils._testing.delete_folder": "public name",
    "sklearn.utils._testing.assert_run_python_script_without_output": "public name",
    "sklearn.utils._testing.check_output": "public name",
    "sklearn.datasets._base.shutil": "public name",
    "pyod.utils._llm.LLMClient": "public name",
    "sklearn.__main__.x": "public name",
    "sklearn.ensemble._iforest.IsolationForest": "public name",
    "sklearn.externals.joblib.load": "public name",
    "sklearn.tests.test_base.MyEstimator": "public name",
    # passed on from elsewhere, as a module or by its own name
    "sklearn.utils.shutil.rmtree": "imported",
    "sklearn.datasets.os.system": "imported",
    "pyod.cli.shutil.rmtree": "imported",
    "pyod.utils.persistence.joblib.load": "imported",
    "pyod.utils.persistence.pickle": "imported",
    "pyod.utils.persistence.joblib": "imported",
    "pyod.models.iforest.Parallel": "passed on from joblib",
    "pyod.utils.persistence.NumpyUnpickler": "passed on from joblib",
    "bench.host.processes.subprocess.Popen": "imported",
    "bench.host.processes.subprocess": "imported",
    "bench.runs.run_record.Path": "passed on from pathlib",
    "detectors.checks.worlds.TemporaryDirectory": "passed on from tempfile",
    "detectors.calls.rules.np.load": "imported",
    # of another package
    "os.system": "packages",
    "subprocess.Popen": "packages",
    "joblib.load": "packages",
    "numpy.load": "packages",
    "pandas.read_pickle": "packages",
    "builtins.eval": "packages",
    "shutil.rmtree": "packages",
    "conf.SCHEMAS": "packages",
    # no class of what is asked for
    "sklearn.datasets.clear_data_home": "a class of",
    "sklearn.datasets.fetch_openml": "a class of",
    "sklearn.datasets.load_svmlight_file": "a class of",
    "sklearn.utils.Bunch": "a class of",
    "pyod.utils.persistence.load": "a class of",
    "pyod.utils.persistence.save": "a class of",
    "pyod.utils.ad_engine.ADEngine": "a class of",
    "pyod.cli.main": "a class of",
    "pyod.utils.utility.check_parameter": "a class of",
    "bench.runs.run_folder.clear": "a class of",
    "bench.worlds.store.remove_unfinished": "a class of",
    "bench.sweeps.sweep_folder.SweepFolder": "a class of",
    "bench.runs.tracking.Tracker": "a class of",
    "bench.host.launcher.Forking": "a class of",
    "generators.world.World": "a class of",
}


@pytest.mark.parametrize("path", NASTY)
@pytest.mark.parametrize("place", ["detector", "model", "member", "world", "features"])
def test_what_starts_programs_reads_pickles_or_removes_files_has_no_place(path: str, place: str) -> None:
    """In every position, by one line that says why."""
    leaf: dict[str, object] = {"_target_": path}
    table = {"_target_": "detectors.tables.tabular.Tabular", "model": leaf}
    whole: dict[str, dict[str, object]] = {
        "detector": {"detector": leaf},
        "model": {"detector": table},
        "member": {"detector": {"_target_": "detectors.tables.ensemble.RankAverage", "members": [table]}},
        "world": {"generator": leaf},
        "features": {"audit": {"features": leaf}},
    }
    if (place, path) == ("world", "generators.world.World"):
        pytest.skip("that is its place")
    (line,) = [str(fault) for fault in faults_of_targets(whole[place])]
    assert NASTY[path] in line
    assert line.endswith(f"got {path!r}") or "did you mean" in line


@pytest.mark.parametrize("setting", [name for name in FUNCTIONS if name.startswith("report.")])
@pytest.mark.parametrize(
    "path", [*NASTY, "reports.style.Path", "detectors.calls.rules.FourRules", "reports.style.WIDTH"]
)
def test_a_report_is_a_function_of_a_room_of_plug_ins(setting: str, path: str) -> None:
    (line,) = [str(fault) for fault in faults_of_targets({"report": {setting.removeprefix("report."): path}})]
    assert line.startswith(f"{setting} must ")


def test_a_report_takes_as_many_arguments_as_it_is_given() -> None:
    assert list(faults_of_targets({"report": {"terminal": "reports.run.terminal.show"}})) == []
    (fault,) = faults_of_targets({"report": {"reasons": "reports.run.terminal.show"}})
    assert str(fault) == "report.reasons must be a function that takes 4 arguments, got 'reports.run.terminal.show'"


def test_a_room_of_the_users_own_is_trusted_with_what_it_defines_itself(toys: Path) -> None:
    """And is held to what the place asks for: a file of settings, which may be a stranger's, can name it as trusted."""
    parts = {"_target_": "toy_detectors.Longest", "power": {"_target_": "toy_detectors.Slow"}}
    assert list(target_faults(parts, "detector", ["toy_detectors"])) == []
    for path in ("toy_detectors.subprocess.Popen", "toy_detectors.Path", "toy_detectors.UserError"):
        (fault,) = target_faults({**parts, "power": {"_target_": path}}, "detector", ["toy_detectors"])
        assert fault.key == "detector.power._target_"


@pytest.mark.parametrize("path", ["subprocess.Popen", "psutil.Popen", "os.system", "toy_detectors.NoDetector"])
def test_a_package_that_is_named_as_trusted_brings_models_and_detectors_only(toys: Path, path: str) -> None:
    table = {"_target_": "detectors.tables.tabular.Tabular", "model": {"_target_": path}}
    (fault,) = target_faults(table, "detector", [path.partition(".")[0]])
    assert fault.key == "detector.model._target_"


@pytest.mark.parametrize("text", ["${oc.env:HOME}", "a ${oc.create:'{_target_: os.system}'}"])
def test_nothing_is_left_to_be_filled_in_where_the_detector_is_made(text: str) -> None:
    tree = {"_target_": "detectors.tables.tabular.Tabular", "features": [{"x": text}]}
    (fault,) = target_faults(tree, "detector", [])
    assert str(fault).startswith("detector.features[0].x must be a value, with nothing in it to be filled in later")


def test_no_folder_of_pickles_is_named() -> None:
    model = {"_target_": "sklearn.pipeline.Pipeline", "steps": [], "memory": "theirs"}
    (fault,) = target_faults({"_target_": "detectors.tables.tabular.Tabular", "model": model}, "detector", [])
    assert str(fault) == "detector.model.memory must be null: what is kept there would be unpickled, got 'theirs'"


@pytest.mark.parametrize("path", [
    "pyod.models.lof.LOF", "pyod.models.suod.SUOD", "sklearn.ensemble.IsolationForest", "sklearn.svm.OneClassSVM",
    "sklearn.neighbors.LocalOutlierFactor", "sklearn.mixture.GaussianMixture", "sklearn.pipeline.Pipeline",
    "sklearn.pipeline.make_pipeline", "sklearn.preprocessing.StandardScaler", "sklearn.covariance.EllipticEnvelope",
    "sklearn.cluster.DBSCAN", "sklearn.compose.ColumnTransformer", "detectors.models.tails.Ecod",
])  # fmt: skip
def test_models_by_their_public_names_are_taken(path: str) -> None:
    assert (
        list(target_faults({"_target_": "detectors.tables.tabular.Tabular", "model": {"_target_": path}}, "d", []))
        == []
    )


MINE = """
import subprocess
import subprocess as processes
from pathlib import Path
from mine_base import Above, Pool

Path("ran").touch()

class Whole(Above):
    level = causal = None
    def fit(self, dataset): ...
    def score(self, dataset): ...

def grown(kind):
    return kind

@grown
class Decorated(Above):
    def __init__(self, power=1): ...
    def fit(self, dataset): ...
    def score(self, dataset): ...

Later = type("Later", (), {})

class Part: ...

class Started(subprocess.Popen):
    def fit(self, X): ...
    def decision_function(self, X): ...

class Renamed(processes.Popen):
    def fit(self, X): ...
    def decision_function(self, X): ...

class Passed(Pool): ...

class Model:
    def fit(self, X): ...
    def decision_function(self, X): ...

Alias = subprocess.Popen
"""


POOL = """
from psutil import Popen as Above2
class Pool(Above2):
    def fit(self, X): ...
    def predict(self, X): ...
"""


@pytest.fixture
def mine(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("mine.py").write_text(MINE)
    Path("mine_base.py").write_text(
        "class Above:\n    def __init__(self, power=1): ...\n    level = causal = 0\n" + POOL
    )
    monkeypatch.syspath_prepend(workplace)


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("name", "setting", "faults", "by_source"),
    [
        ("Whole", "power", 0, True),
        ("Whole", "powr", 1, True),
        ("Wole", "power", 1, True),
        ("Decorated", "powr", 0, False),
        ("Later", "power", 0, False),
    ],
)
def test_a_detectors_module_is_not_run_to_look_at_it(name: str, setting: str, faults: int, by_source: bool) -> None:
    tree = {"_target_": f"mine.{name}", setting: 2}
    found = [str(fault) for fault in detector_faults(tree, ["mine"])]
    assert (len(found), is_checked_by_source(tree, ["mine"])) == (faults, by_source)
    assert not Path("ran").exists()
    if (name, setting) != ("Whole", "power"):
        with pytest.raises(SettingsError, match=r"did you mean|be a class of detectors"):
            require_sound(tree, ["mine"])


@pytest.mark.usefixtures("mine")
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("mine.Part", "be a class of models or detectors, with fit and one of "),
        ("mine.Started", "not be built on subprocess.Popen, whatever is trusted"),
        ("mine.Renamed", "not be built on subprocess.Popen, whatever is trusted"),
        ("mine.Passed", "not be built on psutil.Popen, whatever is trusted"),
        ("mine.Alias", "not passed on from subprocess"),
        ("psutil.Popen", "be in one of the packages "),
        ("subprocess.Popen", "be in one of the packages "),
        ("joblib.Parallel", "be in one of the packages "),
    ],
)
@pytest.mark.parametrize("outer", ["detectors.tables.tabular.Tabular", "mine.Whole"])
def test_a_model_is_one_and_starts_no_program_whatever_is_trusted(path: str, message: str, outer: str) -> None:
    tree = {"_target_": outer, "power" if outer == "mine.Whole" else "model": {"_target_": path}}
    with pytest.raises(SettingsError, match=re.escape(message)):
        require_sound(tree, ["mine", "psutil", "joblib", "subprocess"] if path != "mine.Alias" else ["mine"])


@pytest.mark.usefixtures("mine")
def test_a_model_of_an_installed_plug_in_is_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's configuration names any class of it: one that sends or removes something is no model."""
    monkeypatch.setattr("bench.config.target_check.plugged_packages", lambda: ("mine",))
    tree = {"_target_": "detectors.tables.tabular.Tabular", "model": {"_target_": "mine.Part"}}
    with pytest.raises(SettingsError, match="be a class of models or detectors, with fit and one of "):
        require_sound(tree, [])


@pytest.mark.usefixtures("mine")
def test_a_model_of_ones_own_is_taken_without_running_it() -> None:
    tree = {"_target_": "detectors.tables.tabular.Tabular", "model": {"_target_": "mine.Model"}}
    assert detector_faults(tree, ["mine"]) == []
    assert is_checked_by_source(tree, ["mine"])
    assert not Path("ran").exists()
