"""What all tests share: the toys, and a tracking store that is created once and then copied."""

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from matplotlib.image import imread

from bench.runs.copied_store import keep_files_here
from bench.settings import TrackingSettings

TOYS = Path(__file__).parent / "toys"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
sys.path.insert(0, str(TOYS))


@pytest.fixture(autouse=True)
def _compiling_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first test that needs a kernel would hear of it."""
    monkeypatch.setattr("bench.host.console._compiling", ["reported"])


@pytest.fixture(scope="session")
def toys() -> Path:
    """The folder of toy worlds and detectors; it is importable."""
    return TOYS


@pytest.fixture(scope="session")
def template_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty tracking store."""
    folder = tmp_path_factory.mktemp("store")
    tracker = import_module("bench.runs.tracking").Tracker  # takes two seconds
    home = Path.cwd()
    os.chdir(folder)
    try:
        tracker("sqlite:///mlflow.db", TrackingSettings())
    finally:
        os.chdir(home)
    return folder


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tracked_workplace(workplace: Path, template_store: Path) -> Path:
    """A working directory with an empty tracking store."""
    shutil.copytree(template_store, workplace, dirs_exist_ok=True)
    with contextlib.redirect_stderr(io.StringIO()):
        keep_files_here(Path("mlflow.db"), TrackingSettings().experiment)
    return workplace


@pytest.fixture(scope="session")
def uncut() -> Callable[[Path], bool]:
    """Return whether nothing of a PNG reaches its edges, where it would be cut off."""

    def check(picture: Path) -> bool:
        seen = imread(picture)[..., :3]
        return all(bool((side == 1).all()) for side in (seen[:2], seen[-2:], seen[:, :2], seen[:, -2:]))

    return check


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A browser without a window, for the tests of pages: Debian's chromium; tests are skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra dev)")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium)")
    with api.sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        launched = playwright.chromium.launch(executable_path=program, args=flags)
        yield launched
        launched.close()


# The first call of a kernel may compile it, and a busy machine is slow: time is no property of a test.
settings.register_profile("cdrbench", deadline=None)
settings.load_profile("cdrbench")
