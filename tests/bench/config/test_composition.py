"""The command line: every fault is one clear message and code 2, before anything is done."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from hydra import compose
from hydra.core.global_hydra import GlobalHydra
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf

from bench import run
from bench.config import composition, hydra_patches, lookup
from bench.config.composition import options_first
from bench.config.help_pages import help_page

HEAVY = ("mlflow", "pandas", "polars", "sklearn", "pyod", "matplotlib", "numba", "pyarrow")


def refusal_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *overrides: str) -> list[str]:
    """Start a run that must be refused; return the lines of its message."""
    monkeypatch.setenv("HYDRA_FULL_ERROR", "0")
    monkeypatch.setattr("sys.argv", ["cdrbench", *overrides])
    with pytest.raises(SystemExit) as ended:
        run.main()
    captured = capsys.readouterr()
    assert ended.value.code == 2
    assert captured.out == ""
    assert not GlobalHydra.instance().is_initialized()
    return captured.err.splitlines()


CASES = {
    "generator.anomaly_ratio=1.5": "generator.anomaly_ratio must be in [0, 0.5], got 1.5",
    "generator/region=dehli": "generator/region must be one of delhi, neutral, square_20km, got 'dehli'; "
    "did you mean delhi?",
    "generator.region=delhi": "generator.region must be chosen by generator/region=..., got 'delhi'",
    "generator.activity=3": (
        "generator.activity must be set part by part, as generator.activity.calls_per_day=..., got 3"
    ),
    "generator.call_patterns.social.hourly=[1,2]": (
        "generator.call_patterns.social.hourly must be 24 weights, none negative, not all zero, got [1.0, 2.0]"
    ),
    "generator.anomaly_rato=0.05": "generator.anomaly_rato is not a setting; did you mean generator.anomaly_ratio?",
    "+generator.anomaly_rato=0.05": "generator.anomaly_rato is not a setting; did you mean generator.anomaly_ratio?",
    "anomaly_ratio=0.05": "anomaly_ratio is not a setting; did you mean generator.anomaly_ratio?",
    "anomaly.short_call.difficult=1": "anomaly.short_call.difficult is not a setting; "
    "did you mean anomaly.short_call.difficulty?",
    "anomaly.short_cal.share=2": "anomaly.short_cal is not a setting; did you mean anomaly.short_call?",
    "anomaly.x.share=2": "anomaly.x is not a setting; no such type",
    "anomaly.ring.share=2": "anomaly.ring.share is about a type that is not chosen; "
    "to choose it: anomaly=[short_call,long_call,off_hour_call,burst_call,ring]",
    "+anomaly.ring.share=2": "anomaly.ring must be chosen: anomaly=[...,ring]",
    "hydra.launcher.n_jobs=many": "Error merging override hydra.launcher.n_jobs=many "
    "Value 'many' of type 'str' could not be converted to Integer",
    "generator.num_users=0": "generator.num_users must be in [1, 10000000], got 0",
    "generator.num_users=abc": "generator.num_users must be a whole number, got 'abc'",
    "generator.num_users=1.5": "generator.num_users must be a whole number, got 1.5",
    "generator.num_users=": "generator.num_users must be a whole number, got ''",
    "store.worlds=null": "store.worlds must be text, got null",
    "nothing=1": "nothing is not a setting; `--cfg job` shows all",
    "detecter=iforest": "detecter is not a setting; did you mean detector?",
    "generator.user_types.business.durations.family=gauss": "generator.user_types.business.durations.family "
    "must be one of lognormal, normal, exponential, got 'gauss'",
    "generator=[1": "'generator=[1' cannot be read as setting=value (no viable alternative at input '[1'); "
    "check its brackets and quotes",
    "tracking.uri=nonsense": "tracking.uri must be a store such as sqlite:///FILE, postgresql://... or "
    "http://HOST:PORT; tracking=none for no store, got 'nonsense'",
    "generator.calendar.events.derby.factor=3": "generator.calendar.events.derby is not there yet; to add it: "
    "'+generator.calendar.events={derby: {date: ..., from_h: ..., to_h: ..., factor: ...}}'",
    "+generator.calendar.events.derby={factor: 3}": "generator.calendar.events.derby is not there yet; to add it: "
    "'+generator.calendar.events={derby: {date: ..., from_h: ..., to_h: ..., factor: ...}}'",
    "+generator.calendar.events={derby: {factr: 3}}": "generator.calendar.events must be of the form "
    "{NAME: {date: ..., from_h: ..., to_h: ..., factor: ...}}, got {'derby': {'factr': 3}}",
    "=3": "'=3' cannot be read as setting=value: it names no setting",
    "+=3": "'+=3' cannot be read as setting=value: it names no setting",
    "seed=1,2": "several values for one setting need --multirun",
    "detector.model.n_estimatrs=3": "detector.model.n_estimatrs must be a parameter of "
    "sklearn.ensemble.IsolationForest, got 3; did you mean n_estimators?",
}


@pytest.mark.parametrize("override", CASES)
def test_a_fault_is_one_line_that_names_key_rule_value_and_nearest(
    override: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    assert refusal_lines(capsys, monkeypatch, override) == [CASES[override]]
    assert not list(workplace.iterdir())


def test_a_wrong_choice_lists_the_choices_and_the_nearest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    (line,) = refusal_lines(capsys, monkeypatch, "detector=iforst")
    assert line.startswith("detector must be one of ")
    assert line.endswith("got 'iforst'; did you mean iforest?")
    (line,) = refusal_lines(capsys, monkeypatch, "anomaly=[short_call,burst_cal]")
    assert line.endswith("got 'burst_cal'; did you mean burst_call?")


def test_all_faults_are_told_at_once(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    overrides = ("generator.num_users=abc", "generator.dayz=3", "seed=-1", "threshold=bugdet", "limits.seconds=0")
    lines = refusal_lines(capsys, monkeypatch, *overrides)
    assert len(lines) == 5
    assert {line.split()[0] for line in lines} == {each.split("=")[0] for each in overrides}


def test_a_member_of_a_mapping_is_added_as_the_message_says() -> None:
    composition.register()
    with hydra_patches.initialised():
        derby = 'derby: {date: "2024-01-10", from_h: 20, to_h: 22, factor: 3}'
        config = compose("config", [f"+generator.calendar.events={{{derby}}}"])
        assert composition.fault_lines(config) == []
        assert set(config.generator.calendar.events) == {"new_year", "final", "derby"}


@pytest.mark.parametrize("uri", ["sqlite:///a.db", "http://127.0.0.1:9", "mysql+pymysql://host/runs", "null"])
def test_a_store_of_a_known_kind_is_not_refused(uri: str) -> None:
    composition.register()
    with hydra_patches.initialised():
        assert composition.fault_lines(compose("config", [f"tracking.uri={uri}"])) == []


PYOD = ("detector=pyod", "detector.model._target_=pyod.models.lof.LOF")
"""A model by its dotted path."""


def test_a_parameter_that_the_model_has_can_be_given() -> None:
    composition.register()
    with hydra_patches.initialised():
        for overrides in (("detector.model.bootstrap=true",), (*PYOD, "detector.model.n_neighbors=35")):
            config = compose("config", list(overrides))
            assert composition.fault_lines(config) == []
            key, _, value = overrides[-1].partition("=")
            assert str(OmegaConf.select(config, key)).lower() == value


def test_a_parameter_that_the_model_lacks_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    lines = refusal_lines(capsys, monkeypatch, *PYOD, "detector.model.n_neighbours=35", "detector.featurs=[gap]")
    assert sorted(lines) == [
        "detector.featurs must be a parameter of detectors.tables.tabular.Tabular, got ['gap']; did you mean features?",
        "detector.model.n_neighbours must be a parameter of pyod.models.lof.LOF, got 35; did you mean n_neighbors?",
    ]


def test_a_model_that_is_left_open_must_be_given(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    expected = ["detector.model._target_ must be given: detector.model._target_=..."]
    assert refusal_lines(capsys, monkeypatch, "detector=sklearn") == expected


def test_a_model_whose_package_is_not_there_names_the_extra(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    monkeypatch.setattr(lookup, "find_spec", lambda name: None if name == "torch" else find_spec(name))
    path = "pyod.models.auto_encoder.AutoEncoder"
    assert refusal_lines(capsys, monkeypatch, "detector=pyod", f"detector.model._target_={path}") == [
        f"detector.model._target_ must have torch, which is not installed (pip install 'cdrbench[torch]'), got '{path}'"
    ]


@pytest.mark.parametrize("target", ["os.system", "subprocess.run", "builtins.eval", "pyodd.models.iforest.IForest"])
def test_only_trusted_packages_may_be_named(
    target: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    lines = refusal_lines(capsys, monkeypatch, f"detector.model._target_={target}")
    assert len(lines) == 1
    assert lines[0].startswith("detector.model._target_ must be in one of the packages bench, ")
    assert lines[0].endswith(f"got {target!r}")


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("options", [["--config-dir", "mine"], ["--config-dir=mine"], ["-cd", "mine"]])
def test_options_may_stand_anywhere_among_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path, options: list[str], place: int
) -> None:
    (workplace / "mine/detector").mkdir(parents=True)
    (workplace / "mine/detector/own.yaml").write_text("defaults: [iforest]\nmodel: {n_estimators: 17}\n")
    settings = ["detector=own", "seed=-1"]
    lines = refusal_lines(capsys, monkeypatch, *settings[:place], *options, *settings[place:])
    assert lines == ["seed must be in [0, 4294967295], got -1"]


@given(
    st.lists(st.sampled_from(["-m", "--cfg=job", "--resolve", "seed=1", "~detector", "+a.b=c", "x=--cfg"]), max_size=8)
)
def test_options_come_first_and_everything_else_keeps_its_order(arguments: list[str]) -> None:
    sorted_by_kind = sorted(arguments, key=lambda each: not each.startswith("-"))
    assert options_first(arguments) == sorted_by_kind


def test_an_option_without_its_value_takes_no_setting_for_it() -> None:
    assert options_first(["--config-dir", "-m"]) == ["--config-dir", "-m"]
    assert options_first(["seed=1", "-m", "--config-dir"]) == ["-m", "seed=1", "--config-dir"]
    assert options_first(["--info", "seed=1"]) == ["seed=1", "--info"]
    assert options_first(["seed=1", "--info", "defaults"]) == ["--info", "defaults", "seed=1"]


def test_output_that_nobody_reads_is_no_fault(workplace: Path) -> None:
    command = f"{sys.executable} -m bench.run --help | head -c 1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (ended.returncode in (0, 141), ended.stderr) == (True, "")


HOOKS = {
    "+hydra.callbacks.mine={_target_: os.mkdir, name: hacked}": "hydra.callbacks.mine._target_ must be one of bench.",
    "hydra.callbacks.preflight._target_=os.mkdir": "hydra.callbacks.preflight._target_ must be one of bench.",
    "hydra.launcher._target_=os.mkdir": "hydra.launcher._target_ must be one of bench.",
    "hydra.sweeper._target_=os.mkdir": "hydra.sweeper._target_ must be one of bench.",
    "+hydra.job_logging.handlers.mine={class: os.mkdir}": "hydra.job_logging.handlers.mine.class must be left out",
    "+hydra.job_logging.handlers.mine={class: logging.FileHandler, filename: notes, mode: w}": (
        "hydra.job_logging.handlers.mine.class must be left out: a class is given as class, and is one of logging.Str"
    ),
    "+hydra.hydra_logging.handlers.x={class: logging.StreamHandler, stream: '${hydra.job.name}'}": (
        "hydra.hydra_logging.handlers.x.stream must be a value, with nothing in it to be filled in later"
    ),
    "+hydra.job.env_set.LD_PRELOAD=theirs.so": "hydra.job.env_set must be left out: set variables in the shell",
    "+hydra.hydra_logging.x=ext://os.mkdir": "hydra.hydra_logging.x must be one of ext://sys.stdout",
}


@pytest.mark.parametrize("mode", [(), ("--multirun",), ("--cfg", "job")])
@pytest.mark.parametrize("override", HOOKS)
def test_nothing_of_anybody_elses_is_called_by_hydra(
    override: str, mode: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    workplace: Path,
) -> None:  # fmt: skip
    """It calls callbacks and handlers of logs before any setting is checked."""
    (line,) = refusal_lines(capsys, monkeypatch, *mode, override)
    assert line.startswith(HOOKS[override])
    assert not list(workplace.iterdir())


@pytest.mark.parametrize(("hook", "line"), [
    ("{callbacks: {x: {_target_: os.mkdir, path: hacked}}}", "hydra.callbacks.x._target_ must be one of "),
    ('{job_logging: {formatters: {x: {"()": os.mkdir, path: hacked}}}}', "hydra.job_logging.formatters.x.() must be "),
])  # fmt: skip
def test_a_file_of_settings_that_brings_a_hook_is_refused(
    hook: str, line: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path,
) -> None:  # fmt: skip
    leaf = workplace / "theirs" / "suite" / "nice.yaml"
    leaf.parent.mkdir(parents=True)
    leaf.write_text(f"# @package _global_\nhydra: {hook}\n")
    (message,) = refusal_lines(capsys, monkeypatch, "--config-dir", "theirs", "suite=nice")
    assert message.startswith(line)
    assert [path.name for path in workplace.iterdir()] == ["theirs"]


@pytest.mark.parametrize("more", ["", "hydra: {overrides: {task: ['trusted_packages=[theirs]']}}\n"])
def test_a_file_of_settings_trusts_nothing(
    more: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    """A package beside it would be run with all rights, as what makes the figures of a run."""
    monkeypatch.syspath_prepend(workplace)
    Path("theirs.py").write_text("open('ran', 'w')\ndef show(outcome, folder): pass\n")
    leaf = workplace / "mine" / "suite" / "nice.yaml"
    leaf.parent.mkdir(parents=True)
    leaf.write_text(f"# @package _global_\ntrusted_packages: [theirs]\nreport: {{run_figures: theirs.show}}\n{more}")
    (message,) = refusal_lines(capsys, monkeypatch, "--config-dir", "mine", "suite=nice")
    assert message.startswith("trusted_packages must be given on the command line: a file of settings may be somebody")
    assert not Path("ran").exists()
    lines = refusal_lines(
        capsys, monkeypatch, "--config-dir", "mine", "suite=nice", "trusted_packages=[theirs]", "seed=-1"
    )
    assert lines == ["seed must be in [0, 4294967295], got -1"]


@pytest.mark.parametrize("how", [["--config-dir", "mine"], ["hydra.searchpath=[file://mine]"]])
@pytest.mark.parametrize("leaf", ["detector/iforest.yaml", "generator/region/delhi.yaml", "config.yaml"])
def test_a_file_of_ones_own_that_would_never_be_read_is_told_with_the_one_that_is(
    leaf: str, how: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    own = workplace / "mine" / leaf
    own.parent.mkdir(parents=True)
    own.write_text("_target_: detectors.reference.random.RandomScores\n")
    (own.parent / "another.yaml").write_text("_target_: detectors.reference.random.RandomScores\n")
    (line,) = refusal_lines(capsys, monkeypatch, *how, "detector=iforest")
    ours = Path(composition.__file__).parents[2] / "conf" / leaf
    assert line.endswith(f"mine/{leaf} must have another name: {ours} is read in its place")


def test_a_message_tells_a_terminal_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    (line,) = refusal_lines(
        capsys, monkeypatch, "generator=cdr_file", "generator.path='\x1b[2Jmine.csv'", "detector=volume"
    )
    assert line.startswith(r"generator.path must be files of call records (there is no file \x1b[2Jmine.csv), got ")


def test_a_sweep_is_checked_whole_before_its_first_job(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    lines = refusal_lines(
        capsys, monkeypatch, "detector=random", "--multirun", "generator.anomaly_ratio=0.1,1.5", "seed=1,-2"
    )
    assert sorted(lines) == [
        "generator.anomaly_ratio must be in [0, 0.5], got 1.5",
        "seed must be in [0, 4294967295], got -2",
    ]
    assert not list(workplace.iterdir())


def test_no_runs_at_a_time_are_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    (line,) = refusal_lines(capsys, monkeypatch, "--multirun", "seed=1,2", "hydra.launcher.n_jobs=0")
    assert line == "hydra.launcher.n_jobs must be how many runs go on at a time, or -1 for one a processor, got 0"


def test_a_sweep_over_a_misspelt_detector_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    (line,) = refusal_lines(capsys, monkeypatch, "--multirun", "detector=random,iforst")
    assert line.endswith("got 'iforst'; did you mean iforest?")


def test_combinations_of_a_sweep() -> None:
    composition.register()
    with hydra_patches.initialised():
        found = composition.combinations(["seed=1,2", "detector=random", "generator.seed=range(3)"])
    assert len(found) == 6
    assert ["seed=2", "detector=random", "generator.seed=0"] in found


def answered(*arguments: str, **environment: str) -> list[str]:
    """Start the program with arguments that make it answer and end; return the lines of its answer."""
    printing_modules = (
        "import sys; from bench.run import main\ntry: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    process = subprocess.run(
        [sys.executable, "-c", printing_modules, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not set(HEAVY) & set(process.stderr.split())
    return process.stdout.splitlines()


def test_help_and_settings_import_nothing_heavy(workplace: Path) -> None:
    assert any(line.strip().startswith("detector=iforest ") for line in answered("--help"))
    assert "detector:" in answered("--cfg", "job")
    assert not list(workplace.iterdir())


@pytest.mark.parametrize(("program", "name"), [("config", "run"), ("generate", "generate")])
def test_help_is_printed_before_anything_is_registered(
    program: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Hydra would compose all settings first, which takes a second."""
    monkeypatch.setattr("sys.argv", ["cdrbench", "-h", "nonsense"])
    monkeypatch.setattr(composition, "register", lambda: pytest.fail("registered"))
    composition.launch(program, print)
    assert capsys.readouterr().out == f"{help_page(name)}\n"


def test_tab_completes_choices_and_settings(workplace: Path) -> None:
    line = "cdrbench detector=if"
    assert answered("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line))) == ["detector=iforest"]
    line = "cdrbench generator.anomaly_r"
    assert answered("-sc", "query=bash", COMP_LINE=line, COMP_POINT=str(len(line))) == ["generator.anomaly_ratio="]
