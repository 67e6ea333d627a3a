"""The page of detectors of tables lists every feature as the code has it."""

from pathlib import Path

import pytest

from bench.detector import Level
from detectors.features.tables.feature_levels import FEATURES, STANDARD

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "features.md").read_text()


@pytest.mark.parametrize("level", Level)
def test_every_feature_has_its_line(level):
    for feature in FEATURES[level].values():
        assert f"| `{feature.name}` | {feature.unit} | {feature.meaning} |\n" in PAGE


def test_the_standard_ones_are_named():
    told = PAGE.split("standard ones of calls are")[1].split("above calls")[0]
    assert all(f"`{name}`" in told for name in STANDARD[Level.CALL])
