"""The command `cdrbench`: its subcommands, what each says of itself, and `cdrbench settings`.

Covers every subcommand of conf/commands.yaml (its help, its named settings and defaults, its examples where Hydra reads
them) and every setting of a run with a class behind it.
"""

import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from hydra import compose
from omegaconf import OmegaConf
from programs import ended

from bench.commands import program
from bench.commands.explain_settings import page, settings_below
from bench.commands.setting_page import described
from bench.config.composition import register
from bench.config.help_pages import help_page
from bench.config.hydra_patches import initialised
from bench.version import __version__

COMMANDS = program.commands()
HYDRA = {"run": "config", **{name: name for name in COMMANDS if (Path("conf") / f"{name}.yaml").is_file()}}
NEEDED = {
    "generate": ["out=x"],
    "score": ["run=x", "generator.path=x"],
    "save": ["run=x", "out=x"],
    "explain": ["run=x", "incident=1"],
    "resume": ["folder=x"],
    "reveal": ["run=x", "generator.path=x"],
}


def called(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[object, str, str]:
    monkeypatch.setattr("sys.argv", ["cdrbench", *arguments])
    with pytest.raises(SystemExit) as ended:
        program.main()
    captured = capsys.readouterr()
    return ended.value.code, captured.out, captured.err


def test_help_fits_a_screen_and_lists_every_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in ([], ["--help"], ["-h"]):
        code, out, err = called(monkeypatch, capsys, *arguments)
        assert (code, err) == (0, "")
        lines = out.splitlines()
        assert len(lines) <= 24
        assert max(map(len, lines)) <= 120
        assert [line.split()[0] for line in lines if line.startswith("  ")] == list(COMMANDS)
    assert called(monkeypatch, capsys, "--version")[:2] == (0, f"cdrbench {__version__}\n")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_says_what_it_does(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = called(monkeypatch, capsys, name, "--help")
    assert (code, err) == (0, "")
    assert "Examples:" in out
    assert all(
        line.split()[:2] == ["cdrbench", name] for line in out.splitlines() if line.strip().startswith("cdrbench")
    )
    assert callable(import_module(COMMANDS[name]).main)


@pytest.mark.parametrize("name", HYDRA)
def test_the_settings_and_examples_of_a_help_page_are_true(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cdrbench"])
    text = help_page(name)
    register()
    with initialised():
        config = compose(HYDRA[name], NEEDED.get(name, []))
        choices = OmegaConf.to_container(
            compose(HYDRA[name], NEEDED.get(name, []), return_hydra_config=True).hydra.runtime
        )
        for key, value in re.findall(r"^    ([\w.]+)=(\S+)", text, re.MULTILINE):
            if value.isupper() or "FOLDER" in value or "FILE" in value:
                OmegaConf.select(config, key, throw_on_missing=False)
                continue
            chosen = choices["choices"].get(key)  # type: ignore[index,call-overload]
            ours = chosen or OmegaConf.select(config, key)
            assert str(ours).replace(" ", "").replace("'", "") in (value, f"{value}.0", value.capitalize()), (key, ours)
        for line in re.findall(rf"^    cdrbench {name}(.*)$", text, re.MULTILINE):
            settings = [each for each in shlex.split(line) if "=" in each and not each.startswith("-")]
            if "--config-dir" not in line and "--multirun" not in line:
                compose(HYDRA[name], [*NEEDED.get(name, []), *settings])


def test_a_misspelt_command_is_reported(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(monkeypatch, capsys, "audti") == (2, "", "cdrbench has no subcommand 'audti'; did you mean audit?\n")
    code, _, err = called(monkeypatch, capsys, "nonsense")
    assert (code, err) == (2, "cdrbench has no subcommand 'nonsense'; `cdrbench --help` lists them\n")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (("save", "run=nowhere", "out=x"), "run must be the folder of a run or of a saved detector, got nowhere\n"),
        (
            ("difficulty", "anomaly=[long_call]", "difficulties=[0,0.5,1]"),
            "anomaly must name at least one type whose difficulty has an effect, got ['long_call']\n",
        ),
        (
            ("report", "runs=nowhere"),
            "runs must be a folder of runs or sweeps, got nowhere; make a run with: python -m bench.run\n",
        ),
        (
            ("report", "out=", "runs="),
            "out must be a folder that can be written, got ''\nruns must not be empty, got ''\n",
        ),
    ],
)
def test_what_a_command_refuses_while_it_works_is_one_line(
    workplace: Path, line: tuple[str, ...], message: str
) -> None:
    """Hydra adds a line of its own about the overrides when a job raises: the harness ends the program before that."""
    assert ended(*line)[::2] == (2, message)


def test_settings_without_a_command_are_a_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in (["seed=-1"], ["run", "seed=-1"], ["--config-dir", "conf", "seed=-1"]):
        code, out, err = called(monkeypatch, capsys, *arguments)
        assert (code, out, err) == (2, "", "seed must be in [0, 4294967295], got -1\n")


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("cdrbench au", ["audit"]),
        ("cdrbench audit anomaly=ri", ["anomaly=ring"]),
        ("cdrbench detector=ifo", ["detector=iforest"]),
        ("cdrbench settings generator.num_u", ["generator.num_users"]),
        ("cdrbench settings thresh", ["threshold", "threshold."]),
        ("cdrbench settings detector=ifo", ["detector=iforest"]),
    ],
)
def test_tab_completes_commands_and_settings(line: str, among: list[str]) -> None:
    environment = {**os.environ, "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_CWORD": "1"}
    command = [sys.executable, "-m", "bench", "-sc", "query=bash"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert set(among) <= set(done.stdout.split())


def explained(*keys: str, choices: tuple[str, ...] = ()) -> list[str]:
    register()
    with initialised():
        config = compose("config", list(choices))
        return [line for key in keys for line in page(config, key)]


def test_a_setting_is_explained_by_its_dataclass() -> None:
    assert explained("threshold.alerts_per_day") == [
        "threshold.alerts_per_day",
        "  type     float",
        "  default  100.0",
        "  rule     must be above 0",
        "  what     Number of alerts that analysts can read in a day, shared by all types.",
        "  from     bench.threshold_policies.Budget",
    ]


def test_a_setting_is_explained_by_the_docstring_of_its_target() -> None:
    lines = explained("detector.model.n_neighbors", choices=("detector=lof",))
    assert lines[2] == "  default  35"
    assert "Number of nearest fitted rows" in lines[3]
    assert lines[-1] == "  from     detectors.models.neighbours.Lof"


def test_a_target_that_may_not_be_named_is_not_imported_to_be_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Python's module `this` prints when it is."""
    sys.modules.pop("this", None)
    explained("detector", choices=("detector._target_=this.Zen",))
    assert "this" not in sys.modules
    assert capsys.readouterr().out == ""


def test_a_group_is_listed_with_its_choices() -> None:
    lines = explained("threshold", choices=("threshold=quantile",))
    assert lines[0] == "threshold=NAME, one of: budget, detector, oracle, quantile"
    assert [line.split("=")[0] for line in lines[2:]] == ["threshold.policy", "threshold.share"]
    assert lines[-1].split()[0] == "threshold.share=0.01"


def test_a_setting_that_is_not_there_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        explained("generator.activty")
    assert "did you mean generator.activity" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("key", "choice"), [("anomaly.sim_box", "anomaly=sim_box"), ("generator.time_format", "generator=")]
)
def test_a_setting_that_another_choice_brings_is_explained_with_it(key: str, choice: str) -> None:
    lines = explained(key)
    assert lines[0].startswith(f"with {choice}")
    assert any(key in line for line in lines[1:])


def test_every_setting_is_explained_without_a_fault() -> None:
    register()
    with initialised():
        config = compose("config", [])
        every = list(settings_below(config))
        assert len(every) > 400
        for setting in every:
            assert described(setting)[0] == setting.key
