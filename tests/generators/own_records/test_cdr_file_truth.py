"""Labels of one's own records, and worlds that are exported and read back."""

import json
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from hydra.utils import instantiate
from omegaconf import OmegaConf
from own_files import GOOD, HEADER, make, read
from small_worlds import SMALL, make_world, table

from bench.config.composition import register
from bench.dataset import Dataset
from bench.evaluation.evaluate import evaluate
from bench.faults import UserError
from bench.settings import ProtocolSettings
from bench.threshold_policies import Budget
from bench.truth import Truth
from bench.worlds.protocol import applied
from generators.tables import export


def test_labels_become_incidents(tmp_path: Path) -> None:
    rows = [
        "a,b,2024-01-01T00:00Z,1,true,burst_call,i1",
        "a,c,2024-01-01T00:01Z,1,1,burst_call,i1",
        "b,c,2024-01-01T00:02Z,1,yes,long_call,",
        "b,c,2024-01-01T00:03Z,1,0,normal,",
        "b,c,2024-01-01T00:04Z,1,false,,",
    ]
    world, counts = read(
        tmp_path, "\n".join([f"{HEADER},is_anomaly,anomaly_type,incident_id", *rows]), mostly_anomalous=True
    )
    labels = Truth(world / "truth").call_labels(0, 5)
    assert labels.types == ("burst_call", "long_call")
    assert labels.type_code.tolist() == [0, 0, 1, -1, -1]
    assert labels.incident_code.tolist() == [0, 0, 1, -1, -1]
    assert table(world, "incidents")["level"].to_list() == ["user", "call"]
    assert counts["labelled"]
    assert counts["calls_by_type"] == {"burst_call": 2, "long_call": 1}
    assert counts["incidents_by_type"] == {"burst_call": 1, "long_call": 1}


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("is_anomaly", ["perhaps"], "column is_anomaly: generator.labels must say what these words mean"),
        (
            "is_anomaly,anomaly_type",
            ["0,wangiri"],
            "row 1, column anomaly_type: must be a type where is_anomaly says so",
        ),
        ("anomaly_type", ["a/b"], "column anomaly_type: generator.labels must say what these words mean"),
        ("anomaly_type", ["all"], "column anomaly_type: generator.labels must say what these words mean"),
        (
            "anomaly_type,incident_id",
            ["ring,1", "irsf,1"],
            "incident_id 1: all its calls must have one anomaly_type, got ring and irsf",
        ),
    ],
)
def test_labels_that_contradict_are_refused(tmp_path: Path, header: str, rows: list[str], message: str) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, "\n".join([f"{HEADER},{header}", *(f"{GOOD},{row}" for row in rows)]))
    assert message in str(error.value)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A simulated world, and what is exported of it."""
    folder = tmp_path_factory.mktemp("exported")
    counts = make_world(folder / "world", *SMALL, "generator.days=14")
    recipe = {"settings": {"num_users": 300, "num_towers": 7, "anomaly_ratio": 0.05, "seed": 42}}
    manifest = {"counts": counts, "recipe": recipe, "fingerprint": "0" * 16}
    (folder / "world" / "manifest.json").write_text(json.dumps(manifest))
    (folder / "out").mkdir()
    export.write(folder / "world", folder / "out", csv=True, progress=lambda *_: None)
    return folder / "world", folder / "out"


@pytest.mark.parametrize("detector", ["rules", "iforest"])
def test_a_world_that_is_exported_and_read_back_gives_the_same_numbers(
    exported: tuple[Path, Path], tmp_path: Path, detector: str
) -> None:
    simulated, out = exported
    again, counts = make(tmp_path / "world", path=str(out / "cdr_call_records.csv"), truth=str(out))
    assert counts["filled"] == {}
    expected, found = judged(simulated, detector), judged(again, detector)
    assert (expected[0] == found[0]).all()
    assert expected[1] == found[1]
    assert len([value for value in found[1].values() if value is not None]) > 300


def judged(world: Path, detector: str) -> tuple[Any, dict[str, float | None]]:
    """Return the scores and all metrics of a detector in a world."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=[f"detector={detector}"])
    dataset = applied(Dataset.open(world / "data"), ProtocolSettings())
    scores = (
        instantiate(OmegaConf.to_container(config, resolve=True)["detector"], _convert_="all")
        .fit(dataset)
        .score(dataset)
    )
    return scores.values, evaluate(dataset, Truth(world / "truth"), scores, Budget()).values


def test_a_truth_that_names_other_calls_is_refused(exported: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"truth.parquet, row 1, column entity_id: must be a call_id of the files"):
        read(tmp_path, f"{HEADER},call_id\n{GOOD},mine\n", truth=str(exported[1]))
