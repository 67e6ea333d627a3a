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
from bench import run
from bench.config import composition, hydra_patches

ALWAYS = {"random", "constant", "volume", "rules", "oracle"}
FILES = sorted(path for path in Path(conf.__path__[0]).glob("suite/*.yaml"))
FROZEN = {
    "core-1": "c2125045b5a57785",
    "core-2": "ca7c8981f20a39c8",
    "core-3": "656f8b09dc365413",
    "core-4": "032e37042c227d74",
    "smoke-1": "cf96889e2c084137",
}
"""What each version was when it came out, from core-4 and smoke-1 on with the mixes that it names: a suite that has to
change, or whose mixes do, gets a new version."""
BEST_ON_A_TYPE = {
    *("incoming_flood", "failover", "usual_server", "odd_hour", "talk_time", "one_sided_tie", "newcomer", "at_once"),
}
"""Detectors that win types in docs/reference/detectors.md."""


def content(path: Path) -> dict[str, Any]:
    suite: dict[str, Any] = yaml.safe_load(path.read_text())
    return suite


def mixes(suite: dict[str, Any]) -> dict[str, Any]:
    """Return the contents of the mixes of anomalies that a suite names, which are a part of it."""
    named = {str(each["override /anomaly"]) for each in suite["defaults"] if "override /anomaly" in each}
    named |= set(filter(None, str(suite["hydra"]["sweeper"]["params"].get("anomaly", "")).split(",")))
    return {
        name: yaml.safe_load((Path(conf.__path__[0]) / f"anomaly/{name}.yaml").read_text()) for name in sorted(named)
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_suite_does_not_change_under_its_version(path: Path) -> None:
    suite = content(path)
    whole = json.dumps([suite, mixes(suite)], sort_keys=True)
    digest = blake2b(whole.encode(), digest_size=8).hexdigest()
    name = f"{suite['suite']['name']}-{suite['suite']['version']}"
    assert suite["suite"]["name"] == path.stem
    assert FROZEN[name] == digest


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_run_of_a_suite_is_sound_and_the_rows_that_are_always_there_are(path: Path) -> None:
    matrix = content(path)["hydra"]["sweeper"]["params"]
    assert set(matrix["detector"].split(",")) >= ALWAYS
    composition.register()
    with hydra_patches.initialised():
        jobs = composition.combinations([f"suite={path.stem}", *(f"{key}={value}" for key, value in matrix.items())])
        configs = [compose("config", job) for job in jobs[:: max(1, len(jobs) // 12)]]
        assert [composition.fault_lines(config) for config in configs] == [[]] * len(configs)
    assert not GlobalHydra.instance().is_initialized()


def test_detectors_that_draw_have_every_seed_and_others_one() -> None:
    matrix = content(Path(conf.__path__[0]) / "suite/core.yaml")["hydra"]["sweeper"]["params"]
    assert set(matrix["detector"].split(",")) >= BEST_ON_A_TYPE
    composition.register()
    with hydra_patches.initialised():
        line = [f"{key}={value}" for key, value in matrix.items()]
        jobs = [dict(each.split("=") for each in job) for job in composition.combinations(["suite=core", *line])]
        by_hand = composition.combinations(["detector=rules,iforest", "seed=1,2"])
    seeds: dict[str, set[str]] = {}
    for job in jobs:
        seeds.setdefault(job["detector"], set()).add(job["seed"])
    drawing = {
        "random",
        "supervised",
        "iforest",
        "pca",
        "ensemble",
        "half_space_trees",
        "graph_community",
        "unlikely_tie",
    }
    assert {name for name, its in seeds.items() if its == {"1", "2", "3"}} == drawing
    assert {name for name, its in seeds.items() if its == {"1"}} == set(seeds) - drawing
    assert len(jobs) == 9 * (len(seeds) + 2 * len(drawing)) == 459
    assert len(by_hand) == 4


def test_what_a_suite_fixes_cannot_be_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    settings = (["generator.seed=3"], ["generator.seed"])
    for given, fixed in (settings, (["threshold=oracle"], ["threshold"])):
        monkeypatch.setattr("sys.argv", ["cdrbench", "suite=smoke", *given, "name=mine"])
        with pytest.raises(SystemExit) as ended:
            run.main()
        assert ended.value.code == 2
        told = [f"{each} is fixed by suite=smoke: leave it out, or do without the suite" for each in fixed]
        assert capsys.readouterr().err.splitlines() == told
    assert not list(workplace.iterdir())
