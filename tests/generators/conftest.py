"""The default world and its clean twin, made once for all tests of this folder."""

from pathlib import Path
from typing import Any

import pytest
from small_worlds import make_world


@pytest.fixture(scope="session")
def default_world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The default world, as everybody first meets it."""
    folder = tmp_path_factory.mktemp("default") / "world"
    return folder, make_world(folder)


@pytest.fixture(scope="session")
def clean_world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The default world's clean twin."""
    folder = tmp_path_factory.mktemp("clean") / "world"
    return folder, make_world(folder, "generator.anomaly_ratio=0")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network demo."""
    folder = tmp_path_factory.mktemp("demo") / "world"
    make_world(folder, "generator=demo_2016")
    return folder
