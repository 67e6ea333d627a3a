"""The page of detectors tells what there is."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

import conf
from detectors.features.graph.call_graph import FEATURES as OF_CALLS
from detectors.features.graph.ego_networks import FEATURES as OF_PARTIES
from detectors.features.graph.user_day_graph import FEATURES as OF_DAYS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "detectors.md").read_text()
TABLES = (
    *(
        "detectors.tables.tabular",
        "detectors.models",
        "detectors.tables.ensemble",
        "detectors.reference.one_feature",
        "detectors.reference.supervised",
    ),
    *("detectors.calls.rules", "bench."),
)
"""What is told of elsewhere: models of tables, baselines, references."""
TARGETS = {
    leaf.stem: str(OmegaConf.load(leaf).get("_target_", "bench."))
    for leaf in sorted(Path(conf.__path__[0]).glob("detector/*.yaml"))
}
LEAVES = [name for name, target in TARGETS.items() if not target.startswith(TABLES)]


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_leaf_is_there(leaf):
    assert f"`{leaf}`" in PAGE


@pytest.mark.parametrize(("name", "unit", "meaning"), [*OF_CALLS, *OF_PARTIES, *OF_DAYS])
def test_every_feature_of_graphs_is_there_as_the_code_has_it(name, unit, meaning):
    assert f"| `{name}` | {unit} | {meaning} |" in PAGE
