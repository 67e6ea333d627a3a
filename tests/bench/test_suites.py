"""Suites: what they consist of does not change under their version."""

import json
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra import compose
from hydra.core.global_hydra import GlobalHydra

import conf
from bench import composition, run

ALWAYS = {"random", "constant", "volume", "rules", "oracle"}
FILES = sorted(path for path in Path(conf.__path__[0]).glob("suite/*.yaml"))
FROZEN = {
    "core-1": "c2125045b5a57785",
    "core-2": "ca7c8981f20a39c8",
    "core-3": "656f8b09dc365413",
    "core-4": "8af35d583e65a69a",
    "smoke-1": "88a51975e9b8c7fc",
}
"""What each version was when it came out: a suite that has to change gets a new version."""


def content(path: Path) -> dict[str, Any]:
    suite: dict[str, Any] = yaml.safe_load(path.read_text())
    return suite


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_suite_does_not_change_under_its_version(path: Path) -> None:
    suite = content(path)
    digest = blake2b(json.dumps(suite, sort_keys=True).encode(), digest_size=8).hexdigest()
    name = f"{suite['suite']['name']}-{suite['suite']['version']}"
    assert suite["suite"]["name"] == path.stem
    assert FROZEN[name] == digest


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_run_of_a_suite_is_sound_and_the_rows_that_are_always_there_are(path: Path) -> None:
    matrix = content(path)["hydra"]["sweeper"]["params"]
    assert set(matrix["detector"].split(",")) >= ALWAYS
    composition.register()
    with composition.composing():
        jobs = composition.combinations([f"suite={path.stem}", *(f"{key}={value}" for key, value in matrix.items())])
        configs = [compose("config", job) for job in jobs[:: max(1, len(jobs) // 12)]]
        assert [composition.faults_told(config) for config in configs] == [[]] * len(configs)
    assert not GlobalHydra.instance().is_initialized()


def test_what_a_suite_fixes_cannot_be_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["cdrbench", "suite=smoke", "generator.seed=3", "threshold=oracle", "name=mine"])
    with pytest.raises(SystemExit) as ended:
        run.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "generator.seed is fixed by suite=smoke: leave it out, or do without the suite",
        "threshold is fixed by suite=smoke: leave it out, or do without the suite",
    ]
    assert not list(workplace.iterdir())
