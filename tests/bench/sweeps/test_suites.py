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
from bench.evaluation.compare import fewest_blocks

ALWAYS = {"random", "constant", "volume", "rules", "oracle"}
FILES = sorted(path for path in Path(conf.__path__[0]).glob("suite/*.yaml"))
FROZEN = {
    "core-1": "c2125045b5a57785",
    "core-2": "ca7c8981f20a39c8",
    "core-3": "656f8b09dc365413",
    "core-4": "032e37042c227d74",
    "core-5": "598d842a70e31b63",
    "core-6": "ceb5f5e0d76f5895",
    "smoke-1": "cf96889e2c084137",
}
"""What each version was when it came out, from core-4 and smoke-1 on with the mixes that it names: a suite that has to
change, or whose mixes do, gets a new version."""
BEST_ON_A_TYPE = {
    *("incoming_flood", "failover", "usual_server", "odd_hour", "talk_time", "one_sided_tie", "newcomer", "at_once"),
}
"""Detectors that win types in docs/reference/detectors.md."""
RANKED = 28
"""Detectors of the core suite that are ranked."""


def content(path: Path) -> dict[str, Any]:
    suite: dict[str, Any] = yaml.safe_load(path.read_text())
    return suite


def mixes(suite: dict[str, Any]) -> dict[str, Any]:
    """Return the contents of the mixes of anomalies that a suite names, and of mixes within them."""
    named = {str(each["override /anomaly"]) for each in suite["defaults"] if "override /anomaly" in each}
    named |= set(filter(None, str(suite["hydra"]["sweeper"]["params"].get("anomaly", "")).split(",")))
    found: dict[str, Any] = {}
    while named:
        name = named.pop()
        found[name] = yaml.safe_load((Path(conf.__path__[0]) / f"anomaly/{name}.yaml").read_text())
        named |= {each for each in found[name]["defaults"] if is_mix(each)} - set(found)
    return {name: found[name] for name in sorted(found)}


def is_mix(name: str) -> bool:
    """Whether an entry of a mix is a mix itself, and not a type or a part of the file."""
    path = Path(conf.__path__[0]) / f"anomaly/{name}.yaml"
    return path.exists() and not str(yaml.safe_load(path.read_text())["defaults"][0]).startswith("/schema")


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


def test_every_world_of_the_core_suite_has_all_types_and_seeds_of_its_own() -> None:
    suite = content(Path(conf.__path__[0]) / "suite/core.yaml")
    matrix = suite["hydra"]["sweeper"]["params"]
    assert set(matrix["detector"].split(",")) >= BEST_ON_A_TYPE
    assert matrix["suite.world"].split(",") == list(suite["suite"]["worlds"])
    composition.register()
    with hydra_patches.initialised():
        line = [f"{key}={value}" for key, value in matrix.items()]
        jobs = composition.combinations(["suite=core", *line])
        worlds = [
            compose("config", ["suite=core", f"suite.world={name}", "detector=iforest"])
            for name in suite["suite"]["worlds"]
        ]
    assert len(jobs) == len(worlds) * len(matrix["detector"].split(","))
    assert {len(each.anomaly) for each in worlds} == {23}
    kinds = {(each.generator.num_users, each.anomaly.ring.difficulty) for each in worlds}
    assert len(kinds) == len(worlds) >= fewest_blocks(RANKED)
    assert {each.anomaly.ring.difficulty == each.anomaly.sleeping_cell.difficulty for each in worlds} == {True}
    for seeds in ([each.generator.seed for each in worlds], [each.detector.model.random_state for each in worlds]):
        assert len(set(seeds)) == len(worlds)


def test_the_most_detectors_that_any_type_ranks() -> None:
    suite = content(Path(conf.__path__[0]) / "suite/core.yaml")
    names = set(suite["hydra"]["sweeper"]["params"]["detector"].split(","))
    assert len(names - {"constant", "oracle", "supervised"}) == RANKED


def test_in_a_suite_a_detector_that_does_not_draw_has_one_seed() -> None:
    composition.register()
    with hydra_patches.initialised():
        jobs = composition.combinations(["suite=smoke", "detector=rules,iforest", "seed=1,2"])
        by_hand = composition.combinations(["detector=rules,iforest", "seed=1,2"])
    drawn = [dict(each.split("=") for each in job) for job in jobs]
    assert [(job["detector"], job["seed"]) for job in drawn] == [("rules", "1"), ("iforest", "1"), ("iforest", "2")]
    assert len(by_hand) == 4


def test_what_a_suite_fixes_cannot_be_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, workplace: Path
) -> None:
    settings = (["generator.seed=3", "suite.world=w2", "suite.version=5"], ["generator.seed", "suite.version"])
    for given, fixed in (settings, (["threshold=oracle"], ["threshold"])):
        monkeypatch.setattr("sys.argv", ["cdrbench", "suite=smoke", *given, "name=mine"])
        with pytest.raises(SystemExit) as ended:
            run.main()
        assert ended.value.code == 2
        messages = [f"{each} is fixed by suite=smoke: leave it out, or do without the suite" for each in fixed]
        assert capsys.readouterr().err.splitlines() == messages
    assert not list(workplace.iterdir())
