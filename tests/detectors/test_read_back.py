"""A world that is read back from its export gives every detector the same figures."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

WORLD = ("generator.num_users=300", "generator.days=14", "generator.anomaly_ratio=0.02")
FILE = (
    *("generator=cdr_file", "generator.path=data/cdr_call_records.parquet", "generator.truth=data"),
    "generator.pseudonyms=false",
)
PLAIN = ("audit=none", "report.run_figures=null", "report.sweep=null")
DETECTORS = ("graph_community", "graph_ego", "unlikely_tie", "half_space_trees", "iforest", "knn", "random")


def ended(module: str, *arguments: str) -> None:
    command = [sys.executable, "-m", f"bench.{module}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def figures(folder: str) -> dict[str, Any]:
    """Return the values of each run of a folder by its detector, as they are written."""
    rows = [json.loads(path.read_text()) for path in Path(folder).rglob("result.json")]
    return {row["detector"]: {name: repr(value) for name, value in row.items() if "/" in name} for row in rows}


@pytest.mark.slow
def test_every_figure_is_that_of_the_world(workplace: Path) -> None:
    ended("generate", "out=data", "audit=none", "report.dataset_figure=null", *WORLD)
    for folder, source in (("of_world", WORLD), ("of_file", FILE)):
        asked = (f"detector={','.join(DETECTORS)}", "tracking=none", f"store.runs={folder}")
        ended("run", "--multirun", *source, *PLAIN, *asked)
    world, file = figures("of_world"), figures("of_file")
    assert set(world) == set(file)
    assert len(world) == len(DETECTORS)
    for detector, found in world.items():
        assert file[detector] == found, detector
