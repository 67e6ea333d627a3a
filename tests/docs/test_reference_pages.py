"""Reference pages that are made from the code leave nothing out.

Covered are which detectors, types, features and columns stand on them; that the site builds without a warning is tested
by `make docs`.
"""

import re
from pathlib import Path

import pytest
from from_code import anomalies, detectors, features, settings, tables

from bench.detector import Level
from bench.schema import DATA_TABLES
from detectors.features.tables.feature_levels import FEATURES
from generators.anomalies import schemas

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
LEAVES = [path.stem for path in sorted((ROOT / "conf" / "detector").glob("*.yaml"))]


@pytest.fixture(scope="module")
def overview() -> str:
    """What people wrote about detectors, beside what is made from the code."""
    return (REFERENCE / "detectors.md").read_text() + (REFERENCE / "table-detectors.md").read_text()


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_detector_stands_in_an_overview_and_under_a_heading_of_the_reference(leaf: str, overview: str) -> None:
    assert f"`{leaf}`" in overview
    assert f"```{{from-code}} detectors {detectors.kind_of(leaf)}\n" in overview


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.md")), ids=lambda path: path.stem)
def test_a_page_that_is_made_from_the_code_says_by_which_module(path: Path) -> None:
    page = path.read_text()
    makers = re.findall(r"^```\{from-code\} (\w+)", page, re.MULTILINE)
    assert [name for name in makers if f"`docs/from_code/{name}.py`" not in page] == []


def test_every_type_has_a_section_with_its_ranges_and_settings_and_a_picture() -> None:
    page = anomalies.markdown("users") + anomalies.markdown("cells")
    assert sorted(re.findall("^### (.*)", page, re.MULTILINE)) == sorted(name.split("/")[1] for name in schemas())
    assert "| `longest_s` | greatest talk time [s] | 3,600 to 7,200 |" in page
    assert "| `sim_box.fewest_sims` | `5` | The fewest SIMs of a box. *int, in [2, 1000]* |" in page


@pytest.mark.parametrize("level", Level)
def test_every_feature_has_its_line(level: Level) -> None:
    page = features.markdown(str(level))
    assert all(f"| `{each.name}` | {each.unit} | {each.meaning} |" in page for each in FEATURES[level].values())


def test_every_column_has_its_line() -> None:
    page = tables.markdown("data")
    assert all(f"| `{column.name}` | " in page for table in DATA_TABLES.values() for column in table.columns)
    assert "| `found_probability` | double | yes | 1 or 0, or between them" in tables.markdown("run")


def test_settings_have_their_default_rule_and_purpose_and_entries_of_a_kind_are_told_once() -> None:
    page = settings.markdown("config", "threshold", "generator")
    assert (
        "| `alerts_per_day` | `100.0` | Number of alerts that analysts can read in a day, shared by all types" in page
    )
    assert "### generator.user_types.NAME\n" in page
    assert "### generator.user_types.courier\n" not in page
